"""The database: there, sound, of today's schema; its write-ahead log within bounds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from config.doctor.finding import Finding, bad, ok, warn
from feeds.errors import CorruptStore, SchemaError, StoreError
from feeds.store import Store
from feeds.store.dump import PROGRAMS
from feeds.store.migrations import HEAD, REVISIONS

CHECK = "database"
LONG_LOG = 256_000_000
"""Bytes of a write-ahead log that has not been taken in for long: usually it is a few MB."""


def opened(store: Store) -> tuple[bool, list[Finding]]:
    """(whether the other checks can read it, findings)"""
    try:
        found = store.schema_version()
    except CorruptStore as error:
        return False, [_damaged(str(error))]
    except StoreError as error:
        return False, [bad(CHECK, str(error), "look at store.url, and whether its server is up")]
    return (True, []) if found == HEAD else (False, [_schema(found, store.kind)])


def _schema(found: str | None, kind: str) -> Finding:
    if found is None:
        return bad(CHECK, "it has no tables of Feedmill", "`feedmill migrate` makes them")
    if found not in REVISIONS:
        text = f"its schema {found} is newer than this Feedmill ({HEAD})"
        return bad(CHECK, text, "install the newer Feedmill, or restore a backup")
    text = f"its schema is {found}, this Feedmill wants {HEAD}"
    if kind == "sqlite":
        return warn(CHECK, text, "the next verb or `run` upgrades it, after a copy")
    return bad(CHECK, text, "`feedmill migrate` upgrades it")


def _damaged(words: str) -> Finding:
    words = words.removeprefix("the database is damaged: ").partition("; stop, and put")[0]
    return bad(CHECK, f"damaged: {words}", "put a backup in its place (`feedmill restore FILE`)")


def soundness(store: Store) -> Iterator[Finding]:
    try:
        faults = store.integrity()
    except (StoreError, SchemaError) as error:
        yield bad(CHECK, f"it can't be read whole: {error}", "look at its server, or disk")
        return
    if faults:
        yield _damaged("; ".join(faults[:3]))
    else:
        counts = store.counts()
        yield ok(CHECK, f"sound, schema {HEAD}, {counts['articles']} articles")
    for each in store.warnings():
        text, _, advice = each.partition("; ")
        yield warn(CHECK, text, advice)
    if store.kind == "postgresql" and (missing := [p for p in PROGRAMS if not shutil.which(p)]):
        text = f"`feedmill backup` and `restore` can't work: {', '.join(missing)} not installed"
        yield warn(CHECK, text, "install PostgreSQL's client programs (Debian: postgresql-client)")


def log_length(path: Path | None, longest: int = LONG_LOG) -> Iterator[Finding]:
    if path is None:
        return
    try:
        size = path.with_name(f"{path.name}-wal").stat().st_size
    except OSError:
        return
    if size > longest:
        text = f"its write-ahead log has {size / 1e6:.0f} MB: a process has been reading for long"
        yield warn(CHECK, text, "end what reads it (a copy program, a forgotten shell), or restart")

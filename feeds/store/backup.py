"""Copies of the database, and whether it is sound."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from feeds.errors import CorruptStore, StoreError
from feeds.store.engine import Database, driver
from feeds.store.faults import damaged


def copy_into(database: Database, target: Path) -> None:
    """A consistent copy, complete or not there at all; writers go on meanwhile. SQLite only.
    The copy is readable for its owner alone: it may hold secret URLs."""
    if not database.sqlite:
        raise StoreError("a PostgreSQL database is backed up by pg_dump, not by Feedmill")
    if database.path is not None and target.resolve() == database.path.resolve():
        raise StoreError("a backup over the database itself would destroy it")
    # SQLite makes the copy with the modes of the process; our own empty file keeps it private.
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with database.bare() as connection:
            raw = connection.connection.dbapi_connection
            assert raw is not None
            _vacuum(raw, part)
        _sync(part)
        part.replace(target)
        _sync(target.parent)
    except OSError as error:
        raise StoreError(f"the backup can't be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _vacuum(raw: Any, part: Path) -> None:
    """Past SQLAlchemy, which would begin a transaction, and VACUUM refuses to run in one."""
    try:
        raw.execute("VACUUM INTO ?", (os.fspath(part),)).close()
    except driver.Error as error:
        raise StoreError(f"the backup failed: {error}") from error


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


# Each finds rows that no transaction of ours can leave behind; run on both databases.
_CHECKS = {
    "stories without their lead article": """
        SELECT count(*) FROM story LEFT JOIN article ON article.id = story.lead_id
        WHERE story.gone IS NULL
        AND (article.id IS NULL OR article.story_id IS NULL OR article.story_id <> story.id)""",
    "articles of a story that is not there": """
        SELECT count(*) FROM article LEFT JOIN story ON story.id = article.story_id
        WHERE article.story_id IS NOT NULL AND story.id IS NULL""",
    "keys of an article that is not there": """
        SELECT count(*) FROM identity LEFT JOIN article ON article.id = identity.article_id
        WHERE article.id IS NULL OR article.source_id <> identity.source_id""",
    "placements of a story that is not there": """
        SELECT count(*) FROM placement LEFT JOIN story ON story.id = placement.story_id
        WHERE story.id IS NULL""",
    "feeds whose log has another length": """
        SELECT count(*) FROM feed WHERE seq <>
        (SELECT coalesce(max(seq), 0) FROM feed_log WHERE feed_log.slug = feed.slug)""",
    "placements that the log does not know": """
        SELECT count(*) FROM placement LEFT JOIN feed_log
        ON feed_log.slug = placement.slug AND feed_log.seq = placement.seq
        WHERE feed_log.story_id IS NULL OR feed_log.story_id <> placement.story_id""",
}


def verify(database: Database, seconds: float = math.inf) -> None:
    """Raises CorruptStore when pages of the file are not as SQLite left them. Reads all of it but
    compares no index with its table: 0.5 s for 100 MB; or as much of it as these seconds allow.
    A server looks after its own files."""
    if not database.sqlite:
        return
    with database.read() as connection:
        raw: Any = connection.connection.driver_connection
        end = time.monotonic() + seconds
        raw.set_progress_handler(lambda: time.monotonic() > end, 1000)
        try:
            first = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
        except OperationalError:
            if time.monotonic() <= end:
                raise
            first = "ok"  # as far as it was looked at
        finally:
            raw.set_progress_handler(None, 0)
    if first != "ok":
        raise damaged(" ".join(first.split()))


def problems(database: Database) -> list[str]:
    """What is wrong, in words; empty when all is well. Reads everything."""
    found: list[str] = []
    try:
        with database.read() as connection:
            if database.sqlite:
                rows = connection.exec_driver_sql("PRAGMA integrity_check").scalars()
                found += [str(row) for row in rows if row != "ok"]
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                found += [f"{row[0]} row {row[1]} points to no {row[2]}" for row in broken]
            for what, query in _CHECKS.items():
                if number := connection.execute(sa.text(query)).scalar_one():
                    found.append(f"{number} {what}")
    except CorruptStore as error:
        found.append(str(error).removeprefix("the database is damaged: "))
    return found

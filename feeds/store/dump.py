"""PostgreSQL's own programs: pg_dump takes a backup, pg_restore and psql put it back.

Our tables only: a database may hold others'. Putting back is one transaction of psql, in which the
present state is first kept in temporary tables, for what is carried over (feeds.store.carry); who
uses the tables meanwhile waits. A password goes through the environment: arguments can be read by
everybody on the machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import sqlalchemy as sa

from feeds.errors import StoreBusy, StoreError
from feeds.store import carry
from feeds.store.engine import Database
from feeds.store.tables import VERSION_TABLE, metadata

PROGRAMS = ("pg_dump", "pg_restore", "psql")
TABLES = (*metadata.tables, "story_text", VERSION_TABLE)
_STRANGE = "backup of another installation"
_TAKEN = "others keep the tables locked"
_ALL_AT_ONCE = (
    "DO $$ BEGIN FOR i IN 1..1000 LOOP BEGIN "
    "LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE NOWAIT; RETURN; "
    "EXCEPTION WHEN lock_not_available THEN PERFORM pg_sleep(0.005 + random() * 0.03); "
    f"END; END LOOP; RAISE EXCEPTION '{_TAKEN}'; END $$"
)
"""Of all tables or of none, for up to twenty seconds: whoever holds some and waits for others ends
in a deadlock, and it need not be us."""


def dump(database: Database, target: Path) -> None:
    """Into a file of pg_dump's custom format. Raises StoreError."""
    program = _program("pg_dump", "can't back up a PostgreSQL database")
    tables = [part for name in TABLES for part in ("-t", name)]
    _run(
        [program, "-Fc", "--no-owner", "--no-privileges", *tables, "-f", target, *_where(database)],
        _password(database),
        "pg_dump",
    )


def put_back(database: Database, packed: Path, folder: Path, *, running: bool) -> None:
    """All tables of the dump in the place of those that are there, or nothing at all. `folder`: for
    files of ours; `running`: a backup of another installation is refused."""
    program = _program("pg_restore", "can't restore a PostgreSQL database")
    psql = _program("psql", "can't restore a PostgreSQL database")
    names = ("before.sql", "dump.sql", "after.sql")
    before, script, after = (folder / name for name in names)
    _run(
        [program, "--no-owner", "--no-privileges", "-f", script, packed],
        {},
        "the backup can't be read",
    )
    there = _there(database)
    before.write_text(";\n".join([*_before(there), ""]))
    known = set(carry.KEPT) <= there
    after.write_text(";\n".join([*_after(known=known, running=running), ""]))
    command = [psql, "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", *_where(database)]
    files = [part for each in (before, script, after) for part in ("-f", each)]
    try:
        _run([*command, *files], _password(database), "psql")
    except StoreError as error:
        if _TAKEN in str(error):
            raise StoreBusy(f"{_TAKEN}; nothing was changed") from error
        raise


def _there(database: Database) -> set[str]:
    with database.read() as connection:
        return set(sa.inspect(connection).get_table_names()) & set(TABLES)


def _before(there: set[str]) -> Iterator[str]:
    yield "SET client_min_messages = warning"
    if not there:
        return
    names = ", ".join(f'"{name}"' for name in sorted(there))
    yield _ALL_AT_ONCE.format(names=names)
    for name in carry.KEPT:
        if name in there:
            yield f'CREATE TEMPORARY TABLE live_{name} AS TABLE "{name}"'
    if "article" in there:
        yield "CREATE TEMPORARY TABLE live_article AS SELECT id, source_id, first_seen FROM article"
        yield (
            "CREATE TEMPORARY TABLE live_article_ids AS SELECT "
            "nextval(pg_get_serial_sequence('article', 'id')) AS last"
        )
    yield f"DROP TABLE {names}"


def _after(*, known: bool, running: bool) -> Iterator[str]:
    yield "RESET search_path"
    if known and running:
        strange = carry.STRANGE.format(live="live_")
        yield (f"DO $$ BEGIN IF ({strange}) > 0 THEN RAISE EXCEPTION '{_STRANGE}'; END IF; END $$")
    if known:
        yield from carry.statements("live_", "decode('', 'hex')", sqlite=False)
    yield from carry.FREED


def is_strange(error: StoreError) -> bool:
    return _STRANGE in str(error)


# --- programs


def _program(name: str, without: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise StoreError(
            f"{name} is not installed, and without it Feedmill {without}: install PostgreSQL's "
            "client programs (Debian: postgresql-client), of the server's version or newer"
        )
    return found


def _where(database: Database) -> list[str]:
    """As libpq reads it, without the password."""
    url = database.url
    query = {key: value for key, value in url.query.items() if key != "password"}
    plain = sa.URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
    return ["-d", plain.render_as_string(hide_password=False)]


def _password(database: Database) -> Mapping[str, str]:
    given = database.url.password or database.url.query.get("password")
    return {"PGPASSWORD": str(given)} if given else {}


def _run(command: list[str | Path], more: Mapping[str, str], what: str) -> str:
    """What it says. Raises StoreError with its own words."""
    try:
        done = subprocess.run(  # noqa: S603 - PostgreSQL's programs, by their full paths
            [str(part) for part in command],
            env={**os.environ, **more, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise StoreError(f"{what}: {error.strerror}") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        words = " ".join(" ".join(lines[:2]).split())[:400]
        raise StoreError(f"{what} failed: {words or f'exit code {done.returncode}'}")
    return done.stdout

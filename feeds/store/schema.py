"""Is the schema ours, and how it becomes so. Alembic is loaded only when there is work."""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.errors import SchemaError
from feeds.lean import without
from feeds.store import fresh
from feeds.store.backup import copy_into
from feeds.store.engine import Database
from feeds.store.migrations import HEAD, REVISIONS
from feeds.store.sql import one_at_a_time
from feeds.store.tables import VERSION_TABLE


def version(database: Database) -> str | None:
    """The revision that the database says it has; None for an empty one."""
    with database.read() as connection:
        return _version(connection)


def _version(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()  # noqa: S608


def ensure(database: Database, *, migrate: bool) -> None:
    """Bring SQLite up to date by itself; PostgreSQL is migrated on the operator's word only,
    since other workers may be using it. Raises SchemaError."""
    found = version(database)
    if found == HEAD:
        return
    _refuse_strangers(database, found)
    if not migrate or not database.sqlite:
        state = "is empty" if found is None else f"has schema {found}, this Feedmill wants {HEAD}"
        raise SchemaError(f"the database {state}: run `feedmill migrate`")
    upgrade(database)


def upgrade(database: Database) -> None:
    """Run what is missing, in one transaction. SQLite is copied to `<db>.before-<rev>` first."""
    found = version(database)
    if found == HEAD:
        return
    _refuse_strangers(database, found)
    if found is not None and database.path is not None:
        copy_into(database, database.path.with_name(f"{database.path.name}.before-{HEAD}"))
    with database.write() as connection:
        one_at_a_time(connection, "migrate")  # Two at once: the second finds the work done.
        found = _version(connection)
        if found != HEAD and not (found is None and fresh.create(connection)):
            run(connection)


def _refuse_strangers(database: Database, found: str | None) -> None:
    if found is not None and found not in REVISIONS:
        raise SchemaError(
            f"the database has schema {found}, which is newer than this Feedmill ({HEAD}): "
            "install the newer Feedmill, or restore a backup"
        )
    if found is None and database.sqlite:
        with database.read() as connection:
            if sa.inspect(connection).get_table_names():
                raise SchemaError("the file is a database, but not one of Feedmill")


def run(connection: Connection, revision: str = "head") -> None:
    """The revisions that are missing up to this one, whatever is there."""
    with without("pygments"):  # mako colours tracebacks with all its lexers: 5 MB
        from alembic import command
        from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", os.fspath(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)

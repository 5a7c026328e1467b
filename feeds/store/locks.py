"""Rights that one holds at a time: a named one for a while, and the right to `run`."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from feeds.errors import StoreError, StoreInUse
from feeds.store.codec import EPOCH
from feeds.store.engine import Database
from feeds.store.sql import insert_missing
from feeds.store.tables import serial as table

_IN_USE = "another `feedmill run` works on this database"


@contextmanager
def serial(database: Database, name: str, ttl: timedelta) -> Iterator[bool]:
    """Held until the end of the block, or for `ttl`, should its holder die."""
    number = _take(database, name, ttl)
    try:
        yield number is not None
    finally:
        if number is not None:
            _give_back(database, name, number)


def _take(database: Database, name: str, ttl: timedelta) -> int | None:
    with database.write() as connection:
        now = database.now(connection)
        insert_missing(connection, table, [{"name": name, "number": 0, "until": EPOCH}])
        statement = (
            sa.update(table)
            .where(table.c.name == name, table.c.until <= now)
            .values(number=table.c.number + 1, until=now + ttl)
            .returning(table.c.number)
        )
        number: int | None = connection.execute(statement).scalar()
        return number


def _give_back(database: Database, name: str, number: int) -> None:
    with database.write() as connection:
        connection.execute(
            sa.update(table)
            .where(table.c.name == name, table.c.number == number)
            .values(until=EPOCH)
        )


@contextmanager
def run_lock(database: Database) -> Iterator[None]:
    """The right to run the engine on this database. Raises StoreInUse. The system takes it back
    when the process ends, however it ends."""
    if not database.sqlite:
        with _advisory(database):
            yield
    elif database.path is None:
        yield  # Nobody else can reach it.
    else:
        with _flock(database.path.with_name(database.path.name + ".lock")):
            yield


@contextmanager
def _flock(path: Path) -> Iterator[None]:
    # The file stays: were it removed, two could hold locks on two files of that name.
    try:
        held = path.open("a")
    except OSError as error:
        raise StoreError(f"the lock file can't be opened: {error.strerror}") from error
    with held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreInUse(_IN_USE) from None
        yield


@contextmanager
def _advisory(database: Database) -> Iterator[None]:
    with database.bare() as connection:
        query = "SELECT pg_try_advisory_lock(hashtext('feedmill-run'))"
        if not connection.exec_driver_sql(query).scalar_one():
            raise StoreInUse(_IN_USE)
        yield  # The lock is the connection's.

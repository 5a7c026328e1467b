"""The connections: one Database for both kinds, with reads, write transactions and its clock.

SQLite: each write is one BEGIN IMMEDIATE transaction on the one writing connection, under a
lock; reads go over a small pool of their own and see one snapshot each. PostgreSQL: a pool;
writes at READ COMMITTED (claims rely on seeing what others have just committed), reads at
REPEATABLE READ, which is a snapshot too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.pool import QueuePool, StaticPool

from feeds.errors import StoreError
from feeds.store.codec import moment
from feeds.store.faults import translated
from feeds.store.ready import Driver, OnDriver, executed

try:  # Bundles a SQLite that is free of the WAL bug of 3.7.0-3.51.2.
    from pysqlite3 import dbapi2 as driver
except ImportError:  # No wheel for this machine: the system's; `feedmill check` warns.
    import sqlite3 as driver

__all__ = ["Database", "driver"]

BUSY = 10.0  # seconds that a write waits for another process's
READERS = 8
WRITER_CACHE, READER_CACHE = 2048, 512
"""KiB of SQLite's page cache for a connection. The system caches the file too; with 32 MB each a
process grew by 35 MB in its first 4,000 polls, with these it stays nearly flat."""
STATEMENTS = 32
"""Prepared ones that a connection keeps. Each holds on to what was bound to it last, which may be
the keys of a batch as JSON: with the driver's 128 that came to 25 MB."""
SAFE_SQLITE = (3, 51, 3)  # the first without the WAL bug of 3.7.0


class Database:
    """One open database. Thread-safe."""

    def __init__(
        self,
        url: str,
        now: Callable[[], datetime] | None = None,
        shift: Callable[[], timedelta] | None = None,
    ) -> None:
        self.url = _parsed(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.path = _path(self.url) if self.sqlite else None
        """Of the file; None in memory and on a server."""
        self._now, self._shift = now, shift
        self._lock = threading.RLock()
        self._closed = False
        self._writer: Engine
        self._reader: Engine
        if not self.sqlite:
            self._writer = _server(self.url)
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ")
        elif self.path is None:
            self._writer = self._reader = _sqlite(self.url, "IMMEDIATE", StaticPool)
        else:
            _make_folder(self.path.parent)
            # Connections made later must not depend on the working folder of that moment.
            self.url = self.url.set(database=str(self.path))
            self._writer = _sqlite(self.url, "IMMEDIATE", QueuePool, pool_size=1, max_overflow=0)
            self._reader = _sqlite(self.url, "DEFERRED", QueuePool, READER_CACHE, pool_size=READERS)

    def warnings(self) -> list[str]:
        """Empty when there is nothing to say."""
        version = tuple(driver.sqlite_version_info)
        if not self.sqlite or version >= SAFE_SQLITE:
            return []
        return [
            f"SQLite {driver.sqlite_version} can damage a database that two processes write; "
            "install the pysqlite3 package, or a SQLite from 3.51.3 on"
        ]

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: written whole at the end of the block, or not at all. Raises
        StoreError, as all of them do, once the store is closed."""
        if not self.sqlite:
            self._check_open()
            with translated(), self._writer.begin() as connection:
                yield connection
            return
        with self._lock, translated():
            self._check_open()
            with self._writer.begin() as connection:
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot. To be left soon: a held one keeps SQLite's WAL from shrinking."""
        if self.sqlite and self.path is None:
            with self.write() as connection:
                yield connection
            return
        self._check_open()
        with translated(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def asking(self) -> Iterator[OnDriver]:
        """For a few single questions (feeds.store.ready.Asking), each of which sees what is
        committed: a transaction, and SQLAlchemy's way around it, cost many times what they do."""
        if self.sqlite and self.path is None:
            with self.write() as connection:
                yield connection
            return
        self._check_open()
        with translated():
            found = self._reader.raw_connection()
            try:
                yield Driver(found, self._reader.dialect)
            finally:
                found.close()  # it goes back to the pool

    @contextmanager
    def bare(self) -> Iterator[Connection]:
        """A connection outside any transaction (VACUUM, advisory locks), not of the pool."""
        self._check_open()
        if self.sqlite and self.path is None:
            with self._lock, translated(), self._writer.connect() as connection:
                yield connection
            return
        engine = sa.create_engine(
            self.url,
            poolclass=sa.pool.NullPool,
            isolation_level="AUTOCOMMIT",
            **({"module": driver, "connect_args": {"timeout": BUSY}} if self.sqlite else {}),
        )
        with translated(), engine.connect() as connection:
            yield connection

    def now(self, connection: Connection | None = None) -> datetime:
        """The database's clock, aware UTC; SQLite has that of this machine."""
        if self._now is not None:
            return self._now()
        clock = self._clock(connection)
        return clock + self._shift() if self._shift is not None else clock

    def _clock(self, connection: Connection | None) -> datetime:
        if self.sqlite:
            return datetime.now(UTC)
        if connection is not None:
            return _server_now(connection)
        with self.read() as fresh:
            return _server_now(fresh)

    def close(self) -> None:
        """For good. Waits for the write that another thread is in: SQLite's driver crashes the
        process when a connection is closed under a running statement, as that of a database in
        memory, which all threads share, would be."""
        with self._lock:
            self._closed = True
            self._writer.dispose()
            self._reader.dispose()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("the store is closed")


def _server_now(connection: Connection) -> datetime:
    micros = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    return moment(connection.exec_driver_sql(micros).scalar_one())


def _parsed(url: str) -> URL:
    try:
        parsed = sa.make_url(url)
        backend = parsed.get_backend_name()
    except (sa.exc.ArgumentError, ValueError):
        raise StoreError("store.url is no database URL: sqlite:///path or postgresql://…") from None
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise StoreError(f"no such kind of database: {backend}; sqlite or postgresql")
    return parsed


def _path(url: URL) -> Path | None:
    return None if url.database in (None, "", ":memory:") else Path(str(url.database)).absolute()


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the database's folder can't be made: {error.strerror}") from error


def _server(url: URL) -> Engine:
    return sa.create_engine(
        url,
        pool_pre_ping=True,
        pool_size=READERS,
        max_overflow=8,
        pool_timeout=BUSY,
        connect_args={"connect_timeout": 10},
    )


def _sqlite(
    url: URL, begin: str, pool: type[sa.pool.Pool], cache: int = WRITER_CACHE, **sizes: int
) -> Engine:
    engine = sa.create_engine(
        url,
        module=driver,
        poolclass=pool,
        connect_args={
            "check_same_thread": False,
            "timeout": BUSY,
            "cached_statements": STATEMENTS,
        },
        **({"pool_timeout": BUSY} if pool is QueuePool else {}),
        **sizes,
    )
    sa.event.listen(engine, "connect", partial(_prepare, cache=cache))
    sa.event.listen(engine, "begin", partial(_begin, statement=f"BEGIN {begin}"))
    return engine


def _begin(connection: Connection, *, statement: str) -> None:
    """By the driver: SQLAlchemy's way to a statement costs a tenth of a millisecond, and every read
    and write has this one."""
    executed(connection, statement)


def _prepare(connection: Any, _record: Any, *, cache: int) -> None:
    """The driver must not begin transactions by itself: it would begin deferred ones, which
    fail at once, without waiting, when another process writes between their read and write."""
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {int(BUSY * 1000)}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        f"cache_size = -{cache}",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}").close()

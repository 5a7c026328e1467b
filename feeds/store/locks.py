"""Rights that one process holds at a time: named ones, and the right to `run`.

They are locks of the system (SQLite: on a file beside the database) or of PostgreSQL's session,
so they end with their holder, however it ends: after a kill -9 the next one goes on at once.
"""

from __future__ import annotations

import fcntl
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from feeds.errors import StoreError, StoreInUse
from feeds.store.engine import Database

_memory: dict[tuple[int, str], threading.Lock] = defaultdict(threading.Lock)
"""For a database in memory, which nobody else can reach."""


@contextmanager
def serial(database: Database, name: str) -> Iterator[bool]:
    """Whether the right is ours until the end of the block."""
    if not database.sqlite:
        with _advisory(database, name) as ours:
            yield ours
    elif database.path is None:
        with _thread_lock(_memory[id(database), name]) as ours:
            yield ours
    else:
        with _flock(database.path.with_name(f"{database.path.name}.{name}.lock")) as ours:
            yield ours


@contextmanager
def run_lock(database: Database) -> Iterator[None]:
    """The right to run the engine on this database. Raises StoreInUse."""
    with serial(database, "run") as ours:
        if not ours:
            raise StoreInUse("another `feedmill run` works on this database")
        yield


@contextmanager
def _flock(path: Path) -> Iterator[bool]:
    # The file stays: were it removed, two could hold locks on two files of that name.
    try:
        held = path.open("a")
    except OSError as error:
        raise StoreError(f"the lock file can't be opened: {error.strerror}") from error
    with held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            ours = False
        else:
            ours = True
        yield ours


@contextmanager
def _advisory(database: Database, name: str) -> Iterator[bool]:
    with database.bare() as connection:
        query = f"SELECT pg_try_advisory_lock(hashtext('feedmill-{name}'))"
        yield bool(connection.exec_driver_sql(query).scalar_one())
        # The lock is the connection's, and this one is closed now.


@contextmanager
def _thread_lock(lock: threading.Lock) -> Iterator[bool]:
    ours = lock.acquire(blocking=False)
    try:
        yield ours
    finally:
        if ours:
            lock.release()

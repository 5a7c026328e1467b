"""A backup in the place of a database: for SQLite while others, `run` among them, use it.

SQLite's backup API writes all pages in one transaction of the live database: who reads sees the old
state or the new one, who writes waits, and a crash in between leaves the old one. The rights to
link and to publish are held meanwhile, since these read first and write later.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from feeds.errors import CorruptStore, SchemaError, StoreBusy, StoreError
from feeds.store import carry
from feeds.store.backup import problems
from feeds.store.engine import BUSY, Database, driver
from feeds.store.locks import serial
from feeds.store.migrations import HEAD, REVISIONS
from feeds.store.schema import ensure, version

RIGHTS = ("restore", "link", "publish")
PATIENCE = 30.0
"""Seconds that we wait for whoever links or publishes, and for the right to write."""
MAGIC = b"SQLite format 3\0"


def running(database: Database) -> bool:
    """Whether a `run` works on it now."""
    with serial(database, "run") as free:
        return not free


@contextmanager
def halted(database: Database, patience: float = PATIENCE) -> Iterator[None]:
    """Nobody links, publishes or restores until the end of the block. Raises StoreBusy."""
    deadline = time.monotonic() + patience
    with ExitStack() as held:
        for name in RIGHTS:
            while not _taken(held, database, name):
                if time.monotonic() > deadline:
                    raise StoreBusy("another process is at this database (linking or publishing)")
                time.sleep(0.05)  # a right of another process: nothing to be woken by
        yield


def _taken(held: ExitStack, database: Database, name: str) -> bool:
    with ExitStack() as tried:
        if not tried.enter_context(serial(database, name)):
            return False
        held.push(tried.pop_all())
    return True


def check_revision(found: str | None) -> None:
    """Raises SchemaError for a backup that a newer Feedmill made."""
    if found not in REVISIONS:
        raise SchemaError(
            f"the backup has schema {found}, this Feedmill knows {HEAD} at most: it was made by a "
            "newer one; install that"
        )


def made_ready(database: Database) -> None:
    """An unpacked backup, which nobody else uses: of today's schema, sound, and nobody's claim in
    it. Raises CorruptStore, SchemaError."""
    found = version(database)
    if found is None:
        raise SchemaError("the file is a database, but not one of Feedmill")
    check_revision(found)
    ensure(database, migrate=True)
    if faults := problems(database):
        raise CorruptStore("the backup is damaged: " + "; ".join(faults[:3]))
    carry.free(database)


def strange(database: Database, live: Database) -> bool:
    """Whether `database` is a backup of another installation than `live`."""
    assert live.path is not None
    return carry.strange(database, live.path)


def take_over(database: Database, live: Database) -> list[int]:
    """Carry into `database` what is to outlast the restoring; the articles that it held although
    they were taken down since."""
    assert live.path is not None
    carry.carry(database, live.path)
    return carry.bar_again(database)


def overwrite(live: Database, copy: Path, patience: float = PATIENCE) -> None:
    """All pages of `copy` in the place of the live database's, in one transaction. Raises
    StoreBusy, StoreError; nothing has changed then."""
    assert live.path is not None
    deadline = time.monotonic() + patience

    def progress(status: int, _left: int, _all: int) -> None:
        if status in _TAKEN and time.monotonic() > deadline:
            raise StoreBusy("another process keeps the database locked; nothing was changed")

    try:
        with closing(_raw(copy)) as old, closing(_raw(live.path, min(BUSY, patience))) as new:
            _same_page_size(old, new)
            new.execute("PRAGMA synchronous = FULL")
            old.backup(new, pages=-1, progress=progress)
            # What was written is a whole database: better not left to the next reader.
            new.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except driver.Error as error:
        raise StoreError(f"the backup can't be put in place: {error}") from error


_TAKEN = (5, 6)  # SQLITE_BUSY, SQLITE_LOCKED


def _raw(path: Path, patience: float = BUSY) -> Any:
    return driver.connect(os.fspath(path), timeout=patience, isolation_level=None)


def _same_page_size(old: Any, new: Any) -> None:
    """The size of a database in WAL mode can't be changed, but that of the copy can."""
    wanted = new.execute("PRAGMA page_size").fetchone()[0]
    if old.execute("PRAGMA page_size").fetchone()[0] != wanted:
        old.execute("PRAGMA journal_mode = DELETE").fetchall()
        old.execute(f"PRAGMA page_size = {int(wanted)}")
        old.execute("VACUUM")


# --- where there is no database that can be used


def aside(path: Path, target: Path) -> None:
    """A file that can't be copied as a database, with what belongs to it, out of the way."""
    try:
        for end in ("", "-wal", "-shm"):
            each = path.with_name(path.name + end)
            if each.exists():
                each.rename(target.with_name(target.name + end))
    except OSError as error:
        raise StoreError(f"{path.name} can't be moved away: {error.strerror}") from error


def put_in_place(copy: Path, path: Path) -> None:
    """Where no database is. `copy`: closed, in the same file system."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        copy.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StoreError(f"{path.name} can't be written: {error.strerror}") from error


@contextmanager
def unpacking(beside: Path) -> Iterator[Path]:
    """A folder for our eyes only, in the file system of the database; it is taken away again."""
    try:
        beside.parent.mkdir(parents=True, exist_ok=True)
        made = tempfile.mkdtemp(prefix=f".{beside.name}.restoring-", dir=beside.parent)
    except OSError as error:
        raise StoreError(f"the database's folder can't be written: {error.strerror}") from error
    try:
        yield Path(made)
    finally:
        shutil.rmtree(made, ignore_errors=True)

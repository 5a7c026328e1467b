"""A database that is full, locked or killed: an error of ours, and nothing half written."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from feeds.errors import CorruptStore, StoreBusy, StoreError, StoreFull
from feeds.store import Store, open_store, schema
from feeds.store.engine import Database
from feeds.store.hosts import HostLimit
from tests.store.material import claimed, poll, sources

NAMES = [f"story {n}" for n in range(200)]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A migrated SQLite file, with its one writing connection at hand for pragmas."""
    database = Database(f"sqlite:///{tmp_path / 'feedmill.db'}")
    schema.upgrade(database)
    yield database
    database.close()


def pragma(database: Database, words: str) -> None:
    with database.write() as connection:
        connection.exec_driver_sql(f"PRAGMA {words}").close()


def test_a_full_disk(database: Database) -> None:
    """The poll is not written at all, and fits as soon as there is room."""
    store = Store(database, HostLimit())
    store.sync_sources(sources("a"))
    claim = claimed(store, "a")
    with database.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    pragma(database, f"max_page_count = {pages + 2}")
    with pytest.raises(StoreFull):
        store.record([poll(claim, *NAMES)])
    assert store.counts()["articles"] == 0
    pragma(database, "max_page_count = 100000")
    assert store.record([poll(claim, *NAMES)])[0].new == len(NAMES)
    assert store.integrity() == []


def test_locked_for_too_long(database: Database) -> None:
    """Another process that keeps writing makes us busy, not broken; reads go on."""
    store = Store(database, HostLimit())
    pragma(database, "busy_timeout = 50")
    other = Database(str(database.url))
    with other.write():
        with pytest.raises(StoreBusy):
            store.sync_sources(sources("a"))
        assert store.sources() == []
    store.sync_sources(sources("a"))
    other.close()


def test_a_block_that_fails_writes_nothing(store: Store, store_url: str) -> None:
    """A transaction is undone by any error in its block, and the database is usable after it."""
    database = Database(store_url)
    with pytest.raises(StoreError, match=r"no such table|does not exist"):
        _insert_and_fail(database)
    with database.read() as connection:
        found = connection.execute(sa.text("SELECT count(*) FROM counter WHERE name = 'x'"))
        assert found.scalar_one() == 0
    database.close()


def _insert_and_fail(database: Database) -> None:
    with database.write() as connection:
        connection.execute(sa.text("INSERT INTO counter (name, value) VALUES ('x', 1)"))
        connection.execute(sa.text("SELECT * FROM nowhere"))


# Its claims end at once, so that those of a killed one keep no other waiting.
WORKER = """
import sys
from datetime import timedelta
from feeds.store import open_store
from tests.store.material import poll
store = open_store(sys.argv[1], host_delay=0.0)
names = [f"story {n}" for n in range(40)]
number = 0
while claims := store.claim_due(2, timedelta(milliseconds=1)):
    number += 1
    store.record([poll(claim, *(f"{number} {name}" for name in names)) for claim in claims])
    print(number, flush=True)
    store.make_due()
"""


@pytest.mark.slow
def test_killed_while_recording(store: Store, store_url: str) -> None:
    """kill -9 at some moment of recording: each poll is there whole or not at all."""
    store.sync_sources(sources("a", "b"))
    for rounds in (1, 3):
        command = [sys.executable, "-c", WORKER, store_url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            for _ in range(rounds):
                assert worker.stdout.readline()
            worker.kill()
        after = open_store(store_url)
        assert after.counts()["articles"] >= 40
        assert after.integrity() == []
        states = after.sources()
        assert sum(state.article_count for state in states) == after.counts()["articles"]
        assert all(state.article_count % 40 == 0 for state in states)
        after.close()
        store.make_due()


@pytest.mark.parametrize("part", [0.3, 0.5, 0.8])
def test_flipped_bytes(tmp_path: Path, part: float) -> None:
    """A page that is not as SQLite left it is found by verify, which says what to do."""
    path = tmp_path / "feedmill.db"
    store = open_store(f"sqlite:///{path}")
    store.sync_sources(sources("a"))
    store.record([poll(claimed(store, "a"), *NAMES)])
    store.verify()
    store.close()
    content = bytearray(path.read_bytes())
    start = int(len(content) * part) // 4096 * 4096
    content[start : start + 8192] = bytes(byte ^ 0x5A for byte in content[start : start + 8192])
    path.write_bytes(content)
    with pytest.raises(CorruptStore, match="backup"):  # where the schema lies, already by opening
        open_store(f"sqlite:///{path}").verify()


def test_a_sound_database(store: Store) -> None:
    """Is left alone."""
    store.verify()


def test_a_large_database(tmp_path: Path) -> None:
    """Is looked at for so long and no longer: what lies behind that is found with more time."""
    path = tmp_path / "feedmill.db"
    open_store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE filler (text)")
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
        database.execute(f"INSERT INTO filler {numbers} SELECT zeroblob(4000) FROM n")
        database.execute("CREATE INDEX last ON filler (text)")
    with path.open("r+b") as file:
        file.seek(-8192, os.SEEK_END)
        file.write(b"\x5a" * 8192)
    store = open_store(f"sqlite:///{path}")
    store.verify(0.0)
    with pytest.raises(CorruptStore):
        store.verify(60.0)
    store.verify(0.0)
    store.sync_sources(sources("a"))
    store.close()

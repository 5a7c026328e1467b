"""A backup in the place of a database that is in use, on both databases."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pysqlite3
import pytest
import sqlalchemy as sa

from feeds.errors import SchemaError, StoreBusy, StoreError
from feeds.store import Store, open_for_migration, open_store
from feeds.store.engine import Database
from feeds.store.schema import run
from tests.databases import Cluster, Opened
from tests.store.material import TTL, keys, poll, sources, stored


def at(path: Path) -> str:
    return f"sqlite:///{path}"


def more(store: Store, *names: str) -> None:
    store.make_due()
    stored(store, "a", *names)


def database(path: Path, *names: str) -> Store:
    store = open_store(at(path), host_delay=0.0)
    store.sync_sources(sources("a"))
    stored(store, "a", *names)
    return store


def guids(store: Store) -> set[str]:
    return {str(each.entry.guid) for each in store.articles(None, 1000) if each.entry.guid}


def test_who_reads_sees_the_old_or_the_new(tmp_path: Path) -> None:
    """Readers and writers of other connections go on while all pages change; nobody ever sees
    something in between."""
    live = database(tmp_path / "live.db", "one")
    live.backup(tmp_path / "copy.db")
    more(live, *(f"story {n}" for n in range(300)))
    whole, ended, seen = len(guids(live)), threading.Event(), set[int]()
    faults: list[BaseException] = []

    def read() -> None:
        store = open_store(at(tmp_path / "live.db"))
        try:
            while not ended.is_set():
                seen.add(store.counts()["articles"])
        except BaseException as error:
            faults.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    live.become(tmp_path / "copy.db")
    ended.set()
    for thread in threads:
        thread.join(30)
    assert faults == []
    assert seen <= {whole, 1}
    assert live.counts()["articles"] == 1
    assert live.integrity() == []
    live.close()


def test_a_locked_database_stays_as_it_was(tmp_path: Path) -> None:
    """Somebody keeps the right to write: busy, and nothing has changed."""
    live = database(tmp_path / "live.db", "one", "two")
    database(tmp_path / "copy.db", "three").close()
    with closing(pysqlite3.connect(tmp_path / "live.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="nothing was changed"):
            live.become(tmp_path / "copy.db", 0.3)
        other.execute("ROLLBACK")
    assert guids(live) == {"one", "two"}
    live.close()


def test_pages_of_another_size(tmp_path: Path) -> None:
    """A database that was made with other pages can be restored all the same."""
    live = database(tmp_path / "live.db", "one")
    copy = tmp_path / "copy.db"
    database(copy, "two", "three").close()
    with closing(pysqlite3.connect(copy, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE").fetchall()
        other.execute("PRAGMA page_size = 8192")
        other.execute("VACUUM")
    live.become(copy)
    assert guids(live) == {"two", "three"}
    assert live.integrity() == []
    live.close()


def test_an_older_schema(tmp_path: Path) -> None:
    """Of each that was shipped: brought up to date while it is nobody's yet."""
    from feeds.store.migrations import HEAD, REVISIONS

    for revision in REVISIONS[:-1]:
        path = tmp_path / f"{revision}.db"
        old = Database(at(path))
        with old.write() as connection:
            run(connection, revision)
        old.close()
        store = open_for_migration(at(path))
        assert store.schema_version() == revision
        store.made_ready()
        assert store.schema_version() == HEAD
        assert store.integrity() == []
        store.close()


def test_one_of_the_future(tmp_path: Path) -> None:
    """Refused, with what to do."""
    database(tmp_path / "new.db", "one").close()
    with closing(pysqlite3.connect(tmp_path / "new.db")) as made:
        made.execute("UPDATE feedmill_version SET version_num = '9999'")
        made.commit()
    store = open_for_migration(at(tmp_path / "new.db"))
    with pytest.raises(SchemaError, match="newer one; install that"):
        store.made_ready()
    store.close()


def test_rights_are_waited_for(opened: Opened) -> None:
    """Who links or publishes is let finish; who never does is named."""
    first, second = opened(), opened()
    with first.serial("publish"), pytest.raises(StoreBusy, match="publishing"), second.halted(0.3):
        pass
    with second.halted(), first.serial("link") as ours, first.serial("publish") as too:
        assert (ours, too) == (False, False)
    with first.serial("link") as ours:
        assert ours


# --- PostgreSQL


@pytest.fixture
def postgres(empty_postgres: str) -> Iterator[Store]:
    if not all(map(shutil.which, ("pg_dump", "pg_restore", "psql"))):
        pytest.skip("pg_dump is missing: install Debian's postgresql-client")
    store = open_for_migration(empty_postgres)
    store.migrate()
    store.close()
    store = open_store(empty_postgres, host_delay=0.0)
    store.sync_sources(sources("a"))
    yield store
    store.close()


@pytest.mark.postgres
def test_postgres_there_and_back(postgres: Store, tmp_path: Path) -> None:
    """Under readers and a writer that go on; tables of others are left alone; numbers go on; what
    was taken down since stays down."""
    stored(postgres, "a", "one", "two")
    engine = sa.create_engine(postgres._database.url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE anothers (n int)"))
        connection.execute(sa.text("INSERT INTO anothers VALUES (1)"))
    postgres.dump(tmp_path / "dump")
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO anothers VALUES (2)"))
    more(postgres, "three")
    newest = max(each.id for each in postgres.articles(None, 10))
    [one] = [each for each in postgres.articles(None, 10) if each.entry.guid == "one"]
    postgres.take_down(keys("one"), "one")
    postgres.make_due()
    [claim] = postgres.claim_due(1, TTL)
    ended, faults = threading.Event(), list[BaseException]()

    def use() -> None:
        try:
            while not ended.is_set():
                postgres.counts()
                postgres.count_readers(1, [("all", "x", 1)])
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        with postgres.halted():
            postgres.put_back(tmp_path / "dump", tmp_path, running=True)
            gone = postgres.bar_again()
    finally:
        ended.set()
        for thread in threads:
            thread.join(30)
    assert faults == []
    assert gone == [one.id]
    assert guids(postgres) == {"two"}
    assert postgres.integrity() == []
    assert postgres.record([poll(claim, "four")])[0].fenced
    more(postgres, "five")
    assert max(each.id for each in postgres.articles(None, 10)) > newest
    with engine.begin() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM anothers")).scalar() == 2
    engine.dispose()


@pytest.mark.postgres
def test_postgres_of_another_installation(postgres: Store, tmp_path: Path) -> None:
    """While a `run` may have its numbers in mind it is refused, and nothing has changed."""
    stored(postgres, "a", "one")
    postgres.dump(tmp_path / "dump")
    engine = sa.create_engine(postgres._database.url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE article SET first_seen = first_seen - 1000"))
    engine.dispose()
    more(postgres, "two")
    with pytest.raises(StoreError, match="another installation"):
        postgres.put_back(tmp_path / "dump", tmp_path, running=True)
    assert guids(postgres) == {"one", "two"}
    postgres.put_back(tmp_path / "dump", tmp_path, running=False)
    assert guids(postgres) == {"one"}


@pytest.mark.postgres
def test_postgres_into_an_empty_database(postgres: Store, cluster: Cluster, tmp_path: Path) -> None:
    """Anew elsewhere; a damaged dump changes nothing."""
    stored(postgres, "a", "one", "two")
    postgres.dump(tmp_path / "dump")
    (tmp_path / "bad").write_bytes((tmp_path / "dump").read_bytes()[:-300])
    url = cluster.create("elsewhere")
    other = open_for_migration(url)
    try:
        with pytest.raises(StoreError):
            other.put_back(tmp_path / "bad", tmp_path, running=False)
        assert other.schema_version() is None
        other.put_back(tmp_path / "dump", tmp_path, running=False)
        assert guids(other) == {"one", "two"}
        assert other.integrity() == []
    finally:
        other.close()
        cluster.drop("elsewhere")


def test_without_the_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which one is missing, and what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    store = open_for_migration("postgresql://me:hush@127.0.0.1:9/none")
    with pytest.raises(StoreError, match=r"pg_dump is not installed.*postgresql-client") as caught:
        store.dump(tmp_path / "dump")
    assert "hush" not in str(caught.value)
    store.close()


def test_no_password_among_the_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody on the machine can read those; the environment of a process is its user's."""
    program = tmp_path / "pg_dump"
    program.write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/args; echo "$PGPASSWORD" > {tmp_path}/env\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for url in ("postgresql://me:hush@127.0.0.1:9/none", "postgresql://me@h/none?password=hush"):
        store = open_for_migration(url)
        store.dump(tmp_path / "dump")
        store.close()
        assert "hush" not in (tmp_path / "args").read_text()
        assert (tmp_path / "env").read_text() == "hush\n"

"""Opening, migrating, locking, backing up; and what a database that is not well says."""

from __future__ import annotations

import resource
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pysqlite3
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import feeds.store.migrations as migrations
from feeds.errors import CorruptStore, SchemaError, StoreBusy, StoreError, StoreInUse
from feeds.models import Source
from feeds.protocols import FeedStore, LinkStore, PollStore
from feeds.store import Store, fresh, open_for_migration, open_store
from feeds.store.engine import Database
from feeds.store.migrations.fresh import statements
from feeds.store.schema import run
from feeds.store.tables import VERSION_TABLE, metadata
from tests.databases import Opened
from tests.store.material import TTL, claimed, poll, sources, stored


def at(path: Path) -> str:
    return f"sqlite:///{path}"


def test_it_plays_all_roles(store: Store) -> None:
    """The one Store is a PollStore, a LinkStore and a FeedStore (mypy compares the signatures)."""

    def plays(_polls: PollStore, _links: LinkStore, _feeds: FeedStore) -> bool:
        return True

    assert plays(store, store, store)
    assert store.now().tzinfo is not None


def test_folders_are_made_and_the_schema_too(tmp_path: Path) -> None:
    """A path that is not there becomes an up-to-date database; opening again changes nothing."""
    path = tmp_path / "var" / "deep" / "feedmill.db"
    for _ in range(2):
        store = open_store(at(path))
        assert store.schema_version() == migrations.HEAD
        store.close()
    assert sorted(each.name for each in path.parent.glob("*.before-*")) == []


def test_a_folder_that_cant_be_made(tmp_path: Path) -> None:
    """A file where the folder should be is an error of ours."""
    (tmp_path / "var").write_text("a file")
    with pytest.raises(StoreError, match="folder can't be made"):
        open_store(at(tmp_path / "var" / "feedmill.db"))


def test_in_memory(tmp_path: Path) -> None:
    """The fake store is the real one: usable from any thread, gone when closed."""
    store = open_store("sqlite:///:memory:", host_delay=0.0)
    store.sync_sources(sources("a"))
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(len(store.claim_due(5, TTL))))
    thread.start()
    thread.join(10)
    assert found == [1]
    with store.lock_run():
        store.backup(tmp_path / "copy.db")
    store.close()
    copy = open_store(at(tmp_path / "copy.db"))
    assert copy.counts()["sources"] == 1
    copy.close()


@pytest.mark.parametrize("url", ["sqlite:///:memory:", "sqlite:///{}/feedmill.db"])
def test_closed_under_a_thread(url: str, tmp_path: Path) -> None:
    """A thread that is left behind when Feedmill stops gets an error; once it was a crash of the
    process."""
    for number in range(20):
        store = open_store(url.format(tmp_path / str(number)))
        begun = threading.Event()

        def use(store: Store = store, begun: threading.Event = begun) -> None:
            while True:
                store.forget_subscriptions()
                store.counts()
                begun.set()

        with ThreadPoolExecutor(2) as pool:
            left = [pool.submit(use) for _ in range(2)]
            begun.wait(10)
            store.close()
            said = [str(each.exception(10)) for each in left]
        assert said == ["the store is closed"] * 2


@pytest.mark.parametrize("url", ["mysql://x/y", "no url at all", ""])
def test_other_databases_are_refused(url: str) -> None:
    """Only the two kinds that every test runs on."""
    with pytest.raises(StoreError):
        open_store(url)


def test_scripts_and_tables_agree(store: Store, store_url: str) -> None:
    """What the migrations make is what tables.py says, on both databases; but for the full text,
    for which they have no common words."""
    module = {} if store_url.startswith("postgres") else {"module": pysqlite3}
    engine = sa.create_engine(store_url, **module)

    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or not (name or "").startswith("story_text")

    with engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "include_name": ours}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_revisions_are_those_of_the_scripts() -> None:
    """The list that spares us loading Alembic is true."""
    folder = ScriptDirectory(str(Path(migrations.__file__).parent))
    scripts = [script.revision for script in folder.walk_revisions()][::-1]
    assert tuple(scripts) == migrations.REVISIONS


def test_a_fresh_database_is_what_the_revisions_come_to(tmp_path: Path) -> None:
    """To the statement, and with the rows that are there from the start; without Alembic."""
    with Database("sqlite://").write() as connection:
        run(connection)
        assert statements(connection) == fresh.FILE.read_text()
    path = tmp_path / "feedmill.db"
    code = (
        "import sys; from feeds.store import open_store; "
        f"open_store({at(path)!r}).close(); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    with Database(at(path)).write() as connection:
        assert statements(connection) == fresh.FILE.read_text()


def test_what_was_bound_is_let_go(tmp_path: Path) -> None:
    """A prepared statement keeps it: a hundred with a megabyte each would be 100 MB."""
    code = (
        "import feeds.store.engine as e;"
        f"d = e.Database({at(tmp_path / 'a.db')!r});"
        "held = d.write(); c = held.__enter__();"
        "now = lambda: int(open('/proc/self/statm').read().split()[1]);"
        "at = now();"
        "[c.exec_driver_sql(f'SELECT length(?) + {n}', ('x' * 2**20,)).all() for n in range(100)];"
        "print(now() - at)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) * resource.getpagesize() < 60e6


def test_an_older_sqlite_takes_the_revisions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose search is another."""
    monkeypatch.setattr(fresh, "_SINCE", (99, 0))
    with Database("sqlite://").write() as connection:
        assert not fresh.create(connection)
    store = open_store("sqlite://")
    store.sync_sources(sources("a"))
    store.close()


def test_an_up_to_date_database_opens_without_alembic(tmp_path: Path) -> None:
    """Alembic costs 0.2 s of import, which verbs would pay each time."""
    path = tmp_path / "feedmill.db"
    open_store(at(path)).close()
    code = (
        "import sys; from feeds.store import open_store; "
        f"open_store({at(path)!r}).close(); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def set_version(store_url: str, revision: str) -> None:
    engine = sa.create_engine(store_url)
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'"))
    engine.dispose()


def test_a_newer_schema_is_refused(store: Store, store_url: str) -> None:
    """A database of a later Feedmill is left alone, by opening and by migrating."""
    store.close()
    set_version(store_url, "9999")
    with pytest.raises(SchemaError, match="newer than this Feedmill"):
        open_store(store_url)
    later = open_for_migration(store_url)
    with pytest.raises(SchemaError, match="9999"):
        later.migrate()
    assert later.schema_version() == "9999"
    later.close()


@pytest.mark.postgres
def test_postgres_waits_for_the_operator(empty_postgres: str) -> None:
    """An empty PostgreSQL database is migrated on the operator's word only; twice is harmless."""
    with pytest.raises(SchemaError, match="feedmill migrate"):
        open_store(empty_postgres)
    store = open_for_migration(empty_postgres)
    assert store.schema_version() is None
    store.migrate()
    store.migrate()
    store.close()
    store = open_store(empty_postgres)
    assert store.integrity() == []
    store.close()


@pytest.mark.postgres
def test_two_migrations_at_once(empty_postgres: str) -> None:
    """The second waits, and finds the work done."""
    faults: list[BaseException] = []

    def migrate() -> None:
        store = open_for_migration(empty_postgres)
        try:
            store.migrate()
        except Exception as error:
            faults.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=migrate) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []


def test_sqlite_unmigrated_is_refused_when_asked_to(tmp_path: Path) -> None:
    """With migrate=False an empty database stays empty."""
    with pytest.raises(SchemaError, match="feedmill migrate"):
        open_store(at(tmp_path / "feedmill.db"), migrate=False)


def test_anothers_database_is_left_alone(tmp_path: Path) -> None:
    """A SQLite file of another program gets no tables of ours."""
    path = tmp_path / "bookmarks.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE bookmark (url TEXT)")
    with pytest.raises(SchemaError, match="not one of Feedmill"):
        open_store(at(path))
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT count(*) FROM sqlite_master").fetchone() == (1,)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """Said as what it is, and the file stays as it was."""
    path = tmp_path / "feedmill.db"
    path.write_bytes(b"Dear diary, " * 1000)
    with pytest.raises(CorruptStore, match="not a database"):
        open_store(at(path))
    assert path.read_bytes() == b"Dear diary, " * 1000


def test_integrity_finds_damage(tmp_path: Path) -> None:
    """Overwritten pages are found, and told as words."""
    path = tmp_path / "feedmill.db"
    store = open_store(at(path), host_delay=0.0)
    store.sync_sources(sources("a"))
    stored(store, "a", *(f"story {n}" for n in range(500)))
    assert store.integrity() == []
    store.close()
    with path.open("r+b") as file:
        file.seek(-4096 * 20, 2)  # articles: the tables' own pages come first
        file.write(b"\xff" * 4096 * 20)
    store = open_store(at(path))
    assert store.integrity() != []
    store.close()


def test_integrity_finds_what_no_transaction_leaves(opened: Opened, store_url: str) -> None:
    """Rows that point nowhere are found on both databases."""
    store = opened()
    store.sync_sources(sources("a"))
    stored(store, "a", "one")
    engine = sa.create_engine(store_url)
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM article"))
    engine.dispose()
    assert store.integrity() == ["3 keys of an article that is not there"]


def test_a_backup_is_whole_and_private(tmp_path: Path) -> None:
    """Taken while another writes, it opens, holds everything, and replaces the one before."""
    store = open_store(at(tmp_path / "feedmill.db"), host_delay=0.0)
    store.sync_sources(sources("a", "b"))
    stored(store, "a", "one", "two")
    copy = tmp_path / "backups" / "copy.db"
    store.backup(copy)
    stored(store, "b", "three")
    store.backup(copy)
    store.close()
    assert [each.name for each in copy.parent.iterdir()] == ["copy.db"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    restored = open_store(at(copy))
    assert restored.counts()["articles"] == 3
    assert restored.integrity() == []
    restored.close()


def test_a_backup_that_cant_be_written(tmp_path: Path) -> None:
    """The error is ours, and nothing is left behind."""
    store = open_store(at(tmp_path / "feedmill.db"))
    target = tmp_path / "taken"
    (target / "folder").mkdir(parents=True)
    with pytest.raises(StoreError, match="backup can't be written"):
        store.backup(target)
    assert [each.name for each in tmp_path.glob(".*")] == []
    store.close()


def test_a_backup_over_the_database_is_refused(tmp_path: Path) -> None:
    """Not even by way of a symbolic link."""
    path, other = tmp_path / "feedmill.db", tmp_path / "other.db"
    store = open_store(at(path))
    other.symlink_to(path)
    for target in (path, other):
        with pytest.raises(StoreError, match="destroy"):
            store.backup(target)
    assert store.integrity() == []
    store.close()


def test_a_relative_path_is_fixed_when_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changing the working folder later leads to no second database."""
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///var/feedmill.db")
    (tmp_path / "var" / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "var" / "elsewhere")
    store.sync_sources(sources("a"))
    assert len(store.sources()) == 1
    store.close()
    assert (tmp_path / "var" / "feedmill.db").exists()
    assert list(Path().iterdir()) == []


@pytest.mark.postgres
def test_postgres_names_its_own_tool(empty_postgres: str, tmp_path: Path) -> None:
    """A server's database is not copied by us."""
    store = open_for_migration(empty_postgres)
    with pytest.raises(StoreError, match="pg_dump"):
        store.backup(tmp_path / "copy")
    store.close()


def test_one_run_a_database(opened: Opened) -> None:
    """A second `run` is refused while the first holds the lock, and welcome after it."""
    first, second = opened(), opened()
    with first.lock_run(), pytest.raises(StoreInUse, match="another"), second.lock_run():
        pass
    with second.lock_run():
        second.sync_sources(sources("a"))


def test_serial_is_held_by_one(opened: Opened) -> None:
    """A named right: others see False until it is given back; other names are free."""
    first, second = opened(), opened()
    with first.serial("link") as ours, second.serial("link") as theirs:
        assert (ours, theirs) == (True, False)
        with second.serial("publish") as other:
            assert other
    with second.serial("link") as again:
        assert again


HOLDER = """
import sys, threading
from feeds.store import open_store
store = open_store(sys.argv[1])
with store.serial("publish") as ours, store.lock_run():
    print(ours, flush=True)
    threading.Event().wait(60)
"""


def test_rights_of_the_dead(store: Store, store_url: str) -> None:
    """After a kill -9 the rights are free at once."""
    command = [sys.executable, "-c", HOLDER, store_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        with store.serial("publish") as ours:
            assert not ours
        holder.kill()
        holder.wait()
    # PostgreSQL notices the end of the connection, not of the process.
    for _ in range(200):
        with store.serial("publish") as ours:
            if ours:
                break
        threading.Event().wait(0.02)
    assert ours
    with store.lock_run():
        pass


def test_a_server_that_is_away() -> None:
    """No server at that port: busy, to be tried again; its password is in no message."""
    with pytest.raises(StoreBusy) as caught:
        open_store("postgresql://me:hush@127.0.0.1:9/none")
    assert "hush" not in str(caught.value)


def test_counts(store: Store) -> None:
    """What `check` and the pages show."""
    store.sync_sources([*sources("a"), Source(url="https://b.example/")])
    store.record([poll(claimed(store, "a"), "one", "two")])
    assert store.counts() == {"sources": 2, "articles": 2, "stories": 0, "feeds": 0, "polls": 1}

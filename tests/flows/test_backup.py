"""Backup and restore, one command each: elsewhere, in the same place, while `run` goes on."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import sqlite3
import stat
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pysqlite3
import pytest
from lxml import etree

from feeds.store import open_store
from tests.flows.command import Installation, rss, until
from tests.origin import Answer, Origin, Received

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/feed", rss("one", "two"), etag=True)
        yield found


@pytest.fixture
def here(tmp_path: Path, origin: Origin) -> Installation:
    found = Installation(tmp_path / "here")
    found.configure("[categories.news]\n", sources=[origin.url("/feed")])
    return found


def shows(here: Installation) -> set[str]:
    found = here.json("articles", "--limit", "10000")
    return {each["guid"] for each in found if each["guid"] is not None}  # None: taken away


def sound(here: Installation) -> None:
    """Pages, rows and what the rows say of each other."""
    store = open_store(f"sqlite:///{here.database}")
    try:
        assert store.integrity() == []
    finally:
        store.close()


def published(here: Installation) -> dict[str, bytes]:
    """Every document; the pages' times of making are the feed's own."""
    return {
        str(path.relative_to(here.public)): path.read_bytes()
        for path in here.public.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def updated(here: Installation, slug: str = "all") -> str:
    tree = etree.fromstring((here.public / slug / "atom.xml").read_bytes())
    return str(tree.findtext(f"{ATOM}updated"))


# --- backup


def test_a_backup_is_one_file_for_the_owner_alone(here: Installation) -> None:
    """Database, configuration, lists; 0600; whole or not there; never over a file."""
    (here.folder / "lists").mkdir()
    (here.folder / "lists" / "more.toml").write_text("[categories.more]\n")
    (here.folder / "key.secret").write_text("X-Key-1234567")
    config = here.folder / "feedmill.toml"
    config.write_text(
        'include = ["lists/*.toml"]\n'
        + config.read_text()
        + 'headers = { Authorization = { file = "key.secret" } }\n'
    )
    here.verb("poll")
    made = here.json("backup", "copy.tar.gz")
    copy = here.folder / "copy.tar.gz"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert made["bytes"] == copy.stat().st_size
    assert made["config"] == ["feedmill.toml", "lists/more.toml"]
    assert made["not_taken"] == ["secret file key.secret"]
    assert b"X-Key-1234567" not in gzip.decompress(copy.read_bytes())
    with tarfile.open(copy) as tar:
        names = tar.getnames()
        manifest = json.load(tar.extractfile("manifest.json") or pytest.fail("none"))
    assert names == ["manifest.json", "database", "config/feedmill.toml", "config/lists/more.toml"]
    assert (manifest["kind"], manifest["feedmill"]) == ("sqlite", "0.1.0")
    before = copy.read_bytes()
    again = here.call("backup", "copy.tar.gz")
    assert again.returncode == 1
    assert "there already" in again.stderr
    assert copy.read_bytes() == before
    assert [path.name for path in here.folder.glob(".*")] == []
    assert "key.secret" in here.verb("backup", "second.tar.gz")


def test_nothing_to_back_up(here: Installation) -> None:
    """Before there is a database; and nothing is left behind."""
    done = here.call("backup", "copy.tar.gz")
    assert done.returncode == 1
    assert "no database yet" in done.stderr
    assert not (here.folder / "copy.tar.gz").exists()
    assert not here.database.exists()


# --- restore elsewhere


def test_anew_elsewhere(here: Installation, tmp_path: Path) -> None:
    """One command in an empty folder: configuration, database, and the same published bytes."""
    here.verb("poll")
    here.verb("publish")
    here.verb("backup", str(tmp_path / "copy.tar.gz"))
    there = Installation(tmp_path / "there")
    told = there.json("restore", str(tmp_path / "copy.tar.gz"))
    assert told["config_restored"] == ["feedmill.toml"]
    assert (told["articles"], told["kept"]) == (2, [])
    assert (there.folder / "feedmill.toml").read_text() == (
        here.folder / "feedmill.toml"
    ).read_text()
    assert published(there) == published(here)
    assert there.json("poll")["polled"] == 0
    sound(there)


def test_elsewhere_without_the_secrets(here: Installation, tmp_path: Path) -> None:
    """What is missing is named, nothing is changed; with it, the same command goes through."""
    (here.folder / "key.secret").write_text("hush")
    with (here.folder / "feedmill.toml").open("a") as file:
        file.write('headers = { Authorization = { file = "key.secret" } }\n')
    here.verb("poll")
    here.verb("backup", str(tmp_path / "copy.tar.gz"))
    there = Installation(tmp_path / "there")
    done = there.call("restore", str(tmp_path / "copy.tar.gz"))
    assert done.returncode == 2
    assert "a backup does not hold this: secret file key.secret" in done.stderr
    assert list(there.folder.iterdir()) == []
    (there.folder / "key.secret").write_text("hush")
    there.verb("restore", str(tmp_path / "copy.tar.gz"))
    assert shows(there) == {"one", "two"}


# --- restore in the same place


@pytest.mark.slow
def test_back_and_forth(here: Installation, origin: Origin) -> None:
    """The state of the backup; what was there is kept, and takes the restoring back."""
    here.verb("poll")
    here.verb("backup", "copy.tar.gz")
    origin.serve("/feed", rss("one", "two", "three"), etag=True)
    here.verb("poll", "--now")
    assert shows(here) == {"one", "two", "three"}
    told = here.json("restore", "copy.tar.gz")
    assert shows(here) == {"one", "two"}
    [kept] = told["kept"]
    assert ".before-restore-" in kept
    assert stat.S_IMODE(Path(kept).stat().st_mode) == 0o600
    here.verb("restore", kept)
    assert shows(here) == {"one", "two", "three"}
    sound(here)
    leftovers = [path.name for path in here.database.parent.glob(".*")]
    assert leftovers == []


@pytest.mark.slow
def test_the_configuration_is_left_alone(here: Installation) -> None:
    """Where it differs is told by line, without what stands there; --config-too puts it back and
    keeps what was there."""
    here.verb("poll")
    here.verb("backup", "copy.tar.gz")
    config = here.folder / "feedmill.toml"
    before = config.read_text()
    changed = before.replace('title = "A wire"', 'title = "Hush"')
    config.write_text(changed)
    told = here.json("restore", "copy.tar.gz")
    assert told["config_differs"] == ["feedmill.toml: differs at line 2"]
    assert config.read_text() == changed
    said = here.verb("restore", "copy.tar.gz")
    assert "--config-too" in said
    assert "Hush" not in said
    told = here.json("restore", "copy.tar.gz", "--config-too")
    assert told["config_restored"] == ["feedmill.toml"]
    assert config.read_text() == before
    kept = [Path(each) for each in told["kept"] if "feedmill.toml" in each]
    assert [each.read_text() for each in kept] == [changed]


def damaged(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 0xFF]) + body[middle + 1 :]


@pytest.mark.slow
def test_what_is_no_backup(here: Installation, tmp_path: Path) -> None:
    """Wrong, damaged, cut, of the future: refused with words, and nothing has changed."""
    here.verb("poll")
    here.verb("backup", "copy.tar.gz")
    body = (here.folder / "copy.tar.gz").read_bytes()
    bad = here.folder / "bad"

    def repacked(**values: object) -> bytes:
        with tarfile.open(here.folder / "copy.tar.gz") as old:
            manifest = json.load(old.extractfile("manifest.json") or pytest.fail("none"))
            with tarfile.open(bad, "w:gz") as new:
                for info in old:
                    given = old.extractfile(info)
                    if info.name == "manifest.json":
                        (tmp_path / "m").write_text(json.dumps(manifest | values))
                        new.add(tmp_path / "m", "manifest.json")
                    else:
                        new.addfile(info, given)
        return bad.read_bytes()

    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE bookmark (url TEXT)")
        other.commit()
    cases = {
        "no backup of Feedmill": b"Dear diary",
        "damaged": damaged(body),
        "damaged one": body[: len(body) - 20],
        "newer": repacked(schema="9999"),
        "does not know": repacked(format=2),
        "not one of Feedmill": (tmp_path / "other.db").read_bytes(),
        "store.url": repacked(kind="postgresql"),
    }
    state = here.database.read_bytes()
    for words, content in cases.items():
        bad.write_bytes(content)
        done = here.call("restore", "bad")
        assert done.returncode == 1, (words, done.stdout)
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert here.call("restore", "nowhere").returncode == 1
    assert here.database.read_bytes() == state
    assert list(here.database.parent.glob("*.before-restore-*")) == []
    assert shows(here) == {"one", "two"}


def test_a_backup_whose_rows_are_wrong(here: Installation) -> None:
    """Sums are right, the database in it is not: refused before anything is changed."""
    here.verb("poll")
    copy = here.folder / "copy.db"
    with closing(pysqlite3.connect(here.database)) as live:
        live.execute("VACUUM INTO ?", (str(copy),))
    with closing(pysqlite3.connect(copy)) as broken:
        broken.execute("DELETE FROM article")
        broken.commit()
    done = here.call("restore", "copy.db")
    assert done.returncode == 1
    assert "the backup is damaged" in done.stderr
    assert shows(here) == {"one", "two"}


def test_over_a_damaged_database(here: Installation) -> None:
    """What a backup is for: the damaged file is moved away, the backup stands in its place."""
    here.verb("poll")
    here.verb("backup", "copy.tar.gz")
    here.database.write_bytes(b"Dear diary, " * 1000)
    assert here.call("sources").returncode == 1
    told = here.json("restore", "copy.tar.gz")
    assert shows(here) == {"one", "two"}
    assert "not a database" in told["notes"][0]
    [kept] = told["kept"]
    assert Path(kept).read_bytes() == b"Dear diary, " * 1000
    sound(here)


def test_over_no_database(here: Installation) -> None:
    """A write-ahead log that was left of the lost file is not read into the new one."""
    here.verb("poll")
    here.verb("backup", "copy.tar.gz")
    here.database.rename(here.folder / "lost.db")
    here.database.with_name("feedmill.db-wal").write_bytes(b"left over" * 100)
    here.verb("restore", "copy.tar.gz")
    assert shows(here) == {"one", "two"}
    sound(here)


# --- what subscribers see


def many(first: int, last: int) -> bytes:
    return rss(*(f"n{number}" for number in range(last, first - 1, -1)))


BUSY = "[categories.all]\nlimit = 10\nbacklog = 10000\n"


@pytest.mark.slow
def test_feeds_do_not_go_back(here: Installation, origin: Origin) -> None:
    """A feed goes on behind what it published after the backup: its time, its log, its sealed
    archives, byte by byte; what comes anew comes under the same id."""
    here.configure(BUSY, sources=[origin.url("/feed")])
    origin.serve("/feed", many(1, 120), etag=True)
    here.verb("poll")
    here.verb("publish")
    here.verb("backup", "copy.tar.gz")
    origin.serve("/feed", many(100, 330), etag=True)
    here.verb("poll", "--now")
    here.verb("publish")
    before = {name: body for name, body in published(here).items() if "/archive/" in name}
    [now] = [each for each in here.json("feeds") if each["feed"] == "all"]
    assert (now["events"], now["archives"]) == (220, 2)
    when, notes = updated(here), json.loads((here.public / "all" / ".feed.json").read_bytes())
    ids = entries(here)
    here.verb("restore", "copy.tar.gz")
    [then] = [each for each in here.json("feeds") if each["feed"] == "all"]
    assert (then["events"], then["archives"]) == (220, 2)
    assert {name: body for name, body in published(here).items() if "/archive/" in name} == before
    assert updated(here) >= when
    # It shows what the database has; the archives lead back from there.
    assert "archive/1/atom.xml" in (here.public / "all" / "atom.xml").read_text()
    here.verb("poll", "--fresh")
    here.verb("publish")
    [after] = [each for each in here.json("feeds") if each["feed"] == "all"]
    assert after["events"] == 220 + 210
    assert entries(here) >= ids
    kept = json.loads((here.public / "all" / ".feed.json").read_bytes())
    told = dict(kept["tags"]["atom.xml"])
    for tag, seq in notes["tags"]["atom.xml"]:
        assert told[tag] == seq
    assert {name: body for name, body in published(here).items() if name in before} == before
    sound(here)


def entries(here: Installation) -> set[str]:
    tree = etree.fromstring((here.public / "all" / "atom.xml").read_bytes())
    return {str(each.findtext(f"{ATOM}id")) for each in tree.iter(f"{ATOM}entry")}


@pytest.mark.slow
def test_versions_of_another_past_are_forgotten(here: Installation, origin: Origin) -> None:
    """The database was lost, the folder was not: nobody is told what came since a version that the
    restored log knows nothing of."""
    here.configure(BUSY, sources=[origin.url("/feed")])
    here.verb("poll")
    here.verb("publish")
    here.verb("backup", "copy.tar.gz")
    origin.serve("/feed", many(1, 200), etag=True)
    here.verb("poll", "--now")
    here.verb("publish")
    assert (here.public / "all" / "archive" / "0" / "atom.xml").exists()
    for each in here.database.parent.glob("feedmill.db*"):
        each.unlink()
    here.verb("restore", "copy.tar.gz")
    notes = json.loads((here.public / "all" / ".feed.json").read_bytes())
    assert notes["seq"] == 2
    assert [len(each) for each in notes["tags"].values()] == [1, 1, 1, 1]
    assert not (here.public / "all" / "archive" / "0" / "atom.xml").exists()


@pytest.mark.slow
def test_what_was_ended_since_stays_so(here: Installation, origin: Origin) -> None:
    """A takedown and a revoked token outlast a restoring; a token that was given since, too."""
    here.configure(
        "[categories.all]\nbacklog = 100\n[categories.staff]\nprivate = true\n",
        sources=[origin.url("/feed")],
    )
    here.verb("poll")
    here.verb("publish")
    here.verb("token", "add", "old")
    here.verb("backup", "copy.tar.gz")
    here.verb("token", "revoke", "old")
    here.verb("token", "add", "new")
    here.verb("takedown", "one")
    here.verb("publish")
    told = here.json("restore", "copy.tar.gz")
    assert told["taken_down"] == 1
    assert shows(here) == {"two"}
    assert [each["label"] for each in here.json("token", "list")] == ["new"]
    assert "at:deleted-entry" in (here.public / "all" / "atom.xml").read_text()
    here.verb("poll", "--fresh")
    assert shows(here) == {"two"}


# --- while `run` goes on


class Growing:
    """A document that has one item more each time it is asked for."""

    def __init__(self, origin: Origin) -> None:
        self.count = 0
        origin.answer("/feed", self.reply)

    def reply(self, _request: Received) -> Answer:
        self.count += 1
        return Answer(200, many(1, self.count))

    def past(self, count: int) -> Callable[[], bool]:
        return lambda: self.count >= count


@pytest.mark.slow
def test_while_it_runs(here: Installation, origin: Origin) -> None:
    """Backup and restore beside a `run` that polls, links and publishes without a pause: it goes on
    without an error, the database is sound, every document is whole."""
    growing, broken, ended = Growing(origin), list[str](), threading.Event()
    here.configure(
        "[categories.all]\nbacklog = 10000\nlimit = 20\n"
        f'[[sources]]\nurl = "{origin.url("/feed")}"\nevery = "1s"\n'
    )

    def read() -> None:
        while not ended.wait(0.01):
            path = here.public / "all" / "atom.xml"
            if path.exists():
                try:
                    etree.fromstring(path.read_bytes())
                except etree.XMLSyntaxError as error:
                    broken.append(str(error))

    thread = threading.Thread(target=read)
    with here.running() as site:
        thread.start()
        try:
            assert until(growing.past(3))
            here.verb("backup", "copy.tar.gz")
            config = here.folder / "feedmill.toml"
            config.write_text(config.read_text().replace("limit = 20", "limit = 21"))
            assert until(lambda: site.log.read_text().count("event=running") == 2)
            said = here.verb("restore", "copy.tar.gz", "--config-too")
            assert "`feedmill run` takes it up by itself" in said
            assert until(lambda: site.log.read_text().count("event=running") == 3)
            backed = growing.count
            for _ in range(3):
                assert until(growing.past(backed + 3))
                told = here.json("restore", "copy.tar.gz")
                assert told["running"]
                assert told["articles"] <= backed
                backed = growing.count
            assert until(growing.past(backed + 3))
            assert until(lambda: f"n{backed + 1}".encode() in site.get("/all/atom.xml").body)
            assert site.get("/readyz").status == 200
        finally:
            ended.set()
            thread.join()
        assert site.stop()[0] == 0
        log = site.log.read_text()
    assert broken == []
    for word in ("level=error", "Traceback", "job failed", "paused", "retrying"):
        assert word not in log, log
    assert shows(here) == {f"n{number}" for number in range(1, growing.count + 1)}
    sound(here)


@pytest.mark.slow
def test_another_installations_backup_under_a_run(here: Installation, tmp_path: Path) -> None:
    """Its numbers mean other articles: refused while `run` may have them in mind, with what to do;
    then done."""
    here.verb("poll")
    other = Installation(tmp_path / "other")
    with Origin() as origin:
        origin.serve("/feed", rss("far", "away"), etag=True)
        other.configure(sources=[origin.url("/feed")])
        other.verb("poll")
    other.verb("backup", str(here.folder / "other.tar.gz"))
    with here.running() as site:
        done = here.call("restore", "other.tar.gz")
        assert done.returncode == 1
        assert "stop `feedmill run` first" in done.stderr
        assert site.get("/readyz").status == 200
    assert shows(here) == {"one", "two"}
    here.verb("restore", "other.tar.gz")
    assert shows(here) == {"far", "away"}
    sound(here)


def test_a_poll_in_hand_is_of_before(here: Installation, origin: Origin) -> None:
    """A source that was being polled when the backup was made is free at once afterwards, and an
    answer that was under way at the restoring is written nowhere."""
    here.verb("poll")
    url = origin.url("/feed")
    store = open_store(f"sqlite:///{here.database}", host_delay=0.0)
    store.make_due([url])
    [claim] = store.claim_due(1, timedelta(hours=1))
    here.verb("backup", "copy.tar.gz")
    here.verb("restore", "copy.tar.gz")
    [again] = store.claim_due(1, timedelta(hours=1))
    assert again.number > claim.number
    store.close()


@pytest.mark.slow
@pytest.mark.postgres
def test_postgres_while_it_runs(here: Installation, origin: Origin, empty_postgres: str) -> None:
    """The same two commands, beside a `run`: pg_dump and psql do the work; what was there is kept
    as a backup of its own."""
    if not all(map(shutil.which, ("pg_dump", "pg_restore", "psql"))):
        pytest.skip("pg_dump is missing: install Debian's postgresql-client")
    growing = Growing(origin)
    here.variables["FEEDMILL_STORE_URL"] = empty_postgres
    here.configure(
        "[categories.all]\nbacklog = 10000\nlimit = 20\n"
        f'[[sources]]\nurl = "{origin.url("/feed")}"\nevery = "1s"\n'
    )
    here.verb("migrate")
    with here.running() as site:
        assert until(growing.past(3))
        made = here.json("backup", "copy.tar.gz")
        assert made["database"] == "postgresql"
        assert made["not_taken"] == ["environment variable FEEDMILL_STORE_URL"]
        assert until(growing.past(growing.count + 3))
        told = here.json("restore", "copy.tar.gz")
        assert told["running"]
        [kept] = told["kept"]
        backed = growing.count
        assert until(growing.past(backed + 3))
        assert until(lambda: f"n{backed + 1}".encode() in site.get("/all/atom.xml").body)
        assert site.stop()[0] == 0
        log = site.log.read_text()
    assert "Traceback" not in log, log
    store = open_store(empty_postgres)
    assert store.integrity() == []
    store.close()
    assert shows(here) == {f"n{number}" for number in range(1, growing.count + 1)}
    here.verb("restore", kept)
    assert len(shows(here)) < growing.count


def test_over_itself(here: Installation) -> None:
    """The database is no backup of itself."""
    here.verb("poll")
    done = here.call("restore", "var/feedmill.db")
    assert done.returncode == 1
    assert "is the database itself" in done.stderr


def test_no_room_for_the_backup(here: Installation) -> None:
    """An error, and nothing is left behind."""
    here.verb("poll")
    limited = Installation(
        here.folder, ["bash", "-c", 'ulimit -f 64; exec "$0" "$@"', *here.command]
    )
    done = limited.call("backup", "copy.tar.gz")
    assert done.returncode == 1, done.stdout
    assert "backup" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in here.folder.iterdir() if "backup" in path.name] == []
    assert not (here.folder / "copy.tar.gz").exists()


@pytest.mark.slow
def test_kill_9_while_restoring(here: Installation, origin: Origin) -> None:
    """At random moments: the database is the one of before or the backup's, and sound; the next
    restoring goes through."""
    origin.serve("/feed", many(1, 30), etag=True)
    here.verb("poll")
    here.verb("backup", "copy.tar.gz")
    origin.serve("/feed", many(1, 60), etag=True)
    here.verb("poll", "--now")
    after = {f"n{number}" for number in range(1, 61)}
    before = {f"n{number}" for number in range(1, 31)}
    for _ in range(6):
        process = subprocess.Popen(
            [*here.command, "restore", "copy.tar.gz"],
            cwd=here.folder,
            env=here.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # The moment itself is what is tested.
        time.sleep(random.uniform(0.6, 2.2))
        process.kill()
        process.wait()
        store = open_store(f"sqlite:///{here.database}")
        found = {str(each.entry.guid) for each in store.articles(None, 1000)}
        assert store.integrity() == []
        store.close()
        assert found in (before, after)
    here.verb("restore", "copy.tar.gz")
    assert shows(here) == before

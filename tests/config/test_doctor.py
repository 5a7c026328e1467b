"""Each check of the doctor made to find something: real files, real databases, real servers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pysqlite3
import pytest

from config.doctor import clocks, configuration, database, disk, permissions, sources
from config.doctor.asking import asker
from config.doctor.finding import Finding, Grade, any_bad
from config.doctor.running import here, running
from config.doctor.site import sample, site
from config.load import load
from config.settings import Settings
from config.values import Address
from feeds.models import SourceState
from feeds.store import open_for_migration, open_store
from tests.databases import Clock
from tests.flows.command import free_port
from tests.origin import Answer, Origin

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def grades(found: Iterable[Finding]) -> list[str]:
    return [each.grade.value for each in found]


def only(found: Iterable[Finding], grade: Grade, *words: str) -> None:
    """One finding of that grade, with these words and with advice."""
    [one] = found
    assert one.grade is grade
    for word in words:
        assert word in one.line
    assert one.advice or grade is Grade.OK


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return configured(tmp_path)


def configured(folder: Path, text: str = "", url: str = "") -> Settings:
    site_url = f'url = "{url}"\n' if url else ""
    file = folder / "feedmill.toml"
    file.write_text(f'[site]\ntitle = "A wire"\n{site_url}{text}')
    return load(file)


def test_lines() -> None:
    """A grade, what it is about, what to do."""
    found = Finding("disk", Grade.WARN, "little", "make room")
    assert found.line == "warn  disk: little: make room"
    assert Finding("disk", Grade.OK, "much").line == "ok    disk: much"
    assert not any_bad([found])
    assert any_bad([found, Finding("disk", Grade.BAD, "none", "make room")])


# --- configuration


def test_a_configuration_with_mistakes(tmp_path: Path) -> None:
    """Each complaint is a finding; so is a missing file."""
    file = tmp_path / "feedmill.toml"
    file.write_text('[poll]\nintervall = "1h"\ntimeout = 30\n')
    settings, found = configuration.loaded(file)
    assert settings is None
    assert grades(found) == ["bad", "bad"]
    assert "interval" in found[0].text
    _, found = configuration.loaded(tmp_path / "none.toml")
    only(found, Grade.BAD, "feedmill init")
    file.write_text("")
    assert grades(configuration.loaded(file)[1]) == ["ok"]


SECRETS = {
    "store.url": '[store]\nurl = "postgresql://me:hush@127.0.0.1/x"\n',
    "poll.proxy": '[poll]\nproxy = "http://me:hush@127.0.0.1:1"\n',
    "auth": '[[sources]]\nurl = "https://a.test/"\nauth = "me:hush"\n',
    "sources[1].url": '[[sources]]\nurl = "https://me:hush@a.test/"\n',
    "headers.X-Api-Key": '[[sources]]\nurl = "https://a.test/"\nheaders = { X-Api-Key = "hush" }\n',
    "url": '[[sources]]\nurl = "https://a.test/?k=hush"\nsecret_url = true\n',
}


@pytest.mark.parametrize("key", SECRETS)
def test_secrets_that_everybody_can_read(tmp_path: Path, key: str) -> None:
    """In plain, in a file of mode 0644: the key is named, the secret is not; 0640 is well."""
    settings = configured(tmp_path, SECRETS[key])
    settings.file.chmod(0o644)
    found = list(configuration.exposed(settings))
    only(found, Grade.BAD, key, "chmod o-r")
    assert "hush" not in found[0].line
    settings.file.chmod(0o640)
    assert list(configuration.exposed(settings)) == []


def test_a_secret_file_that_everybody_can_read(tmp_path: Path) -> None:
    """The configuration is as it should be, the file that it names is not."""
    (tmp_path / "login").write_text("me:hush")
    (tmp_path / "login").chmod(0o644)
    text = '[[sources]]\nurl = "https://a.test/"\nauth = { file = "login" }\n'
    settings = configured(tmp_path, text)
    settings.file.chmod(0o644)
    only(configuration.exposed(settings), Grade.BAD, "secret file login")
    (tmp_path / "login").chmod(0o600)
    assert list(configuration.exposed(settings)) == []


# --- permissions


def test_folders_that_cant_be_written(settings: Settings) -> None:
    """A file in its place, a folder marked read-only."""
    settings.output.parent.mkdir(parents=True)
    settings.output.write_text("a file")
    only(permissions.folder(settings.output, "output.directory"), Grade.BAD, "output.directory")
    settings.output.unlink()
    assert list(permissions.folder(settings.output, "output.directory")) == []
    settings.output.mkdir(mode=0o500)
    only(permissions.folder(settings.output, "output.directory"), Grade.BAD, "read-only")


def test_a_database_that_cant_be_written(settings: Settings) -> None:
    """The file itself, or what SQLite needs beside it."""
    path = settings.folder / "var" / "feedmill.db"
    open_store(settings.store_url).close()
    assert list(permissions.database_file(path)) == []
    path.chmod(0o444)
    only(permissions.database_file(path), Grade.BAD, "feedmill.db can't be written")


@ROOT
def test_files_of_another_user(settings: Settings) -> None:
    """A verb that was run as root leaves a lock that the service can't open."""
    path = settings.folder / "var" / "feedmill.db"
    open_store(settings.store_url).close()
    path.with_name("feedmill.db.publish.lock").write_text("")
    os.chown(path.with_name("feedmill.db.publish.lock"), 12345, -1)
    only(permissions.database_file(path), Grade.WARN, "another user", "chown")


def test_private_feeds_that_others_can_read(settings: Settings) -> None:
    """By everybody; by the group."""
    settings.private.mkdir(parents=True)
    for mode, grade in ((0o755, Grade.BAD), (0o750, Grade.WARN)):
        settings.private.chmod(mode)
        only(permissions.private(settings.private), grade, "chmod 700")
    settings.private.chmod(0o700)
    assert list(permissions.private(settings.private)) == []


def test_published_files_that_a_web_server_cant_read(settings: Settings) -> None:
    """One of them is named, with how many there are; Feedmill's own notes don't count."""
    folder = settings.output / "all"
    folder.mkdir(parents=True)
    for name, mode in (("atom.xml", 0o600), ("rss.xml", 0o644), (".feed.json", 0o600)):
        (folder / name).write_text("")
        (folder / name).chmod(mode)
    only(permissions.published(settings.output), Grade.WARN, "1 published", "all/atom.xml")
    folder.chmod(0o700)
    only(permissions.published(settings.output), Grade.WARN, "2 published")


def test_a_public_folder_that_nobody_can_enter(tmp_path: Path) -> None:
    """However open its files are. The folders on the way count where another server goes it."""
    folder = tmp_path / "pub"
    (folder / "all").mkdir(parents=True)
    (folder / "all" / "rss.xml").write_text("")
    assert list(permissions.published(folder)) == []
    folder.chmod(0o700)
    only(permissions.published(folder), Grade.WARN, f"can't enter {folder}", f"chmod o+x {folder}")
    folder.chmod(0o755)
    tmp_path.chmod(0o700)
    assert list(permissions.published(folder)) == []
    only(permissions.published(folder, in_front=True), Grade.WARN, "can't enter", "chmod o+x")


def test_who_serves_them(tmp_path: Path) -> None:
    """Feedmill itself, or a web server before it."""
    assert not permissions.in_front(configured(tmp_path))
    assert permissions.in_front(configured(tmp_path, url="https://news.example.org"))


@pytest.mark.parametrize(("mode", "told"), [(0o777, True), (0o1777, False), (0o755, False)])
def test_folders_that_everybody_can_write(mode: int, told: bool) -> None:
    """Whoever can replace the database or a feed, has them; not where nobody else gets to, or as
    in /tmp, where nobody replaces another's file."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # pytest's own folders are shut
        folder = Path(name) / "var"
        folder.mkdir()
        folder.chmod(mode)
        assert list(permissions.folder(folder, "the database's folder")) == []
        Path(name).chmod(0o755)
        found = list(permissions.folder(folder, "the database's folder"))
        assert grades(found) == (["bad"] if told else [])
        assert not told or "chmod o-w" in found[0].line


def test_a_database_with_secrets(tmp_path: Path) -> None:
    """Secret addresses stand in it: who can enter all its folders can read them."""
    text = '[[sources]]\nurl = "https://a.test/?k=hush"\nsecret_url = true\n'
    path = configured(tmp_path, text).folder / "feedmill.db"
    path.write_text("")
    path.chmod(0o644)
    closed = [each for each in path.parents if not each.stat().st_mode & 0o001]
    found = list(permissions.secrets_in(path))
    assert grades(found) == ([] if closed else ["warn"])
    path.chmod(0o600)
    assert list(permissions.secrets_in(path)) == []


# --- disk, clock, zone


@pytest.mark.parametrize(
    ("free", "total", "grade"),
    [
        (500e9, 1000e9, "ok"),
        (90e9, 1000e9, "warn"),
        (400e6, 2e9, "warn"),
        (9e9, 1000e9, "bad"),
        (40e6, 100e6, "bad"),
        (0, 100e6, "bad"),
    ],
)
def test_room(free: float, total: float, grade: str) -> None:
    """Below 10 % or 500 MB; below 1 % or 50 MB."""
    assert disk.graded("database", int(free), int(total)).grade == grade


def test_what_is_no_disk() -> None:
    """`/proc` and the like: that is told, not `0 MB free`."""
    only(disk.disk({"output": Path("/proc/x")}), Grade.BAD, "output: lies on no disk", "choose")


def test_places_on_one_disk(tmp_path: Path) -> None:
    """Named together, and where a folder is not there yet by the one that will hold it."""
    [found] = disk.disk({"database": tmp_path, "output": tmp_path / "not" / "yet"})
    assert found.text.startswith("database and output: ")


def test_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A year that can't be; a database, a web server, that go by another time."""
    only([clocks.local(datetime(1970, 1, 2, tzinfo=UTC))], Grade.BAD, "1970")
    only([clocks.local(NOW)], Grade.OK, "2026-03-01 12:00:00")
    assert list(clocks.against_database(NOW + timedelta(seconds=3), NOW)) == []
    found = clocks.against_database(NOW - timedelta(hours=1), NOW)
    only(found, Grade.WARN, "3600 s behind")
    monkeypatch.setenv("FEEDMILL_CLOCK", "+3600")
    found = clocks.against_database(NOW + timedelta(hours=1), NOW)
    only(found, Grade.WARN, "3600 s ahead of", "FEEDMILL_CLOCK")
    for seconds, wanted in ((50, []), (-70, ["warn"]), (600, ["warn"])):
        date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
        assert grades(clocks.against_server(date, NOW)) == wanted
    for unreadable in (None, "soon"):
        assert list(clocks.against_server(unreadable, NOW)) == []


def test_time_zones() -> None:
    """One that there is not is UTC to the system, silently."""
    only([clocks.zone("UTC", {"TZ": "Europe/Nowhere"})], Grade.WARN, "Europe/Nowhere")
    for known in ({}, {"TZ": "UTC"}, {"TZ": "Europe/Berlin"}, {"TZ": ":Europe/Berlin"}):
        assert clocks.zone("Europe/Berlin", known).grade is Grade.OK


# --- database


def test_a_sound_database(settings: Settings) -> None:
    """Its schema and how much is in it."""
    store = open_store(settings.store_url)
    assert database.opened(store) == (True, [])
    found = [each for each in database.soundness(store) if each.grade is Grade.OK]
    only(found, Grade.OK, "sound, schema", "0 articles")
    store.close()


def test_a_damaged_database(tmp_path: Path, settings: Settings) -> None:
    """No database at all; rows that no transaction leaves."""
    path = settings.folder / "var" / "feedmill.db"
    store = open_store(settings.store_url)
    store.close()
    with closing(pysqlite3.connect(path)) as other:
        other.execute("INSERT INTO identity VALUES (x'00', 1, 1, 1, 0)")
        other.commit()
    store = open_store(settings.store_url)
    found = [each for each in database.soundness(store) if each.grade is Grade.BAD]
    only(found, Grade.BAD, "keys of an article that is not there", "feedmill restore")
    store.close()
    path.write_bytes(b"Dear diary, " * 1000)
    store = open_for_migration(settings.store_url)
    readable, found = database.opened(store)
    assert not readable
    only(found, Grade.BAD, "damaged: ", "not a database", "feedmill restore FILE")
    store.close()


@pytest.mark.parametrize(
    ("revision", "grade", "words"), [("9999", Grade.BAD, "newer"), ("0006", Grade.WARN, "upgrades")]
)
def test_another_schema(settings: Settings, revision: str, grade: Grade, words: str) -> None:
    """Newer: what to install; older: what upgrades it."""
    open_store(settings.store_url).close()
    path = settings.folder / "var" / "feedmill.db"
    with closing(pysqlite3.connect(path)) as other:
        other.execute("UPDATE feedmill_version SET version_num = ?", (revision,))
        other.commit()
    store = open_for_migration(settings.store_url)
    readable, found = database.opened(store)
    assert not readable
    only(found, grade, words)
    store.close()


@pytest.mark.postgres
def test_an_empty_server_database(empty_postgres: str) -> None:
    """`feedmill migrate` makes the tables."""
    store = open_for_migration(empty_postgres)
    readable, found = database.opened(store)
    assert not readable
    only(found, Grade.BAD, "feedmill migrate")
    store.close()


def test_a_server_that_is_away() -> None:
    """Nothing listens there; its password is in no finding."""
    store = open_for_migration(f"postgresql://me:hush@127.0.0.1:{free_port()}/none")
    readable, found = database.opened(store)
    assert not readable
    only(found, Grade.BAD, "store.url")
    assert "hush" not in found[0].line
    store.close()


def test_a_log_that_grows(settings: Settings) -> None:
    """A reader who holds an old snapshot keeps the write-ahead log from being taken in."""
    path = settings.folder / "var" / "feedmill.db"
    store = open_store(settings.store_url)
    with closing(pysqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM article").fetchone()
        for number in range(50):
            store.count_readers(number, [("all", "x", 1)])
        only(database.log_length(path, longest=50_000), Grade.WARN, "write-ahead log", "restart")
    assert list(database.log_length(path)) == []
    store.close()


# --- sources


def state(number: int, kind: str | None = None, **more: object) -> SourceState:
    values: dict[str, object] = {
        "id": number,
        "url": f"https://{number}.test/",
        "fetch_url": f"https://{number}.test/",
        "last_polled_at": NOW,
    }
    if kind is not None:
        values |= {"error_kind": kind, "failures": 3, "error_at": NOW}
    return SourceState(**(values | more))  # type: ignore[arg-type]


def test_all_sources_fail() -> None:
    """Of the network's errors it is this machine; of others it is the sources."""
    found = list(sources.sources([state(1, "dns"), state(2, "refused")], NOW))
    assert found[0].grade is Grade.BAD
    assert "all 2 fail" in found[0].text
    assert "network" in found[0].advice
    found = list(sources.sources([state(1, "not-a-feed"), state(2, "http")], NOW))
    assert Grade.BAD not in [each.grade for each in found]


def test_some_sources_fail() -> None:
    """The three worst kinds with their advice, the others as a number."""
    some = [state(n, kind) for n, kind in enumerate(["http"] * 3 + ["tls"] * 2 + ["dns", "dns"])]
    some += [state(10, "too-large"), state(11), state(12)]
    found = list(sources.sources(some, NOW))
    assert grades(found) == ["ok", "warn", "warn", "warn"]
    assert "2 of 10 answer" in found[0].text
    assert found[1].text == "3 fail with http"
    assert "feedmill sources --failing" in found[1].advice


def test_no_sources_yet() -> None:
    """None configured; none polled; articles that wait for a word."""
    only(sources.sources([], NOW), Grade.WARN, "feedmill add")
    only(sources.sources([state(1, last_polled_at=None)], NOW), Grade.WARN, "polled yet")
    found = list(sources.sources([state(1, held=7)], NOW))
    assert "7 new articles are held" in found[-1].text


def test_names() -> None:
    """None is found: this machine; the only one: perhaps that one; addresses are not looked up."""
    only(sources.names(["a.invalid", "b.invalid"]), Grade.BAD, "none of 2 names", "resolv.conf")
    only(sources.names(["a.invalid"]), Grade.WARN, "a.invalid is not found")
    only(sources.names(["localhost"]), Grade.OK, "1 of 1")
    assert list(sources.names([])) == []
    urls = ["https://127.0.0.1/x", "http://[::1]/", "http://localhost/", "file:///a/b"]
    assert sources.hosts([*urls, "https://a.test/x", "https://a.test/y"]) == ["a.test"]


# --- run


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        yield found


@pytest.mark.parametrize(
    ("answer", "alive", "grade", "words"),
    [
        (Answer(200, b"ready\n"), True, Grade.OK, "alive and ready"),
        (Answer(503, b"the disk is full\n"), True, Grade.BAD, "the disk is full"),
        (Answer(200, b"ready\n"), False, Grade.WARN, "something answers"),
    ],
)
def test_run(
    tmp_path: Path, origin: Origin, answer: Answer, alive: bool, grade: Grade, words: str
) -> None:
    """What it says of itself, and whether it is ours."""
    origin.answer("/readyz", answer)
    settings = configured(tmp_path, f'[server]\nlisten = "127.0.0.1:{origin.port}"\n')
    only(running(settings, alive, asker(settings, settings.listen.url)), grade, words)


@pytest.mark.parametrize(("alive", "grade"), [(True, Grade.BAD), (False, Grade.WARN)])
def test_no_run(tmp_path: Path, alive: bool, grade: Grade) -> None:
    """Nobody answers: its server has died, or it is not started."""
    settings = configured(tmp_path, f'[server]\nlisten = "127.0.0.1:{free_port()}"\n')
    only(running(settings, alive, asker(settings, settings.listen.url)), grade)


def test_where_it_is_asked() -> None:
    """One that listens everywhere is asked on the loopback."""
    assert here(Address("0.0.0.0", 80)) == "http://127.0.0.1:80"
    assert here(Address("::", 80)) == "http://[::1]:80"
    assert here(Address("10.0.0.1", 80)) == "http://10.0.0.1:80"


# --- what site.url shows


def feed(name: str, more: str = "") -> bytes:
    return (
        '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>urn:{name}</id>{more}</feed>"
    ).encode()


@pytest.mark.parametrize(
    ("answer", "grade", "words"),
    [
        (Answer(200, feed("ours")), Grade.OK, "shows this installation"),
        (Answer(200, feed("ours", "<x/>")), Grade.WARN, "as it was"),
        (Answer(200, feed("theirs")), Grade.BAD, "something else"),
        (Answer(200, b"<html>parked"), Grade.BAD, "something else"),
        (Answer(404, b""), Grade.BAD, "answers 404"),
        (Answer(502, b""), Grade.BAD, "answers 502"),
        (Answer(301, b"", {"Location": "https://b.test/"}), Grade.BAD, "to https://b.test/"),
    ],
)
def test_what_others_see(
    tmp_path: Path, origin: Origin, answer: Answer, grade: Grade, words: str
) -> None:
    """This installation's feed, an old copy of it, another one, a page, an error, a redirect."""
    settings = configured(tmp_path, url=origin.url("").rstrip("/"))
    assert sample(settings) is None
    (settings.output / "all").mkdir(parents=True)
    (settings.output / "all" / "atom.xml").write_bytes(feed("ours"))
    origin.answer("/all/atom.xml", answer)
    path = sample(settings)
    assert path == "all/atom.xml"
    page, found = site(settings, path, asker(settings, settings.site.url))
    only(found, grade, words)
    assert (page is not None) == (grade is Grade.OK)


def test_nobody_answers(tmp_path: Path) -> None:
    """With what that kind of error means."""
    settings = configured(tmp_path, url=f"http://127.0.0.1:{free_port()}")
    (settings.output / "all").mkdir(parents=True)
    (settings.output / "all" / "atom.xml").write_bytes(feed("ours"))
    page, found = site(settings, "all/atom.xml", asker(settings, settings.site.url))
    assert page is None
    only(found, Grade.BAD, "does not answer", "Nothing listens")


def test_the_clock_of_the_web_server(tmp_path: Path, origin: Origin, clock: Clock) -> None:
    """By the Date of its answer."""
    settings = configured(tmp_path, url=origin.url("").rstrip("/"))
    (settings.output / "all").mkdir(parents=True)
    (settings.output / "all" / "atom.xml").write_bytes(feed("ours"))
    date = format_datetime(clock.at + timedelta(hours=2), usegmt=True)
    origin.answer("/all/atom.xml", Answer(200, feed("ours"), {"Date": date}))
    page, _ = site(settings, "all/atom.xml", asker(settings, settings.site.url))
    assert page is not None
    only(clocks.against_server(page.headers.get("date"), clock.at), Grade.WARN, "7200 s ahead of")


@pytest.mark.postgres
def test_no_programs_for_a_backup(
    empty_postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Better known before it is needed."""
    store = open_for_migration(empty_postgres)
    store.migrate()
    store.close()
    monkeypatch.setenv("PATH", str(tmp_path))
    store = open_store(empty_postgres)
    found = [each for each in database.soundness(store) if each.grade is Grade.WARN]
    only(found, Grade.WARN, "pg_dump", "postgresql-client")
    store.close()

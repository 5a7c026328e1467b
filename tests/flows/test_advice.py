"""A piece of advice for each way that a source can fail, each brought about for real."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from aggregator.fetch import Fetchers, FileFetcher, HttpFetcher
from aggregator.poll import Limits
from aggregator.read.pool import ReaderPool
from aggregator.read.reader import read
from config.advice import ADVICE, BY_STATUS, OTHER, advice
from config.standing import standing
from feeds.errors import FeedmillError, PollError
from feeds.models import Source
from feeds.protocols import ReadDocument
from feeds.store import open_store
from tests.aggregator.polling import AGENT, Polling
from tests.databases import Clock
from tests.flows.command import Installation, Site, children, free_port, rss, until
from tests.origin import Answer, Drip, Origin, Raw

CHECK = b"<html><title>Just a moment...</title><script src=/cdn-cgi/challenge-platform/x></script>"
GZIP = {"Content-Encoding": "gzip", "Content-Type": "application/xml"}
SLOW = b"<rss version='2.0'><channel><item><author>%b</author></item></channel></rss>" % (
    b"a" * 40_000
)
"""Costs feedparser ten seconds of regular expressions."""
HUNGRY = b"<rss version='2.0'><channel>%b</channel></rss>" % (b"<item><a>b</a></item>" * 150_000)
"""3 MB that feedparser makes some 300 MB of."""


@dataclass
class Case:
    """`route`: what the origin answers at /feed. `url`, `source`, `limits`, `read`: otherwise than
    usual."""

    kind: str
    route: Any = None
    url: str = ""
    source: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    status: int | None = None


def cut_off(body: bytes, more: int = 500) -> Raw:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body) + more}\r\n\r\n"
    return Raw(head.encode() + body)


CASES = [
    Case("dns", url="http://nowhere.invalid/feed"),
    Case("refused", url="http://127.0.0.1:{free}/feed"),
    Case("connection", Raw(b"")),
    Case("tls", url="https://localhost:{tls}/feed"),
    Case("address", rss("a"), limits={"allow_private": False}),
    Case("too-slow", Drip(b"HTTP/1.1 200 OK\r\nX: ", b"y"), limits={"timeout": 0.5}),
    Case("too-large", rss(*(str(n) for n in range(99))), limits={"max_body": 2000}),
    Case("truncated", cut_off(rss("a"))),
    Case("encoding", Answer(200, b"no gzip", GZIP)),
    Case("redirects", Answer(302, b"", {"Location": "/feed"})),
    Case("bad-redirect", Answer(302, b"", {"Location": "ftp://x.test/"})),
    Case("http", Answer(401), status=401),
    Case("http", Answer(403), status=403),
    Case("http", Answer(404), status=404),
    Case("http", Answer(500), status=500),
    Case("http", Answer(502), status=502),
    Case("http", Answer(418), status=418),
    Case("rate-limited", Answer(429, b"", {"Retry-After": "60"}), status=429),
    Case("gone", Answer(410), status=410),
    Case("blocked", Answer(200, CHECK, {"Content-Type": "text/html"})),
    Case("file", url="file:///nowhere/feed.xml"),
    Case("not-a-feed", Answer(200, b"<html><p>Welcome.</html>", {"Content-Type": "text/html"})),
    Case("empty", Answer(200, b"")),
    Case("read", rss("a")[:150]),
    Case("fetch", rss("a"), source={"headers": {"X": "a\r\nb"}}),
]


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as found:
        yield found


@pytest.fixture(scope="module")
def secured() -> Iterator[Origin]:
    """Whose certificate nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with Origin(tls=context) as found:
        yield found


class Here(Polling):
    """As Polling, with files."""

    def __post_init__(self) -> None:
        super().__post_init__()
        web = HttpFetcher(AGENT, now=self.clock)
        known = Fetchers({"http": web, "https": web, "file": FileFetcher()})
        self.poller = replace(self.poller, fetcher=known)

    def advice(self) -> str:
        [state] = self.store.sources()
        [last] = self.store.ledger(state.id, limit=1)
        return advice(state, standing(state, self.clock()), last.status)


@pytest.fixture
def polling() -> Iterator[Callable[..., Here]]:
    clock = Clock()
    clock.at = datetime.now(UTC)
    store = open_store("sqlite:///:memory:", now=clock)

    def made(
        url: str, *, limits: dict[str, Any], document: ReadDocument = read, **more: Any
    ) -> Here:
        given = Limits(**{"allow_private": True, "timeout": 5.0} | limits)
        return Here(store, clock, Source(url=url, **more), read=document, limits=given)

    yield made
    store.close()


def name(case: Case) -> str:
    return f"{case.kind}-{case.status}" if case.status else case.kind


@pytest.mark.parametrize("case", CASES, ids=name)
def test_each(case: Case, origin: Origin, secured: Origin, polling: Callable[..., Here]) -> None:
    """That kind of failure, and the advice that belongs to it, with how to try again."""
    route = case.route if not isinstance(case.route, bytes) else Answer(200, case.route)
    origin.answer("/feed", route)
    url = case.url.format(free=free_port(), tls=secured.port) or origin.url("/feed")
    here = polling(url, limits=case.limits, **case.source)
    poll = here.polled()
    if case.kind == "gone":  # after one confirmation it is retired
        poll = here.polled()
    assert poll.failure is not None
    assert (poll.failure.kind, poll.status) == (case.kind, case.status or poll.status)
    told = here.advice()
    expected = BY_STATUS.get(min(case.status, 500)) if case.status and case.kind == "http" else None
    assert told.startswith(expected or ADVICE[case.kind])
    assert ("poll --source 1 --now" in told) == (case.kind != "rate-limited")
    assert url not in told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "limits"),
    [("read-too-slow", {"timeout": 0.5}), ("read-too-hungry", {"timeout": 20, "memory": 64 << 20})],
)
def test_reading_ended(
    kind: str, limits: dict[str, Any], origin: Origin, polling: Callable[..., Here]
) -> None:
    """The reader is a process, and is ended; no fault of the others'."""
    origin.serve("/feed", SLOW if kind == "read-too-slow" else HUNGRY)
    pool = ReaderPool(workers=1, **limits)
    try:
        here = polling(origin.url("/feed"), limits={"max_body": 10**8}, document=pool)
        failure = here.polled().failure
        assert failure is not None
        assert failure.kind == kind
        assert here.advice().startswith(ADVICE[kind])
    finally:
        pool.close()


def test_what_is_no_failure(origin: Origin, polling: Callable[..., Here]) -> None:
    """Of a source that is new, or paused, or goes well."""
    origin.serve("/feed", rss("a"))
    here = polling(origin.url("/feed"), limits={})
    [state] = here.store.sources()
    assert advice(state, standing(state, here.clock()), None) == OTHER["new"]
    here.polled()
    assert here.advice() == ""
    here.with_source(paused=True)
    assert here.advice() == OTHER["paused"]


def on_its_page(site: Site, number: int, kind: str) -> str:
    """The page of a source of that number, when it has come to fail so; with its advice."""
    page = site.wait_for(f"/desk/sources/{number}", f"<strong>{kind}</strong>").body.decode()
    assert ADVICE[kind] in page
    assert "“Poll now” tries it at once." in page
    assert re.search(r"<dt>failures</dt><dd>1 in a row, since <time datetime=", page)
    return page


def reading(site: Site) -> int | None:
    """A process that reads a document, and has for half a second (proc_pid_stat(5))."""
    for pid in children(site.process.pid):
        with suppress(OSError):  # ended meanwhile
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            above = Path(f"/proc/{fields[1]}/cmdline").read_bytes()
            if b"forkserver" in above and int(fields[11]) >= os.sysconf("SC_CLK_TCK") // 2:
                return pid
    return None


@pytest.mark.slow
def test_a_reader_that_crashed(tmp_path: Path, origin: Origin) -> None:
    """The process dies of a segmentation fault in the middle of a document; the others' readings
    and the run go on."""
    origin.serve("/slow", SLOW)
    origin.serve("/well", rss("well"))
    here = Installation(tmp_path)
    here.configure(sources=[origin.url("/slow")])
    with here.running() as site:
        assert until(lambda: reading(site) is not None)
        pid = reading(site)
        assert pid is not None
        os.kill(pid, signal.SIGSEGV)
        assert f"ended by signal {signal.SIGSEGV.value}" in on_its_page(site, 1, "read-crashed")
        here.configure(sources=[origin.url("/slow"), origin.url("/well")])
        site.wait_for("/all/rss.xml", "Title of well")


@pytest.mark.slow
def test_what_the_database_can_not_hold(tmp_path: Path, origin: Origin) -> None:
    """It refuses the articles of one source, as a trigger, or an index that is broken, makes it:
    that source fails, and those whose outcomes share its transaction are recorded."""
    for name in ("/one", "/two"):
        origin.serve(name, rss(name[1:]))
    here = Installation(tmp_path)
    here.configure(sources=[origin.url("/one"), origin.url("/two")])
    here.verb("migrate")
    with closing(sqlite3.connect(here.database)) as connection:
        connection.execute(
            "create trigger refuse before insert on article when new.source_id = 2 "
            "begin select raise(abort, 'not this one'); end"
        )
        connection.commit()
    with here.running() as site:
        assert "its articles can&#39;t be stored" in on_its_page(site, 2, "store")
        site.wait_for("/all/rss.xml", "Title of one")
        assert b"Title of two" not in site.get("/all/rss.xml").body
        with closing(sqlite3.connect(here.database)) as connection:
            connection.execute("drop trigger refuse")
            connection.commit()
        here.verb("poll", "--source", "2", "--now")
        site.wait_for("/all/rss.xml", "Title of two")
        page = site.get("/desk/sources/2").body.decode()
        assert ADVICE["store"] not in page


def _kinds(error: type[FeedmillError]) -> set[str]:
    found = {error.kind} if issubclass(error, PollError) else set()
    return found.union(*(_kinds(each) for each in error.__subclasses__()))


def test_none_is_forgotten() -> None:
    """Every kind of error has a piece of advice, and each says what to do: no two the same."""
    kinds = _kinds(PollError) - {"error"}
    assert kinds - set(ADVICE) == {"host-busy"}, "a poll that is put off: no failure"
    texts = [*ADVICE.values(), *BY_STATUS.values(), *OTHER.values()]
    assert len(set(texts)) == len(texts)
    shown = {case.kind for case in CASES} | {"read-too-slow", "read-too-hungry"}
    assert set(ADVICE) - shown == {"read-crashed", "store"}, "those of the tests of a whole run"
    assert all(text.endswith(".") for text in texts)


@pytest.mark.slow
def test_the_verb(tmp_path: Path, origin: Origin) -> None:
    """`why --json` has it as `advice`, the table as its last line."""
    origin.answer("/feed", Answer(404))
    here = Installation(tmp_path)
    here.configure(sources=[origin.url("/feed")])
    here.verb("poll", "--now")
    told = here.json("why", "1")
    assert told["advice"].startswith(BY_STATUS[404])
    assert told["advice"] in here.verb("why", "1")
    assert told["error"]["kind"] == "http"

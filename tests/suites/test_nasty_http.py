"""The misbehaving server of the shared suites, polled for real: store, clock, HTTP, reader.

Each case has a store of its own, so that they run side by side: the server likes to sleep. What a
case `expect`s is checked by the function of that name in CHECKS; all of them see every case.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import ProxyHandler, build_opener

import pytest

from aggregator.poll import Limits
from aggregator.read.pool import ReaderPool
from feeds.models import Outcome, Poll, Source, Validators
from feeds.protocols import Response
from feeds.store import open_store
from tests.aggregator.polling import Polling
from tests.databases import Clock
from tests.flows.command import rss
from tests.shared import shared

pytestmark = [pytest.mark.shared, pytest.mark.slow]

LEFT_OUT = {"/cookie-wall"}
"""E16 stands: no cookies are kept, not even for one fetch."""
TIMEOUT = 2.0
SLOW = {"/slow-headers": 15.0, "/gzip-bomb-1gb": 30.0, "/infinite": 30.0, "/infinite-chunked": 30.0}
"""Cases that need another limit than TIMEOUT: what they test is no deadline."""
OPENING = threading.Lock()
"""Migrations are run by one thread at a time."""
MINE = ("mine-1", "mine-2")
"""Articles that an erring source had before."""


@dataclass
class Server:
    port: int

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def requests(self, path: str) -> list[dict[str, Any]]:
        """All so far for this path and what lies below it, headers in lower case."""
        with build_opener(ProxyHandler({})).open(self.url("/stats"), timeout=10) as answer:
            log = json.load(answer)
        return [each for each in log if each["path"].partition("?")[0].startswith(path)]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    program = shared("suites") / "tools" / "nasty_server.py"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        found = Server(probe.getsockname()[1])
    command = [sys.executable, str(program), "--port", str(found.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # "listening …"
        try:
            yield found
        finally:
            process.kill()


@pytest.fixture(scope="module")
def reader() -> Iterator[ReaderPool]:
    pool = ReaderPool(workers=2, timeout=20)
    yield pool
    pool.close()


def all_cases() -> list[dict[str, Any]]:
    lines = (shared("suites") / "nasty-http.jsonl").read_text("utf-8").splitlines()
    return [case for case in map(json.loads, lines) if case["path"] not in LEFT_OUT]


@contextmanager
def polling(url: str, reader: ReaderPool, **source: Any) -> Iterator[Polling]:
    clock = Clock()
    # The server writes dates of today, and the first poll comes after an hour.
    clock.at = datetime.now(UTC) - timedelta(hours=1)
    with OPENING:
        store = open_store("sqlite:///:memory:", now=clock)
    path = "/" + url.split("/", 3)[3]
    limits = Limits(
        timeout=SLOW.get(path, TIMEOUT), max_body=10_000_000, allow_private=("127.0.0.1/32",)
    )
    try:
        yield Polling(store, clock, Source(url=url, **source), read=reader, limits=limits)
    finally:
        store.close()


def seed(here: Polling) -> None:
    """Give the source a good past."""
    claim = here.store.claim_one(here.source.url, here.ttl)
    assert claim is not None
    response = Response(
        status=200, url=here.source.url, hops=(), headers={}, body=rss(*MINE),
        validators=Validators(url=here.source.url), bytes_received=0,
    )  # fmt: skip
    here.store.record([here.poller.given(claim, response, "seed")])


@dataclass
class Run:
    """A case, and what its first two polls (an hour apart) brought."""

    path: str
    expect: dict[str, Any]
    here: Polling
    server: Server
    first: Poll
    took: float
    """Seconds of the first poll."""
    second: Poll | None
    bad: list[str] = field(default_factory=list)

    def want(self, held: object, text: str) -> None:
        if not held:
            self.bad.append(f"{self.path}: {text}: {self.first.failure or self.first.outcome}")


Check = Callable[[Run, Any], None]


def entries(run: Run, wanted: int | None) -> None:
    run.want(wanted is None or len(run.first.new) == wanted, f"{wanted} entries")


def ok(run: Run, wanted: bool | None) -> None:
    """An error is recorded and backed off from, and takes nothing away; where either is right, it
    is a document with whole items or an error."""
    failure = run.first.failure
    if wanted is False:
        run.want(failure is not None, "an error")
        run.want(run.first.validators is None, "no validators of an error")
        run.want(run.first.schedule.due > run.first.started_at, "a time to try again")
        asked = run.server.requests(run.path)[:2]
        run.want(all("if-none-match" not in each["headers"] for each in asked), "no conditions")
    if failure is not None:
        run.want({f"Title of {name}" for name in MINE} <= set(run.here.titles()), "its past")
        run.want(failure.text and "http://" not in failure.text, "a text without address")
    whole = all(new.entry.summary or new.entry.content or new.entry.guid for new in run.first.new)
    run.want(whole, "no half item")


def second(run: Run, wanted: int) -> None:
    run.want(run.second and run.second.status == wanted, f"a second answer of {wanted}")


def second_ok(run: Run, wanted: bool) -> None:
    run.want(run.second and (run.second.failure is None) == wanted, "a good second poll")


def url_changes(run: Run, wanted: bool) -> None:
    for _ in range(6):
        run.here.polled(hours=13)
    moved = run.here.state.fetch_url != run.here.source.url
    run.want(moved == wanted, f"address changed: {wanted}")
    changes = run.here.store.address_changes()
    run.want(bool(changes) == wanted, "recorded")


def retry_after(run: Run, seconds: int) -> None:
    """Not a moment before, whatever the operator says; then again."""
    told = run.first.schedule.not_before
    run.want(told and abs(told - run.first.started_at - timedelta(seconds=seconds)) < _SOON, "told")
    if told is not None:
        run.here.clock.at = told - timedelta(seconds=2)
        run.want(not run.here.asked_now(), "no request before")
        run.here.clock.at = told + timedelta(seconds=2)
        run.want(run.here.asked_now(), "a request after")


_SOON = timedelta(seconds=10)


def min_interval(run: Run, seconds: int) -> None:
    run.want(run.first.schedule.due - run.first.started_at >= timedelta(seconds=seconds), "later")


def stop_polling(run: Run, wanted: bool) -> None:
    """After one confirmation; its articles stay."""
    run.want(run.here.state.retired == wanted, "retired")
    run.here.clock.forward(days=30)
    run.want(run.here.asked_now() != wanted, "no request ever")
    run.want(len(run.here.titles()) == len(MINE), "its past")


def max_requests(run: Run, wanted: int) -> None:
    run.want(len(run.server.requests(run.path)) <= wanted, "few requests")


def max_s(run: Run, seconds: float) -> None:
    """The operator's limit is ours to keep; the suite's is only the outermost."""
    limit = run.here.limits.timeout
    run.want(limit <= seconds and run.took < limit + 1.5, f"done in {seconds} s")


def grows(run: Run, _wanted: bool) -> None:
    for _ in range(4):
        run.here.polled()
    run.want(len(run.here.titles()) == 6, "6 entries after 6 polls")


def pair(run: Run, wanted: dict[str, Any]) -> None:
    allowed = wanted["after"] if isinstance(wanted["after"], list) else [wanted["after"]]
    run.want(len(run.here.titles()) in allowed, f"{allowed} articles after two polls")
    if run.path == "/pair/edit":
        run.want(run.second and (len(run.second.new), len(run.second.changed)) == (0, 1), "an edit")
    if run.path == "/pair/shrink-to-html":
        failure = run.second and run.second.failure
        run.want(failure and failure.kind == "blocked", "blocked")


CHECKS: dict[str, Check] = {
    each.__name__: each
    for each in (entries, ok, second, second_ok, url_changes, retry_after, min_interval)
} | {
    each.__name__: each
    for each in (stop_polling, max_requests, max_s, grows, pair)
}  # fmt: skip
NOT_HERE = {
    "max_mb",  # the whole run has that limit
    "status",
    "discover",  # what subscribing does
    # Loopback is allowed here, and who listens at its port 9 is the machine's affair: see
    # `test_private_addresses`, which allows the server only.
    "ssrf",
}


TWICE = {"second", "second_ok", "stop_polling", "grows", "pair"}


def run_case(case: dict[str, Any], server: Server, reader: ReaderPool) -> list[str]:
    path, expect = case["path"], case["expect"]
    credentials = {"auth": ("user", "pass")} if path.startswith("/auth") else {}
    with polling(server.url(quote(path)), reader, **credentials) as here:
        if expect.get("ok", True) is not True:
            seed(here)
        began = time.monotonic()
        first = here.polled()
        took = time.monotonic() - began
        again = TWICE & set(expect) or path == "/etag-error-page"
        run = Run(path, expect, here, server, first, took, here.polled() if again else None)
        ok(run, expect.get("ok"))
        for name, wanted in expect.items():
            if name not in NOT_HERE and name != "ok":
                CHECKS[name](run, wanted)
    return run.bad


def peak_mb(reset: bool = False) -> float:
    """The most memory this process has had since the last reset."""
    own = Path("/proc/self")
    if reset:
        (own / "clear_refs").write_text("5")
    lines = (own / "status").read_text().splitlines()
    [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(peak) / 1000


def test_every_case(server: Server, reader: ReaderPool) -> None:
    """As the suite describes it: entries, errors, second fetches, times, addresses, limits; all
    of it in the memory that one case may take."""
    cases = all_cases()
    assert len(cases) > 60
    before = peak_mb(reset=True)
    with ThreadPoolExecutor(24) as threads:
        found = list(threads.map(lambda case: run_case(case, server, reader), cases))
    bad = [text for each in found for text in each]
    assert not bad, "\n".join(bad)
    assert peak_mb() - before < 300


@contextmanager
def forwarding(port: int) -> Iterator[int]:
    """A way to the server from an address of its own, so that none else need be allowed."""
    with socket.create_server(("127.0.0.2", 0)) as listening:

        def pump(one: socket.socket, other: socket.socket) -> None:
            with suppress(OSError):
                while data := one.recv(65536):
                    other.sendall(data)
                other.shutdown(socket.SHUT_WR)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    behind = socket.create_connection(("127.0.0.1", port))
                    for pair in ((client, behind), (behind, client)):
                        threading.Thread(target=pump, args=pair, daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1]
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)


def test_private_addresses(server: Server, reader: ReaderPool) -> None:
    """With the guard on for all but the server itself, each redirect inwards is refused: as an
    address, in whatever form, or as no address at all."""
    paths = [case["path"] for case in all_cases() if case["expect"].get("ssrf")]
    assert len(paths) > 6
    with forwarding(server.port) as port:
        kinds = {}
        for path in paths:
            url = f"http://127.0.0.2:{port}{path}"
            with polling(url, reader, allow_private=("127.0.0.2/32",)) as here:
                failure = here.polled().failure
                kinds[path] = failure and failure.kind
    no_address = {"/redirect-file", "/redirect-bad-port"}
    assert kinds == {path: "bad-redirect" if path in no_address else "address" for path in paths}


def test_a_stuck_etag(server: Server, reader: ReaderPool) -> None:
    """/304-once-broken can't be seen through; `--fresh` asks without validators and finds more."""
    with polling(server.url("/304-once-broken"), reader) as here:
        here.polled()
        for _ in range(3):
            assert here.polled().outcome is Outcome.NOT_MODIFIED
        assert here.polled(fresh=True).outcome is Outcome.NEW


def test_a_source_that_flaps(server: Server, reader: ReaderPool) -> None:
    """/flap: good, a page, nothing, 500, good …: articles stay, each error is named, and a good
    answer ends the failing."""
    with polling(server.url("/flap"), reader) as here:
        kinds = []
        for _ in range(5):
            failure = here.polled(days=2).failure
            kinds.append(failure and failure.kind)
            assert len(here.titles()) == 2
        assert kinds == [None, "blocked", "empty", "http", None]
        assert here.state.failures == 0

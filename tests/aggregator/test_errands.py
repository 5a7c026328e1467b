"""Turns at hosts as errands and redirects take them: bounded waiting, always given back."""

from __future__ import annotations

import pytest

from aggregator.errands import Errands, HopPace, Turns
from aggregator.fetch import HttpFetcher
from aggregator.identity.urls import default_rules
from aggregator.poll import Limits, Poller
from aggregator.read.reader import read
from feeds.errors import HostBusy, HttpStatus
from feeds.models import Outcome, Source, Turn
from feeds.protocols import Request
from feeds.store import Store, open_store
from tests.databases import Clock
from tests.flows.command import rss
from tests.origin import Origin
from tests.store.material import TTL


class Waits:
    """A pause that moves the clock instead of waiting, and remembers."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.waited = clock, list[float]()

    def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.clock.forward(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Store:
    return open_store("sqlite:///:memory:", now=clock, host_delay=1.0)


def turns(store: Store, clock: Clock, patience: float = 5.0) -> tuple[Turns, Waits]:
    waits = Waits(clock)
    return Turns(store=store, now=clock, patience=patience, pause=waits), waits


def test_an_errand_waits_for_the_delay(store: Store, clock: Clock) -> None:
    """Two errands to one host: the second starts a delay after the first has ended."""
    some, waits = turns(store, clock)
    with Origin() as origin:
        origin.serve("/feed", rss("one"))
        errands = Errands(fetcher=HttpFetcher("Test/1"), turns=some)
        request = Request(url=origin.url("/feed"), allow_private=True)
        assert errands.fetch(request).status == 200
        assert waits.waited == []
        assert errands.fetch(request).status == 200
        assert sum(waits.waited) == pytest.approx(1.0)


def test_a_failed_errand_gives_its_turn_back(store: Store, clock: Clock) -> None:
    """An error leaves nothing under way."""
    some, _ = turns(store, clock)
    with Origin() as origin:
        errands = Errands(fetcher=HttpFetcher("Test/1"), turns=some)
        with pytest.raises(HttpStatus):
            errands.fetch(Request(url=origin.url("/none"), allow_private=True))
        clock.forward(seconds=1)
        assert isinstance(store.turn(origin.url("/"), TTL), Turn)


def test_a_turn_outlasts_its_request(store: Store, clock: Clock) -> None:
    """The clock of the database is another than libcurl's deadline."""
    some, _ = turns(store, clock)
    with some.at("http://a.test/", 30.0):
        clock.forward(seconds=31)
        assert not isinstance(store.turn("http://a.test/", TTL), Turn)


def test_patience_ends(store: Store, clock: Clock) -> None:
    """A host that is busy for longer than we wait is HostBusy, without a request."""
    some, _ = turns(store, clock, patience=0.5)
    store.turn("http://127.0.0.1/", TTL)
    with Origin() as origin:
        errands = Errands(fetcher=HttpFetcher("Test/1"), turns=some)
        with pytest.raises(HostBusy):
            errands.fetch(Request(url=origin.url("/feed"), allow_private=True))
        assert origin.requests == []


def test_a_redirect_within_the_host_keeps_its_delay(store: Store, clock: Clock) -> None:
    """E19 is of requests, not of polls."""
    some, waits = turns(store, clock)
    with Origin() as origin:
        origin.serve("/feed", rss("one"))
        origin.redirect("/old", "/feed")
        pace = HopPace(turns=some, delay=1.0)
        fetcher = HttpFetcher("Test/1", pace=pace)
        assert fetcher.fetch(Request(url=origin.url("/old"), allow_private=True)).status == 200
        assert waits.waited == [1.0]


def test_a_poll_whose_redirect_finds_no_turn_is_deferred(store: Store, clock: Clock) -> None:
    """Its own failure it is not: the source keeps its good name and comes again soon."""
    some, _ = turns(store, clock, patience=0.2)
    with Origin() as origin, Origin(host="127.0.0.2") as other:
        other.serve("/feed", rss("one"), etag=True)
        origin.redirect("/old", other.url("/feed"))
        source = Source(url=origin.url("/old"))
        store.sync_sources([source])
        poller = Poller(
            sources={source.url: source},
            fetcher=HttpFetcher("Test/1", pace=HopPace(turns=some, delay=1.0)),
            read=read,
            archive=store.archive,
            seen=store.seen,
            rules=default_rules(),
            now=clock,
            limits=Limits(allow_private=True),
        )
        held = store.turn(other.url("/"), TTL)
        assert isinstance(held, Turn)
        [claim] = store.claim_due(1, TTL)
        poll = poller(claim)
        assert poll.outcome is Outcome.DEFERRED
        store.record([poll])
        [state] = store.sources()
        assert (state.failures, state.error_kind) == (0, None)
        assert state.next_due is not None
        assert 30 <= (state.next_due - clock.at).total_seconds() <= 33
        assert other.requests == []
        store.end_turn(held)
        clock.forward(seconds=40)
        [claim] = store.claim_due(1, TTL)
        store.record([poll := poller(claim)])
        assert poll.outcome is Outcome.NEW
        store.make_due()
        clock.forward(seconds=40)
        assert isinstance(store.turn(other.url("/"), TTL), Turn)
        [claim] = store.claim_due(1, TTL)
        store.record([poller(claim)])
        # What went out was one request, without the validators that are for the other host.
        line = store.ledger(claim.source_id)[0]
        assert (line.outcome, line.hops, line.sent) == (Outcome.DEFERRED, "302", None)

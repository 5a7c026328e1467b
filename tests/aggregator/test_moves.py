"""Redirects: which count as permanent, and when the address is changed (E20-E22)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from aggregator.fetch import HttpFetcher
from aggregator.identity.urls import default_rules
from aggregator.moves import Moving, objection, permanent_target, sighted
from aggregator.poll import Limits, Poller
from aggregator.read.reader import read
from feeds.models import Hop, Move, Poll, Source, SourceState
from feeds.store import Store
from tests.aggregator.making import NOW, state
from tests.databases import Clock, Opened
from tests.flows.command import rss
from tests.origin import Answer, Origin
from tests.store.material import TTL

A, B, C = "https://a.org/feed", "https://b.org/feed", "https://c.org/feed"


def hops(*pairs: tuple[str, int]) -> tuple[Hop, ...]:
    return tuple(Hop(url=url, status=status) for url, status in pairs)


@pytest.mark.parametrize(
    ("chain", "target"),
    [
        (hops((A, 200)), None),
        (hops((A, 301), (B, 200)), B),
        (hops((A, 308), (B, 304)), B),
        (hops((A, 301), (B, 308), (C, 200)), C),
        (hops((A, 301), (B, 302), (C, 200)), B),
        (hops((A, 302), (B, 301), (C, 200)), None),
        (hops((A, 307), (B, 200)), None),
        (hops((A, 303), (B, 200)), None),
        ((), None),
    ],
)
def test_permanent_up_to_the_first_temporary_hop(
    chain: tuple[Hop, ...], target: str | None
) -> None:
    """E22."""
    assert permanent_target(chain) == target


MOVED = hops((A, 301), (B, 200))
OLD: dict[str, Any] = {"last_success_at": NOW - timedelta(days=30)}


def at(days: float, seen: int, *, proven: bool = True, **more: Any) -> Moving:
    """A poll that is led to B, `days` after the first of `seen` earlier ones."""
    move = Move(to=B, since=NOW, seen=seen, proven=proven)
    before = state(move=move, **{**OLD, **more})
    return sighted(before, MOVED, NOW + timedelta(days=days), same=False, credentials=False)


def test_adopted_after_several_sightings_over_days() -> None:
    """Neither many in an hour nor two days apart are enough alone."""
    assert at(0.1, 20).adopt is None
    assert at(5, 1).adopt is None
    assert at(2, 2).adopt == B
    assert at(2, 2).move is None
    assert "3 times in 2 days" in at(2, 2).why


def test_nothing_shared_nothing_adopted() -> None:
    """A stranger's feed at the new address is never adopted, however often it is seen."""
    moving = at(300, 900, proven=False)
    assert moving.adopt is None
    assert moving.move is not None
    assert objection(state(**OLD), moving.move)


def test_a_source_that_always_redirected_is_its_own_evidence() -> None:
    """Its first document came over the redirect: there is nothing it could differ from."""
    moving = sighted(state(), MOVED, NOW, same=False, credentials=False)
    assert moving.move == Move(to=B, since=NOW, seen=1, proven=True)


def test_another_target_begins_anew() -> None:
    """Sightings are of one address, in a row."""
    before = state(move=Move(to=C, since=NOW, seen=9, proven=True), **OLD)
    moving = sighted(before, MOVED, NOW + timedelta(days=9), same=False, credentials=False)
    assert moving.move == Move(to=B, since=NOW + timedelta(days=9), seen=1)


def test_the_end_of_a_redirect_ends_its_sightings() -> None:
    """A server that answers itself again has not moved."""
    before = state(move=Move(to=B, since=NOW, seen=9, proven=True), **OLD)
    assert sighted(before, hops((A, 200)), NOW, same=True, credentials=False) == Moving()


def test_never_from_https_to_http() -> None:
    move = Move(to="http://b.org/feed", since=NOW, proven=True)
    assert "http" in (objection(state(), move) or "")


def test_credentials_stay_with_their_host() -> None:
    """E32: adopting would send them elsewhere, or break the source."""
    away = Move(to=B, since=NOW, proven=True)
    home = Move(to="https://a.org/new", since=NOW, proven=True)
    assert objection(state(), away, True)
    assert objection(state(), home, True) is None


def test_what_the_operator_undid_stays_undone() -> None:
    move = Move(to=B, since=NOW, proven=True)
    assert objection(state(refused_move=B), move) == "the operator undid it"


# --- over real HTTP, on both databases


@dataclass
class Setting:
    store: Store
    clock: Clock
    origin: Origin
    poller: Poller

    def polled(self, hours: float = 13) -> Poll:
        self.clock.forward(hours=hours)
        self.store.make_due()
        [claim] = self.store.claim_due(1, TTL)
        poll = self.poller(claim)
        self.store.record([poll])
        return poll

    @property
    def state(self) -> SourceState:
        [state] = self.store.sources()
        return state


@contextmanager
def setting(opened: Opened, clock: Clock, title: str | None = None) -> Iterator[Setting]:
    store = opened()
    with Origin() as origin:
        source = Source(url=origin.url("/old"), title=title)
        store.sync_sources([source])
        poller = Poller(
            sources={source.url: source},
            fetcher=HttpFetcher("Test/1", now=clock),
            read=read,
            archive=store.archive,
            seen=store.seen,
            rules=default_rules(),
            now=clock,
            limits=Limits(allow_private=True),
        )
        yield Setting(store, clock, origin, poller)


def test_a_feed_that_moves_is_followed_and_can_be_brought_back(
    opened: Opened, clock: Clock
) -> None:
    """The ordinary case: the same document at a new address, asked for with the validators that
    the new address gave; adopted on the third day, recorded, undone by the operator for good."""
    with setting(opened, clock) as here:
        origin, new = here.origin, here.origin.url("/new")
        origin.serve("/old", rss("one", "two"))
        here.polled()
        origin.redirect("/old", "/new", status=301)
        origin.serve("/new", rss("one", "two", "three"), etag=True)
        here.polled()
        assert here.state.move == Move(to=new, since=clock.at, seen=1, proven=True)
        for _ in range(3):
            assert here.polled().status == 304
            assert here.state.fetch_url == origin.url("/old")
        here.polled()
        assert (here.state.fetch_url, here.state.url) == (new, origin.url("/old"))
        [change] = here.store.address_changes()
        assert (change.before, change.after) == (origin.url("/old"), new)
        asked = len(origin.asked("/old"))
        assert here.polled().status == 304
        assert len(origin.asked("/old")) == asked
        assert here.store.undo_move(change.source_id) is not None
        assert here.store.undo_move(change.source_id) is None
        for _ in range(9):
            here.polled()
        assert here.state.fetch_url == origin.url("/old")
        assert len(here.store.address_changes()) == 2
        assert here.state.article_count == 3


def test_a_parked_domain_is_not_adopted(opened: Opened, clock: Clock) -> None:
    """Its page is an error; a stranger's feed behind it stays a suspicion, and the old articles
    stay too."""
    with setting(opened, clock) as here:
        here.origin.serve("/old", rss("one", "two", title="Ours"))
        here.polled()
        here.origin.redirect("/old", "/parked", status=301)
        here.origin.answer("/parked", Answer(200, b"<html><body>For sale</body></html>"))
        for _ in range(6):
            assert here.polled(hours=25).failure is not None
        assert (here.state.fetch_url, here.state.move) == (here.origin.url("/old"), None)
        for day in range(6):
            # Its own articles are known by the second day; they were never ours.
            here.origin.serve("/parked", rss("casino", f"day {day}", title="Casino"))
            here.polled(hours=25)
        assert here.state.fetch_url == here.origin.url("/old")
        assert here.state.move is not None
        assert not here.state.move.proven


@pytest.mark.parametrize(("there", "proven"), [("Ours", True), ("Mine", False)])
def test_the_title_is_the_documents(opened: Opened, clock: Clock, there: str, proven: bool) -> None:
    """A title shared with the document before is evidence, one shared with the operator's name
    for it is none."""
    with setting(opened, clock, title="Mine") as here:
        here.origin.serve("/old", rss("one", title="Ours"))
        here.polled()
        here.origin.redirect("/old", "/new", status=301)
        here.origin.serve("/new", rss("two", title=there))
        here.polled()
        assert here.state.move is not None
        assert here.state.move.proven is proven


def test_a_failure_does_not_reset_the_sightings(opened: Opened, clock: Clock) -> None:
    """A day of 500s between them changes nothing about where it leads."""
    with setting(opened, clock) as here:
        here.origin.serve("/new", rss("one"))
        here.origin.redirect("/old", "/new", status=308)
        here.polled()
        here.origin.answer("/old", Answer(500))
        here.polled()
        here.origin.redirect("/old", "/new", status=308)
        here.polled(hours=60)
        assert here.state.move is not None
        assert here.state.move.seen == 2
        here.polled()
        assert here.state.fetch_url == here.origin.url("/new")

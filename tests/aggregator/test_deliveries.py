"""Deliveries on the path of a poll: what they bring, and what they must not touch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from aggregator.deliveries import Deliveries, pushed
from aggregator.identity.urls import default_rules
from aggregator.notices import notices
from aggregator.poll import Poller
from aggregator.read.reader import read
from feeds.models import (
    Document,
    FeedFacts,
    KnownItems,
    Outcome,
    Poll,
    Recorded,
    Schedule,
    Source,
    SourceState,
    Subscription,
    Validators,
)
from feeds.protocols import ReadDocument, Request, Response
from feeds.store import Store, open_store
from tests.databases import Clock
from tests.flows.command import rss
from tests.store.material import TTL, claimed, failed, poll, sources, url_of

HUB = "https://hub.test/"


class Nobody:
    """A Fetcher that must not be asked."""

    def fetch(self, request: Request) -> Response:
        raise AssertionError(request)


@dataclass
class Mailbox:
    """A store with one source, polled once, and its deliveries."""

    store: Store
    clock: Clock
    declared: dict[str, Source]
    polls: list[Poll] = field(default_factory=list)
    subscription: Subscription | None = None
    read: ReadDocument = read

    def __post_init__(self) -> None:
        self.store.sync_sources(self.declared.values())
        claim = claimed(self.store, "a")
        facts = FeedFacts(title="Its title", link="https://a.example/", hub=HUB)
        token = Validators(url=url_of("a"), etag='"polled"')
        at = self.clock()
        first = poll(
            claim,
            facts=facts,
            validators=token,
            body_digest=b"polled",
            every=7.0,
            fresh_until=at + timedelta(hours=5),
            schedule=Schedule(
                due=at + timedelta(hours=6), reason="max-age", not_before=at + timedelta(hours=2)
            ),
        )
        self.store.record([first])
        self.subscription = Subscription(
            source_id=claim.source_id,
            base="https://me.test/websub/",
            token="t",
            secret="s",
            hub=HUB,
            topic="https://a.example/self",
        )
        self.store.subscribe(self.subscription)
        self.clock.forward(minutes=1)

    def bring(self, body: bytes, kind: str | None = "application/rss+xml") -> None:
        assert self.subscription is not None
        self.store.put_delivery(self.subscription, kind, body)

    def take(self, stopping: bool = False) -> list[Poll]:
        """What was recorded of it."""
        poller = Poller(
            sources=self.declared,
            fetcher=Nobody(),
            read=self.read,
            archive=self.store.archive,
            seen=self.store.seen,
            rules=default_rules(),
            now=self.clock,
        )
        before = len(self.polls)
        Deliveries(
            store=self.store,
            given=poller.given,
            sources=self.declared,
            ttl=TTL,
            on_recorded=self._recorded,
        ).take(lambda: stopping)
        return self.polls[before:]

    def _recorded(self, polls: Sequence[Poll], _recorded: Sequence[Recorded]) -> None:
        self.polls += polls

    def state(self) -> SourceState:
        return self.store.sources()[0]

    def titles(self) -> set[str]:
        return {each.entry.title for each in self.store.articles(None, 100)}


@pytest.fixture
def box() -> Iterator[Mailbox]:
    clock = Clock()
    store = open_store("sqlite:///:memory:", now=clock, host_delay=0.0)
    yield Mailbox(store, clock, {each.url: each for each in sources("a")})
    store.close()


def test_articles_and_nothing_else(box: Mailbox) -> None:
    """E30, E27: its articles come in; validators, digest, facts, due time and what the server asked
    of us stay as the last poll left them."""
    before = box.state()
    box.bring(rss("one", "two", title="Another title", link="https://evil.test/"))
    [taken] = box.take()
    assert (taken.outcome, taken.why, taken.status) == (Outcome.NEW, "WebSub", None)
    assert box.titles() == {"Title of one", "Title of two"}
    after = box.state()
    changed = {"last_new_at", "article_count", "rhythm"}
    for name in SourceState.__slots__:
        if name not in changed:
            assert getattr(after, name) == getattr(before, name), name
    [line, _] = box.store.ledger(after.id)
    assert (line.reason, line.sent, line.got, line.new) == ("WebSub", None, None, 2)
    assert box.take() == []


def test_a_source_that_fails_goes_on_failing(box: Mailbox) -> None:
    """E23: its own address was not asked, so that its backoff, its week of failure and the 410 that
    waits to be confirmed stay; and nobody is told that it is back."""
    box.clock.forward(hours=7)
    box.store.record([failed(claimed(box.store, "a"), "gone", gone=True)])
    box.clock.forward(days=8)
    before = box.state()
    box.bring(rss("one"))
    [taken] = box.take()
    after = box.state()
    assert (after.failures, after.failing_since, after.gone_seen) == (1, before.failing_since, True)
    assert (after.error_kind, after.last_polled_at) == ("gone", before.last_polled_at)
    assert notices(taken) == []
    box.store.record([failed(claimed(box.store, "a"), "gone", gone=True)])
    assert box.state().retired


def test_planned_anew_while_it_was_read(box: Mailbox) -> None:
    """E15: a changed `every` that was read in that moment stands, and so does its due time."""
    box.bring(rss("one"))
    claim = box.store.claim_one(url_of("a"), TTL)
    assert claim is not None
    soon = Schedule(due=box.clock() + timedelta(minutes=5), reason="every")
    anew = [replace(each, every=300.0) for each in box.declared.values()]
    box.store.sync_sources(anew, lambda _state, _every: soon)
    box.store.record([pushed(poll(claim, "one"))])
    after = box.state()
    assert (after.every, after.next_due, after.reason) == (300.0, soon.due, "every")
    box.clock.forward(minutes=6)
    claimed(box.store, "a")


def test_a_part_is_no_removal(box: Mailbox) -> None:
    """A delivery of one item: the others stay; an edit of a known one is an edit."""
    box.bring(rss("one", "two"))
    box.take()
    box.bring(rss("three"))
    box.bring(rss("one").replace(b"Title of one", b"Better one"))
    three, edited = box.take()
    assert ([len(three.new), len(edited.changed)], edited.new) == ([1, 1], ())
    assert box.titles() == {"Better one", "Title of two", "Title of three"}


def test_known_articles_only(box: Mailbox) -> None:
    """Nothing new or changed: nothing for the publisher to do."""
    box.bring(rss("one", "two"))
    box.take()
    box.bring(rss("two"))
    [taken] = box.take()
    assert (taken.outcome, taken.new, taken.changed) == (Outcome.UNCHANGED, (), ())


@pytest.mark.parametrize("body", [b"", b"<html><body>no feed</body></html>", b"\x00\xff"])
def test_unreadable(box: Mailbox, body: bytes) -> None:
    """Dropped; the source is not failing, may be polled when it is due, and is not polled now."""
    before = box.state()
    box.bring(body)
    assert box.take() == []
    assert box.store.deliveries(10) == []
    assert box.state() == before
    assert box.store.claim_due(10, TTL) == []


def test_while_it_is_polled(box: Mailbox) -> None:
    """It waits, without holding up the others, and is read when the poll is over."""
    box.declared |= {each.url: each for each in sources("a", "b")}
    box.store.sync_sources(box.declared.values())
    assert box.subscription is not None
    second = box.store.claim_one(url_of("b"), TTL)
    assert second is not None
    box.store.record([poll(second)])
    other = replace(box.subscription, source_id=second.source_id, token="u")
    box.store.subscribe(other)
    claim = box.store.claim_one(url_of("a"), TTL)
    assert claim is not None
    box.bring(rss("one"))
    box.store.put_delivery(other, None, rss("two"))
    assert [each.claim.state.url for each in box.take()] == [url_of("b")]
    box.store.release([claim])
    assert [each.claim.state.url for each in box.take()] == [url_of("a")]


def test_read_too_slowly(box: Mailbox) -> None:
    """Its claim ran out and another worker has the source: nothing is written, and it is read
    again, not lost."""

    def slow(body: bytes, url: str, kind: str | None, items: KnownItems | None = None) -> Document:
        box.clock.forward(seconds=TTL.total_seconds() + 1)
        assert box.store.claim_one(url_of("a"), TTL) is not None
        return read(body, url, kind, items)

    box.bring(rss("one"))
    box.read = slow
    [late] = box.take()
    assert late.new
    assert box.titles() == set()
    box.read = read
    box.clock.forward(seconds=TTL.total_seconds() + 1)
    assert len(box.take()) == 1
    assert box.titles() == {"Title of one"}


def test_never_to_be_read(box: Mailbox) -> None:
    """Of a source that is retired, dropped after an hour; of one that is paused or gone, at
    once."""
    box.clock.forward(hours=7)
    for _ in range(2):
        box.store.make_due()
        box.store.record([failed(claimed(box.store, "a"), "gone", gone=True)])
    box.bring(rss("one"))
    box.take()
    assert len(box.store.deliveries(10)) == 1
    box.clock.forward(hours=1, seconds=1)
    box.take()
    assert box.store.deliveries(10) == []
    for gone in ({url_of("a"): Source(url=url_of("a"), paused=True)}, {}):
        box.bring(rss(f"late {len(gone)}"))
        box.declared = gone
        assert box.take() == []
        assert box.store.deliveries(10) == []


def test_stopping(box: Mailbox) -> None:
    """What waits is there at the next start."""
    box.bring(rss("one"))
    assert box.take(stopping=True) == []
    assert len(box.take()) == 1

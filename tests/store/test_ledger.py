"""The ledger: what a line says, how long it is, and that all of it stays bounded."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from feeds.models import Hop, Outcome, Schedule, Validators
from feeds.store import Store
from feeds.store.codec import encode
from feeds.store.ledger import LEAST, TOTAL, line, ring
from tests.databases import Clock, Opened
from tests.store.material import HOUR, TTL, claimed, failed, poll, sources, url_of

HELD = Validators(url=url_of("a"), etag='W/"1"', last_modified="Fri, 20 Nov 2026 10:00:00 GMT")


def polled(store: Store, clock: Clock, name: str = "a", times: int = 1) -> None:
    for _ in range(times):
        store.record([poll(claimed(store, name))])
        clock.forward(hours=1)


def length(store: Store, name: str = "a") -> int:
    [state] = [each for each in store.sources() if each.url == url_of(name)]
    return len(store.ledger(state.id))


@pytest.mark.parametrize(
    ("active", "lines"),
    [(0, 200), (1, 200), (5000, 200), (5001, 190), (10_000, 100), (10_001, 90), (100_000, 10)],
)
def test_ring(active: int, lines: int) -> None:
    """200 lines a source while a million hold them, then less, in steps of ten, never under ten."""
    assert ring(active, TOTAL) == lines
    assert lines == LEAST or lines * active <= TOTAL


def test_the_newest_200(opened: Opened, clock: Clock) -> None:
    """The ledger is newest first and never longer than 200 lines."""
    store = opened()
    store.sync_sources(sources("a"))
    begun = clock.at
    polled(store, clock, times=205)
    rows = store.ledger(store.sources()[0].id)
    assert [row.at for row in rows] == [begun + HOUR * n for n in range(204, 4, -1)]
    assert rows[0].reason == "interval"
    assert len(store.ledger(store.sources()[0].id, limit=3)) == 3


def test_more_sources_shorter_rings(opened: Opened, clock: Clock) -> None:
    """The bound in all is kept when sources come: what is beyond their ring goes at sync, the
    newest lines stay, and new ones take the place of the oldest."""
    store = opened(ledger_lines=60)
    store.sync_sources(sources("a"))
    polled(store, clock, times=70)
    assert length(store) == 60
    store.sync_sources(sources("a", "b", "c"))
    assert length(store) == 20
    newest = store.ledger(store.sources()[0].id)[0].at
    assert newest == clock.at - HOUR
    polled(store, clock, times=25)
    for name in ("b", "c"):
        polled(store, clock, name, times=25)
    assert {length(store, name) for name in ("a", "b", "c")} == {20}
    assert store.counts()["polls"] == 60


def test_fewer_sources_longer_rings(opened: Opened, clock: Clock) -> None:
    """A ring that grows loses no line, whatever slots they had."""
    store = opened(ledger_lines=60)
    store.sync_sources(sources("a", "b"))
    polled(store, clock, times=213)
    assert length(store) == 30
    store.sync_sources(sources("a"))
    polled(store, clock, times=30)
    rows = store.ledger(store.sources()[0].id)
    assert [row.at for row in rows] == [clock.at - HOUR * n for n in range(1, 61)]


def test_a_source_that_is_configured_no_more_keeps_ten(opened: Opened, clock: Clock) -> None:
    """A mistake in the configuration costs no ledger at once; sources that come and go fill
    nothing."""
    store = opened()
    store.sync_sources(sources("a", "b"))
    polled(store, clock, times=15)
    polled(store, clock, "b", times=3)
    store.sync_sources(sources("c"))
    assert store.counts()["polls"] == LEAST + 3
    store.sync_sources(sources("a"))
    assert length(store) == LEAST


def test_a_second_store_keeps_to_the_same_ring(opened: Opened, clock: Clock) -> None:
    """The ring lives in the database: a worker that synchronised nothing keeps to it."""
    first, second = opened(ledger_lines=20), opened()
    first.sync_sources(sources("a"))
    polled(second, clock, times=30)
    assert length(second) == 20


def test_validators_sent_and_got(opened: Opened, clock: Clock) -> None:
    """As they went and came: the same, others, none any more, none ever, none on an error."""
    store = opened()
    store.sync_sources(sources("a"))
    other, none = Validators(url=HELD.url, etag='"2"'), Validators(url=HELD.url)
    cases: list[tuple[dict[str, Any], tuple[Validators | None, Validators | None]]] = [
        ({"sent": HELD, "validators": HELD}, (HELD, HELD)),
        ({"sent": HELD, "validators": other}, (HELD, other)),
        ({"sent": HELD, "validators": none}, (HELD, None)),
        ({"sent": none, "validators": none}, (None, None)),
        ({"sent": none, "validators": HELD}, (None, HELD)),
        ({"sent": None, "validators": HELD}, (None, HELD)),
    ]
    for given, shown in cases:
        store.record([poll(claimed(store, "a"), **given)])
        [row] = store.ledger(store.sources()[0].id, limit=1)
        assert (row.sent, row.got) == shown
        clock.forward(hours=1)
    store.record([failed(claimed(store, "a"), sent=HELD)])
    [row] = store.ledger(store.sources()[0].id, limit=1)
    assert (row.sent, row.got, row.error) == (HELD, None, "it failed")


def test_validators_that_no_hop_carried_were_not_sent(opened: Opened, clock: Clock) -> None:
    """E20: held for an address that the redirect no longer led to."""
    store = opened()
    store.sync_sources(sources("a"))
    hops = (Hop(url=url_of("a"), status=301), Hop(url=url_of("b"), status=200))
    store.record([poll(claimed(store, "a"), sent=Validators(url=url_of("c"), etag="1"), hops=hops)])
    clock.forward(hours=1)
    held = Validators(url=url_of("b"), etag="1")
    store.record([poll(claimed(store, "a"), sent=held, hops=hops)])
    rows = store.ledger(store.sources()[0].id)
    assert [(row.sent, row.hops) for row in rows] == [(held, "301"), (None, "301")]


def test_why_it_was_made(opened: Opened, clock: Clock) -> None:
    """The reason it was due, the operator, or what brought the document."""
    store = opened()
    store.sync_sources(sources("a"))
    again = Schedule(due=clock.at + HOUR, reason="max-age")
    store.record([poll(claimed(store, "a"), schedule=again)])
    store.make_due([url_of("a")])
    store.record([poll(claimed(store, "a"), schedule=again)])
    claim = store.claim_one(url_of("a"), TTL)
    assert claim is not None
    store.record([poll(claim, why="WebSub", schedule=again)])
    clock.forward(hours=2)
    store.record([poll(claimed(store, "a"))])
    rows = store.ledger(store.sources()[0].id)
    assert [row.reason for row in rows] == ["max-age", "WebSub", "poll --now", "new"]


def test_an_idle_line_is_short(opened: Opened) -> None:
    """A million lines are the bound: at 200 bytes each they are 200 MB. What came again as it was
    sent is not kept twice; an error's text only where there is one."""
    store = opened()
    store.sync_sources(sources("a"))
    claim = claimed(store, "a")
    idle = poll(claim, outcome=Outcome.NOT_MODIFIED, status=304, sent=HELD, validators=HELD)
    row = line(SimpleNamespace(id=claim.source_id, polls=7, reason="max-age"), idle, 0, 0)
    assert (row["got"], row["error"], row["error_kind"]) == (None, None, None)
    sizes = [len(v) if isinstance(v, str) else 8 for v in row.values() if v is not None]
    assert sum(sizes) + len(encode(HELD)) < 250
    store.record([idle])
    assert store.ledger(claim.source_id)[0].got == HELD


def test_retired_sources_are_tried_when_named(opened: Opened, clock: Clock) -> None:
    """Never a silent stop (E23): `poll --now` leaves a retired source alone, `--source` doesn't."""
    store = opened()
    store.sync_sources(sources("a"))
    for _ in range(2):
        gone = failed(claimed(store, "a"), "gone", gone=True, status=410)
        store.record([gone])
        clock.forward(hours=1)
    assert store.sources()[0].retired
    assert store.claim_due(1, TTL) == []
    assert store.make_due() == 0
    assert store.make_due([url_of("a")]) == 1
    store.record([failed(claimed(store, "a"), "gone", gone=True, status=410)])
    clock.forward(days=9)
    assert store.claim_due(1, TTL) == []
    assert store.make_due([url_of("a")]) == 1
    store.record([poll(claimed(store, "a"))])
    assert not store.sources()[0].retired
    clock.at += timedelta(hours=2)
    assert len(store.claim_due(1, TTL)) == 1

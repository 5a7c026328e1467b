"""Claims: what is due, one host at a time, over any number of workers."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime, timedelta

import pytest

from feeds.models import Claim, Schedule, Source, Validators
from feeds.store import Store
from tests.databases import Clock, Opened
from tests.store.material import HOUR, TTL, claimed, failed, poll, sources, url_of


def on_one_host(count: int) -> list[Source]:
    return [Source(url=f"https://One.example:{8000 + n}/{n}") for n in range(count)]


def urls(claims: list[Claim]) -> list[str]:
    return [claim.state.url for claim in claims]


def test_most_overdue_first(opened: Opened, clock: Clock) -> None:
    """The limit takes those that have waited longest."""
    store = opened()
    store.sync_sources(sources("a", "b", "c"))
    for name, hours in (("a", 3), ("b", 1), ("c", 2)):
        due = Schedule(due=clock.at + HOUR * hours, reason="interval")
        store.record([poll(claimed(store, name), schedule=due)])
    clock.forward(hours=4)
    assert urls(store.claim_due(2, TTL)) == [url_of("b"), url_of("c")]
    assert urls(store.claim_due(2, TTL)) == [url_of("a")]


def test_nothing_is_claimed_twice(opened: Opened, clock: Clock) -> None:
    """A claimed source is not given out again until its claim runs out, then with a higher
    number and under all its former state."""
    store = opened()
    store.sync_sources(sources("a"))
    first = claimed(store, "a")
    assert first.until == clock.at + TTL
    assert store.claim_due(10, TTL) == []
    clock.forward(seconds=TTL.total_seconds())
    [second] = store.claim_due(10, TTL)
    assert second.number > first.number
    assert second.state == first.state


def test_one_host_one_claim(opened: Opened, clock: Clock) -> None:
    """Any port and any case is the same host; the next one comes when the first is recorded."""
    store = opened()
    store.sync_sources(on_one_host(3))
    [claim] = store.claim_due(10, TTL)
    assert store.claim_due(10, TTL) == []
    store.record([poll(claim)])
    [second] = store.claim_due(10, TTL)
    assert second.source_id != claim.source_id


def test_local_files_share_no_host(opened: Opened) -> None:
    """Files are no hosts: all may be read at once, and again without delay."""
    store = opened(host_delay=60.0)
    store.sync_sources([Source(url=f"file:///feeds/{n}.xml") for n in range(5)])
    claims = store.claim_due(10, TTL)
    assert len(claims) == 5
    store.record([poll(claim) for claim in claims])
    store.make_due()
    assert len(store.claim_due(10, TTL)) == 5


def test_delay_between_requests_to_a_host(opened: Opened, clock: Clock) -> None:
    """The delay counts from the end of a poll as well as from its begin (E19), not from when it is
    recorded; where the clocks differ, from two seconds before that at the earliest."""
    store = opened(host_delay=5.0)
    store.sync_sources(on_one_host(2))
    [claim] = store.claim_due(10, TTL)
    ended = clock.forward(seconds=3)
    clock.forward(seconds=1)
    store.record([poll(claim, duration=3.0)])
    assert store.claim_due(10, TTL) == []
    assert store.next_claimable() == ended + timedelta(seconds=5)
    clock.forward(seconds=3.999)
    assert store.claim_due(10, TTL) == []
    clock.forward(seconds=0.001)
    assert len(store.claim_due(10, TTL)) == 1


def test_several_at_once_per_host(opened: Opened) -> None:
    """per_host = 2 lets two of a host run, and no third."""
    store = opened(per_host=2)
    store.sync_sources(on_one_host(4))
    claims = store.claim_due(10, TTL)
    assert len({claim.source_id for claim in claims}) == 2
    assert store.claim_due(10, TTL) == []
    store.record([poll(claims[0])])
    assert len(store.claim_due(10, TTL)) == 1


def test_only_these_urls(opened: Opened) -> None:
    """`urls` narrows the choice; the host's lease holds all the same."""
    store = opened()
    store.sync_sources([*sources("a", "b"), *on_one_host(2)])
    assert urls(store.claim_due(10, TTL, urls=[url_of("b")])) == [url_of("b")]
    assert store.claim_due(10, TTL, urls=[url_of("b")]) == []
    assert store.claim_due(10, TTL, urls=[]) == []
    names = [source.url for source in on_one_host(2)]
    assert urls(store.claim_due(10, TTL, urls=names)) == names[:1]
    assert store.claim_due(10, TTL, urls=names) == []


def test_release_gives_back(opened: Opened, clock: Clock) -> None:
    """A released source is due as before, its host free; the old claim can't be recorded."""
    store = opened()
    store.sync_sources(sources("a"))
    claims = store.claim_due(10, TTL)
    store.release(claims)
    assert store.record([poll(claims[0], "one")])[0].fenced
    [again] = store.claim_due(10, TTL)
    assert again.number > claims[0].number
    assert again.state == claims[0].state
    store.release(claims)  # An old claim releases nothing.
    assert store.claim_due(10, TTL) == []
    store.release([])


def test_make_due_passes_over_the_interval(opened: Opened, clock: Clock) -> None:
    """ "Poll now" makes all active sources due, marked as forced until they are claimed."""
    store = opened()
    store.sync_sources([*sources("a", "b"), *sources("resting", paused=True)])
    store.record([poll(claim) for claim in store.claim_due(10, TTL)])
    assert store.claim_due(10, TTL) == []
    clock.forward(minutes=1)
    assert store.make_due() == 2
    claims = store.claim_due(10, TTL)
    assert [claim.forced for claim in claims] == [True, True]
    store.release(claims)
    [a, b] = store.claim_due(10, TTL)
    assert (a.forced, b.forced) == (True, True), "a released claim is still forced"
    store.record([poll(a), poll(b)])
    clock.forward(hours=2)
    assert [claim.forced for claim in store.claim_due(10, TTL)] == [False, False]


def test_make_due_waits_for_retry_after(opened: Opened, clock: Clock) -> None:
    """What the server told us to wait for is waited for, whatever the operator says (E15)."""
    store = opened()
    store.sync_sources(sources("a", "b"))
    until = clock.at + HOUR * 2
    told = Schedule(due=until, reason="Retry-After", not_before=until)
    store.record([failed(claimed(store, "a"), "rate-limited", schedule=told)])
    store.record([poll(claimed(store, "b"))])
    assert store.make_due([url_of("a")]) == 0
    assert store.make_due() == 1
    [b] = store.claim_due(10, TTL)
    assert b.state.url == url_of("b")
    store.record([poll(b, schedule=Schedule(due=until + HOUR, reason="interval"))])
    clock.forward(hours=2)
    assert urls(store.claim_due(10, TTL)) == [url_of("a")]


def test_make_due_fresh_forgets_validators(opened: Opened, clock: Clock) -> None:
    """`fresh` leaves nothing that could make the next request conditional."""
    store = opened()
    store.sync_sources(sources("a"))
    held = Validators(url=url_of("a"), etag='W/"x"', last_modified="yesterday")
    store.record([poll(claimed(store, "a"), validators=held, body_digest=b"1" * 16)])
    store.make_due([url_of("a")])
    claim = claimed(store, "a")
    assert (claim.state.validators, claim.state.body_digest) == (held, b"1" * 16)
    store.release([claim])
    assert store.make_due([url_of("a")], fresh=True) == 1
    claim = claimed(store, "a")
    assert (claim.state.validators, claim.state.body_digest) == (None, None)


def claimable(store: Store, urls: list[str] | None) -> datetime:
    found = store.next_claimable(urls)
    assert found is not None
    return found


@pytest.mark.parametrize("narrowed", [False, True])
def test_next_claimable(opened: Opened, clock: Clock, *, narrowed: bool) -> None:
    """The clock's sleep: due now, when the host's claim ends, or when the first falls due."""
    store = opened()
    assert store.next_claimable() is None
    store.sync_sources(on_one_host(2))
    only = [source.url for source in on_one_host(2)] if narrowed else None
    begun = clock.at
    assert claimable(store, only) <= begun
    [claim] = store.claim_due(10, TTL)
    clock.forward(seconds=10)
    assert store.next_claimable(only) == claim.until
    store.record([poll(claim)])
    assert claimable(store, only) <= clock.at
    [claim] = store.claim_due(10, TTL)
    store.record([poll(claim, schedule=Schedule(due=begun + HOUR * 5, reason="max-age"))])
    assert store.next_claimable(only) == begun + HOUR
    assert store.next_claimable([]) is None


def test_workers_never_meet_at_a_host(opened: Opened) -> None:
    """Eight threads over two connections' worth of stores claim and record at once: no source
    is given out twice, and no host has two requests running."""
    hosts, each = 6, 5
    stores = [opened(), opened()]
    many = [Source(url=f"https://h{n % hosts}.example/{n}") for n in range(hosts * each)]
    stores[0].sync_sources(many)
    running: Counter[str] = Counter()
    seen: Counter[int] = Counter()
    wrong: list[str] = []
    guard, start = threading.Lock(), threading.Barrier(8)

    def work(number: int) -> None:
        store, idle = stores[number % 2], 0
        start.wait()
        while idle < 200 and sum(seen.values()) < len(many):
            claims = store.claim_due(3, TTL)
            idle = 0 if claims else idle + 1
            with guard:
                for claim in claims:
                    host = claim.state.url.split("/")[2]
                    running[host] += 1
                    seen[claim.source_id] += 1
                    if running[host] > 1:
                        wrong.append(host)
            with guard:
                for claim in claims:
                    running[claim.state.url.split("/")[2]] -= 1
            if claims:
                assert not any(done.fenced for done in store.record([poll(c) for c in claims]))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert len(seen) == len(many)
    assert set(seen.values()) == {1}


def test_one_for_a_document_in_hand(opened: Opened, clock: Clock) -> None:
    """Due or not, whatever its host's delay; not while it is being polled, nor when retired."""
    store = opened()
    store.sync_sources(sources("a"))
    store.record([poll(claimed(store, "a"))])
    assert store.claim_due(1, TTL) == []
    claim = store.claim_one(url_of("a"), TTL)
    assert claim is not None
    assert store.claim_one(url_of("a"), TTL) is None
    [recorded] = store.record([poll(claim, "x", why="WebSub")])
    assert recorded.new == 1
    assert [row.reason for row in store.ledger(claim.source_id)] == ["WebSub", "new"]
    store.sync_sources([])
    assert store.claim_one(url_of("a"), TTL) is None


def test_which_are_due(opened: Opened, clock: Clock) -> None:
    """A retired source where it is named; never one that is paused, gone or not due yet."""
    store = opened()
    store.sync_sources(
        [*sources("due", "later", "retired", "gone"), *sources("paused", paused=True)]
    )
    for _ in range(2):
        store.record([failed(claimed(store, "retired"), "gone", gone=True)])
        store.make_due([url_of("retired")])
        clock.forward(seconds=5)
    store.record([poll(claimed(store, "later"))])
    store.sync_sources([*sources("due", "later", "retired"), *sources("paused", paused=True)])
    assert store.due() == {url_of("due")}
    named = [url_of(name) for name in ("due", "later", "retired", "gone", "paused")]
    assert store.due(named) == {url_of("due"), url_of("retired")}
    assert store.due([]) == set()
    clock.forward(hours=1)
    assert store.due() == {url_of("due"), url_of("later")}

"""A clock that is set back by a day: nothing rests until tomorrow."""

from __future__ import annotations

from datetime import timedelta

from feeds.models import Schedule, Turn
from feeds.store import Store
from tests.databases import Clock, Opened
from tests.store.material import HOUR, TTL, claimed, failed, poll, sources, url_of

DAY = timedelta(days=1)


def back(store: Store) -> timedelta | None:
    turned = store.turn_back(TTL)
    return None if turned is None else turned.step


def test_a_clock_that_goes_on(opened: Opened, clock: Clock) -> None:
    """Nothing is moved: not while claims run, not an hour or a day later."""
    store = opened(host_delay=1.0)
    assert store.turn_back(TTL) is None
    store.sync_sources(sources("a", "b"))
    store.record([poll(claimed(store, "a"))])
    claimed(store, "b")
    before = store.sources()
    for hours in (0, 1, 24):
        clock.forward(hours=hours)
        assert store.turn_back(TTL) is None
    assert store.sources() == before


def test_plans_move_back_with_the_clock(opened: Opened, clock: Clock) -> None:
    """A source polled before the step is due an hour after it, not a day and an hour; what a
    Retry-After said is kept; one that was not polled in the time ahead keeps its plan."""
    store = opened(host_delay=1.0)
    store.sync_sources(sources("a", "b", "c"))
    store.record([poll(claimed(store, "c"), schedule=Schedule(due=clock.at + 2 * DAY, reason="x"))])
    kept = clock.at + 2 * DAY
    begun = clock.forward(days=1)
    store.record([poll(claimed(store, "a"), fresh_until=begun + HOUR)])
    limited = Schedule(due=begun + 2 * HOUR, reason="Retry-After", not_before=begun + 2 * HOUR)
    store.record([failed(claimed(store, "b"), schedule=limited)])
    clock.forward(days=-1)
    assert store.claim_due(9, TTL) == []
    assert back(store) == DAY
    assert store.turn_back(TTL) is None
    a, b, c = store.sources()
    assert (a.next_due, b.next_due, c.next_due) == (clock.at + HOUR, clock.at + 2 * HOUR, kept)
    assert a.fresh_until == clock.at + HOUR
    assert (a.last_polled_at, a.last_success_at, b.error_at) == (clock.at,) * 3
    assert store.claim_due(9, TTL) == []
    clock.forward(hours=1)
    assert [claim.state.url for claim in store.claim_due(9, TTL)] == [url_of("a")]
    assert store.make_due([url_of("b")]) == 0
    clock.forward(hours=1)
    assert store.make_due([url_of("b")]) == 1


def test_claims_and_rests_of_hosts_do_not_last_a_day(opened: Opened, clock: Clock) -> None:
    """A worker that was killed in the time ahead keeps its source for no more than a claim."""
    store = opened(host_delay=1.0)
    store.sync_sources(sources("a"))
    claimed(store, "a")
    clock.forward(days=-1)
    assert back(store) == timedelta(0)
    assert store.turn_back(TTL) is None
    store.make_due()
    clock.forward(seconds=TTL.total_seconds() + 1)
    claimed(store, "a")


def test_a_turn_of_the_time_ahead(opened: Opened, clock: Clock) -> None:
    """E29: an errand that was killed keeps its host for no more than a claim would."""
    store = opened(host_delay=1.0)
    assert isinstance(store.turn(url_of("a"), TTL), Turn)
    clock.forward(days=-1)
    assert back(store) == timedelta(0)
    assert store.turn_back(TTL) is None
    clock.forward(seconds=TTL.total_seconds() + 1)
    assert isinstance(store.turn(url_of("a"), TTL), Turn)


def test_a_record_that_was_under_way(opened: Opened, clock: Clock) -> None:
    """What a poll of before the step leaves is found by the next look."""
    store = opened()
    store.sync_sources(sources("a"))
    claim = claimed(store, "a")
    clock.forward(days=-1)
    store.turn_back(TTL)
    store.record([poll(claim)])
    assert back(store) == DAY
    clock.forward(hours=1)
    claimed(store, "a")


def test_new_sources_of_the_time_ahead(opened: Opened, clock: Clock) -> None:
    """Never polled, they are due at once; a paused one stays paused."""
    store = opened()
    store.sync_sources([*sources("a"), *sources("b", paused=True)])
    clock.forward(days=-1)
    assert store.claim_due(9, TTL) == []
    assert back(store) == timedelta(0)
    assert store.turn_back(TTL) is None
    assert [claim.state.url for claim in store.claim_due(9, TTL)] == [url_of("a")]


def test_a_host_that_asked_for_hours(opened: Opened, clock: Clock) -> None:
    """Where a Retry-After holds the whole host, its rest is no stray of the clock; set back, the
    clock shortens it by the same step."""
    store = opened(whole_host_waits=True, host_delay=1.0)
    store.sync_sources(sources("a"))
    until = clock.at + 3 * HOUR
    told = Schedule(due=until, reason="Retry-After", not_before=until)
    store.record([failed(claimed(store, "a"), schedule=told)])
    assert store.turn_back(TTL) is None
    assert store.turn(url_of("a"), TTL) == until
    clock.forward(days=-1)
    assert back(store) == DAY
    assert store.turn(url_of("a"), TTL) == clock.at + 3 * HOUR


def test_e15_set_back_and_right_again(opened: Opened, clock: Clock) -> None:
    """A machine that starts in the past and is set right: plans are as they were, with what a
    server said; a source that was polled meanwhile keeps the plan of that poll."""
    store = opened(host_delay=1.0)
    store.sync_sources(sources("a", "b", "c", "d"))
    for name in "ab":
        store.record([poll(claimed(store, name))])
    told = Schedule(due=clock.at + 3 * HOUR, reason="Retry-After", not_before=clock.at + 3 * HOUR)
    store.record([failed(claimed(store, "c"), schedule=told)])
    store.sync_sources([*sources("a", "b", "c"), *sources("d", paused=True)])
    before = store.sources()
    clock.forward(days=-1)
    turned = store.turn_back(TTL)
    assert turned is not None
    assert store.sources() != before
    clock.forward(hours=1)
    store.record([poll(claimed(store, "b"))])
    clock.forward(days=1, hours=-0.5)
    assert store.turn_on(turned) == 2
    a, b, c, _ = store.sources()
    assert [a, c] == [before[0], before[2]]
    assert b.next_due == clock.at - DAY + 1.5 * HOUR
    [only] = store.claim_due(9, TTL)
    assert only.state.url == url_of("b")
    store.record([poll(only)])
    clock.forward(hours=0.5)
    assert [claim.state.url for claim in store.claim_due(9, TTL)] == [url_of("a")]
    assert store.turn_on(turned) == 0


def test_e15_a_whole_host_that_asked_for_hours(opened: Opened, clock: Clock) -> None:
    """Its rest, too, is as long as before once the clock is right again."""
    store = opened(whole_host_waits=True, host_delay=1.0)
    store.sync_sources(sources("a"))
    until = clock.at + 3 * HOUR
    told = Schedule(due=until, reason="Retry-After", not_before=until)
    store.record([failed(claimed(store, "a"), schedule=told)])
    clock.forward(days=-1)
    turned = store.turn_back(TTL)
    assert turned is not None
    clock.forward(days=1)
    assert store.turn_on(turned) == 1
    assert store.turn(url_of("a"), TTL) == until

"""Errands: requests that are no polls share the host's budget with polls (E29)."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from feeds.models import Schedule, Source, Turn
from feeds.store import Store
from tests.databases import Clock, Opened
from tests.store.material import HOUR, TTL, claimed, poll, sources

A = "https://a.example/feed"


def taken(store: Store, url: str = A) -> Turn:
    turn = store.turn(url, TTL)
    assert isinstance(turn, Turn)
    return turn


def test_one_at_a_time(opened: Opened, clock: Clock) -> None:
    """A second errand waits for the first, and then for the host's delay; other hosts don't."""
    store = opened(host_delay=2.0)
    first = taken(store)
    assert first.host == "a.example"
    assert isinstance(store.turn("https://A.example:8443/other", TTL), datetime)
    assert isinstance(store.turn("https://b.example/", TTL), Turn)
    clock.forward(seconds=5)
    again = store.turn(A, TTL)
    assert isinstance(again, datetime)
    assert again > clock.at
    store.end_turn(first)
    assert store.turn(A, TTL) == clock.at + timedelta(seconds=2)
    clock.forward(seconds=2)
    assert isinstance(store.turn(A, TTL), Turn)


def test_polls_and_errands_keep_clear_of_each_other(opened: Opened, clock: Clock) -> None:
    """While a source of the host is claimed there is no turn, and the other way round."""
    store = opened()
    store.sync_sources(sources("a"))
    claim = claimed(store, "a")
    clock.forward(seconds=10)
    assert isinstance(store.turn(A, TTL), datetime)
    due = Schedule(due=clock.at, reason="interval")
    store.record([poll(claim, schedule=due)])
    clock.forward(seconds=1)
    turn = taken(store)
    clock.forward(seconds=10)
    assert store.claim_due(1, TTL) == []
    assert (soon := store.next_claimable()) is not None
    assert clock.at < soon < clock.at + timedelta(seconds=1)
    store.end_turn(turn)
    clock.forward(seconds=1)
    assert len(store.claim_due(1, TTL)) == 1


def test_a_turn_of_a_dead_process_runs_out(opened: Opened, clock: Clock) -> None:
    """Nobody gives it back; its time does."""
    store = opened()
    taken(store)
    clock.forward(seconds=TTL.total_seconds() - 1)
    assert isinstance(store.turn(A, TTL), datetime)
    clock.forward(seconds=2)
    taken(store)


def test_more_at_once_where_the_operator_says_so(opened: Opened, clock: Clock) -> None:
    """`per_host` counts claims and errands together."""
    store = opened(per_host=2, host_delay=0.001)
    store.sync_sources(sources("a"))
    claimed(store, "a")
    clock.forward(seconds=1)
    taken(store)
    clock.forward(seconds=1)
    assert isinstance(store.turn(A, TTL), datetime)


def test_a_race_has_one_winner(opened: Opened) -> None:
    """Of many who ask at once, over two connections, one gets the turn."""
    one, other = opened(), opened()
    answers: list[Turn | datetime] = []
    barrier = threading.Barrier(8)

    def ask(store: Store) -> None:
        barrier.wait()
        answers.append(store.turn(A, TTL))

    threads = [threading.Thread(target=ask, args=(store,)) for store in (one, other) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(answer, Turn) for answer in answers) == 1


def test_retry_after_for_the_source_or_its_host(opened: Opened, clock: Clock) -> None:
    """E12: with `whole_host_waits` nothing of that host is polled before; else only that source
    waits. A shorter word of another source does not end the longer one."""
    for whole in (False, True):
        store = opened(whole_host_waits=whole)
        urls = [f"https://shared.example:{port}/{whole}" for port in (1, 2)]
        store.sync_sources([Source(url=url) for url in urls])
        [claim] = store.claim_due(1, TTL, urls=urls[:1])
        until = clock.at + 3 * HOUR
        answer = Schedule(due=until, reason="Retry-After", not_before=until)
        store.record([poll(claim, schedule=answer)])
        clock.forward(hours=2)
        assert len(store.claim_due(5, TTL, urls=urls)) == (0 if whole else 1)
        assert isinstance(store.turn(urls[1], TTL), datetime)
        clock.forward(hours=2)
        store.sync_sources([])

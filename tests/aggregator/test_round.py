"""Rounds over the real store: each due source once, host by host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from aggregator.dispatch import InlineDispatcher, ThreadDispatcher
from aggregator.round import keep_polling, run_due, run_round
from feeds.models import Claim, Poll, Source
from feeds.store import Store
from tests.databases import Clock, Opened
from tests.store.material import TTL, poll, sources, url_of


class Counting:
    """A poll that counts which source was polled."""

    def __init__(self) -> None:
        self.polled: Counter[str] = Counter()

    def __call__(self, claim: Claim) -> Poll:
        self.polled[claim.state.url] += 1
        return poll(claim)


def pool(store: Store, of: Callable[[Claim], Poll], workers: int = 4) -> ThreadDispatcher:
    return ThreadDispatcher(of, store.record, release=store.release, workers=workers, delay=0.001)


def test_each_due_source_once(store: Store) -> None:
    """More sources than threads; progress reaches the end."""
    names = [f"s{n}" for n in range(30)]
    store.sync_sources(sources(*names))
    counting, shown = Counting(), list[tuple[int, int]]()
    dispatcher = pool(store, counting)
    count = run_round(store, dispatcher, TTL, progress=lambda *at: shown.append(at))
    dispatcher.close(5)
    assert count == 30
    assert counting.polled == Counter(url_of(name) for name in names)
    assert shown[-1] == (30, 30)


def test_one_host_is_waited_for(store: Store) -> None:
    """Five sources of one host: one after another, all in this round."""
    store.sync_sources([Source(url=f"https://one.example/{n}") for n in range(5)])
    counting = Counting()
    dispatcher = pool(store, counting)
    assert run_round(store, dispatcher, TTL) == 5
    dispatcher.close(5)
    assert set(counting.polled.values()) == {1}


def test_only_some(store: Store) -> None:
    """`urls` limits the round."""
    store.sync_sources(sources("a", "b"))
    counting = Counting()
    dispatcher = InlineDispatcher(counting, store.record)
    assert run_round(store, dispatcher, TTL, urls=[url_of("b")]) == 1
    assert list(counting.polled) == [url_of("b")]


def test_nothing_due(store: Store) -> None:
    """An empty round ends at once."""
    counting = Counting()
    assert run_round(store, InlineDispatcher(counting, store.record), TTL) == 0


def test_another_holds_a_source(store: Store) -> None:
    """It is left to that worker; the round does not wait for its claim to run out."""
    store.sync_sources(sources("a", "b"))
    [held] = store.claim_due(1, TTL, urls=[url_of("a")])
    counting = Counting()
    pauses = list[float]()

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        return len(pauses) > 3

    count = run_round(store, InlineDispatcher(counting, store.record), TTL, pause=pause)
    assert count == 1
    assert list(counting.polled) == [url_of("b")]
    store.release([held])


def test_run_due_fills_the_room(store: Store) -> None:
    """A tick claims what is due while there is room."""
    store.sync_sources(sources(*(f"s{n}" for n in range(10))))
    counting = Counting()
    dispatcher = pool(store, counting, workers=3)
    claimed: list[tuple[int, bool]] = []
    while not claimed or claimed[-1] != (0, True):
        claimed.append(run_due(store, dispatcher, TTL))
        dispatcher.drain()
    dispatcher.close(5)
    assert sum(begun for begun, _ in claimed) == 10
    assert set(counting.polled.values()) == {1}


def test_a_tick_follows_a_host_from_delay_to_delay(opened: Opened, clock: Clock) -> None:
    """E19: the next source of a host begins when the delay is over, whoever else is due; a tick
    ends when nothing comes within it."""
    store = opened(host_delay=0.4)
    crowd = [Source(url=f"https://one.example/{n}") for n in range(5)]
    store.sync_sources([*crowd, *sources("a", "b")])
    starts = list[tuple[str, float]]()
    begun = clock.at

    def of(claim: Claim) -> Poll:
        starts.append((claim.state.url, round((clock.at - begun).total_seconds(), 3)))
        return poll(claim)

    def pause(seconds: float) -> bool:
        clock.forward(seconds=seconds)
        return False

    inline, looks = InlineDispatcher(of, store.record), list[datetime]()

    def first() -> None:
        looks.append(clock.at)

    keep_polling(store, inline, TTL, seconds=1.0, pause=pause, first=first)
    assert [at for url, at in starts if "one.example" in url] == [0.0, 0.4, 0.8, 1.2, 1.6]
    assert [at for url, at in starts if "one.example" not in url] == [0.0, 0.0]
    assert (clock.at - begun).total_seconds() < 2.0
    assert looks[0] == begun
    assert len(set(looks)) >= 5


def test_a_tick_ends_when_told(opened: Opened) -> None:
    """SIGTERM in the middle of a host's queue: no further claim."""
    store = opened(host_delay=0.4)
    store.sync_sources([Source(url=f"https://one.example/{n}") for n in range(5)])
    counting = Counting()
    dispatcher = InlineDispatcher(counting, store.record)
    keep_polling(
        store, dispatcher, TTL, seconds=1.0, pause=lambda _seconds: True, first=lambda: None
    )
    assert counting.polled.total() == 1

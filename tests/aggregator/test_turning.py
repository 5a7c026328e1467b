"""The clock is set back while polling goes on, and right again: nothing is asked early for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from aggregator.turning import RARELY, REMEMBERED, Turning
from feeds.models import Turned
from feeds.store import Store, open_store
from tests.databases import Clock
from tests.store.material import HOUR, TTL, claimed, poll, sources


class Machine:
    """A clock that can be set, one that only goes, and a poller that looks at both."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock, self.steady = store, clock, 0.0
        self.turning = Turning(store, TTL, lambda: self.steady)
        store.sync_sources(sources("a"))
        self.look()
        store.record([poll(claimed(store, "a"))])
        self.plan = self.due

    def look(self) -> None:
        self.turning.on()
        self.turning.back()

    def passes(self, **time: float) -> None:
        self.clock.forward(**time)
        self.steady += timedelta(**time).total_seconds()
        self.look()

    def is_set(self, **by: float) -> None:
        self.clock.forward(**by)
        self.look()

    @property
    def due(self) -> datetime:
        [state] = self.store.sources()
        assert state.next_due is not None
        return state.next_due


@pytest.fixture
def machine() -> Iterator[Machine]:
    clock = Clock()
    store = open_store("sqlite:///:memory:", now=clock, host_delay=0.0)
    yield Machine(store, clock)
    store.close()


def test_time_that_passes(machine: Machine) -> None:
    """By both clocks alike, seconds or days: nothing is moved."""
    for _ in range(30):
        machine.passes(minutes=1)
    assert machine.due == machine.plan


def test_a_poll_that_was_under_way(machine: Machine) -> None:
    """It ends after the clock was set back, and plans by the time in which it began."""
    machine.passes(hours=2)
    claim = claimed(machine.store, "a")
    machine.is_set(days=-1)
    machine.passes(seconds=10)
    machine.store.record([poll(claim)])
    assert machine.due - machine.clock() > 23 * HOUR
    machine.passes(seconds=10)
    assert machine.due - machine.clock() <= HOUR


def test_another_process_ran_ahead(machine: Machine) -> None:
    """Its clock did, ours was never set: what it planned is found, if not at once."""
    machine.passes(hours=2)
    machine.clock.forward(days=1)
    machine.store.record([poll(claimed(machine.store, "a"))])
    machine.clock.forward(days=-1)
    assert machine.due - machine.clock() > 23 * HOUR
    machine.passes(seconds=RARELY)
    assert machine.due - machine.clock() <= HOUR


def test_looking_costs_little(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """All sources are looked at when the clock was set, and rarely besides."""
    looks = []
    kept = machine.store.turn_back

    def looked(ttl: timedelta) -> Turned | None:
        looks.append(ttl)
        return kept(ttl)

    monkeypatch.setattr(machine.store, "turn_back", looked)
    for _ in range(360):
        machine.passes(seconds=10)
    assert len(looks) == 3600 / RARELY
    machine.is_set(hours=-1)
    assert len(looks) == 3600 / RARELY + 1


def test_set_back_and_right_again(machine: Machine) -> None:
    """The plan moves back, stays while time passes, and is what it was."""
    machine.is_set(days=-1)
    assert machine.due == machine.plan - 24 * HOUR
    machine.passes(minutes=30)
    assert machine.due == machine.plan - 24 * HOUR
    machine.is_set(days=1)
    assert machine.due == machine.plan
    assert machine.store.claim_due(9, TTL) == []
    machine.passes(minutes=30)
    assert len(machine.store.claim_due(9, TTL)) == 1


def test_set_back_and_half_right_again(machine: Machine) -> None:
    """As far from now as it was to be, whatever the steps."""
    for hours in (-10, -5, 6, 4, -2, 7):
        machine.is_set(hours=hours)
        assert machine.due - machine.clock() == HOUR
    assert machine.due == machine.plan


def test_set_back_for_good(machine: Machine) -> None:
    """The clock had been ahead: what it then asks at the moved time is not moved on any more."""
    machine.is_set(days=-1)
    machine.passes(hours=1)
    machine.store.record([poll(claimed(machine.store, "a"))])
    plan = machine.due
    machine.is_set(hours=2)
    assert machine.due == plan


def test_a_clock_that_is_set_all_the_time(machine: Machine) -> None:
    """No more is remembered than a few steps."""
    for _ in range(3 * REMEMBERED):
        machine.is_set(hours=-1)
    machine.is_set(days=1)
    assert machine.due - machine.clock() <= HOUR

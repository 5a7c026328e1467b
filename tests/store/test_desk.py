"""What the desk keeps: last words, counts by the hour, logins, troubles; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from feeds.store import Store
from tests.databases import Clock, Opened
from tests.store.material import claimed, failed, poll, sources

DAY = timedelta(days=1)


@pytest.fixture
def store(opened: Opened) -> Store:
    return opened()


def test_notes(store: Store, clock: Clock) -> None:
    """Only the last word stands, with its time."""
    assert store.note("engine") is None
    store.put_note("engine", "one")
    clock.forward(hours=1)
    store.put_note("engine", "two")
    assert store.note("engine") == ("two", store.now())


def test_hours(store: Store, clock: Clock) -> None:
    """Whoever records polls counts them; what was fenced is not counted; counts are forgotten after
    sixty days."""
    hour = int(clock().timestamp() // 3600)
    store.sync_sources(sources("a", "b"))
    first, other = claimed(store, "a"), claimed(store, "b")
    store.record([poll(first, "one", "two"), failed(other)])
    store.record([poll(first, "three")])
    assert store.hours(hour) == {
        (hour, "articles"): 2,
        (hour, "poll new"): 1,
        (hour, f"poll {failed(other).outcome.value}"): 1,
    }
    clock.forward(hours=1)
    store.record([poll(claimed(store, "a"), "three")])
    assert store.hours(hour)[hour + 1, "articles"] == 1
    assert {at for at, _ in store.hours(hour + 1)} == {hour + 1}
    clock.forward(days=60)
    store.record([poll(claimed(store, "a"), "four")])
    assert {at for at, _ in store.hours(0)} == {hour + 1, hour + 1 + 60 * 24}


def test_logins(store: Store, clock: Clock) -> None:
    """One that is used goes on; one that is not, or is ended, is over."""
    store.put_login(b"a" * 32, "anna", b"hash")
    store.put_login(b"b" * 32, "bert", b"hash")
    clock.forward(hours=20)
    assert store.login(b"a" * 32, DAY) == ("anna", b"hash")
    clock.forward(hours=20)
    assert store.login(b"a" * 32, DAY) == ("anna", b"hash")
    assert store.login(b"b" * 32, DAY) is None
    store.end_login(b"a" * 32)
    assert store.login(b"a" * 32, DAY) is None
    assert store.login(b"c" * 32, DAY) is None


def test_a_trouble_begins_once_and_ends(store: Store, clock: Clock) -> None:
    """However often it is seen; the same may come again later."""
    assert store.happen("disk", "/srv", "full")
    assert not store.happen("disk", "/srv", "fuller")
    assert [each.text for each in store.open_happenings()] == ["full"]
    clock.forward(hours=1)
    assert store.happened_over("disk", "/srv")
    assert not store.happened_over("disk", "/srv")
    assert store.open_happenings() == []
    [one] = store.happenings()
    assert one.over_at == store.now()
    assert store.happen("disk", "/srv", "full again")
    assert [each.text for each in store.happenings()] == ["full again", "full"]


def test_what_the_webhook_has_heard(store: Store) -> None:
    """A trouble that ends while it is told is told once more."""
    store.happen("list", "x", "lost")
    [begun] = store.happenings(untold=True)
    store.happened_over("list", "x")
    store.told_of(begun)
    [ended] = store.happenings(untold=True)
    assert ended.over_at is not None
    store.told_of(ended)
    assert store.happenings(untold=True) == []

"""What the desk keeps: last words, counts by the hour, logins, troubles; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from feeds.store import Store
from tests.databases import Clock, Opened

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


def test_hours(store: Store) -> None:
    """Counts add up, and are forgotten after sixty days."""
    store.count_hours({(500_000, "articles"): 3, (500_001, "articles"): 1})
    store.count_hours({(500_000, "articles"): 2, (500_001, "poll new"): 7})
    assert store.hours(500_000) == {
        (500_000, "articles"): 5,
        (500_001, "articles"): 1,
        (500_001, "poll new"): 7,
    }
    assert store.hours(500_001).keys() == {(500_001, "articles"), (500_001, "poll new")}
    store.count_hours({(500_000 + 24 * 60 + 1, "articles"): 1})
    assert (500_000, "articles") not in store.hours(0)


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

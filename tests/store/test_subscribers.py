"""Subscribers of our hub, tokens and readers, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from feeds.models import Asked, Subscriber
from feeds.store import Store, subscribers
from tests.databases import Clock, Opened

TOPIC = "news/atom.xml"
YES, NO = Asked(subscribe=True, lease=3600.0, secret="s"), Asked(subscribe=False, lease=3600.0)


@pytest.fixture
def store(opened: Opened) -> Store:
    return opened()


def due(store: Store, *skip: int) -> list[Subscriber]:
    return store.due_subscribers(100, skip)


def confirmed(store: Store, callback: str, clock: Clock) -> Subscriber:
    """As the hub writes it down."""
    assert store.ask(TOPIC, callback, YES)
    [one] = [each for each in due(store) if each.callback == callback]
    until = clock.at + timedelta(seconds=YES.lease)
    after = replace(one, asked=None, secret="s", lease_until=until, delivered="t1")
    store.save_subscriber(one, after, None)
    return after


def test_from_asking_to_the_end(store: Store, clock: Clock) -> None:
    one = confirmed(store, "http://a.test/", clock)
    assert due(store) == []
    assert store.subscribers() == {TOPIC: 1}
    assert store.tell_of(["other/atom.xml"]) == 0
    assert store.tell_of([TOPIC]) == 1
    [told] = due(store)
    assert told == one
    assert due(store, told.id) == []
    store.save_subscriber(told, replace(told, delivered="t2"), None)
    clock.forward(seconds=3599)
    assert store.subscribers() == {TOPIC: 1}
    clock.forward(seconds=2)
    assert due(store) == []
    assert store.subscribers() == {}


def test_what_fails_waits(store: Store, clock: Clock) -> None:
    """News do not make it come sooner; it gets the newest when its time has come."""
    one = confirmed(store, "http://a.test/", clock)
    later = clock.at + timedelta(seconds=60)
    store.save_subscriber(one, replace(one, tries=1, error="500"), later)
    assert store.tell_of([TOPIC]) == 0
    assert due(store) == []
    clock.forward(seconds=61)
    assert [each.tries for each in due(store)] == [1]


def test_asked_anew_meanwhile(store: Store, clock: Clock) -> None:
    """What is asked while the hub is talking to the callback is not lost, nor is the lease."""
    one = confirmed(store, "http://a.test/", clock)
    assert store.ask(TOPIC, "http://a.test/", NO)
    store.save_subscriber(one, replace(one, delivered="t9"), None)
    [found] = due(store)
    assert (found.asked, found.delivered, found.secret) == (NO, "t9", "s")
    assert found.lease_until == one.lease_until
    store.end_subscriber(found.id)
    assert due(store) == []


def test_too_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a topic, and of those that are not confirmed."""
    monkeypatch.setattr(subscribers, "WAITING", 2)
    assert store.ask(TOPIC, "http://a.test/", YES)
    assert store.ask(TOPIC, "http://b.test/", YES)
    assert not store.ask(TOPIC, "http://c.test/", YES)
    assert store.ask(TOPIC, "http://a.test/", YES)  # again
    assert store.ask(TOPIC, "http://d.test/", NO)  # nothing to end
    assert len(due(store)) == 2


def test_pings(store: Store) -> None:
    """Hubs elsewhere, as configured; nobody counts them."""
    store.sync_pings(["http://hub.test/"], [TOPIC, "news/rss.xml"])
    store.sync_pings(["http://hub.test/"], [TOPIC, "news/rss.xml"])
    assert due(store) == []
    assert store.tell_of([TOPIC]) == 1
    [one] = due(store)
    assert (one.ping, one.callback) == (True, "http://hub.test/")
    assert store.subscribers() == {}
    store.sync_pings([], [TOPIC])
    assert due(store) == []


def test_tokens(store: Store) -> None:
    """Only digests, by name; a revoked one is none any more."""
    store.add_token(b"1" * 32, None, "ada")
    store.add_token(b"2" * 32, "staff", "bob")
    assert [(each.label, each.feed) for each in store.tokens()] == [("ada", None), ("bob", "staff")]
    store.revoke_token(b"1" * 32)
    assert [each.label for each in store.tokens()] == ["bob"]


def test_readers(store: Store) -> None:
    """The most of a day counts, and of several days the most."""
    store.count_readers(100, [("news", "Feedly", 5), ("news", "readers", 7)])
    store.count_readers(100, [("news", "Feedly", 3), ("news", "readers", 9)])
    store.count_readers(101, [("news", "readers", 2)])
    assert store.readers(101, 101) == {"news": {"readers": 2}}
    assert store.readers(100, 101) == {"news": {"Feedly": 5, "readers": 9}}
    store.count_readers(600, [("news", "readers", 1)])
    assert store.readers(0, 599) == {}

"""Subscriptions and deliveries on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from feeds.models import FeedFacts, Receipt, Schedule, SourceState, Standing, Subscription
from feeds.store import Store
from feeds.store import websub as pushing
from tests.databases import Clock, Opened
from tests.store.material import HOUR, TTL, claimed, failed, poll, sources, url_of

BASE = "https://me.test/websub/"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(opened: Opened) -> Store:
    return opened()


def polled(
    store: Store, *names: str, hub: str | None = "https://hub.test/", topic: str | None = None
) -> None:
    """Due sources that have answered, and named this hub."""
    for name in names:
        facts = FeedFacts(title=name, hub=hub, self_link=topic)
        store.record([poll(claimed(store, name), facts=facts)])


def subscription(of: SourceState, **more: Any) -> Subscription:
    values: dict[str, Any] = {
        "source_id": of.id,
        "base": BASE,
        "token": f"token-{of.id}",
        "secret": "s",
        "hub": of.hub or "",
        "topic": of.self_link or of.fetch_url,
        "next_at": of.last_polled_at,
    } | more
    return Subscription(**values)


def begun(store: Store, *names: str) -> list[Subscription]:
    """Subscriptions of new sources that name a hub, in their order."""
    store.sync_sources(sources(*names))
    polled(store, *names)
    for state in store.unsubscribed(100):
        store.subscribe(subscription(state))
    found = [store.subscription(f"token-{state.id}") for state in store.sources()]
    return [each for each in found if each is not None]


def verified(store: Store, before: Subscription, lease: timedelta = HOUR) -> Subscription:
    now = store.now()
    after = replace(
        before,
        state=Standing.VERIFIED,
        verified_at=now,
        lease_until=now + lease,
        next_at=now + lease / 2,
    )
    assert store.amend(before, after)
    return after


def state_of(store: Store, name: str) -> SourceState:
    return next(each for each in store.sources() if each.url == url_of(name))


def test_unsubscribed(store: Store) -> None:
    """Sources that are polled and name a hub, until they have a subscription; no local files."""
    store.sync_sources([*sources("a", "b", "c", "d")])
    polled(store, "a", "b")
    polled(store, "c", hub=None)
    store.sync_sources([*sources("a"), *sources("b", paused=True), *sources("c", "d")])
    [found] = store.unsubscribed(10)
    assert found.url == url_of("a")
    store.subscribe(subscription(found))
    assert store.unsubscribed(10) == []
    store.subscribe(subscription(found, token="another"))
    assert store.subscription("another") is None
    assert store.subscription(f"token-{found.id}") == subscription(found)


def test_amend_only_what_was_judged(store: Store) -> None:
    """Two judge the same row: the second one's word is not written."""
    [before] = begun(store, "a")
    one, two = replace(before, tries=1), replace(before, tries=2)
    assert store.amend(before, one)
    assert not store.amend(before, two)
    assert store.subscription(before.token) == one
    assert store.amend(one, None)
    assert store.subscription(before.token) is None
    assert not store.amend(one, two)


def test_the_source_knows_that_it_is_pushed(store: Store, clock: Clock) -> None:
    """From the verification to the end of the lease, or of the subscription."""
    [before] = begun(store, "a")
    assert state_of(store, "a").push_until is None
    after = verified(store, before)
    assert state_of(store, "a").push_until == clock() + HOUR
    renewing = replace(after, tries=1, asked_at=clock())
    assert store.amend(after, renewing)
    assert state_of(store, "a").push_until == clock() + HOUR
    assert store.amend(renewing, replace(renewing, state=Standing.DENIED, lease_until=None))
    assert state_of(store, "a").push_until == clock()


def test_due_one_of_each_hub(store: Store, clock: Clock) -> None:
    """The most overdue of each hub; none before its time, none that has nothing to ask."""
    store.sync_sources(sources("a", "b", "c", "d", "e"))
    polled(store, "a", "b", "d", "e")
    polled(store, "c", hub="https://other.test/")
    for number, state in enumerate(store.unsubscribed(10)):
        later = clock() - MINUTE * number
        store.subscribe(subscription(state, next_at=None if state.url == url_of("e") else later))
    due = store.due_subscriptions(10)
    assert [one.source_id for one in due] == [
        state_of(store, "d").id,
        state_of(store, "c").id,
    ]
    assert store.due_subscriptions(1) == due[:1]
    store.rest_hub("https://hub.test/", clock() + MINUTE)
    assert [one.source_id for one in store.due_subscriptions(10)] == [state_of(store, "c").id]
    clock.forward(minutes=1)
    assert len(store.due_subscriptions(10)) == 2


def test_strays(store: Store) -> None:
    """Another hub, another topic, another address of ours, paused, gone: each is found, until it
    is ending."""
    names = ("hub", "topic", "none", "paused", "gone", "base", "right")
    ones = dict(zip(names, begun(store, *names), strict=True))
    assert store.strays(BASE, 10) == []
    assert len(store.strays("https://moved.test/websub/", 10)) == len(names)
    store.make_due()
    polled(store, "hub", hub="https://new.test/")
    polled(store, "topic", topic="https://self.test/")
    polled(store, "none", hub=None)
    store.sync_sources(
        [*sources("hub", "topic", "none", "base", "right"), *sources("paused", paused=True)]
    )
    changed = replace(ones["base"], base="https://old.test/websub/")
    assert store.amend(ones["base"], changed)
    strays = store.strays(BASE, 10)
    assert {each.source_id for each in strays} == {
        one.source_id for name, one in ones.items() if name != "right"
    }
    for each in strays:
        assert store.amend(each, replace(each, state=Standing.ENDING))
    assert store.strays(BASE, 10) == []


def test_a_lease_that_ends(store: Store, clock: Clock) -> None:
    """The source is found, once, its subscription lapsed; it is polled sooner, never later."""
    [before] = begun(store, "a")
    after = verified(store, before, timedelta(minutes=10))
    assert store.push_over(10) == []
    clock.forward(minutes=10)
    [over] = store.push_over(10)
    assert over.url == url_of("a")
    found = store.subscription(before.token)
    assert found == replace(after, state=Standing.LAPSED)
    store.end_push(over.id, clock() + MINUTE)
    source = state_of(store, "a")
    assert (source.push_until, source.next_due) == (None, clock() + MINUTE)
    assert store.push_over(10) == []
    assert store.claim_due(1, TTL) == []
    clock.forward(minutes=1)
    assert len(store.claim_due(1, TTL)) == 1


def test_due_before_the_safety_net(store: Store, clock: Clock) -> None:
    """Pushed sources that were planned without their push; not those that are claimed, forced,
    failing, paused, or due at the end of their lease; and each is moved once, only later."""
    ones = begun(store, "a", "claimed", "forced", "failing", "paused", "short")
    for each in ones:
        verified(store, each, 48 * HOUR if each is not ones[-1] else HOUR)
    clock.forward(minutes=1)
    store.make_due([url_of("claimed")])
    claimed(store, "claimed")
    store.make_due([url_of("failing")])
    store.record([failed(claimed(store, "failing"))])
    store.make_due([url_of("forced")])
    names = ("a", "claimed", "forced", "failing", "short")
    store.sync_sources([*sources(*names), *sources("paused", paused=True)])
    [early] = store.push_early(10, 24 * HOUR)
    assert early.url == url_of("a")
    assert store.push_early(10, HOUR) == []
    net = Schedule(due=clock() + 24 * HOUR, reason="pushed")
    store.plan_push(early, net)
    store.plan_push(early, Schedule(due=clock() + 2 * HOUR, reason="sooner"))
    for name in ("claimed", "forced", "failing", "paused"):
        before = state_of(store, name) if name != "paused" else None
        if before is not None:
            store.plan_push(before, net)
            assert state_of(store, name) == before
    assert (state_of(store, "a").next_due, state_of(store, "a").reason) == (net.due, "pushed")
    assert store.push_early(10, 24 * HOUR) == []


def test_a_plan_of_before_another_poll(store: Store, clock: Clock) -> None:
    """What was decided on an older state is not written over a newer one."""
    [one] = begun(store, "a")
    verified(store, one, 48 * HOUR)
    [early] = store.push_early(10, 24 * HOUR)
    clock.forward(hours=1)
    polled(store, "a")
    before = state_of(store, "a")
    store.plan_push(early, Schedule(due=clock() + 24 * HOUR, reason="pushed"))
    assert state_of(store, "a") == before


def test_polled_no_later_for_it(store: Store, clock: Clock) -> None:
    """A due time before the one given stays, and a verification that came between as well."""
    [before] = begun(store, "a")
    after = verified(store, before, MINUTE)
    clock.forward(minutes=1)
    due = state_of(store, "a").next_due
    [over] = store.push_over(10)
    store.end_push(over.id, clock() + 5 * HOUR)
    assert state_of(store, "a").next_due == due
    lapsed = replace(after, state=Standing.LAPSED)
    again = verified(store, lapsed)
    clock.forward(minutes=1)
    store.end_push(over.id, clock())
    assert state_of(store, "a").push_until == again.lease_until


def test_a_paused_source_stays_at_rest(store: Store, clock: Clock) -> None:
    """The end of its push wakes nothing."""
    [before] = begun(store, "a")
    verified(store, before, MINUTE)
    store.sync_sources(sources("a", paused=True))
    clock.forward(minutes=1)
    [over] = store.push_over(10)
    store.end_push(over.id, clock())
    assert store.next_claimable() is None
    assert store.claim_due(1, TTL) == []


def test_deliveries(store: Store) -> None:
    """The oldest of each source first, with what reading needs; gone when done."""
    one, two = begun(store, "a", "b")
    for body in (b"1", b"2"):
        assert store.put_delivery(one, "application/rss+xml", body) == Receipt.KEPT
    assert store.put_delivery(two, None, b"3") == Receipt.KEPT
    first, second = store.deliveries(10)
    assert (first.url, first.topic, first.body) == (url_of("a"), one.topic, b"1")
    assert (first.content_type, first.at) == ("application/rss+xml", store.now())
    assert (second.body, second.content_type) == (b"3", None)
    assert [each.body for each in store.deliveries(10, {one.source_id})] == [b"3"]
    assert store.deliveries(10, {one.source_id, two.source_id}) == []
    store.done(first)
    assert [each.body for each in store.deliveries(10)] == [b"2", b"3"]
    assert len(store.deliveries(1)) == 1


def test_replays(store: Store) -> None:
    """The same bytes again are no delivery, read already or not; of another source they are."""
    one, two = begun(store, "a", "b")
    assert store.put_delivery(one, None, b"body") == Receipt.KEPT
    assert store.put_delivery(one, None, b"body") == Receipt.REPLAYED
    assert store.put_delivery(two, None, b"body") == Receipt.KEPT
    for each in store.deliveries(10):
        store.done(each)
    for number in range(pushing.RECENT - 1):
        assert store.put_delivery(one, None, b"%d" % number) == Receipt.KEPT
        [waiting] = store.deliveries(10)
        store.done(waiting)
    assert store.put_delivery(one, None, b"body") == Receipt.REPLAYED


def test_a_flood(store: Store) -> None:
    """A hub that brings more than is read has to wait; others have not."""
    one, two = begun(store, "a", "b")
    for number in range(pushing.WAITING):
        assert store.put_delivery(one, None, b"%d" % number) == Receipt.KEPT
    assert store.put_delivery(one, None, b"more") == Receipt.FULL
    assert store.put_delivery(two, None, b"more") == Receipt.KEPT
    store.done(store.deliveries(1)[0])
    assert store.put_delivery(one, None, b"more") == Receipt.KEPT


def test_nothing_without_a_subscription(store: Store) -> None:
    """One that ended while its delivery was judged."""
    [one] = begun(store, "a")
    assert store.amend(one, None)
    assert store.put_delivery(one, None, b"late") == Receipt.REPLAYED
    assert store.deliveries(10) == []


def test_forget(store: Store, clock: Clock) -> None:
    """Everything, and every push is over now."""
    one, two = begun(store, "a", "b")
    verified(store, one)
    store.put_delivery(two, None, b"body")
    store.forget_subscriptions()
    assert store.deliveries(10) == []
    assert store.subscription(one.token) is None
    assert [each.url for each in store.push_over(10)] == [url_of("a")]
    assert state_of(store, "a").push_until == clock()


def test_a_clock_that_ran_ahead(store: Store, clock: Clock) -> None:
    """Set back by ten days: a lease and its renewal are as far away as the hub meant them."""
    old, new = begun(store, "a", "b")
    verified(store, old)
    clock.forward(days=10)
    store.make_due()
    polled(store, "a", "b")
    verified(store, new, 24 * HOUR)
    clock.forward(days=-10)
    turned = store.turn_back(TTL)
    assert turned is not None
    assert turned.step == timedelta(days=10)
    found = store.subscription(new.token)
    assert found is not None
    assert (found.verified_at, found.next_at) == (clock(), clock() + 12 * HOUR)
    assert state_of(store, "b").push_until == clock() + 24 * HOUR
    assert state_of(store, "a").push_until == clock() + HOUR

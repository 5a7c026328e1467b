"""Subscribing step by step, on a real store: who is asked, when, and what trouble leads to."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from aggregator.callbacks import HubCallbacks
from aggregator.fetch.post import Posted
from aggregator.schedule import DEFERRED, Policy
from aggregator.subscriber import Subscriber, resumed, unguessable
from feeds.errors import ConnectionRefused, FetchError, HostBusy
from feeds.models import (
    FeedFacts,
    Hints,
    Receipt,
    Schedule,
    Source,
    SourceState,
    Standing,
    Subscription,
)
from feeds.store import Store, open_store
from tests.aggregator.making import NOW, state
from tests.databases import Clock
from tests.store.material import HOUR, TTL, claimed, poll, sources, url_of

BASE = "https://me.test/websub/"
DAY = timedelta(days=1)


@dataclass
class Canned:
    """A Post with one answer to all; it remembers what it was sent."""

    answer: Posted | FetchError
    sent: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def __call__(self, url: str, form: Mapping[str, str]) -> Posted:
        self.sent.append((url, form))
        if isinstance(self.answer, FetchError):
            raise self.answer
        return self.answer


def posted(status: int, **headers: str) -> Posted:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Posted(status=status, headers=given)


class House:
    """A store with sources that name hubs, and what works on it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.hub = Canned(posted(202))
        self.declared: dict[str, Source] = {}
        self.callbacks = HubCallbacks(store=store, lease=7200.0, max_body=1000)
        self.subscriber = Subscriber(
            store=store, post=self.hub, sources=self.declared, base=BASE, lease=7200.0
        )

    def configure(self, *names: str, hub: str = "https://hub.test/") -> None:
        self.declared.clear()
        self.declared.update({each.url: each for each in sources(*names)})
        self.store.sync_sources(self.declared.values())
        for each in self.store.sources():
            if each.last_polled_at is None:
                name = each.url.split("//")[1].split(".")[0]
                self.store.record([poll(claimed(self.store, name), facts=FeedFacts(hub=hub))])

    def tick(self) -> None:
        self.subscriber.tick(threading.Event().wait)

    def one(self) -> Subscription:
        """The subscription that the hub was asked for last."""
        found = self.store.subscription(self.hub.sent[-1][1]["hub.callback"].removeprefix(BASE))
        assert found is not None
        return found

    def verify(self, mode: str = "subscribe", **more: str) -> tuple[int, str]:
        form = self.hub.sent[-1][1]
        query = {"hub.mode": mode, "hub.topic": form["hub.topic"], "hub.challenge": "c"}
        token = form["hub.callback"].removeprefix(BASE)
        return self.callbacks.verify(token, query | more)

    def source(self) -> SourceState:
        return self.store.sources()[0]


@pytest.fixture
def house() -> Iterator[House]:
    clock = Clock()
    store = open_store("sqlite:///:memory:", now=clock, host_delay=0.0)
    yield House(store, clock)
    store.close()


def test_a_life(house: House) -> None:
    """Asked once, verified, renewed at half the lease, ended when the source is gone."""
    house.configure("a")
    house.tick()
    house.tick()
    assert len(house.hub.sent) == 1
    assert house.verify() == (200, "c")
    assert house.source().push_until == house.clock() + 2 * HOUR
    house.clock.forward(minutes=59)
    house.tick()
    assert len(house.hub.sent) == 1
    house.clock.forward(minutes=1)
    house.tick()
    assert len(house.hub.sent) == 2
    assert house.hub.sent[1] == house.hub.sent[0]
    assert house.verify(**{"hub.lease_seconds": "600"}) == (200, "c")
    assert house.source().push_until == house.clock() + timedelta(minutes=10)
    token = house.one().token
    house.configure("b")
    house.tick()
    mine = [form for _, form in house.hub.sent if form["hub.callback"].endswith(token)]
    assert mine[-1]["hub.mode"] == "unsubscribe"
    said = {"hub.mode": "unsubscribe", "hub.topic": url_of("a"), "hub.challenge": "x"}
    assert house.callbacks.verify(token, said) == (200, "x")
    assert not house.callbacks.known(token)


def test_e30_what_was_planned_before_the_hub_verified(house: House) -> None:
    """The poll that told of the hub had planned the next one in an hour: once it is verified, that
    is a day later, or the end of the lease; and what a hub renews is moved on again."""
    house.configure("a")
    house.tick()
    house.tick()
    assert house.source().next_due == house.clock() + HOUR
    house.verify(**{"hub.lease_seconds": "7200"})
    house.tick()
    before = house.source()
    assert before.push_until == house.clock() + 2 * HOUR
    assert before.push_until <= (before.next_due or NOW) <= before.push_until + HOUR / 6
    assert before.reason.startswith("WebSub lives until")
    assert house.store.push_early(9, DAY) == []
    house.clock.forward(hours=1)
    house.tick()
    house.verify(**{"hub.lease_seconds": "864000"})
    house.tick()
    polled = house.source().last_polled_at or NOW
    assert polled + DAY <= (house.source().next_due or NOW) <= polled + 1.1 * DAY
    assert house.store.claim_due(9, TTL) == []


def test_e30_a_poll_that_is_still_to_be_made(house: House) -> None:
    """What a busy host put off is not put off for a day by its hub."""
    house.configure("a")
    house.tick()
    house.verify()
    soon = Schedule(due=house.clock() + HOUR / 60, reason=DEFERRED)
    house.store.make_due()
    house.store.record([poll(claimed(house.store, "a"), schedule=soon)])
    house.tick()
    assert house.source().next_due == soon.due


def test_a_lease_that_lapses(house: House) -> None:
    """No renewal is verified: at its end the source is polled as before, and the hub asked on."""
    house.configure("a")
    house.tick()
    house.verify()
    house.hub.answer = ConnectionRefused("refused")
    for _ in range(8):
        house.clock.forward(minutes=15)
        house.tick()
    assert house.source().push_until is None
    assert house.one().state in (Standing.LAPSED, Standing.FAILED, Standing.PENDING)
    asked = len(house.hub.sent)
    assert 2 < asked < 8
    house.hub.answer = posted(202)
    house.clock.forward(days=1)
    house.tick()
    assert house.verify() == (200, "c")
    assert house.source().push_until is not None


def test_an_unsubscription_that_nobody_confirms(house: House) -> None:
    """Three requests within half an hour or so, then it is forgotten."""
    house.configure("a")
    house.tick()
    house.verify()
    house.configure()
    for _ in range(20):
        house.tick()
        house.clock.forward(minutes=10)
    modes = [form["hub.mode"] for _, form in house.hub.sent]
    assert modes == ["subscribe", *["unsubscribe"] * 3]
    assert not house.callbacks.known(house.hub.sent[0][1]["hub.callback"].removeprefix(BASE))


def test_a_hub_in_trouble_is_left_alone(house: House) -> None:
    """Down or overloaded, it is asked for one source in five minutes, however many name it; one
    that refuses a request is fine otherwise."""
    house.configure(*(f"s{number}" for number in range(30)))
    for answer, expected in (
        (ConnectionRefused("refused"), 1),
        (posted(503), 1),
        (posted(429, retry_after="3000"), 1),
        (posted(404), 5),
    ):
        house.hub.answer, before = answer, len(house.hub.sent)
        for _ in range(5):
            house.tick()
        assert len(house.hub.sent) - before == expected
        house.clock.forward(seconds=3000)


def test_no_turn_at_its_host(house: House) -> None:
    """HostBusy is no try: asked again after ten seconds."""
    house.configure("a")
    house.hub.answer = HostBusy("busy")
    house.tick()
    house.tick()
    assert len(house.hub.sent) == 1
    assert house.one().tries == 0
    house.clock.forward(seconds=10)
    house.tick()
    assert len(house.hub.sent) == 2


def test_hubs_side_by_side(house: House) -> None:
    """One request for each hub in a batch, whatever the number of its sources."""
    house.configure("a", "b", "c")
    house.configure("a", "b", "c", "d", hub="https://other.test/")
    house.tick()
    assert sorted(url for url, _ in house.hub.sent) == ["https://hub.test/", "https://other.test/"]


def test_stopping(house: House) -> None:
    """Told to stop, it does not wait for a hub."""
    house.configure("a")
    held, reached = threading.Event(), threading.Event()

    def slow(_hub: str, _form: Mapping[str, str]) -> Posted:
        reached.set()
        held.wait(20)
        return posted(202)

    subscriber = replace(house.subscriber, post=slow)
    stopping = threading.Thread(target=subscriber.tick, args=[lambda _seconds: reached.wait(20)])
    stopping.start()
    stopping.join(20)
    assert not stopping.is_alive()
    assert not held.is_set()
    held.set()


class Behind:
    """A store as the web process may see it: the first look is from before the engine asked."""

    def __init__(self, store: Store, stale: Subscription) -> None:
        self._store, self._stale = store, [stale]

    def now(self) -> datetime:
        return self._store.now()

    def subscription(self, token: str) -> Subscription | None:
        return self._stale.pop() if self._stale else self._store.subscription(token)

    def amend(self, before: Subscription, after: Subscription | None) -> bool:
        return self._store.amend(before, after)

    def put_delivery(
        self, subscription: Subscription, content_type: str | None, body: bytes
    ) -> Receipt:
        return self._store.put_delivery(subscription, content_type, body)


def test_verified_while_the_hub_is_asked(house: House) -> None:
    """What is answered is what is written: judged anew when it was changed meanwhile."""
    house.configure("a")
    house.tick()
    stale = house.one()
    house.store.amend(stale, replace(stale, tries=2))
    house.callbacks = replace(house.callbacks, store=Behind(house.store, stale))
    assert house.verify() == (200, "c")
    assert house.one().state == Standing.VERIFIED


def test_denied_waits_a_day(house: House) -> None:
    """Then the hub is asked once more."""
    house.configure("a")
    house.tick()
    assert house.verify("denied") == (200, "")
    house.clock.forward(hours=23, minutes=59)
    house.tick()
    assert len(house.hub.sent) == 1
    house.clock.forward(minutes=1)
    house.tick()
    assert len(house.hub.sent) == 2


def test_leave(house: House) -> None:
    """Off: no hub is told, no callback known, and all are polled as before."""
    house.configure("a")
    house.tick()
    house.verify()
    token = house.one().token
    house.subscriber.leave()
    assert house.source().push_until is None
    assert not house.callbacks.known(token)
    assert len(house.hub.sent) == 1


def test_unguessable() -> None:
    """256 bits as text; never the same."""
    assert len(unguessable()) == 43
    assert len({unguessable() for _ in range(1000)}) == 1000


POLLED = state(last_polled_at=NOW - HOUR, next_due=NOW + DAY, push_until=NOW)


def test_polled_again_as_before() -> None:
    """E30: within its interval, spread; not while its answer is fresh, nor before Retry-After, nor
    before its hints; backoff stands."""
    policy = Policy(interval=3600.0)
    old = replace(POLLED, last_polled_at=NOW - DAY)
    for was in (POLLED, old):
        due = {resumed(replace(was, id=each), policy, None, NOW) for each in range(50)}
        assert len(due) == 50
        assert NOW <= min(due) < max(due) - HOUR / 2 <= NOW + HOUR / 2
    fresh = replace(POLLED, fresh_until=NOW + 5 * HOUR)
    assert resumed(fresh, policy, None, NOW) >= NOW + 5 * HOUR
    told = replace(POLLED, not_before=NOW + 6 * HOUR)
    assert resumed(told, policy, None, NOW) == NOW + 6 * HOUR
    hinted = replace(POLLED, hints=Hints(ttl=4 * 3600.0))
    assert resumed(hinted, policy, None, NOW) >= NOW + 3 * HOUR
    assert resumed(replace(POLLED, error_kind="dns"), policy, None, NOW) == NOW + DAY
    often = resumed(POLLED, policy, 60.0, NOW)
    assert often <= NOW + timedelta(minutes=1)

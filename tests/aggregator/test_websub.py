"""What is asked of hubs and believed of them (WebSub §5, §7): pure judgement."""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aggregator.websub import (
    HubAnswer,
    answered,
    asked,
    authentic,
    ending,
    form,
    fresh,
    hears,
    postponed,
    verdict,
)
from feeds.models import SourceState, Standing, Subscription
from tests.aggregator.making import NOW, state

BASE, TOPIC, HUB = "https://me.test/websub/", "https://a.org/self", "https://hub.test/"
HOUR = timedelta(hours=1)
OK = HubAnswer(status=202)


def begun(of: SourceState | None = None, **more: Any) -> Subscription:
    source = of or state(hub=HUB, self_link=TOPIC)
    values: dict[str, Any] = {"public": True, "base": BASE, "token": "t", "secret": "s"} | more
    return fresh(source, now=NOW, **values)


PENDING = replace(asked(begun(), NOW), error=None)
assert answered(PENDING, OK, NOW) == PENDING


def asking(mode: str = "subscribe", **more: str) -> dict[str, str]:
    return {
        "hub.mode": mode,
        "hub.topic": TOPIC,
        "hub.challenge": "c",
        "hub.lease_seconds": "7200",
    } | {f"hub.{name}": value for name, value in more.items()}


def verified(lease: str = "7200") -> Subscription:
    found = verdict(PENDING, asking(lease_seconds=lease), 60.0, NOW).after
    assert found is not None
    return found


def test_fresh() -> None:
    """Due at once, under the self URL; without one, under the URL fetched."""
    one = begun()
    assert (one.topic, one.hub, one.callback) == (TOPIC, HUB, f"{BASE}t")
    assert (one.state, one.next_at, one.asked_at) == (Standing.PENDING, NOW, None)
    assert begun(state(hub=HUB, fetch_url="https://b.org/f")).topic == "https://b.org/f"


@pytest.mark.parametrize("hub", ["mailto:x@a.org", "https://", "http://[x/", "javascript:x"])
def test_a_hub_that_cant_be_asked(hub: str) -> None:
    """Kept as failed, with nothing to be done: nobody looks at it again."""
    one = begun(state(hub=hub))
    assert (one.state, one.next_at) == (Standing.FAILED, None)


@pytest.mark.parametrize(
    ("url", "topic", "hub", "asks"),
    [
        ("https://a.org/f?key=1", None, "https://hub.test/", False),
        ("https://a.org/f?key=1", "https://a.org/f", "https://hub.test/", True),
        ("https://a.org/f?key=1", "http://b.org/x?y&key=1", "https://hub.test/", False),
        ("https://a.org/secret/f", "http://a.org/secret/f", "https://hub.test/", False),
        ("https://u:p@a.org/f", None, "https://hub.test/", False),
        ("https://a.org/f?key=1", None, "https://a.org/hub", True),
    ],
)
def test_e32_a_secret_topic(url: str, topic: str | None, hub: str, asks: bool) -> None:
    """What is secret in a source's address is told to no hub of another host."""
    one = begun(state(url=url, hub=hub, self_link=topic), public=False)
    assert (one.next_at is not None) is asks
    assert begun(state(url=url, hub=hub, self_link=topic)).next_at == NOW


def test_form() -> None:
    """§5.1, and without secret and lease when it is to end."""
    assert form(begun(), 604_800.0) == {
        "hub.mode": "subscribe",
        "hub.topic": TOPIC,
        "hub.callback": f"{BASE}t",
        "hub.lease_seconds": "604800",
        "hub.secret": "s",
    }
    gone = ending(verified(), BASE, NOW)
    assert gone is not None
    assert form(gone, 1.0) == {
        "hub.mode": "unsubscribe",
        "hub.topic": TOPIC,
        "hub.callback": f"{BASE}t",
    }


def test_backoff() -> None:
    """5 min, doubling, daily at most; the same after an acceptance that no verification follows."""
    one, waits = begun(), []
    for number in range(12):
        asking_now = asked(one, NOW)
        answer = OK if number % 2 else HubAnswer(status=None, error="no answer")
        after = answered(asking_now, answer, NOW)
        assert after is not None
        assert after.next_at is not None
        waits.append((after.next_at - NOW).total_seconds())
        one = after
    assert waits[:4] == [300, 600, 1200, 2400]
    assert max(waits) == waits[-1] == 86_400


def test_retry_after() -> None:
    """A hub that says when is asked no sooner, and after a week at the latest."""
    for hours, expected in ((5, 5 * HOUR), (24 * 30, timedelta(days=7))):
        limited = HubAnswer(status=429, error="429", retry_at=NOW + hours * HOUR)
        after = answered(asked(begun(), NOW), limited, NOW)
        assert after is not None
        assert (after.state, after.next_at) == (Standing.FAILED, NOW + expected)


@pytest.mark.parametrize(("status", "waits"), [(404, False), (None, True), (503, True)])
def test_what_may_still_be_verified(status: int | None, waits: bool) -> None:
    """After a refusal nothing is; after silence or trouble the hub may have heard us."""
    after = answered(asked(begun(), NOW), HubAnswer(status=status, error="x"), NOW)
    assert after is not None
    assert (verdict(after, asking(), 60.0, NOW).status == 200) is waits


def test_no_turn() -> None:
    """Nothing was sent: as before, and soon again; a verification is still waited for."""
    after = postponed(PENDING, NOW)
    assert after.tries == PENDING.tries
    assert after.next_at == NOW + timedelta(seconds=10)
    assert verdict(after, asking(), 60.0, NOW).status == 200


def test_verified() -> None:
    """§5.3: the challenge comes back, the lease is the hub's, renewal is at its half."""
    said = verdict(PENDING, asking(), 60.0, NOW)
    assert (said.status, said.body) == (200, "c")
    assert said.after is not None
    assert said.after.state == Standing.VERIFIED
    assert said.after.lease_until == NOW + 2 * HOUR
    assert said.after.next_at == NOW + HOUR
    assert (said.after.tries, said.after.asked_at) == (0, None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 60), ("0", 60), ("-5", 60), ("1e9", 60), ("nonsense", 60), ("٣", 60), ("9" * 30, 60),
        ("7", 7), ("999999999999", 365 * 86_400),
    ],
)  # fmt: skip
def test_leases(text: str, seconds: float) -> None:
    """One that is missing or nonsense is what we asked for; none is longer than a year."""
    assert verified(text).lease_until == NOW + timedelta(seconds=seconds)


def test_a_lease_of_a_moment() -> None:
    """Renewed no sooner than after five seconds."""
    assert verified("1").next_at == NOW + timedelta(seconds=5)


@pytest.mark.parametrize(
    "query",
    [
        asking(topic="https://evil.test/"),
        asking(topic=""),
        asking("unsubscribe"),
        asking("publish"),
        asking(challenge=""),
        {},
    ],
)
def test_p35_not_what_we_asked(query: dict[str, str]) -> None:
    """404, without an echo, and nothing changes."""
    assert verdict(PENDING, query, 60.0, NOW) == (404, "", PENDING)


def test_p35_nothing_was_asked() -> None:
    """Before a request, after a verification, and after a denial there is nothing to confirm."""
    denied = verdict(verified(), asking("denied"), 60.0, NOW).after
    assert denied is not None
    for one in (begun(), verified(), denied):
        assert verdict(one, asking(), 60.0, NOW) == (404, "", one)


def test_renewal() -> None:
    """It stays verified, and heard, while it is renewed; a renewal that fails changes nothing."""
    asked_again = asked(verified(), NOW + HOUR)
    assert asked_again.state == Standing.VERIFIED
    assert verdict(asked_again, asking(), 60.0, NOW + HOUR).after == replace(
        verified(),
        verified_at=NOW + HOUR,
        lease_until=NOW + 3 * HOUR,
        next_at=NOW + 2 * HOUR,
    )
    failed = answered(asked_again, HubAnswer(status=500, error="500"), NOW + HOUR)
    assert failed is not None
    assert (failed.state, failed.lease_until) == (Standing.VERIFIED, NOW + 2 * HOUR)


def test_denied() -> None:
    """§5.2: at any time; asked again after a day, no sooner."""
    for one in (PENDING, verified()):
        said = verdict(one, asking("denied", reason="r" * 1000), 60.0, NOW)
        assert (said.status, said.body) == (200, "")
        assert said.after is not None
        assert (said.after.state, said.after.lease_until) == (Standing.DENIED, None)
        assert said.after.next_at == NOW + timedelta(days=1)
        assert said.after.error == "r" * 200
        assert asked(said.after, NOW).state == Standing.PENDING


def test_ending() -> None:
    """The hub is told up to three times; its verification, or denial, is the end."""
    gone = ending(verified(), BASE, NOW)
    assert gone is not None
    told = asked(gone, NOW)
    assert (told.state, told.lease_until) == (Standing.ENDING, None)
    assert verdict(told, asking(), 60.0, NOW).status == 404
    assert verdict(told, asking("unsubscribe"), 60.0, NOW) == (200, "c", None)
    assert verdict(told, asking("denied"), 60.0, NOW) == (200, "", None)
    for _ in range(2):
        after = answered(told, HubAnswer(status=None, error="x"), NOW)
        assert after is not None
        told = asked(after, NOW)
    assert answered(told, OK, NOW) is None


def test_ending_without_words() -> None:
    """A hub that was never asked, that denied us, or that knows us by another address is not
    told."""
    denied = verdict(PENDING, asking("denied"), 60.0, NOW).after
    assert denied is not None
    assert ending(begun(), BASE, NOW) is None
    assert ending(denied, BASE, NOW) is None
    assert ending(verified(), "https://moved.test/websub/", NOW) is None


def test_hears() -> None:
    """Only a hub that was verified, while we have not left it; also after a lapse, when it is
    late."""
    lapsed = replace(verified(), state=Standing.LAPSED)
    assert hears(verified())
    assert hears(asked(verified(), NOW))
    assert hears(lapsed)
    denied = verdict(verified(), asking("denied"), 60.0, NOW).after
    for one in (begun(), PENDING, denied, ending(verified(), BASE, NOW)):
        assert one is not None
        assert not hears(one)


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_authentic(method: str) -> None:
    """§7.1: each method, its name and digits in any case; another body or secret does not fit."""
    right = hmac.new(b"secret", b"body", method).hexdigest()
    assert authentic("secret", b"body", f"{method}={right}")
    assert authentic("secret", b"body", f" {method.upper()}={right.upper()} ")
    assert not authentic("secret", b"body.", f"{method}={right}")
    assert not authentic("other", b"body", f"{method}={right}")
    assert not authentic("secret", b"body", f"{method}={right[:-2]}")
    assert not authentic("secret", b"body", f"sha1={right}") or method == "sha1"


@pytest.mark.parametrize("header", ["", "sha256", "sha256=", "sha256=zz", "md5=00", "=00", "é=é"])
def test_no_signature(header: str) -> None:
    """Whatever it is, it is wrong, without an error."""
    assert not authentic("secret", b"body", header)

"""What to ask of hubs, and what to believe of them (WebSub, W3C Recommendation). Pure.

    fresh ─ asked ─▶ POST ─ answered          a subscription on its way through the engine
    verdict                                    a hub's GET at our callback
    authentic, hears                           a hub's POST at our callback

Each takes a subscription as it stands and gives it as it is to stand; the store writes that only
over what was judged.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from aggregator.identity.urls import is_web
from feeds.models import SourceState, Standing, Subscription

FIRST_RETRY = 300.0
"""Seconds; doubles with each try, up to a day."""
DAY = 86_400.0
LONGEST = 365 * DAY
"""What a hub may lease for as far as we are concerned (P34: leases are finite)."""
SOONEST_RENEWAL = 5.0
"""Seconds. A hub that leases for a moment does not get a stream of requests in return."""
SOON = 10.0
"""Seconds until a hub is asked whose host had no turn for us."""
LAST_WORDS = 3
"""Times that a hub is told that we go; then it will notice by itself."""
METHODS = ("sha1", "sha256", "sha384", "sha512")
"""Of X-Hub-Signature (§7.1)."""
REFUSED = (400, 401, 403, 404, 405, 410, 422, 501)
"""A hub's answers that will not be followed by a verification."""


class Verdict(NamedTuple):
    """The answer to a hub's GET, and how the subscription stands then (None: it is no more)."""

    status: int
    body: str
    after: Subscription | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HubAnswer:
    """How a hub answered a request of ours. `status` None: not at all."""

    status: int | None
    error: str = ""
    retry_at: datetime | None = None


# --- asking (§5.1)


def fresh(
    state: SourceState, *, public: bool, base: str, token: str, secret: str, now: datetime
) -> Subscription:
    """The subscription that a source with a hub begins with. One that can't be asked for is kept
    all the same, so that nobody considers it again and again."""
    hub, topic = state.hub or "", state.self_link or state.fetch_url
    begun = Subscription(
        source_id=state.id,
        base=base,
        token=token,
        secret=secret,
        hub=hub,
        topic=topic,
        next_at=now,
    )
    if not is_web(hub) or not is_web(topic):
        why = "no usable hub or topic"
    elif not public and _tells(state, topic) and _host(hub) != _host(state.fetch_url):
        why = "its topic is a secret, and its hub another host"
    else:
        return begun
    return replace(begun, state=Standing.FAILED, next_at=None, error=why)


def _tells(state: SourceState, topic: str) -> bool:
    """Whether a topic gives away what is secret in the source's address: path or query (E32)."""
    there = urlsplit(topic)
    for url in (state.url, state.fetch_url):
        parts = urlsplit(url)
        if (parts.path, parts.query) == (there.path, there.query):
            return True
        if parts.query and parts.query in topic:
            return True
    return "@" in there.netloc


def _host(url: str) -> str | None:
    return urlsplit(url).hostname


def form(subscription: Subscription, lease: float) -> dict[str, str]:
    """The request's parameters (§5.1)."""
    ending = subscription.state == Standing.ENDING
    told = {
        "hub.mode": "unsubscribe" if ending else "subscribe",
        "hub.topic": subscription.topic,
        "hub.callback": subscription.callback,
    }
    if ending:
        return told
    return told | {"hub.lease_seconds": str(int(lease)), "hub.secret": subscription.secret}


def asked(subscription: Subscription, now: datetime) -> Subscription:
    """As it stands while the hub is asked, written before the request goes out: a hub may verify
    before it answers, and should we be killed, the next request waits like after a failure."""
    kept = (Standing.VERIFIED, Standing.ENDING)
    state = subscription.state if subscription.state in kept else Standing.PENDING
    wait = min(FIRST_RETRY * 2.0 ** min(subscription.tries, 20), DAY)
    return replace(
        subscription,
        state=state,
        asked_at=now,
        tries=subscription.tries + 1,
        next_at=now + timedelta(seconds=wait),
    )


def answered(asking: Subscription, answer: HubAnswer, now: datetime) -> Subscription | None:
    """After the hub's answer. None: it is given up (only when it was to end anyway)."""
    if asking.state == Standing.ENDING and asking.tries >= LAST_WORDS:
        return None
    if answer.status is not None and 200 <= answer.status < 300:
        return replace(asking, error=None)
    later = asking.next_at
    if later is not None and answer.retry_at is not None:
        later = max(later, min(answer.retry_at, now + timedelta(days=7)))
    refused = answer.status in REFUSED
    return replace(
        asking,
        state=Standing.FAILED if asking.state == Standing.PENDING else asking.state,
        # Without an answer it may have heard us, and verify.
        asked_at=None if refused else asking.asked_at,
        next_at=later,
        error=answer.error,
    )


def postponed(subscription: Subscription, now: datetime) -> Subscription:
    """Nothing could be sent: as it stood before, and soon again."""
    return replace(subscription, next_at=now + timedelta(seconds=SOON))


def ending(subscription: Subscription, base: str, now: datetime) -> Subscription | None:
    """No longer wanted. None: the hub knows nothing of it, or could not reach us any more."""
    known = subscription.verified_at or subscription.asked_at
    if subscription.base != base or known is None or subscription.state == Standing.DENIED:
        return None
    return replace(
        subscription, state=Standing.ENDING, tries=0, next_at=now, asked_at=None, lease_until=None
    )


# --- answering (§5.2, §5.3)


def verdict(
    subscription: Subscription, query: Mapping[str, str], lease: float, now: datetime
) -> Verdict:
    """The challenge is echoed only for what we have asked and not heard of yet (P35); everything
    else is 404, which tells the hub that we do not agree. `lease`: what we asked for, seconds,
    should the hub not name its own."""
    mode, challenge = query.get("hub.mode", ""), query.get("hub.challenge", "")
    no = Verdict(404, "", subscription)
    if query.get("hub.topic") != subscription.topic:
        return no
    if mode == "denied":
        return Verdict(200, "", _denied(subscription, query.get("hub.reason", ""), now))
    wanted = "unsubscribe" if subscription.state == Standing.ENDING else "subscribe"
    if mode != wanted or not challenge or subscription.asked_at is None:
        return no
    if mode == "unsubscribe":
        return Verdict(200, challenge, None)
    return Verdict(200, challenge, _verified(subscription, query, lease, now))


def _verified(
    subscription: Subscription, query: Mapping[str, str], lease: float, now: datetime
) -> Subscription:
    seconds = _seconds(query.get("hub.lease_seconds", "")) or lease
    seconds = min(seconds, LONGEST)
    return replace(
        subscription,
        state=Standing.VERIFIED,
        asked_at=None,
        verified_at=now,
        lease_until=now + timedelta(seconds=seconds),
        next_at=now + timedelta(seconds=max(seconds / 2, SOONEST_RENEWAL)),
        tries=0,
        error=None,
    )


def _seconds(text: str) -> float | None:
    """None for what is no whole number above zero."""
    text = text.strip()
    usable = text.isascii() and text.isdigit() and len(text) <= 12
    return (float(text) or None) if usable else None


def _denied(subscription: Subscription, reason: str, now: datetime) -> Subscription | None:
    """§5.2: from a hub at any time. An unsubscription that is denied is over all the same."""
    if subscription.state == Standing.ENDING:
        return None
    return replace(
        subscription,
        state=Standing.DENIED,
        asked_at=None,
        lease_until=None,
        next_at=now + timedelta(seconds=DAY),
        error=reason[:200] or None,
    )


# --- hearing (§7)


def hears(subscription: Subscription) -> bool:
    """Whether what comes at its callback is read: a hub that was never verified, or that we have
    left, is not heard."""
    gone = (Standing.ENDING, Standing.DENIED)
    return subscription.verified_at is not None and subscription.state not in gone


def authentic(secret: str, body: bytes, header: str) -> bool:
    """§7.1: X-Hub-Signature is "method=hex" of an HMAC over the body. Compared as bytes, in
    constant time."""
    method, _, signature = header.strip().partition("=")
    if method.lower() not in METHODS:
        return False
    try:
        given = bytes.fromhex(signature.strip())
    except ValueError:
        return False
    return hmac.compare_digest(hmac.digest(secret.encode(), body, method.lower()), given)

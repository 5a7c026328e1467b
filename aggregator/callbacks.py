"""The subscriber's end that hubs talk to (WebSub §5.3, §7): judged in aggregator.websub.

It runs in the web server's process and writes little: how a subscription stands, and what a hub
brought. The engine reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog

from aggregator.websub import authentic, hears, verdict
from feeds.models import Receipt, Standing, Subscription
from feeds.protocols import CallbackStore

log = structlog.get_logger("feedmill.websub")

_STATUS = {Receipt.KEPT: 202, Receipt.REPLAYED: 202, Receipt.FULL: 503}
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class HubCallbacks:
    """The role Callbacks of feeds.protocols. Topics are never logged: one may be a secret."""

    store: CallbackStore
    lease: float
    """Seconds that we ask hubs for."""
    max_body: int

    def known(self, token: str) -> bool:
        return self.store.subscription(token) is not None

    def verify(self, token: str, query: Mapping[str, str]) -> tuple[int, str]:
        for _ in range(_TRIES):
            before = self.store.subscription(token)
            if before is None:
                break
            said = verdict(before, query, self.lease, self.store.now())
            if said.after is before:
                log.warning("a hub's question refused", **_named(before))
                return said.status, said.body
            # The engine may be asking that hub at this moment: judged anew then.
            if self.store.amend(before, said.after):
                _tell(before, said.after)
                return said.status, said.body
        return 404, ""

    def deliver(self, token: str, headers: Mapping[str, str], body: bytes) -> int:
        """§8: what is not signed by our secret is answered like all else, and dropped."""
        subscription = self.store.subscription(token)
        if subscription is None:
            return 404
        if not hears(subscription):
            log.warning("delivery dropped", reason="not subscribed", **_named(subscription))
            return 202 if subscription.state == Standing.ENDING else 410
        signature = headers.get("x-hub-signature", "")
        if not authentic(subscription.secret, body, signature):
            reason = "wrong signature" if signature else "no signature"
            log.warning("delivery dropped", reason=reason, **_named(subscription))
            return 202
        receipt = self.store.put_delivery(subscription, headers.get("content-type"), body)
        if receipt != Receipt.KEPT:
            log.info("delivery dropped", reason=str(receipt), **_named(subscription))
        return _STATUS[receipt]


def _named(subscription: Subscription) -> dict[str, object]:
    return {"source": subscription.source_id, "hub": urlsplit(subscription.hub).hostname}


def _tell(before: Subscription, after: Subscription | None) -> None:
    if after is None:
        log.info("unsubscribed", **_named(before))
    elif after.state == Standing.DENIED:
        log.warning("subscription denied", reason=after.error or "", **_named(before))
    else:
        until = after.lease_until.isoformat(timespec="seconds") if after.lease_until else ""
        event = "renewed" if before.state == Standing.VERIFIED else "subscribed"
        log.info(event, until=until, **_named(before))

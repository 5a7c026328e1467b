"""Deliveries: what hubs brought, read on the same path as a poll (WebSub §7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

import structlog

from aggregator.poll import seen_after_part
from feeds.models import Claim, Delivery, Poll, Recorded, Source, Validators
from feeds.protocols import HubStore, PollStore, Response

log = structlog.get_logger("feedmill.websub")

WHY = "WebSub"
BATCH = 4
"""Deliveries in memory at a time: each may be as long as `max_body`."""
PATIENCE = timedelta(hours=1)
"""For a source that is always being polled when we come, or that is retired."""


class DeliveryStore(HubStore, PollStore, Protocol):
    """Both roles, of one store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """`given`: Poller.given; `ttl`: of claims; `on_recorded`: as a dispatcher's."""

    store: DeliveryStore
    given: Callable[[Claim, Response, str], Poll]
    sources: Mapping[str, Source]
    ttl: timedelta
    on_recorded: Callable[[Sequence[Poll], Sequence[Recorded]], None]

    def take(self, stopping: Callable[[], bool]) -> None:
        """Read all that wait, of each source in the order in which they came. Raises StoreError."""
        skip: set[int] = set()
        while not stopping() and (batch := self.store.deliveries(BATCH, skip)):
            for delivery in batch:
                if self._read(delivery):
                    self.store.done(delivery)
                else:
                    skip.add(delivery.source_id)

    def _read(self, delivery: Delivery) -> bool:
        """False: not now."""
        source = self.sources.get(delivery.url)
        if source is None or source.paused:
            return True
        claim = self.store.claim_one(delivery.url, self.ttl)
        if claim is None:
            return self.store.now() - delivery.at > PATIENCE
        poll = pushed(self.given(claim, response(delivery), WHY))
        if poll.failure is not None:
            # The hub's fault, or a wrong document: the source is not failing, its polls go on.
            self.store.release([claim])
            kind, error = poll.failure.kind, poll.failure.text
            log.warning("delivery unreadable", source=claim.source_id, kind=kind, error=error)
            return True
        recorded = self.store.record([poll])
        self.on_recorded([poll], recorded)
        return not recorded[0].fenced


def response(delivery: Delivery) -> Response:
    """As if its topic had answered so."""
    told = delivery.content_type
    return Response(
        status=200,
        url=delivery.topic,
        hops=(),
        headers={"content-type": told} if told else {},
        body=delivery.body,
        validators=Validators(url=delivery.topic),
        bytes_received=len(delivery.body),
    )


def pushed(poll: Poll) -> Poll:
    """What a delivery may say: articles, and nothing else. It may hold only what is new (as a 226
    does), and it is no answer of the source's: neither what it says of the feed nor whether the
    source answers at all is known by it. Pure."""
    state = poll.claim.state
    return replace(
        poll,
        pushed=True,
        status=None,
        validators=None,
        schedule=replace(poll.schedule, due=state.next_due or poll.started_at, reason=state.reason),
        seen=seen_after_part(poll),
    )

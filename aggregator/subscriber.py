"""Subscribing: what the engine asks of hubs, every few seconds, in small batches.

    begin ─ part ─ relax ─ resume ─ ask
    new sources · strays · leases that have begun · those that ended · hubs that are due

What is judged is in aggregator.websub. A hub gets one request a batch, and its host's turn
(E29); one that is in trouble is left alone for all its subscriptions.
"""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from urllib.parse import urlsplit

import structlog

from aggregator.fetch.freshness import freshness
from aggregator.fetch.post import Posted
from aggregator.round import Pause
from aggregator.schedule import DAY, DEFERRED, Policy, again
from aggregator.websub import (
    FIRST_RETRY,
    HubAnswer,
    answered,
    asked,
    ending,
    form,
    fresh,
    postponed,
)
from feeds.errors import FeedmillError, FetchError, HostBusy
from feeds.models import Source, SourceState, Standing, Subscription
from feeds.protocols import HubStore

log = structlog.get_logger("feedmill.websub")

BATCH = 200
"""Rows considered at a time; what is left comes with the next beat."""
HUBS = 20
"""Hubs asked at a time …"""
THREADS = 4
"""… so many at once."""
MARKED = 32
"""Random bytes of a token and of a secret (under 200 bytes as text, §5.1)."""


Post = Callable[[str, Mapping[str, str]], Posted]
"""(hub, form) → its answer. Raises FetchError (HostBusy: nothing was sent), StoreError. From
any thread."""


def unguessable() -> str:
    return secrets.token_urlsafe(MARKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """`base`: what callbacks begin with; `lease`: seconds to ask for; `sources` by URL."""

    store: HubStore
    post: Post
    sources: Mapping[str, Source]
    base: str
    lease: float
    policy: Policy = field(default_factory=Policy)
    mint: Callable[[], str] = unguessable

    def tick(self, wait: Pause) -> None:
        """One round; `wait` cuts it short. Raises StoreError."""
        self._begin()
        self._part()
        self._relax()
        self._resume()
        self._ask_all(self.store.due_subscriptions(HUBS), wait)

    def _begin(self) -> None:
        now = self.store.now()
        for state in self.store.unsubscribed(BATCH):
            begun = fresh(
                state,
                public=self._public(state),
                base=self.base,
                token=self.mint(),
                secret=self.mint(),
                now=now,
            )
            self.store.subscribe(begun)
            if begun.state == Standing.FAILED:
                log.info("not subscribed", reason=begun.error, source=state.id)

    def _public(self, state: SourceState) -> bool:
        source = self.sources.get(state.url)
        secret = source is not None and source.secret_url
        return not secret and "@" not in urlsplit(state.url).netloc

    def _part(self) -> None:
        now = self.store.now()
        for stray in self.store.strays(self.base, BATCH):
            self.store.amend(stray, ending(stray, self.base, now))

    def leave(self) -> None:
        """WebSub is off: nothing is told to hubs, which could not verify it; all sources are polled
        as before."""
        self.store.forget_subscriptions()
        while self._resume():
            pass

    def _relax(self) -> None:
        """E30: the poll that told of the hub had planned the next one as if there were none."""
        for state in self.store.push_early(BATCH, timedelta(seconds=DAY)):
            if state.reason != DEFERRED:  # That poll is still to be made.
                self.store.plan_push(state, again(self.policy, state, self._every(state)))

    def _resume(self) -> int:
        now, over = self.store.now(), self.store.push_over(BATCH)
        for state in over:
            due = resumed(state, self.policy, self._every(state), now)
            self.store.end_push(state.id, due)
            log.info("polled again as without a hub", source=state.id)
        return len(over)

    def _every(self, state: SourceState) -> float | None:
        source = self.sources.get(state.url)
        return source.every if source else None

    # --- asking

    def _ask_all(self, due: Collection[Subscription], wait: Pause) -> None:
        """Daemon threads: when we are to stop, a hub that is slow to answer is left; what was asked
        of it is written down already."""
        todo, faults = deque(due), deque[FeedmillError]()

        def work() -> None:
            while todo:
                try:
                    self._ask(todo.popleft())
                except IndexError:
                    return
                except FeedmillError as error:
                    faults.append(error)

        threads = [
            threading.Thread(target=work, name=f"hub-{number}", daemon=True)
            for number in range(min(THREADS, len(due)))
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            if wait(0.05):
                todo.clear()
                return
        if faults:
            raise faults[0]

    def _ask(self, subscription: Subscription) -> None:
        asking = asked(subscription, self.store.now())
        if not self.store.amend(subscription, asking):
            return
        try:
            answer = self._post(asking)
        except HostBusy:
            self.store.amend(asking, postponed(subscription, self.store.now()))
            return
        now = self.store.now()
        # When the hub has verified before it answered, that stands.
        self.store.amend(asking, answered(asking, answer, now))
        if not answer.error:
            return
        hub = urlsplit(asking.hub).hostname
        log.warning("hub failed", source=asking.source_id, hub=hub, error=answer.error)
        if answer.status is None or answer.status >= 429:
            rest = now + timedelta(seconds=FIRST_RETRY)
            self.store.rest_hub(asking.hub, max(rest, answer.retry_at or rest))

    def _post(self, asking: Subscription) -> HubAnswer:
        """Raises HostBusy."""
        try:
            posted = self.post(asking.hub, form(asking, self.lease))
        except HostBusy:
            raise
        except FetchError as error:
            return HubAnswer(status=None, error=str(error))
        told = freshness(posted.headers, self.store.now()).retry_after
        said = "" if 200 <= posted.status < 300 else f"it answered {posted.status}"
        return HubAnswer(status=posted.status, error=said, retry_at=told)


def resumed(state: SourceState, policy: Policy, every: float | None, now: datetime) -> datetime:
    """When a source whose push is over is polled next: when it would have been had there been no
    push, and with thousands that a hub has left not all at once. Backoff stands. Pure."""
    if state.next_due is None or state.last_polled_at is None or state.error_kind is not None:
        return state.next_due or now
    plain = again(policy, replace(state, push_until=None), every)
    number = int.from_bytes(blake2b(str(state.id).encode(), digest_size=4).digest())
    spread = now + timedelta(seconds=(every or policy.interval) * number / 2**32)
    return max(plain.due, spread, state.not_before or spread)

"""The hub of our own feeds (WebSub §5–§8), and what hubs elsewhere are told.

No queue: a subscription says which version it has, and is given the newest (P34). A callback that
is slow, or away, costs its own turn only; it is tried again, ever less often, until its lease ends.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlencode, urlsplit, urlunsplit

import structlog

from feeds.errors import FetchError, StoreError
from feeds.models import Subscriber
from feeds.protocols import Send, SubscriberStore
from publisher.notes import tag
from publisher.web.files import media_type

log = structlog.get_logger("feedmill.hub")

AT_ONCE = 8
"""Callbacks that are asked or told at one time."""
BACKOFF = (60.0, 300.0, 900.0, 3600.0, 3 * 3600.0)
"""Seconds until what failed is tried again; the last one for good."""
VERIFICATIONS = 3
"""After so many that failed a subscription that was never confirmed is forgotten."""


@dataclass(kw_only=True)
class Hub:
    """`read` gives the bytes of a document by its path; `site_url` without a slash at its end."""

    store: SubscriberStore
    send: Send
    read: Callable[[str], bytes | None]
    site_url: str
    deliveries: Counter[str] = field(default_factory=Counter)
    """How many were taken ("told"), failed, or found their subscriber gone, since the beginning."""
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hub"), repr=False
    )
    _busy: set[int] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def tick(self) -> int:
        """Begin what is due; how many. Raises StoreError."""
        with self._lock:
            room = 2 * AT_ONCE - len(self._busy)
            busy = frozenset(self._busy)
        due = self.store.due_subscribers(room, busy) if room > 0 else []
        for each in due:
            with self._lock:
                self._busy.add(each.id)
            self._pool.submit(self._take, each)
        return len(due)

    def close(self) -> None:
        """What is under way is waited for; the rest stays due."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _take(self, one: Subscriber) -> None:
        try:
            if one.asked is not None:
                self._verify(one)
            elif one.ping:
                self._ping(one)
            else:
                self._deliver(one)
        except StoreError as error:
            log.warning("a subscriber has to wait", error=str(error))
        except Exception:
            log.exception("a subscriber could not be served", subscriber=one.id)
        finally:
            with self._lock:
                self._busy.discard(one.id)

    # --- verification of intent (§5.3)

    def _verify(self, one: Subscriber) -> None:
        asked = one.asked
        assert asked is not None
        challenge = secrets.token_urlsafe(32)
        query = {
            "hub.mode": "subscribe" if asked.subscribe else "unsubscribe",
            "hub.topic": self._address(one.topic),
            "hub.challenge": challenge,
        }
        if asked.subscribe:
            query["hub.lease_seconds"] = str(int(asked.lease))
        try:
            answer = self.send("GET", _with(one.callback, query), {}, None)
        except FetchError as error:
            self._unanswered(one, str(error))
            return
        echoed = hmac.compare_digest(answer.body.strip(), challenge.encode())
        if not 200 <= answer.status < 300 or not echoed:
            # A refusal is no failure: it is not asked again.
            self._refused(one, answer.status)
        elif not asked.subscribe:
            self.store.end_subscriber(one.id)
            log.info("unsubscribed", topic=one.topic, host=_host(one))
        else:
            now = self.store.now()
            after = replace(
                one,
                asked=None,
                secret=asked.secret,
                lease_until=now + timedelta(seconds=asked.lease),
                # What is there now is the beginning: told is what comes from now on (§6).
                delivered=one.delivered or self._tag(one.topic),
                tries=0,
                error=None,
            )
            self.store.save_subscriber(one, after, now if self._behind(after) else None)
            log.info("subscribed", topic=one.topic, host=_host(one), lease=int(asked.lease))

    def _refused(self, one: Subscriber, status: int) -> None:
        log.info("not confirmed", topic=one.topic, host=_host(one), status=status)
        if one.lease_until is None:
            self.store.end_subscriber(one.id)
        else:
            self.store.save_subscriber(one, replace(one, asked=None, tries=0), self._next(one))

    def _unanswered(self, one: Subscriber, error: str) -> None:
        tries = one.tries + 1
        if tries >= VERIFICATIONS and one.lease_until is None:
            log.info("never confirmed", topic=one.topic, host=_host(one), error=error)
            self.store.end_subscriber(one.id)
        elif tries >= VERIFICATIONS:
            self.store.save_subscriber(one, replace(one, asked=None, tries=0), self._next(one))
        else:
            self._later(one, error)

    # --- content distribution (§7)

    def _deliver(self, one: Subscriber) -> None:
        body = self.read(one.topic)
        if body is None or tag(body) == one.delivered:
            self.store.save_subscriber(one, replace(one, tries=0, error=None), None)
            return
        own, hub = self._address(one.topic), self._address("hub")
        headers = {
            "Content-Type": media_type(one.topic) or "application/octet-stream",
            "Link": f'<{hub}>; rel="hub", <{own}>; rel="self"',
        }
        if one.secret:
            digest = hmac.new(one.secret.encode(), body, sha256).hexdigest()
            headers["X-Hub-Signature"] = f"sha256={digest}"
        try:
            status = self.send("POST", one.callback, headers, body).status
        except FetchError as error:
            self._later(one, str(error))
            return
        if status == 410:  # §7: the subscriber is gone
            self.deliveries["gone"] += 1
            self.store.end_subscriber(one.id)
            log.info("gone", topic=one.topic, host=_host(one))
        elif 200 <= status < 300:
            after = replace(one, delivered=tag(body), tries=0, error=None)
            self.store.save_subscriber(one, after, self._next(after))
            self.deliveries["told"] += 1
            log.info("told", topic=one.topic, host=_host(one))
        else:
            self._later(one, f"it answered {status}")

    def _ping(self, one: Subscriber) -> None:
        now = self._tag(one.topic)
        if now == one.delivered:
            self.store.save_subscriber(one, replace(one, tries=0, error=None), None)
            return
        form = urlencode({"hub.mode": "publish", "hub.url": self._address(one.topic)}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            status = self.send("POST", one.callback, headers, form).status
        except FetchError as error:
            self._later(one, str(error))
            return
        if 200 <= status < 300:
            after = replace(one, delivered=now, tries=0, error=None)
            self.store.save_subscriber(one, after, self._next(after))
        else:
            self._later(one, f"it answered {status}")

    # ---

    def _later(self, one: Subscriber, error: str) -> None:
        self.deliveries["failed"] += 1
        wait = BACKOFF[min(one.tries, len(BACKOFF) - 1)]
        log.warning("not told", topic=one.topic, host=_host(one), error=error, again=int(wait))
        after = replace(one, tries=one.tries + 1, error=error[:300])
        self.store.save_subscriber(one, after, self.store.now() + timedelta(seconds=wait))

    def _next(self, one: Subscriber) -> datetime | None:
        """Now, when there is something newer already."""
        return self.store.now() if self._behind(one) else None

    def _behind(self, one: Subscriber) -> bool:
        return self._tag(one.topic) != one.delivered

    def _tag(self, topic: str) -> str:
        body = self.read(topic)
        return "" if body is None else tag(body)

    def _address(self, path: str) -> str:
        return f"{self.site_url}/{path}"


def _with(url: str, query: dict[str, str]) -> str:
    """What its query has already stays (§5.3)."""
    parts = urlsplit(url)
    more = urlencode(query)
    return urlunsplit(parts._replace(query=f"{parts.query}&{more}" if parts.query else more))


def _host(one: Subscriber) -> str:
    """All that is told of a callback: the rest of it is a secret of the subscriber's."""
    return urlsplit(one.callback).hostname or ""

"""`/hub`: where subscriptions to our feeds are asked for (WebSub §5.1). What is asked is kept, and
confirmed later with the callback itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from feeds.errors import FeedmillError
from feeds.models import Asked
from publisher.web.callbacks import Answer, Receive, TooLong, body_of

PATH = "/hub"
LONGEST = 16_384
"""Bytes of a form."""
SLOWEST = 10.0
"""Seconds for a form to arrive."""
LEASE, SHORTEST, LONGEST_LEASE = 864_000.0, 300.0, 2_592_000.0
"""Seconds: what is granted when nothing is asked for (WebSub's ten days), and its bounds."""
SECRET = 200
"""Bytes that a secret must be shorter than (§5.1)."""


class Subscriptions(Protocol):
    """Who keeps what is asked. Blocking; from any thread. Raises StoreError."""

    def ask(self, topic: str, callback: str, asked: Asked) -> bool:
        """`topic`: path of the document. False when there are too many."""


class HubRoute:
    """Judges what is asked; a wrong request is told what is wrong with it."""

    def __init__(
        self, keep: Subscriptions, topic_of: Callable[[str], str | None], slowest: float = SLOWEST
    ) -> None:
        """`topic_of`: address of a document → its path; None for what is none of ours."""
        self._keep, self._topic_of, self._slowest = keep, topic_of, slowest

    async def __call__(
        self, scope: MutableMapping[str, Any], headers: Mapping[str, str], receive: Receive
    ) -> Answer:
        if scope["method"] != "POST":
            text = "This is a WebSub hub: subscribe with POST (https://www.w3.org/TR/websub/).\n"
            return 405, text, [(b"allow", b"POST")]
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            return 415, "A subscription is application/x-www-form-urlencoded.\n", []
        try:
            async with asyncio.timeout(self._slowest):
                body = await body_of(receive, LONGEST)
        except TooLong:
            return 413, "Too long.\n", []
        except TimeoutError:
            return 408, "Too slow.\n", []
        form = dict(reversed(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)))
        return await self._asked(form)

    async def _asked(self, form: Mapping[str, str]) -> Answer:
        mode = form.get("hub.mode", "")
        if mode not in ("subscribe", "unsubscribe"):
            return 400, "hub.mode is neither subscribe nor unsubscribe.\n", []
        callback = form.get("hub.callback", "")
        if (wrong := _wrong(callback)) is not None:
            return 400, f"hub.callback {wrong}.\n", []
        topic = self._topic_of(form.get("hub.topic", ""))
        if topic is None:
            return 404, "hub.topic is no feed that is published here.\n", []
        secret = form.get("hub.secret") or None
        if secret is not None and len(secret.encode()) >= SECRET:
            return 400, f"hub.secret must be shorter than {SECRET} bytes.\n", []
        asked = Asked(subscribe=mode == "subscribe", lease=_lease(form), secret=secret)
        try:
            kept = await asyncio.to_thread(self._keep.ask, topic, callback, asked)
        except FeedmillError:
            kept = False
        if not kept:
            return 503, "Not at the moment.\n", [(b"retry-after", b"300")]
        return 202, "We ask the callback, and then it is so.\n", []


def _lease(form: Mapping[str, str]) -> float:
    text = form.get("hub.lease_seconds", "").strip()
    wanted = float(text) if text.isascii() and text.isdecimal() and len(text) < 12 else LEASE
    return min(LONGEST_LEASE, max(SHORTEST, wanted))


def _wrong(callback: str) -> str | None:
    try:
        parts = urlsplit(callback)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != -1
    except ValueError:
        fine = False
    if not fine or len(callback) > 2000 or not callback.isprintable() or " " in callback:
        return "is no http or https address"
    return "must not have a fragment" if parts.fragment else None

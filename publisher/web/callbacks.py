"""`/websub/<token>`: where hubs verify and deliver. Only HTTP is done here; what is heard is judged
by the handler that the application was given, in a thread, since it waits for the database.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from feeds.errors import FeedmillError
from feeds.protocols import Callbacks

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Answer = tuple[int, str, list[tuple[bytes, bytes]]]
"""(status, text, headers beside the usual ones)"""

PREFIX = "/websub/"
AT_ONCE = 4
"""Bodies in memory at one time."""
SLOWEST = 30.0
"""Seconds for a body to arrive."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")


class TooLong(Exception):
    """A body over the limit."""


class CallbackRoute:
    """Answers hubs; a stranger without a token costs one look into the database."""

    def __init__(self, callbacks: Callbacks, slowest: float = SLOWEST) -> None:
        self._callbacks, self._slowest = callbacks, slowest
        self._places = asyncio.Semaphore(AT_ONCE)

    async def __call__(
        self, path: str, scope: Scope, headers: Mapping[str, str], receive: Receive
    ) -> Answer:
        token = path.removeprefix(PREFIX)
        try:
            if scope["method"] not in ("GET", "POST"):
                return 405, "Method not allowed.\n", [(b"allow", b"GET, POST")]
            known = self._callbacks.known
            if not _TOKEN.fullmatch(token) or not await asyncio.to_thread(known, token):
                return 404, "There is nothing here.\n", []
            if scope["method"] == "GET":
                return await self._verify(token, scope["query_string"])
            return await self._deliver(token, headers, receive)
        except FeedmillError:
            return 503, "Not at the moment.\n", [(b"retry-after", b"60")]

    async def _verify(self, token: str, query: bytes) -> Answer:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        first = dict(reversed(pairs))
        status, body = await asyncio.to_thread(self._callbacks.verify, token, first)
        return status, body, []

    async def _deliver(self, token: str, headers: Mapping[str, str], receive: Receive) -> Answer:
        async with self._places:
            try:
                async with asyncio.timeout(self._slowest):
                    body = await body_of(receive, self._callbacks.max_body)
            except TooLong:
                return 413, "Too long.\n", []
            except TimeoutError:
                return 408, "Too slow.\n", []
            status = await asyncio.to_thread(self._callbacks.deliver, token, headers, body)
        more = [(b"retry-after", b"60")] if status == 503 else []
        return status, "", more


async def body_of(receive: Receive, most: int) -> bytes:
    """Raises TooLong."""
    parts, length = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise TimeoutError
        parts.append(bytes(message.get("body", b"")))
        length += len(parts[-1])
        if length > most:
            raise TooLong
        if not message.get("more_body", False):
            return b"".join(parts)

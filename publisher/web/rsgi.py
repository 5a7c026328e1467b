"""Granian's own interface (RSGI) around the application: a lane for what is asked a thousand times
a second, and ASGI for all the rest.

The lane answers a GET of a file without query as App does, from what App has loaded: half the time
of a request is the interface itself, and ASGI's is twice RSGI's (docs/benchmarks.md).
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from publisher.web.app import REPEATED, App
from publisher.web.conditions import coding
from publisher.web.files import Ready, Variant

MOST = 10_000
"""Ways of asking that are remembered; then they are forgotten all at once."""
Pairs = list[tuple[str, str]]


class RsgiScope(Protocol):
    proto: str
    http_version: str
    method: str
    path: str
    query_string: str
    scheme: str
    client: str
    authority: str | None
    headers: Any


class RsgiProtocol(Protocol):
    def __aiter__(self) -> AsyncIterator[bytes]: ...

    def response_bytes(self, status: int, headers: Pairs, body: bytes) -> None: ...

    def response_empty(self, status: int, headers: Pairs) -> None: ...


class _Lane:
    """One file as it is asked for in one way. `headers`, `repeated`: of a 200, of a 304."""

    __slots__ = ("body", "counts", "etag", "headers", "key", "place", "repeated", "slug")

    def __init__(self, ready: Ready, variant: Variant, place: str, more: Pairs) -> None:
        self.key, self.place = ready.key, place
        self.body, self.etag = variant.body, variant.etag
        self.headers = _texts(variant.headers) + more
        kept = [pair for pair in variant.headers if pair[0] in REPEATED]
        self.repeated = _texts(kept) + more
        self.slug, self.counts = ready.path.partition("/")[0], ready.deltas


class Rsgi:
    """`app` is asked for whatever the lane does not know."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lanes: dict[tuple[str, str | None], _Lane] = {}
        self._counted: set[int] = set()
        self._day = 0
        self._more: Pairs = []
        """Headers of each answer."""

    def part(self) -> None:
        """Whoever is answered from now on is told to come by another connection the next time."""
        # HTTP/2 has its own word for it: there hyper drops this one.
        self._more = [("connection", "close")]
        self._lanes.clear()

    async def __rsgi__(self, scope: RsgiScope, protocol: RsgiProtocol) -> None:
        if scope.proto != "http":
            return
        if scope.method == "GET" and not scope.query_string:
            headers = scope.headers
            accepted = headers.get("accept-encoding")
            lane = self._lanes.get((scope.path, accepted))
            if lane is None:
                lane = self._found(scope.path, accepted)
            if (
                lane is not None
                and headers.get("a-im") is None
                and headers.get("if-modified-since") is None
                and _as_it_was(lane)
            ):
                asked = headers.get("if-none-match")
                if asked is None:
                    self._count(lane, scope)
                    protocol.response_bytes(200, lane.headers, lane.body)
                    return
                if asked == lane.etag:
                    self._count(lane, scope)
                    protocol.response_empty(304, lane.repeated)
                    return
        await self._else(scope, protocol)

    def _found(self, path: str, accepted: str | None) -> _Lane | None:
        ready = self._app.file(path)
        if ready is None:
            return None
        variant = ready.variants[coding(accepted or "", ready.variants)]
        lane = _Lane(ready, variant, self._app.place(ready), self._more)
        if len(self._lanes) >= MOST:
            self._lanes.clear()
        self._lanes[path, accepted] = lane
        return lane

    def _count(self, lane: _Lane, scope: RsgiScope) -> None:
        """Each reader once a day; what is remembered of him is a number of this process's own."""
        if not lane.counts:
            return
        now = time.time()
        if (day := int(now // 86_400)) != self._day or len(self._counted) > 1_000_000:
            self._day = day
            self._counted.clear()
        agent, address = scope.headers.get("user-agent") or "", scope.client.rpartition(":")[0]
        if (number := hash((lane.slug, agent, address))) not in self._counted:
            self._counted.add(number)
            self._app.counting.saw(lane.slug, agent, address, now)

    async def _else(self, scope: RsgiScope, protocol: RsgiProtocol) -> None:
        begun: list[Any] = []
        body = bytearray()

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                begun[:] = [message["status"], _texts(message["headers"]) + self._more]
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            if body:
                protocol.response_bytes(begun[0], begun[1], bytes(body))
            else:
                protocol.response_empty(begun[0], begun[1])

        await self._app(_asgi(scope), _receiving(protocol), send)


def _as_it_was(lane: _Lane) -> bool:
    try:
        stat = os.stat(lane.place)  # noqa: PTH116 - a Path costs as much again
    except OSError:
        return False
    return lane.key == (stat.st_mtime_ns, stat.st_size, stat.st_ino)


def _texts(pairs: Any) -> Pairs:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs]


def _asgi(scope: RsgiScope) -> dict[str, Any]:
    host, _, port = scope.client.rpartition(":")
    pairs = list(scope.headers.items())
    # Granian leaves out values that are not ASCII. That they are there must be seen: a client's
    # own X-Forwarded-For, which a proxy lengthens, would else hide that there is a proxy.
    named = {name for name, _ in pairs}
    pairs += [(name, "?") for name in scope.headers.keys() if name not in named]  # noqa: SIM118
    if scope.authority:  # HTTP/2, or a whole address in the first line (RFC 9112 §3.2.2)
        pairs = [("host", scope.authority), *(pair for pair in pairs if pair[0] != "host")]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        # As ASGI has it; Granian calls HTTP/1.0 "1".
        "http_version": "1.0" if scope.http_version == "1" else scope.http_version,
        "method": scope.method,
        "scheme": scope.scheme,
        "path": scope.path,
        "raw_path": scope.path.encode("utf-8", "surrogateescape"),
        "query_string": scope.query_string.encode("latin-1", "replace"),
        "root_path": "",
        "headers": [
            (name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in pairs
        ],
        "client": (host.strip("[]"), int(port) if port.isdecimal() else 0),
        "server": None,
    }


def _receiving(protocol: RsgiProtocol) -> Callable[[], Awaitable[MutableMapping[str, Any]]]:
    """The body piece by piece, so that whoever reads it may stop."""
    pieces: list[AsyncIterator[bytes]] = []

    async def receive() -> MutableMapping[str, Any]:
        if not pieces:
            pieces.append(protocol.__aiter__())
        try:
            piece = await pieces[0].__anext__()
        except StopAsyncIteration:
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": bytes(piece), "more_body": True}

    return receive

"""The web server's ASGI application: feeds and pages as ready bytes, and two health checks.

The feeds are the hot path and bare ASGI (a third more requests per second than through a
framework: docs/benchmarks.md); what is not a file goes to Starlette.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from feeds.protocols import Callbacks
from publisher.web.callbacks import PREFIX, CallbackRoute
from publisher.web.conditions import matches, not_modified_since, takes_gzip
from publisher.web.files import Files, Ready, Variant

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Readiness = Callable[[], str | None]
"""None when all is well, else what is wrong (shown to whoever asks: nothing private)."""

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
SAFE_HEADERS = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
# Feeds change when something happens, not by the clock: a reader that comes back within a minute
# would find the same, and after that one conditional request tells.
FILE_HEADERS = (*SAFE_HEADERS, (b"cache-control", b"public, max-age=60"))
_REPEATED = {b"etag", b"cache-control", b"vary", b"last-modified"}
"""What a 304 repeats (RFC 9110 §15.4.5)."""


class App:
    """`site_url`: the public address; its path, if any, may or may not be taken off by a proxy."""

    def __init__(
        self,
        folder: Path,
        site_url: str,
        readiness: Readiness,
        callbacks: Callbacks | None = None,
    ) -> None:
        """`callbacks`: who hears hubs at `/websub/…`; None: nobody, there is nothing."""
        self._files = Files(folder, FILE_HEADERS)
        self._url = site_url.rstrip("/")
        self._prefix = unquote(urlsplit(self._url).path)  # as ASGI gives paths
        self._rest = _rest(readiness)
        self._hubs = CallbackRoute(callbacks) if callbacks is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path, head = self._relative(scope["path"]), scope["method"] == "HEAD"
        if self._hubs is not None and path.startswith(PREFIX):
            status, text, more = await self._hubs(path, scope, _headers(scope), receive)
            await _plain(send, status, text, more, head)
        elif scope["method"] not in ("GET", "HEAD"):
            await _short(send, 405, "Method not allowed.", [(b"allow", b"GET, HEAD")])
        elif path in ("/healthz", "/readyz"):
            await self._rest({**scope, "path": path, "root_path": ""}, receive, send)
        elif path.startswith("/") and (ready := self._files.get(path[1:])) is not None:
            await _file(ready, scope, send)
        elif not path.endswith("/") and self._files.get(f"{path}/"[1:]) is not None:
            # The links of the pages are relative, so a page has one address only, with its slash.
            there = f"{self._url}{path}/".encode()
            await _short(send, 308, "Moved.", [(b"location", there)], head)
        else:
            await _short(send, 404, "There is nothing here.", [], head)

    def _relative(self, path: str) -> str:
        """Without the public address's own path; "" for that path without its slash."""
        if self._prefix and (path == self._prefix or path.startswith(self._prefix + "/")):
            return path[len(self._prefix) :]
        return path


async def _file(ready: Ready, scope: Scope, send: Send) -> None:
    asked = _headers(scope)
    variant = ready.identity
    if ready.gzip is not None and takes_gzip(asked.get("accept-encoding", "")):
        variant = ready.gzip
    if _fresh(asked, ready, variant):
        kept = [pair for pair in variant.headers if pair[0] in _REPEATED]
        await _answer(send, 304, [*SAFE_HEADERS, *kept], b"")
    else:
        body = b"" if scope["method"] == "HEAD" else variant.body
        await _answer(send, 200, variant.headers, body)


def _fresh(asked: dict[str, str], ready: Ready, variant: Variant) -> bool:
    if (tags := asked.get("if-none-match")) is not None:
        return matches(tags, variant.etag)  # §13.2.2: then the date does not count
    since = asked.get("if-modified-since")
    return since is not None and not_modified_since(since, ready.stamp)


def _headers(scope: Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        text = value.decode("latin-1")
        key = name.decode("latin-1").lower()
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


async def _short(
    send: Send, status: int, text: str, headers: list[tuple[bytes, bytes]], head: bool = False
) -> None:
    await _plain(send, status, f"{text}\n", headers, head)


async def _plain(
    send: Send, status: int, text: str, headers: list[tuple[bytes, bytes]], head: bool
) -> None:
    body = text.encode()
    more = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    length = (b"content-length", str(len(body)).encode())
    await _answer(send, status, [*SAFE_HEADERS, *more, *headers, length], b"" if head else body)


async def _answer(
    send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


def _rest(readiness: Readiness) -> Starlette:
    plain = {name.decode(): value.decode() for name, value in SAFE_HEADERS}
    plain["cache-control"] = "no-store"

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n", headers=plain)

    async def readyz(_request: Request) -> Response:
        wrong = readiness()
        if wrong is None:
            return PlainTextResponse("ready\n", headers=plain)
        return PlainTextResponse(f"{wrong}\n", status_code=503, headers=plain)

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz)])

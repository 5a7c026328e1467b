"""The web server's ASGI application: feeds and pages as ready bytes, and two health checks.

The feeds are the hot path and bare ASGI (a third more requests per second than through a
framework: docs/benchmarks.md); what is not a file goes to Starlette.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from feeds.errors import FeedmillError
from feeds.models import ARCHIVE
from feeds.protocols import Callbacks
from publisher.web.callbacks import PREFIX, CallbackRoute
from publisher.web.conditions import (
    coding,
    matches,
    not_modified_since,
    tags,
    takes_parts,
)
from publisher.web.counting import Counting
from publisher.web.files import Files, Ready, Variant
from publisher.web.hub import PATH as HUB
from publisher.web.hub import HubRoute, Subscriptions
from publisher.web.private import PrivateFiles
from publisher.web.safety import SAFE_HEADERS
from publisher.web.search import Search
from publisher.web.search import asked as searched

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Readiness = Callable[[], str | None]
"""None when all is well, else what is wrong (shown to whoever asks: nothing private)."""

_ARCHIVE = re.compile(r"archive/(\d{1,9})/[a-z.]*")
_SLUG = re.compile(r"[a-z0-9-]+")
REPEATED = {b"etag", b"cache-control", b"vary", b"last-modified", b"access-control-allow-origin"}
"""What a 304 repeats (RFC 9110 §15.4.5): it has no content that the others would protect."""
_DELTAS = 64
"""Parts of documents that are kept for the next reader who saw the same version."""


class Behind(Protocol):
    """Another application, at some paths of its own (the operator's desk)."""

    def has(self, path: str) -> bool:
        """Cheap; asked for whatever is no file. `path`: without the public address's own."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers `scope["path"]`, without that address's path."""


class App:
    """`site_url`: the public address; its path, if any, may or may not be taken off by a proxy."""

    def __init__(
        self,
        folder: Path,
        site_url: str,
        readiness: Readiness,
        callbacks: Callbacks | None = None,
        subscriptions: Subscriptions | None = None,
        search: Search | None = None,
        private: Path | None = None,
        behind: Behind | None = None,
    ) -> None:
        """`callbacks`: who hears hubs at `/websub/…`; `subscriptions`: who keeps what is asked of
        our own hub; `search`: who finds. None: nobody, there is nothing. `private`: the folder of
        private feeds."""
        self._url = site_url.rstrip("/")
        self._files = Files(folder, SAFE_HEADERS, self._url)
        self._deltas: OrderedDict[tuple[str, str, int], bytes] = OrderedDict()
        self._prefix = unquote(urlsplit(self._url).path)  # as ASGI gives paths
        self._rest = _rest(readiness)
        self._hubs = CallbackRoute(callbacks) if callbacks is not None else None
        self._hub = HubRoute(subscriptions, self._topic) if subscriptions is not None else None
        self._private = PrivateFiles(private, self._url) if private is not None else None
        self._search = search
        self._behind = behind
        self.counting = Counting()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path, head = self._relative(scope["path"]), scope["method"] == "HEAD"
        if self._hubs is not None and path.startswith(PREFIX):
            status, text, more = await self._hubs(path, scope, _headers(scope), receive)
            await _plain(send, status, text, more, head)
        elif self._hub is not None and path == HUB:
            status, text, more = await self._hub(scope, _headers(scope), receive)
            await _plain(send, status, text, more, head)
        elif self._behind is not None and self._behind.has(path):
            # Its redirects are made from `root_path`, which a proxy may have taken off the path.
            await self._behind({**scope, "path": path, "root_path": ""}, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            await _short(send, 405, "Method not allowed.", [(b"allow", b"GET, HEAD")])
        elif path in ("/healthz", "/readyz"):
            await self._rest({**scope, "path": path, "root_path": ""}, receive, send)
        elif path.startswith("/") and (ready := self._files.get(path[1:])) is not None:
            await self._file(ready, self._files, scope, send)
        elif self._private is not None and self._private.has(path[1:]):
            await self._secret(path[1:], self._private, scope, send)
        elif not path.endswith("/") and self._files.get(f"{path}/"[1:]) is not None:
            # The links of the pages are relative, so a page has one address only, with its slash.
            there = f"{self._url}{path}/".encode()
            await _short(send, 308, "Moved.", [(b"location", there)], head)
        else:
            await self._nothing(path, send, head)

    async def _nothing(self, path: str, send: Send, head: bool) -> None:
        """Where something was: 301 to where it is now, 410 where it is no more."""
        slug, _, rest = path[1:].partition("/")
        site = self._files.site()
        if slug in site.moved:
            there = f"{self._url}/{quote(site.moved[slug])}/{quote(rest)}".encode()
            await _short(send, 301, "Moved for good.", [(b"location", there)], head)
        elif slug in site.gone or self._was_sealed(slug, rest):
            await _short(send, 410, "It was here, and is gone for good.", [], head)
        else:
            await _short(send, 404, "There is nothing here.", [], head)

    def _was_sealed(self, slug: str, rest: str) -> bool:
        found = _ARCHIVE.fullmatch(rest)
        if found is None or not _SLUG.fullmatch(slug):
            return False
        return int(found[1]) < self._files.notes(slug).sealed

    async def _secret(self, path: str, files: PrivateFiles, scope: Scope, send: Send) -> None:
        """P39: for whoever has a token, in the address (`?token=…`) or as the password."""
        slug = path.partition("/")[0]
        if not files.lets_in(slug, _headers(scope), scope["query_string"]):
            more = [(b"www-authenticate", b'Basic realm="Feedmill", charset="UTF-8"')]
            text = "This feed is private: a token is needed."
            await _short(send, 401, text, more, scope["method"] == "HEAD")
        elif (ready := files.get(path)) is not None:
            await self._file(ready, files, scope, send)
        else:
            await _short(send, 404, "There is nothing here.", [], scope["method"] == "HEAD")

    def file(self, path: str) -> Ready | None:
        """What is served at that path without further ado; None for all that needs a thought."""
        path = self._relative(path)
        return self._files.get(path[1:]) if path.startswith("/") else None

    def place(self, ready: Ready) -> str:
        """Where the file lies."""
        return self._files.place(ready)

    def _topic(self, address: str) -> str | None:
        """The path of a feed by its address; None for what is none that is published here."""
        path = address.removeprefix(f"{self._url}/")
        ready = self._files.get(path) if path != address else None
        return ready.path if ready is not None and ready.deltas else None

    def _count(self, ready: Ready, asked: Mapping[str, str], scope: Scope) -> None:
        if ready.deltas and scope["method"] == "GET":
            client = scope.get("client") or ("",)
            slug, agent = ready.path.partition("/")[0], asked.get("user-agent", "")
            self.counting.saw(slug, agent, str(client[0]), time.time())

    async def _file(self, ready: Ready, files: Files, scope: Scope, send: Send) -> None:
        asked = _headers(scope)
        self._count(ready, asked, scope)
        if (found := searched(ready.path, scope["query_string"])) is not None:
            await self._results(*found, files, scope, send)
            return
        best = coding(asked.get("accept-encoding", ""), ready.variants)
        variant = ready.variants[best]
        if _fresh(asked, ready, variant):
            kept = [pair for pair in variant.headers if pair[0] in REPEATED]
            await _answer(send, 304, kept, b"")
            return
        head = scope["method"] == "HEAD"
        if (part := self._part(ready, files, asked)) is not None:
            await _answer(send, 226, _im_used(ready, len(part)), b"" if head else part)
            return
        await _answer(send, 200, variant.headers, b"" if head else variant.body)

    async def _results(self, slug: str, words: str, files: Files, scope: Scope, send: Send) -> None:
        head = scope["method"] == "HEAD"
        try:
            found = self._search
            page = None if found is None else await asyncio.to_thread(found.page, slug, words)
        except FeedmillError:
            await _short(send, 503, "Not at the moment.", [(b"retry-after", b"60")], head)
            return
        if page is None:
            await _short(send, 404, "Nothing can be searched here.", [], head)
            return
        headers = [
            *SAFE_HEADERS,
            (b"content-type", b"text/html; charset=utf-8"),
            (b"cache-control", b"public, max-age=60" if files is self._files else b"no-store"),
            (b"content-length", str(len(page)).encode()),
        ]
        await _answer(send, 200, headers, b"" if head else page)

    def _part(self, ready: Ready, files: Files, asked: dict[str, str]) -> bytes | None:
        """What came since the newest version that the reader names; None where all is to be
        sent."""
        if not ready.deltas or not takes_parts(asked.get("a-im", "")):
            return None
        about = files.notes(ready.path.partition("/")[0])
        named = [each.removesuffix("-gzip").removesuffix("-br")
                 for each in tags(asked.get("if-none-match", ""))]  # fmt: skip
        told = [seq for each in named if (seq := about.known(ready.name, each)) is not None]
        # The notes are put after the documents: in between they tell of the version before.
        if not told or about.known(ready.name, ready.tag) is None:
            return None
        if max(told) < about.sealed * ARCHIVE:
            return None  # some of what came since is in archives only: the whole leads there
        key = ready.path, ready.tag, max(told)
        if key not in self._deltas:
            from publisher.web import delta  # lxml: ten megabytes, for the first who asks

            whole = ready.variants["identity"].body
            self._deltas[key] = delta.delta(ready.name, whole, about.events, max(told))
            if len(self._deltas) > _DELTAS:
                self._deltas.popitem(last=False)
        part = self._deltas[key]
        return part if len(part) < len(ready.variants["identity"].body) else None

    def _relative(self, path: str) -> str:
        """Without the public address's own path; "" for that path without its slash."""
        if self._prefix and (path == self._prefix or path.startswith(self._prefix + "/")):
            return path[len(self._prefix) :]
        return path


def _im_used(ready: Ready, length: int) -> list[tuple[bytes, bytes]]:
    """Of a 226: the tag is that of the whole document as it now is (RFC 3229 §10.4.1), and a cache
    that does not know of parts must not keep it (§10.5.3)."""
    whole = ready.variants["identity"].headers
    other = {b"cache-control", b"content-length"}
    return [
        *(pair for pair in whole if pair[0] not in other),
        (b"im", b"feed"),
        (b"cache-control", b"no-store, im"),
        (b"content-length", str(length).encode()),
    ]


def _fresh(asked: dict[str, str], ready: Ready, variant: Variant) -> bool:
    if (named := asked.get("if-none-match")) is not None:
        return matches(named, variant.etag)  # §13.2.2: then the date does not count
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

"""`/websub/…` as ASGI servers ask it: methods, tokens, limits, and what becomes of errors."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from feeds.errors import StoreBusy
from publisher.web.app import App
from publisher.web.callbacks import CallbackRoute

TOKEN = "abcdefgh-ABCDEFGH_12345678"


@dataclass
class Heard:
    """A Callbacks that knows one token."""

    error: Exception | None = None
    status: int = 202
    calls: list[Any] = field(default_factory=list)
    max_body: int = 1000

    def known(self, token: str) -> bool:
        if self.error is not None:
            raise self.error
        return token == TOKEN

    def verify(self, token: str, query: Mapping[str, str]) -> tuple[int, str]:
        self.calls.append((token, dict(query), threading.current_thread()))
        return 200, query.get("hub.challenge", "")

    def deliver(self, token: str, headers: Mapping[str, str], body: bytes) -> int:
        self.calls.append((token, dict(headers), body))
        return self.status


@dataclass
class Told:
    status: int
    headers: dict[str, str]
    body: bytes
    read: int
    """Pieces of the body that were asked for."""


def ask(
    heard: Heard | None,
    path: str,
    method: str = "GET",
    query: str = "",
    pieces: tuple[bytes, ...] = (b"",),
    folder: Path = Path("/nonexistent"),
) -> Told:
    app = App(folder, "https://wire.test/news", lambda: None, heard)
    sent: list[Any] = []
    left = list(pieces)

    async def receive() -> Any:
        if not left:
            await asyncio.Event().wait()
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"X-Hub-Signature", b"sha1=00"), (b"content-type", b"text/xml")],
    }
    asyncio.run(app(scope, receive, send))
    pairs = {k.decode().lower(): v.decode() for k, v in sent[0]["headers"]}
    body = b"".join(each.get("body", b"") for each in sent[1:])
    return Told(sent[0]["status"], pairs, body, len(pieces) - len(left))


def test_verification() -> None:
    """The challenge comes back byte for byte, as harmless text; the query is decoded, of repeated
    names the first counts; the handler runs off the event loop."""
    heard = Heard()
    challenge = "<script>&é\n"
    query = urlencode({"hub.challenge": challenge, "hub.topic": "https://a.org/?x=1&y=ü"})
    told = ask(heard, f"/websub/{TOKEN}", query=f"{query}&hub.topic=second&hub.reason=")
    assert (told.status, told.body) == (200, challenge.encode())
    assert told.headers["content-type"] == "text/plain; charset=utf-8"
    assert told.headers["x-content-type-options"] == "nosniff"
    assert told.headers["cache-control"] == "no-store"
    [(token, given, thread)] = heard.calls
    assert token == TOKEN
    assert given["hub.topic"] == "https://a.org/?x=1&y=ü"
    assert given["hub.reason"] == ""
    assert thread is not threading.main_thread()


def test_delivery() -> None:
    """The whole body, in whatever pieces, with its headers in lower case; under the site's own path
    as well."""
    heard = Heard()
    told = ask(heard, f"/news/websub/{TOKEN}", "POST", pieces=(b"one ", b"", b"two"))
    assert (told.status, told.body) == (202, b"")
    assert heard.calls == [
        (TOKEN, {"x-hub-signature": "sha1=00", "content-type": "text/xml"}, b"one two")
    ]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["", "x", "unknown-unknown-unknown", f"{TOKEN}/x", f"{TOKEN}%00"])
def test_strangers(method: str, token: str) -> None:
    """404, and nothing of their body is read."""
    heard = Heard()
    told = ask(heard, f"/websub/{token}", method, pieces=(b"x" * 900, b"y"))
    assert (told.status, told.read, heard.calls) == (404, 0, [])


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS"])
def test_other_methods(method: str) -> None:
    told = ask(Heard(), f"/websub/{TOKEN}", method)
    assert (told.status, told.headers["allow"]) == (405, "GET, POST")


def test_too_long() -> None:
    """413 as soon as it is over the limit; the handler never sees it."""
    heard = Heard()
    told = ask(heard, f"/websub/{TOKEN}", "POST", pieces=(b"x" * 600,) * 10)
    assert (told.status, told.read, heard.calls) == (413, 2, [])


def test_too_slow() -> None:
    """A body that never ends: 408 when its time is over."""
    heard = Heard()
    app = CallbackRoute(heard, slowest=0.05)

    async def never() -> Any:
        await asyncio.Event().wait()

    scope = {"method": "POST", "query_string": b""}
    status, _, _ = asyncio.run(app(f"/websub/{TOKEN}", scope, {}, never))
    assert (status, heard.calls) == (408, [])


def test_the_store_is_away() -> None:
    """503: the hub comes again."""
    for told in (
        ask(Heard(error=StoreBusy("locked")), f"/websub/{TOKEN}"),
        ask(Heard(status=503), f"/websub/{TOKEN}", "POST"),
    ):
        assert (told.status, told.headers["retry-after"]) == (503, "60")


def test_nobody_hears(tmp_path: Path) -> None:
    """Without a handler there is nothing at these addresses."""
    assert ask(None, f"/websub/{TOKEN}", folder=tmp_path).status == 404
    assert ask(None, f"/websub/{TOKEN}", "POST", folder=tmp_path).status == 405

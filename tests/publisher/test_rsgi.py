"""The quick lane answers what the application does, whatever is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from feeds.models import RenderedFile
from publisher.outlet import DirectoryOutlet
from publisher.web.app import App
from publisher.web.counting import DISTINCT
from publisher.web.rsgi import Rsgi
from tests.publisher.asking import Server, Told
from tests.publisher.making import AT

FEED = b"<rss version='2.0'><channel/></rss>" * 20


@dataclass
class _Scope:
    path: str
    headers: dict[str, str]
    method: str = "GET"
    query_string: str = ""
    proto: str = "http"
    http_version: str = "1.1"
    scheme: str = "http"
    client: str = "127.0.0.1:5000"
    authority: str | None = None


@dataclass
class _Protocol:
    said: list[tuple[int, list[tuple[str, str]], bytes]] = field(default_factory=list)
    pieces: tuple[bytes, ...] = ()

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.said.append((status, headers, body))

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.said.append((status, headers, b""))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    outlet = DirectoryOutlet(tmp_path / "public")
    for path, kind in (
        ("world/rss.xml", "application/rss+xml"),
        ("world/index.html", "text/html"),
        ("robots.txt", "text/plain"),
    ):
        outlet.put(RenderedFile(path=path, body=FEED, media_type=kind, modified=AT))
    return tmp_path / "public"


def ask(quick: Rsgi, path: str, method: str = "GET", query: str = "", **headers: str) -> Told:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    protocol = _Protocol()
    scope: Any = _Scope(path, given, method, query)
    asyncio.run(quick.__rsgi__(scope, protocol))
    [(status, said, body)] = protocol.said
    return Told(status, dict(said), body)


PATHS = ["/world/rss.xml", "/world/", "/world", "/robots.txt", "/none", "/news/world/rss.xml", "/",
         "/.site.json", "/healthz", "/readyz"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("accept", [None, "gzip", "br, gzip", "identity", "x"])
def test_the_same_answer(folder: Path, path: str, method: str, accept: str | None) -> None:
    """For every way of asking, the second time as the first."""
    app = App(folder, "https://wire.test/news", lambda: "not yet")
    quick, slow = Rsgi(app), Server(app, [], folder)
    common = {} if accept is None else {"accept_encoding": accept}
    tag = slow.ask(path, **common).headers.get("etag", '"x"')
    stamp = "Fri, 20 Nov 2026 12:00:00 GMT"
    for more in (
        {}, {"if_none_match": tag}, {"if_none_match": '"other"'}, {"if_none_match": f"W/{tag}, *"},
        {"if_modified_since": stamp}, {"a_im": "feed", "if_none_match": tag},
    ):  # fmt: skip
        wanted = slow.ask(path, method, **common, **more)
        for _ in range(2):
            assert ask(quick, path, method, **common, **more) == wanted, more


def test_a_change_is_served_at_once(folder: Path) -> None:
    quick = Rsgi(App(folder, "https://wire.test", lambda: None))
    before = ask(quick, "/world/rss.xml")
    other = FEED.replace(b"rss", b"rsS")
    file = RenderedFile(path="world/rss.xml", body=other, media_type="text/xml", modified=AT)
    DirectoryOutlet(folder).put(file)
    after = ask(quick, "/world/rss.xml")
    assert (before.body, after.body) == (FEED, other)
    assert ask(quick, "/world/rss.xml", if_none_match=before.headers["etag"]).status == 200
    (folder / "world" / "rss.xml").unlink()
    assert ask(quick, "/world/rss.xml").status == 404


def test_readers_are_counted(folder: Path) -> None:
    """In the lane as beside it: each once."""
    app = App(folder, "https://wire.test", lambda: None)
    quick = Rsgi(app)
    for agent in ("a", "b", "a"):
        ask(quick, "/world/rss.xml", user_agent=agent)
        ask(quick, "/world/rss.xml", user_agent=agent, if_none_match="*")
    ask(quick, "/world/rss.xml", user_agent="Feedly (5 subscribers)")
    ask(quick, "/world/", user_agent="c")
    _, rows = app.counting.news()
    assert rows == [("world", "Feedly", 5), ("world", DISTINCT, 2)]
    assert app.counting.news()[1] == []


def test_at_the_end_each_is_told(folder: Path) -> None:
    """In the lane as beside it, of what was asked before and what was not."""
    quick = Rsgi(App(folder, "https://wire.test", lambda: None))
    before = ask(quick, "/world/rss.xml")
    assert "connection" not in before.headers
    quick.part()
    for path, given in (
        ("/world/rss.xml", {}), ("/world/rss.xml", {"if_none_match": before.headers["etag"]}),
        ("/robots.txt", {}), ("/healthz", {}), ("/none", {}),
    ):  # fmt: skip
        assert ask(quick, path, **given).headers["connection"] == "close"


class _Headers(dict[str, str]):
    """As granian has them: a value that is not ASCII is in the names only."""

    def items(self) -> Any:
        return [(name, value) for name, value in super().items() if value.isascii()]


class _Seen:
    """An application that keeps how it was asked."""

    def __init__(self) -> None:
        self.scope: Any = None

    def file(self, _path: str) -> None:
        return None

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        self.scope = scope
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})


def seen(headers: dict[str, str], **more: str) -> dict[str, Any]:
    app: Any = _Seen()
    scope: Any = _Scope("/desk/", _Headers(headers), **more)
    asyncio.run(Rsgi(app).__rsgi__(scope, _Protocol()))
    return dict(app.scope)


def test_no_header_is_lost() -> None:
    """One whose value can't be read is there all the same: that a proxy has put it must show."""
    found = seen({"host": "localhost", "x-forwarded-for": "\xff, 192.0.2.1"})
    assert dict(found["headers"]) == {b"host": b"localhost", b"x-forwarded-for": b"?"}


def test_a_peer_of_ipv6() -> None:
    """Its address without the brackets."""
    for given, host in (
        ("[::1]:5000", "::1"), ("[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1"),
        ("10.0.0.1:2", "10.0.0.1"),
    ):  # fmt: skip
        assert seen({}, client=given)["client"][0] == host


def test_the_authority_is_the_host() -> None:
    """RFC 9112 §3.2.2, RFC 9113 §8.3.1."""
    assert seen({"host": "a.test"}, authority="b.test")["headers"] == [(b"host", b"b.test")]
    assert seen({"host": "a.test"})["headers"] == [(b"host", b"a.test")]

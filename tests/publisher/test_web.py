"""The web application, asked as ASGI servers ask it: conditions, codings, headers, refusals."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import brotli
import pytest

from feeds.models import RenderedFile
from publisher.outlet import DirectoryOutlet
from publisher.web.app import App
from publisher.web.server import WebServer
from tests.flows.command import ROOT, until
from tests.publisher.asking import TAG_HOST, Server
from tests.publisher.making import AT

FEED = b"<rss version='2.0'><channel/></rss>" * 20


@pytest.fixture
def server(tmp_path: Path) -> Server:
    outlet = DirectoryOutlet(tmp_path / "public")
    kinds = {
        "world/rss.xml": "application/rss+xml",
        "world/atom.xml": "application/atom+xml",
        "world/index.html": "text/html",
        "index.html": "text/html",
        "feeds.opml": "text/x-opml",
        "robots.txt": "text/plain",
    }
    for path, kind in kinds.items():
        outlet.put(RenderedFile(path=path, body=FEED, media_type=kind, modified=AT))
    (tmp_path / "secret.txt").write_text("outside")
    (tmp_path / "public" / ".hidden.txt").write_text("hidden")
    wrong: list[str | None] = [None]
    app = App(tmp_path / "public", "https://wire.test/news", lambda: wrong[0])
    return Server(app, wrong, tmp_path / "public")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/world/rss.xml", "application/rss+xml; charset=utf-8"),
        ("/world/atom.xml", "application/atom+xml; charset=utf-8"),
        ("/feeds.opml", "text/x-opml; charset=utf-8"),
        ("/", "text/html; charset=utf-8"),
        ("/world/", "text/html; charset=utf-8"),
        ("/robots.txt", "text/plain; charset=utf-8"),
        ("/news/world/rss.xml", "application/rss+xml; charset=utf-8"),
        ("/news/", "text/html; charset=utf-8"),
    ],
)
def test_types(server: Server, path: str, kind: str) -> None:
    """P5: each by its own type, with and without the public address's prefix; always safe."""
    told = server.ask(path)
    assert (told.status, told.headers["content-type"]) == (200, kind)
    assert told.body == FEED
    assert told.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in told.headers["content-security-policy"]
    assert "unsafe" not in told.headers["content-security-policy"]
    assert told.headers["content-length"] == str(len(FEED))


def test_head(server: Server) -> None:
    """The headers of GET, without the body."""
    get, head = server.ask("/world/rss.xml"), server.ask("/world/rss.xml", "HEAD")
    assert (head.status, head.body, head.headers) == (200, b"", get.headers)


def test_if_none_match(server: Server) -> None:
    """P6: a strong tag; lists, `*`, weak comparison; another tag brings the body."""
    tag = server.ask("/world/rss.xml").headers["etag"]
    assert tag.startswith('"')
    for value in (tag, f"W/{tag}", f'"x", {tag}', f'W/"y",{tag}', "*"):
        told = server.ask("/world/rss.xml", if_none_match=value)
        assert (told.status, told.body) == (304, b""), value
        assert told.headers["etag"] == tag
        assert told.headers["cache-control"]
        assert told.headers["vary"] == "Accept-Encoding, A-IM"
        assert "content-type" not in told.headers
    for value in ('"x"', "", tag.strip('"')):
        assert server.ask("/world/rss.xml", if_none_match=value).status == 200


def test_if_modified_since(server: Server) -> None:
    """Only without If-None-Match; an earlier, later or broken date decides rightly."""
    told = server.ask("/world/rss.xml").headers["last-modified"]
    assert told == "Fri, 20 Nov 2026 12:00:00 GMT"
    assert server.ask("/world/rss.xml", if_modified_since=told).status == 304
    later, earlier = "Sat, 21 Nov 2026 12:00:00 GMT", "Fri, 20 Nov 2026 11:59:59 GMT"
    assert server.ask("/world/rss.xml", if_modified_since=later).status == 304
    for date in (earlier, "yesterday", "Sat, 99 Nov 2026"):
        assert server.ask("/world/rss.xml", if_modified_since=date).status == 200
    for date in ("Friday, 20-Nov-26 12:00:00 GMT", "Fri Nov 20 12:00:00 2026"):
        assert server.ask("/world/rss.xml", if_modified_since=date).status == 304
    both = server.ask("/world/rss.xml", if_modified_since=told, if_none_match='"x"')
    assert both.status == 200


@pytest.mark.parametrize(
    "accept", ["gzip", "br;q=0.5, gzip", "br;q=0, *", "x-gzip", "GZIP, deflate"]
)
def test_gzip(server: Server, accept: str) -> None:
    """Prepared at publishing time, under a tag of its own."""
    told = server.ask("/world/rss.xml", accept_encoding=accept)
    assert told.headers["content-encoding"] == "gzip"
    assert gzip.decompress(told.body) == FEED
    plain = server.ask("/world/rss.xml").headers["etag"]
    assert told.headers["etag"] != plain
    both = {"accept_encoding": accept, "if_none_match": told.headers["etag"]}
    assert server.ask("/world/rss.xml", **both).status == 304


@pytest.mark.parametrize("accept", ["br", "gzip, br", "gzip, deflate, br, zstd", "*", "br;q=0.9"])
def test_brotli(server: Server, accept: str) -> None:
    """The smallest of what the reader likes as well."""
    told = server.ask("/world/rss.xml", accept_encoding=accept)
    assert told.headers["content-encoding"] == "br"
    assert brotli.decompress(told.body) == FEED
    assert told.headers["etag"].endswith('-br"')


def test_dates_of_asctime_are_utc() -> None:
    """RFC 9110 §5.6.7, wherever the server stands."""
    code = (
        "from publisher.web.conditions import not_modified_since as same;"
        "print(*(same(f'Fri Nov 20 {t} 2026', 1795176000) for t in ('12:00:00', '11:59:59')))"
    )
    for zone in ("Asia/Tokyo", "America/New_York"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=os.environ | {"TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "True False\n"


@pytest.mark.parametrize(
    "accept",
    ["", "zstd", "gzip;q=0", "identity", "*;q=0", "gzip;q=x", "gzip;q=0.2, identity;q=0.8"],
)
def test_no_gzip(server: Server, accept: str) -> None:
    """Who does not take it does not get it."""
    told = server.ask("/world/rss.xml", accept_encoding=accept)
    assert "content-encoding" not in told.headers
    assert told.body == FEED


def test_a_change_is_served_at_once(server: Server) -> None:
    """New bytes of the same length: another tag, another date."""
    before = server.ask("/world/rss.xml").headers
    other = FEED.replace(b"rss", b"rsS")
    outlet = DirectoryOutlet(server.folder)
    outlet.put(RenderedFile(path="world/rss.xml", body=other, media_type="text/xml", modified=AT))
    after = server.ask("/world/rss.xml")
    assert after.body == other
    assert after.headers["etag"] != before["etag"]
    assert after.headers["last-modified"] != before["last-modified"]
    (server.folder / "world" / "rss.xml").unlink()
    assert server.ask("/world/rss.xml").status == 404


def test_slash(server: Server) -> None:
    """/world leads to /world/, at the configured address: the Host header is never believed."""
    told = server.ask("/world")
    assert (told.status, told.headers["location"]) == (308, "https://wire.test/news/world/")
    assert TAG_HOST not in str(told)
    assert server.ask("/world", "HEAD").body == b""


def test_slash_of_the_prefix(server: Server) -> None:
    """The site's own path leads to its slash too: relative links of its page count from there."""
    told = server.ask("/news")
    assert (told.status, told.headers["location"]) == (308, "https://wire.test/news/")
    assert server.ask("/newsroom").status == 404


def test_a_prefix_with_escapes(server: Server) -> None:
    """ASGI gives paths without escapes, the configuration has them."""
    app = App(server.folder, "https://wire.test/my%20n%C3%A9ws", lambda: None)
    other = Server(app, server.wrong, server.folder)
    assert other.ask("/my néws/world/").status == 200
    assert other.ask("/my néws/world").headers["location"] == (
        "https://wire.test/my%20n%C3%A9ws/world/"
    )


@pytest.mark.parametrize(
    "path",
    ["/none", "/none/", "/world/none.xml", "/../secret.txt", "/world/../../secret.txt",
     "//secret.txt", "/%2e%2e/secret.txt", "/.hidden.txt", "/world/rss.xml.gz", "/world/.rss.xml.x",
     "/world\\rss.xml", "/wo\x00rld/", "/WORLD/rss.xml", "/world/rss.xml/", "*", "/" + "a/" * 500],
)  # fmt: skip
def test_nothing_there(server: Server, path: str) -> None:
    """404, short, safe, and without a word of what was asked."""
    told = server.ask(path)
    assert told.status == 404
    assert told.body == b"There is nothing here.\n"
    assert told.headers["x-content-type-options"] == "nosniff"
    assert server.ask(path, "HEAD").body == b""


@pytest.mark.parametrize("path", ["/world/rss.xml", "/healthz", "/world", "/none"])
def test_methods(server: Server, path: str) -> None:
    """Nothing but GET and HEAD, and that is said as safely as all else."""
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        told = server.ask(path, method)
        assert (told.status, told.headers["allow"]) == (405, "GET, HEAD")
        assert told.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in told.headers["content-security-policy"]


def test_health(server: Server) -> None:
    """healthz while the process lives; readyz says what is wrong."""
    assert server.ask("/healthz").status == 200
    assert server.ask("/readyz").status == 200
    server.wrong[0] = "the database can't be used"
    assert server.ask("/healthz").status == 200
    told = server.ask("/readyz")
    assert (told.status, told.body) == (503, b"the database can't be used\n")
    assert told.headers["cache-control"] == "no-store"


@pytest.mark.slow
def test_the_process_ends_quietly(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """When its input ends, with exit code 0 and not a word, time after time."""
    for _ in range(12):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        server = WebServer("127.0.0.1", port, tmp_path, "http://localhost")
        server.start()
        assert answered(f"http://127.0.0.1:{port}/healthz") == 200
        server.stop()
        assert server.ended() == 0
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_many_who_say_nothing(tmp_path: Path) -> None:
    """Hundreds of connections that are kept open keep nobody out."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = WebServer("127.0.0.1", port, tmp_path, "http://localhost")
    server.start()
    try:
        assert server.answers(15)
        with contextlib.ExitStack() as kept:
            for _ in range(300):
                kept.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            assert answered(f"http://127.0.0.1:{port}/healthz") == 200
    finally:
        server.stop()


@pytest.mark.slow
def test_who_was_taken_is_answered(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """At its end: also who has not said a word yet; who keeps his connection is told. Nobody else
    is taken, and who never says anything holds it up for half of its time."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = WebServer("127.0.0.1", port, tmp_path, "http://localhost")
    server.start()
    assert server.answers(15)
    connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=20) for _ in range(3)]
    silent, _mute, kept = connections
    for each in connections:
        each.connect()
    kept.request("GET", "/healthz")  # the last in the queue: so all have been taken
    assert not the_last(kept)
    began = time.monotonic()
    ending = threading.Thread(target=server.stop, args=[6.0])
    ending.start()
    assert until(lambda: not accepts(port))
    for each in (silent, kept):
        each.request("GET", "/healthz")
        assert the_last(each)
    ending.join()
    assert 3.0 <= time.monotonic() - began < 6.0
    assert server.ended() == 0
    assert capfd.readouterr().err == ""


def the_last(connection: http.client.HTTPConnection) -> bool:
    """Whether the answer says that the connection ends with it."""
    answer = connection.getresponse()
    assert answer.status == 200
    answer.read()
    return answer.will_close


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=20).close()
    except OSError:
        return False
    return True


def answered(url: str, seconds: float = 15) -> int:
    """The status of a process that is only beginning: nothing else tells when it listens."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.URLError:
            assert time.monotonic() < deadline
            time.sleep(0.02)

"""HTTP/2 where the server offers it, HTTP/1.1 where it does not: a real server for both."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from aggregator.fetch import HttpFetcher
from feeds.errors import RateLimited, TooLarge, TooSlow
from feeds.protocols import Request, Response
from tests.fetch.h2app import ETAG, FEED
from tests.fetch.proxies import Proxy

HERE = Path(__file__).parent


class Secure:
    """A server's address, and the file that vouches for it."""

    def __init__(self, port: int, ca_file: Path) -> None:
        self.base, self._ca_file = f"https://localhost:{port}", ca_file

    def fetch(self, path: str, **more: Any) -> Response:
        settings: dict[str, Any] = {"allow_private": True, "timeout": 5.0} | more
        fetcher = HttpFetcher("F/1", ca_file=self._ca_file)
        return fetcher.fetch(Request(url=self.base + path, **settings))


def _serving(folder: Path, speaks: str) -> Iterator[Secure]:
    authority, files = trustme.CA(), {name: folder / f"{name}.pem" for name in ("ca", "key", "me")}
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(str(files["ca"]))
    certificate.private_key_pem.write_to_path(str(files["key"]))
    certificate.cert_chain_pems[0].write_to_path(str(files["me"]))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "granian", "--interface", "asgi", "--http", speaks),
        *("--host", "127.0.0.1", "--port", str(port), "--log-level", "critical"),
        *("--ssl-certificate", str(files["me"]), "--ssl-keyfile", str(files["key"]), "h2app:app"),
    ]
    with subprocess.Popen(command, cwd=HERE) as server:
        try:
            deadline = time.monotonic() + 20
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert time.monotonic() < deadline, "the server does not answer"
            yield Secure(port, files["ca"])
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    yield from _serving(tmp_path_factory.mktemp("both"), "auto")


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    yield from _serving(tmp_path_factory.mktemp("old"), "1")


def test_http_2_where_offered(both: Secure) -> None:
    """Its status line has no reason; repeated headers are joined as ever, and E16 holds."""
    got = both.fetch("/feed")
    assert (got.status, got.body, got.headers["x-version"]) == (200, FEED, "2")
    assert got.headers["link"] == "<https://a/self>; rel=self, <https://hub/>; rel=hub"
    assert {"a-im", "accept-encoding", "user-agent"} <= set(got.headers["x-asked"].split())
    assert not {"cookie", "referer", "if-none-match"} & set(got.headers["x-asked"].split())


def test_http_1_1_where_not(old: Secure) -> None:
    got = old.fetch("/feed")
    assert (got.status, got.body, got.headers["x-version"]) == (200, FEED, "1.1")


@pytest.mark.parametrize("name", ["both", "old"])
def test_conditions_redirects_and_statuses(name: str, request: pytest.FixtureRequest) -> None:
    """The same over either: bytes of an ETag, hops, a 304, a 429 with its Retry-After."""
    server: Secure = request.getfixturevalue(name)
    first = server.fetch("/old")
    assert [hop.status for hop in first.hops] == [301, 200]
    assert (first.validators.etag or "").encode("latin-1") == ETAG
    assert server.fetch("/old", validators=first.validators).status == 304
    with pytest.raises(RateLimited) as caught:
        server.fetch("/busy")
    assert caught.value.retry_after is not None


def test_limits_hold(both: Secure) -> None:
    """Total time and size, over HTTP/2 as well."""
    began = time.monotonic()
    with pytest.raises(TooSlow):
        both.fetch("/slow", timeout=0.6)
    assert time.monotonic() - began < 1.6
    with pytest.raises(TooLarge):
        both.fetch("/big", max_body=100_000)


def test_through_a_proxy(both: Secure) -> None:
    """The tunnel carries it; the proxy's HTTP/1.1 answer is not the server's."""
    with Proxy() as proxy:
        got = both.fetch("/feed", proxy=proxy.url)
    assert (got.status, got.headers["x-version"]) == (200, "2")

"""Proxies: what goes through them, what they are told, what is still refused."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from aggregator.fetch import HttpFetcher
from aggregator.fetch.guard import refusal_by_name
from feeds.errors import (
    AddressRefused,
    ConnectionFailed,
    ConnectionRefused,
    DnsError,
    HttpStatus,
    TlsError,
)
from feeds.protocols import Request, Response
from tests.fetch.proxies import Proxy, Socks
from tests.origin import Answer, Origin

FEED = b"<rss version='2.0'><channel><title>T</title></channel></rss>"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(found)
    return found


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/feed", FEED, etag='"1"')
        yield found


@pytest.fixture
def secure(context: ssl.SSLContext) -> Iterator[Origin]:
    with Origin(tls=context) as found:
        found.serve("/feed", FEED, etag='"1"')
        yield found


def fetch(url: str, ca: Path | None = None, everywhere: str = "", **more: Any) -> Response:
    settings: dict[str, Any] = {"allow_private": True, "timeout": 5.0} | more
    return HttpFetcher("F/1", ca_file=ca, proxy=everywhere).fetch(Request(url=url, **settings))


def test_http_through_an_http_proxy(origin: Origin) -> None:
    """Forwarded; user and password of the proxy's address are for the proxy alone."""
    with Proxy(login="me:s@fe") as proxy:
        address = proxy.url.replace("//", "//me:s%40fe@")
        assert fetch(origin.url("/feed"), proxy=address).body == FEED
    [told] = proxy.told
    assert told.startswith(f"GET {origin.url('/feed')} ")
    assert "proxy-authorization" not in origin.requests[0].headers
    assert "authorization" not in origin.requests[0].headers


def test_https_through_an_http_proxy(secure: Origin, ca_file: Path) -> None:
    """CONNECT: the proxy learns the host and nothing of what is for it, and its headers are not
    taken for the server's."""
    with Proxy() as proxy:
        got = fetch(
            secure.url("/feed"), ca_file, proxy=proxy.url, auth=("me", "pw"), headers={"X-Key": "k"}
        )
    assert (got.body, got.validators.etag) == (FEED, '"1"')
    [told] = proxy.told
    assert told.startswith(f"CONNECT localhost:{secure.port} ")
    assert not {"authorization", "x-key"} & {
        line.partition(":")[0].lower() for line in told.splitlines()
    }
    assert secure.requests[0].headers["x-key"] == "k"
    assert secure.requests[0].headers["authorization"].startswith("Basic ")


def test_a_proxy_that_speaks_tls(origin: Origin, context: ssl.SSLContext, ca_file: Path) -> None:
    """It is verified as servers are, with the same certificates."""
    with Proxy(tls=context) as proxy:
        assert fetch(origin.url("/feed"), ca_file, proxy=proxy.url).body == FEED
        with pytest.raises(TlsError):
            fetch(origin.url("/feed"), proxy=proxy.url)
    assert len(origin.requests) == 1


def test_socks(origin: Origin) -> None:
    """socks5h: the name is resolved over there, so that ours tells nobody what we read."""
    with Socks() as proxy:
        address = proxy.url.replace("//", "//me:pw@")
        assert fetch(origin.url("/feed", host="localhost"), proxy=address).body == FEED
    assert proxy.told == ["me:pw", f"name localhost:{origin.port}"]


def test_for_all_and_for_one(origin: Origin) -> None:
    """The fetcher's proxy serves requests that name none; "" goes directly."""
    with Proxy() as everyone, Proxy() as one:
        fetch(origin.url("/feed"), everywhere=everyone.url)
        fetch(origin.url("/feed"), everywhere=everyone.url, proxy=one.url)
        fetch(origin.url("/feed"), everywhere=everyone.url, proxy="")
    assert (len(everyone.told), len(one.told), len(origin.requests)) == (1, 1, 3)


def test_the_environment_has_no_say(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    """no_proxy would take a named proxy away again."""
    monkeypatch.setenv("no_proxy", "*")
    with Proxy() as proxy:
        fetch(origin.url("/feed"), proxy=proxy.url)
    assert len(proxy.told) == 1


def test_conditions_and_redirects_go_through(origin: Origin) -> None:
    """Each hop is the proxy's; validators are sent and 304s understood as ever."""
    origin.redirect("/old", "/feed")
    with Proxy() as proxy:
        first = fetch(origin.url("/old"), proxy=proxy.url)
        again = fetch(origin.url("/old"), proxy=proxy.url, validators=first.validators)
    assert again.status == 304
    assert len(proxy.told) == len(origin.requests) == 4


def test_credentials_stay_with_their_host(origin: Origin) -> None:
    """E32 holds behind a proxy too."""
    with Origin(host="127.0.0.2") as other, Proxy() as proxy:
        other.serve("/feed", FEED)
        origin.redirect("/away", other.url("/feed"))
        fetch(origin.url("/away"), proxy=proxy.url, auth=("me", "pw"), headers={"X-Key": "k"})
    assert "x-key" in origin.requests[0].headers
    assert not {"authorization", "x-key"} & set(other.requests[0].headers)


REFUSALS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"login": "me:pw"}, ConnectionFailed, "wants credentials"),
    ({"connect_status": 410}, ConnectionFailed, "410"),
    ({"connect_status": 429}, ConnectionFailed, "429"),
]


@pytest.mark.parametrize(("options", "error", "text"), REFUSALS)
def test_what_a_proxy_answers_is_no_word_of_the_source(
    secure: Origin, options: dict[str, Any], error: type[Exception], text: str
) -> None:
    """A 410 from it must not retire the source, a 429 is no rate limit of its server."""
    with Proxy(**options) as proxy, pytest.raises(error, match=f"the proxy.*{text}"):
        fetch(secure.url("/feed"), proxy=proxy.url)
    assert secure.requests == []


def test_407(origin: Origin) -> None:
    """The error says what to mend, and not the password that was wrong."""
    with Proxy(login="me:pw") as proxy, pytest.raises(HttpStatus, match="proxy wants") as caught:
        fetch(origin.url("/feed"), proxy=proxy.url.replace("//", "//me:wr0ng@"))
    assert "wr0ng" not in str(caught.value)
    assert origin.requests == []


def test_no_proxy_there(origin: Origin) -> None:
    """Nothing goes directly instead."""
    with Proxy() as proxy:
        gone = proxy.url
    with pytest.raises(ConnectionRefused, match="proxy"):
        fetch(origin.url("/feed"), proxy=gone)
    with pytest.raises(DnsError, match="proxy"):
        fetch(origin.url("/feed"), proxy="http://proxy.invalid:3128")
    assert origin.requests == []


# --- the guard


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "a.localhost.",
     "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254", "[fd00:ec2::254]"],
)  # fmt: skip
def test_e26_behind_a_proxy(host: str) -> None:
    """The proxy's own address is the operator's word; a private target that can be told by its
    name is still refused, before the proxy hears of it."""
    with Proxy() as proxy, pytest.raises(AddressRefused):
        fetch(f"http://{host}/feed", proxy=proxy.url, allow_private=False)
    assert proxy.told == []


def test_e26_on_every_hop_behind_a_proxy(origin: Origin) -> None:
    """A redirect to a metadata service ends there."""
    origin.redirect("/feed", "http://169.254.169.254/latest/")
    with Proxy() as proxy, pytest.raises(AddressRefused):
        fetch(origin.url("/feed"), proxy=proxy.url)
    assert len(proxy.told) == 1


def test_public_names_are_left_to_the_proxy() -> None:
    """They may not even resolve here."""
    for host in ("example.org", "münchen.example", "93.184.215.14", "1.2.3.4.example"):
        assert refusal_by_name(host, False) is None
    assert refusal_by_name("10.0.0.1", ("10.0.0.0/8",)) is None


def test_many_pages_through_one_proxy(origin: Origin) -> None:
    """A request without a proxy, after one with, on the same thread's handle: no trace of it."""
    fetcher = HttpFetcher("F/1")
    origin.answer("/feed", Answer(200, FEED))
    with Proxy() as proxy:
        for through in (proxy.url, None, proxy.url, None):
            fetcher.fetch(Request(url=origin.url("/feed"), allow_private=True, proxy=through))
    assert len(proxy.told) == 2

"""TLS: verified always, each reason of its own, never a way back to http."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from aggregator.fetch import HttpFetcher
from feeds.errors import FetchError, TlsError
from feeds.protocols import Request
from tests.origin import Origin

FEED = b"<rss version='2.0'><channel><title>T</title></channel></rss>"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def serving(authority: trustme.CA, name: str = "localhost", days: int | None = None) -> Origin:
    until = None if days is None else datetime.now(UTC) + timedelta(days=days)
    certificate = authority.issue_cert(name, not_after=until)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return Origin(tls=context)


@pytest.fixture
def origin(authority: trustme.CA) -> Iterator[Origin]:
    with serving(authority) as found:
        found.serve("/feed", FEED)
        yield found


def fetch(url: str, ca_file: Path | None) -> bytes:
    fetcher = HttpFetcher("Feedmill/9", ca_file=ca_file)
    return fetcher.fetch(Request(url=url, allow_private=True, timeout=5.0)).body


def test_good(origin: Origin, ca_file: Path) -> None:
    """A certificate of a trusted authority for this host."""
    assert fetch(origin.url("/feed"), ca_file) == FEED


def test_unknown_authority(origin: Origin) -> None:
    """Not trusted by the system: refused, nothing was asked."""
    with pytest.raises(TlsError, match="issuer is unknown"):
        fetch(origin.url("/feed"), None)
    assert origin.requests == []


def test_another_host(authority: trustme.CA, ca_file: Path) -> None:
    """Good, but for someone else."""
    with (
        serving(authority, "elsewhere.test") as origin,
        pytest.raises(TlsError, match="another host"),
    ):
        fetch(origin.url("/feed"), ca_file)


def test_expired(authority: trustme.CA, ca_file: Path) -> None:
    """Yesterday's."""
    with serving(authority, days=-1) as origin, pytest.raises(TlsError, match="expired"):
        fetch(origin.url("/feed"), ca_file)


def test_no_tls_there(ca_file: Path) -> None:
    """A server that speaks plain HTTP is an error: nothing falls back."""
    with Origin() as plain:
        plain.serve("/feed", FEED)
        request = Request(
            url=plain.url("/feed").replace("http:", "https:"), allow_private=True, timeout=0.5
        )
        with pytest.raises(FetchError):
            HttpFetcher("Feedmill/9", ca_file=ca_file).fetch(request)
        assert plain.requests == []


def test_credentials_never_go_from_https_to_http(origin: Origin, ca_file: Path) -> None:
    """E32: the redirect is followed without them."""
    with Origin() as plain:
        plain.serve("/feed", FEED)
        origin.redirect("/down", plain.url("/feed", host="localhost"))
        fetcher = HttpFetcher("Feedmill/9", ca_file=ca_file)
        request = Request(
            url=origin.url("/down"), allow_private=True, timeout=5.0, headers={"X-Key": "k"}
        )
        assert fetcher.fetch(request).body == FEED
        assert "x-key" in origin.asked("/down")[0].headers
        assert "x-key" not in plain.requests[0].headers

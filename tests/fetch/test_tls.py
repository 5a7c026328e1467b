"""TLS: verified always, each reason of its own, never a way back to http."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from aggregator.fetch import HttpFetcher
from feeds.errors import ConnectionFailed, FetchError, TlsError
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


def days(number: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=number)


def serving(
    authority: trustme.CA,
    name: str = "localhost",
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> Origin:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = authority.issue_cert(name, not_before=not_before, not_after=not_after)
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
    with (
        serving(authority, not_after=days(-1)) as origin,
        pytest.raises(TlsError, match="expired"),
    ):
        fetch(origin.url("/feed"), ca_file)


def test_not_yet_valid(authority: trustme.CA, ca_file: Path) -> None:
    """Tomorrow's."""
    with (
        serving(authority, not_before=days(1), not_after=days(9)) as origin,
        pytest.raises(TlsError, match="not yet valid"),
    ):
        fetch(origin.url("/feed"), ca_file)


def test_self_signed(tmp_path: Path) -> None:
    """Its own issuer, whom nobody vouches for."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", key, "-out", certificate, "-days", "9", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Origin(tls=context) as origin:
        origin.serve("/feed", FEED)
        with pytest.raises(TlsError, match="self-signed"):
            fetch(origin.url("/feed"), None)
        # Who knows better names it as a certificate to trust.
        assert fetch(origin.url("/feed"), certificate) == FEED


@pytest.mark.parametrize(
    ("version", "errors"),
    [
        (ssl.TLSVersion.TLSv1_2, (TlsError,)),
        # 1.3 refuses us when we think that it is over: its word may be lost to our first write.
        (ssl.TLSVersion.TLSv1_3, (TlsError, ConnectionFailed)),
    ],
)
def test_handshake(
    authority: trustme.CA,
    ca_file: Path,
    version: ssl.TLSVersion,
    errors: tuple[type[FetchError], ...],
) -> None:
    """A server that wants a certificate of ours."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    with Origin(tls=context) as origin, pytest.raises(errors) as caught:
        fetch(origin.url("/feed"), ca_file)
    assert "handshake" in str(caught.value) or isinstance(caught.value, ConnectionFailed)
    assert origin.requests == []


def test_the_operator_s_certificates_come_on_top(
    origin: Origin, ca_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ca_file` is trusted beside the system's, be those a file or a folder; without it only
    they are."""
    other = trustme.CA(organization_name="The system's")
    system, folder = tmp_path / "system.pem", tmp_path / "system"
    other.cert_pem.write_to_path(str(system))
    folder.mkdir()
    with serving(other) as ordinary:
        ordinary.serve("/feed", FEED)
        monkeypatch.setenv("SSL_CERT_FILE", str(system))
        assert fetch(ordinary.url("/feed"), ca_file) == fetch(origin.url("/feed"), ca_file) == FEED
        with pytest.raises(TlsError):
            fetch(origin.url("/feed"), None)
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(TlsError):
            fetch(ordinary.url("/feed"), ca_file)
        shutil.copy(system, folder)
        subprocess.run(["openssl", "rehash", folder], check=True, capture_output=True)
        monkeypatch.setenv("SSL_CERT_DIR", str(folder))
        assert fetch(ordinary.url("/feed"), ca_file) == fetch(origin.url("/feed"), ca_file) == FEED


def test_no_tls_there(ca_file: Path) -> None:
    """A server that speaks plain HTTP is an error: nothing falls back."""
    with Origin() as plain:
        plain.serve("/feed", FEED)
        request = Request(
            url=plain.url("/feed").replace("http:", "https:"), allow_private=True, timeout=0.5
        )
        with pytest.raises(FetchError):
            HttpFetcher("Feedmill/9", ca_file=ca_file).fetch(request)
        # What a handshake looks like to it is chance; it was asked for nothing.
        assert all(each.method != "GET" for each in plain.requests)


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

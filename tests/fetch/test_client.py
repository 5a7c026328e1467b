"""The fetcher against a real server: the wire rules of ETIQUETTE.md and THREATS.md."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from aggregator.fetch import HttpFetcher
from feeds.errors import (
    AddressRefused,
    BadRedirect,
    Blocked,
    ConnectionFailed,
    ConnectionRefused,
    DnsError,
    FetchError,
    Gone,
    HttpStatus,
    RateLimited,
    TooLarge,
    TooManyRedirects,
    TooSlow,
    Truncated,
)
from feeds.models import Validators
from feeds.protocols import Request, Response
from tests.origin import Answer, Drip, Origin, Raw

AGENT = "Feedmill/9.9 (+https://wire.test; ops@wire.test)"
FEED = b"<rss version='2.0'><channel><title>T</title></channel></rss>"
DATE = "Fri, 20 Nov 2026 10:00:00 GMT"


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/feed", FEED, etag='W/"a b"', last_modified=DATE)
        yield found


FETCHER = HttpFetcher(AGENT)


def fetch(url: str, fetcher: HttpFetcher = FETCHER, **options: Any) -> Response:
    settings: dict[str, Any] = {"allow_private": True, "timeout": 5.0} | options
    return fetcher.fetch(Request(url=url, **settings))


# --- conditions


def test_e1_the_first_request(origin: Origin) -> None:
    """E1: without conditions. E16: no cookie, no Referer. E17, E18, E27: who, codings, A-IM."""
    got = fetch(origin.url("/feed"))
    assert (got.status, got.body) == (200, FEED)
    [asked] = origin.requests
    assert not {"if-none-match", "if-modified-since", "cookie", "referer"} & set(asked.headers)
    assert asked.headers["user-agent"] == AGENT
    assert asked.headers["accept-encoding"] == "gzip, br"
    assert asked.headers["a-im"] == "feed"
    assert asked.query == ""


def test_e2_e3_e5_validators_go_back_as_they_came(origin: Origin) -> None:
    """Byte for byte, both of them; the answer is a 304 with an empty body."""
    first = fetch(origin.url("/feed"))
    assert first.validators == Validators(
        url=origin.url("/feed"), etag='W/"a b"', last_modified=DATE
    )
    again = fetch(origin.url("/feed"), validators=first.validators)
    assert (again.status, again.body) == (304, b"")
    sent = origin.requests[1].headers
    assert (sent["if-none-match"], sent["if-modified-since"]) == ('W/"a b"', DATE)
    assert again.validators == first.validators


def test_e5_a_validator_that_stopped(origin: Origin) -> None:
    """One that the server no longer sends is dropped after the next 200."""
    known = Validators(url=origin.url("/feed"), etag='"old"', last_modified="x")
    origin.serve("/feed", FEED, etag='"new"')
    got = fetch(origin.url("/feed"), validators=known)
    assert got.validators == Validators(url=origin.url("/feed"), etag='"new"', last_modified=None)


def test_e7_a_304_updates_what_it_names(origin: Origin) -> None:
    """Its new ETag counts, the Last-Modified that it does not repeat stays."""
    origin.answer("/feed", Answer(304, b"", {"ETag": '"2"'}))
    known = Validators(url=origin.url("/feed"), etag='"1"', last_modified=DATE)
    got = fetch(origin.url("/feed"), validators=known)
    assert (got.validators.etag, got.validators.last_modified) == ('"2"', DATE)


def test_a_304_that_nobody_asked_for(origin: Origin) -> None:
    """Without conditions sent there is nothing to keep: an error."""
    origin.answer("/feed", Answer(304))
    with pytest.raises(HttpStatus, match="304"):
        fetch(origin.url("/feed"))


@pytest.mark.parametrize("etag", ['"a\r\nX-Evil: 1"', '"a\nb"', '"a\x00b"', '"Ω"'])
def test_header_injection(origin: Origin, etag: str) -> None:
    """A stored validator that could end its line, or is not latin-1, is not sent."""
    known = Validators(url=origin.url("/feed"), etag=etag, last_modified=DATE)
    assert fetch(origin.url("/feed"), validators=known).status in (200, 304)
    sent = origin.requests[0].headers
    assert "if-none-match" not in sent
    assert "x-evil" not in sent


def test_latin_1_etag(origin: Origin) -> None:
    """Bytes above 127 go back as they came."""
    origin.serve("/feed", FEED, etag='"grün"')
    first = fetch(origin.url("/feed"))
    assert fetch(origin.url("/feed"), validators=first.validators).status == 304


@pytest.mark.parametrize("name", ["X-Key\r\nX-Evil", "X Key"])
def test_operators_headers_are_checked(origin: Origin, name: str) -> None:
    """A header that can't be sent is an error, never a second header."""
    with pytest.raises(FetchError):
        fetch(origin.url("/feed"), headers={name: "v"})
    with pytest.raises(FetchError):
        fetch(origin.url("/feed"), headers={"X-Key": "v\r\nX-Evil: 1"})
    assert origin.requests == []


def test_e16_cookies_are_not_kept(origin: Origin) -> None:
    """Nor sent with the next request, to the next hop, or from another thread."""
    origin.answer("/feed", Answer(200, FEED, {"Set-Cookie": "id=1; Path=/"}))
    origin.answer("/old", Answer(302, b"", {"Location": "/feed", "Set-Cookie": "id=2"}))
    for path in ("/feed", "/old", "/feed"):
        fetch(origin.url(path))
    assert all("cookie" not in each.headers for each in origin.requests)


# --- redirects


def test_e20_validators_belong_to_their_url(origin: Origin) -> None:
    """Sent only on the hop that gave them: so a source behind a redirect gets its 304."""
    origin.redirect("/old", "/feed", 301)
    first = fetch(origin.url("/old"))
    assert first.url == first.validators.url == origin.url("/feed")
    assert [(hop.url, hop.status) for hop in first.hops] == [
        (origin.url("/old"), 301),
        (origin.url("/feed"), 200),
    ]
    again = fetch(origin.url("/old"), validators=first.validators)
    assert again.status == 304
    assert "if-none-match" not in origin.asked("/old")[1].headers
    assert "if-none-match" in origin.asked("/feed")[1].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects(origin: Origin, status: int) -> None:
    """Each kind is followed, relative too; a fragment stays at home."""
    origin.redirect("/a/old", "../feed#top", status)
    assert fetch(origin.url("/a/old")).url == origin.url("/feed")


def test_e22_five_hops(origin: Origin) -> None:
    """Five are followed, the sixth is an error."""
    for number in range(7):
        origin.redirect(f"/{number}", f"/{number + 1}" if number < 6 else "/feed")
    assert fetch(origin.url("/2")).body == FEED
    with pytest.raises(TooManyRedirects):
        fetch(origin.url("/1"))


@pytest.mark.parametrize("path", ["/a", "/self"])
def test_a_redirect_loop_is_walked_once(origin: Origin, path: str) -> None:
    """No address is asked twice on the way."""
    for at, to in (("/a", "/b"), ("/b", "/a"), ("/self", "/self#again")):
        origin.redirect(at, to)
    with pytest.raises(TooManyRedirects) as caught:
        fetch(origin.url(path))
    assert len(origin.requests) == len(caught.value.hops) == (2 if path == "/a" else 1)


@pytest.mark.parametrize(
    "to", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x/", "javascript:1", "",
           "http://[", "http://127.0.0.1:99999/"],
)  # fmt: skip
def test_redirects_to_nowhere(origin: Origin, to: str) -> None:
    """Only http and https are followed."""
    origin.redirect("/old", to)
    with pytest.raises(BadRedirect):
        fetch(origin.url("/old"))
    assert len(origin.requests) == 1


def test_location_beyond_ascii(origin: Origin) -> None:
    """Raw UTF-8 bytes in Location are percent-encoded."""
    origin.serve("/caf%C3%A9", FEED)
    origin.answer("/old", Raw("HTTP/1.1 302 F\r\nLocation: /café\r\n\r\n".encode()))
    assert fetch(origin.url("/old")).body == FEED


def test_an_endless_redirect_body(origin: Origin) -> None:
    """What a redirect carries is not waited for."""
    start = b"HTTP/1.1 302 F\r\nLocation: /feed\r\nContent-Length: 999999999\r\n\r\n"
    origin.answer("/old", Drip(start, b"x" * 1000))
    assert fetch(origin.url("/old")).body == FEED


# --- time and size


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n<rss>",
        b"HTTP/1.1 200 OK\r\n\r\n<rss>",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n",
    ],
)
def test_e25_the_limit_is_total(origin: Origin, start: bytes) -> None:
    """Slow headers and slow bodies end at the deadline; nothing of them is read as complete."""
    origin.answer("/slow", Drip(start, b"1" if b"chunked" not in start else b"1\r\nx\r\n"))
    began = time.monotonic()
    with pytest.raises(TooSlow):
        fetch(origin.url("/slow"), timeout=0.6)
    assert 0.4 < time.monotonic() - began < 1.6


def test_e25_redirects_share_the_deadline(origin: Origin) -> None:
    """Five slow hops do not make five deadlines."""
    origin.redirect("/old", "/slow")
    origin.answer("/slow", Drip(b"HTTP/1.1 200 OK\r\nX: ", b"y"))
    began = time.monotonic()
    with pytest.raises(TooSlow):
        fetch(origin.url("/old"), timeout=0.6)
    assert time.monotonic() - began < 1.6


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + FEED,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(FEED)[:-9],
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 40\r\n\r\n"
        + gzip.compress(FEED * 9)[:40],
    ],
)
def test_cut_off(origin: Origin, data: bytes) -> None:
    """E25: a body that ends early is never complete, even under a right Content-Length."""
    origin.answer("/cut", Raw(data))
    with pytest.raises(Truncated):
        fetch(origin.url("/cut"))


def test_too_large(origin: Origin) -> None:
    """Stopped at the cap: of an announced, an endless and a compressed body."""
    origin.answer("/big", Answer(200, b"<" * 20_000))
    origin.answer("/endless", Drip(b"HTTP/1.1 200 OK\r\n\r\n", b"<" * 5000, 0.001))
    packed = gzip.compress(b"<" * 5_000_000)
    origin.answer("/bomb", Answer(200, packed, {"Content-Encoding": "gzip"}))
    for path in ("/big", "/endless", "/bomb"):
        with pytest.raises(TooLarge):
            fetch(origin.url(path), max_body=10_000)


def test_endless_headers(origin: Origin) -> None:
    """Headers have a limit too."""
    origin.answer("/headers", Drip(b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 5000 + b"\r\n", 0.0005))
    with pytest.raises(FetchError):
        fetch(origin.url("/headers"), timeout=5.0)


# --- answers


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, HttpStatus), (401, HttpStatus), (403, HttpStatus), (404, HttpStatus),
     (410, Gone), (429, RateLimited), (500, HttpStatus), (503, HttpStatus),
     (204, HttpStatus), (206, HttpStatus)],
)  # fmt: skip
def test_statuses(origin: Origin, status: int, error: type[HttpStatus]) -> None:
    """Each its own class, with the status in its text."""
    origin.answer(
        "/s", Answer(status, b"" if status == 204 else b"no", {"Cache-Control": "max-age=60"})
    )
    with pytest.raises(error, match=str(status)) as caught:
        fetch(origin.url("/s"))
    assert type(caught.value) is error
    assert (caught.value.status, caught.value.max_age) == (status, 60)


@pytest.mark.parametrize("status", [429, 503])
def test_e12_retry_after(origin: Origin, status: int) -> None:
    """Seconds or date are carried, whatever the body of the answer is like."""
    origin.answer("/s", Answer(status, b"x" * 10_000_000, {"Retry-After": "600"}))
    with pytest.raises(RateLimited) as caught:
        fetch(origin.url("/s"), max_body=1000)
    assert caught.value.retry_after is not None


def test_an_endless_error_page(origin: Origin) -> None:
    """It is what its status says, at once."""
    start = b"HTTP/1.1 404 N\r\nContent-Length: 99999999\r\n\r\n"
    origin.answer("/s", Drip(start, b"<" * 50_000, 0.0005))
    with pytest.raises(HttpStatus, match="404"):
        fetch(origin.url("/s"))


def test_e27_a_delta(origin: Origin) -> None:
    """226 is a success."""
    origin.answer("/feed", Answer(226, FEED, {"IM": "feed", "ETag": '"2"'}))
    got = fetch(origin.url("/feed"))
    assert (got.status, got.body, got.validators.etag) == (226, FEED, '"2"')


@pytest.mark.parametrize(
    "answer",
    [
        Answer(403, b"<html>", {"cf-mitigated": "challenge"}),
        Answer(403, b"<html><script src='/cdn-cgi/challenge-platform/x.js'>"),
        Answer(503, b"<html>Enable JavaScript and cookies to continue"),
    ],
)
def test_e28_challenges(origin: Origin, answer: Answer) -> None:
    """A bot challenge is an error of its own, which says what to do."""
    origin.answer("/feed", answer)
    with pytest.raises(Blocked, match="ask the publisher"):
        fetch(origin.url("/feed"))


def test_repeated_headers(origin: Origin) -> None:
    """Joined by ", " (else the hub, in the second Link, is lost)."""
    links = [("Link", "<https://a/self>; rel=self"), ("Link", "<https://hub/>; rel=hub")]
    origin.answer("/feed", Answer(200, FEED, links))
    assert fetch(origin.url("/feed")).headers["link"] == ", ".join(value for _, value in links)


def test_early_hints_and_trailers(origin: Origin) -> None:
    """Only the headers of the final answer count."""
    origin.answer(
        "/feed",
        Raw(
            b'HTTP/1.1 103 Early Hints\r\nETag: "hint"\r\n\r\n'
            b'HTTP/1.1 200 OK\r\nETag: "real"\r\nTransfer-Encoding: chunked\r\n\r\n'
            b'6\r\n<rss/>\r\n0\r\nETag: "trailer"\r\n\r\n'
        ),
    )
    got = fetch(origin.url("/feed"))
    assert (got.body, got.validators.etag) == (b"<rss/>", '"real"')


@pytest.mark.parametrize("data", [b"", b"SSH-2.0-x\r\n", b"\x00\x01\x02"])
def test_not_http(origin: Origin, data: bytes) -> None:
    """A connection that ends, or another protocol."""
    origin.answer("/odd", Raw(data))
    with pytest.raises(ConnectionFailed):
        fetch(origin.url("/odd"))


def test_refused() -> None:
    """Nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(ConnectionRefused):
        fetch(f"http://127.0.0.1:{port}/")


def test_no_such_host() -> None:
    """RFC 6761: names below .invalid never resolve."""
    with pytest.raises(DnsError):
        fetch("http://feeds.invalid/", allow_private=False)


def test_proxy_of_the_environment(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    """E16: http_proxy is for others; libcurl would obey it."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    assert fetch(origin.url("/feed"), HttpFetcher(AGENT)).status == 200


# --- the guard, as dialled


def forms(port: int) -> list[str]:
    """127.0.0.1 in the forms that have fooled others."""
    hosts = " ".join(
        [
            "127.0.0.1 127.1 2130706433 0x7f.1 0x7f000001 0177.0.0.1 localhost localhost.",
            "127.0.0.1. [::ffff:127.0.0.1] [::ffff:7f00:1] 0.0.0.0 0 [::] [64:ff9b::7f00:1]",
            "user:pw@127.0.0.1 a.test@127.0.0.1 169.254.169.254 100.64.0.1 10.0.0.1",
            "192.168.0.1 [fc00::1] [fe80::1] 224.0.0.1",
        ]
    ).split()
    return [f"http://{host}:{port}/feed" for host in hosts]


def test_e26_no_private_address(origin: Origin) -> None:
    """Refused as it is dialled, in every form, and nothing arrives."""
    for url in forms(origin.port):
        with pytest.raises((AddressRefused, DnsError)):
            fetch(url, allow_private=False, timeout=2.0)
    assert origin.requests == []


def test_e26_on_every_hop(origin: Origin) -> None:
    """Allowed is the one network named: a redirect to any other address is refused."""
    with Origin(host="127.0.0.2") as other:
        other.serve("/feed", FEED)
        urls = [*forms(other.port), other.url("/feed")]
        for number, url in enumerate(urls):
            if "127.0.0.1" in url or "localhost" in url or "7f" in url or "127.1" in url:
                continue  # this very network
            if "2130706433" in url or "0177" in url:
                continue
            origin.redirect(f"/{number}", url)
            with pytest.raises((AddressRefused, DnsError, BadRedirect)):
                fetch(origin.url(f"/{number}"), allow_private=("127.0.0.1/32",), timeout=2.0)
        assert other.requests == []


def test_e26_true_is_not_everything() -> None:
    """`true` never means link-local or metadata."""
    for host in ("169.254.169.254", "[fe80::1]", "0.0.0.0"):
        with pytest.raises((AddressRefused, ConnectionFailed)):
            fetch(f"http://{host}:9/", allow_private=True, timeout=1.0)


# --- credentials


def test_e32_userinfo(origin: Origin) -> None:
    """User and password go as a header, never in the address that is stored or told."""
    got = fetch(origin.url("/feed").replace("//", "//me:s%40crt@"))
    assert origin.requests[0].headers["authorization"] == "Basic bWU6c0BjcnQ="
    assert "crt" not in repr((got.url, got.hops, got.validators))


def test_e32_headers_stay_with_their_host(origin: Origin) -> None:
    """Across a redirect to the same host they go along; to another host or port, never."""
    key = {"Authorization": "Bearer s", "X-Key": "k"}
    origin.redirect("/own", "/feed")
    fetch(origin.url("/own"), headers=key)
    assert origin.asked("/feed")[0].headers["x-key"] == "k"
    with Origin(host="127.0.0.2") as host, Origin() as port:
        for other in (host, port):
            other.serve("/feed", FEED)
            origin.redirect("/away", other.url("/feed"))
            fetch(origin.url("/away"), headers=key)
            [asked] = other.requests
            assert not {"authorization", "x-key"} & set(asked.headers)


def test_e32_nor_come_back(origin: Origin) -> None:
    """Once another host was in the chain they stay out."""
    with Origin(host="127.0.0.2") as other:
        other.redirect("/back", origin.url("/feed"))
        origin.redirect("/away", other.url("/back"))
        fetch(origin.url("/away"), headers={"X-Key": "k"})
    assert "x-key" not in origin.asked("/feed")[0].headers


def test_errors_tell_no_secret(origin: Origin) -> None:
    """No error's text holds the address."""
    origin.answer("/s", Answer(403, b"no"))
    for url in (origin.url("/s") + "?token=hush", "http://me:hush@127.0.0.1:1/"):
        with pytest.raises(FetchError) as caught:
            fetch(url)
        assert "hush" not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize("url", ["http://", "http://[", "ftp://a.test/", "//a", "http://a:0/", "x"])
def test_no_usable_address(url: str) -> None:
    """An error, nothing worse."""
    with pytest.raises(FetchError):
        fetch(url)


def test_many_threads(origin: Origin) -> None:
    """One fetcher serves many threads; each gets its own answer."""
    for number in range(20):
        origin.serve(f"/{number}", b"<rss>%d</rss>" % number)
    wrong = list[int]()

    def work(number: int) -> None:
        for _ in range(5):
            if fetch(origin.url(f"/{number}")).body != b"<rss>%d</rss>" % number:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []
    assert len(origin.requests) == 100

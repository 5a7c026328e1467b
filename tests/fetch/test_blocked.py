"""Pages where a feed should be: what they are taken for, and what is told of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator.fetch.blocked import Kind, misplaced, page_of, refused
from aggregator.fetch.freshness import Freshness
from feeds.errors import Blocked, NotAFeed, ReadError

FRESH = Freshness(max_age=60.0, retry_after=datetime(2026, 11, 20, tzinfo=UTC))
HTML = {"content-type": "text/html; charset=utf-8"}


def html(inside: str, title: str = "Hello") -> bytes:
    return f"<!doctype html><html><head><title>{title}</title></head>{inside}</html>".encode()


CHALLENGES = [
    html("<script>window._cf_chl_opt={}</script>", "Just a moment..."),
    html("<script src='/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1'>"),
    html("<noscript>Enable JavaScript and cookies to continue</noscript>"),
    html("<script id='anubis_challenge' type='application/json'>", "Making sure you're not a bot!"),
    html("<p>Please verify you are a human</p>"),
    html("<div class='g-recaptcha'></div>", "Access check"),
    html("", "Attention Required! | Cloudflare"),
    html("<p>Checking your browser before accessing</p>"),
    html("<script src='https://geo.captcha-delivery.com/x.js'>"),
    html("<iframe src='/_Incapsula_Resource?x=1'>"),
]
LOGINS = [
    html("<form><input name=u><input type=password name=p></form>"),
    html('<input class="x" type="password"><div class="g-recaptcha">'),
    html("<div id=app></div>", "Sign in - Example"),
    html("<div id=app></div>", "Anmeldung"),
]
PAGES = [
    html("<p>Hi</p>"),
    html("<script src='/cdn-cgi/challenge-platform/h/b/scripts/jsd/main.js'>"),
    b"<html><body>parked</body></html>",
    b"\xef\xbb\xbf<!-- x -->\n<HTML><BODY>",
    b"<head><meta http-equiv=refresh content='0;url=/feed'></head>",
]
KINDS = [
    *((Kind.CHALLENGE, each) for each in CHALLENGES),
    *((Kind.LOGIN, each) for each in LOGINS),
    *((Kind.PAGE, each) for each in PAGES),
]


@pytest.mark.parametrize(("kind", "body"), KINDS)
def test_kinds(kind: Kind, body: bytes) -> None:
    """By the marks of vendors, by what the page says, by its fields."""
    found = page_of({}, body)
    assert found is not None
    assert found.kind is kind


@pytest.mark.parametrize(
    "body",
    [b"", b"no", b"<rss version='2.0'><channel/></rss>", b'{"title": "x"}', b"<feed/>", b"\x89PNG"],
)
def test_no_page(body: bytes) -> None:
    assert page_of({"content-type": "text/plain"}, body) is None


def test_a_feed_under_the_label_of_html_is_no_page() -> None:
    """Labels lie; what counts is what it is."""
    assert page_of(HTML, b"<rss version='2.0'><channel><title>T</title></channel></rss>") is None
    assert page_of(HTML, b"<!-- hi --><p>late<html><body>") is not None


def test_the_server_says_so_itself() -> None:
    """Cloudflare's header, whatever the body is."""
    found = page_of({"cf-mitigated": "challenge"}, b"")
    assert found is not None
    assert found.kind is Kind.CHALLENGE


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("Hello &amp; welcome", "Hello & welcome"),
        ("  a\n b\x00\x1b[31m ", "a b[31m"),
        ("Not found: https://a.org/?token=s3cret", "Not found: …"),
        ("/feed?token=s3cret is gone", "… is gone"),
        ("me@a.org", "…"),
        ("word " * 40, "word " * 11 + "word…"),
        ("", ""),
        ("<b>bold</b>", "bold"),
        ("Gr\xfc\xdfe", "Grüße"),
    ],
)
def test_titles_are_harmless(title: str, told: str) -> None:
    """Short, on one line, without anything that could be an address (E32)."""
    found = page_of({}, html("", title))
    assert found is not None
    assert found.title == told


REFUSED: list[tuple[int, dict[str, str], bytes, str]] = [
    (403, {}, html("", "Forbidden"), 'an HTML page titled "Forbidden" instead of the feed'),
    (403, {}, CHALLENGES[0], "a bot challenge"),
    (503, {}, CHALLENGES[0], "a bot challenge"),
    (404, {}, CHALLENGES[0], "a bot challenge"),
    (401, {}, LOGINS[0], "a login page"),
    (401, {}, html("", "No"), "an HTML page"),
    (503, {}, LOGINS[0], "a login page"),
]
PLAIN: list[tuple[int, dict[str, str], bytes]] = [
    (401, {"www-authenticate": "Basic"}, html("", "No")),
    (403, {}, b"no"),
    (404, {}, LOGINS[0]),
    (404, {}, html("", "Not found")),
    (500, {}, html("", "Oops")),
    (503, {}, html("", "Maintenance")),
]


@pytest.mark.parametrize(("status", "headers", "body", "told"), REFUSED)
def test_e28_kept_out(status: int, headers: dict[str, str], body: bytes, told: str) -> None:
    """An interstitial with an error's status; freshness and Retry-After are kept."""
    error = refused(status, headers, body, FRESH)
    assert error is not None
    assert str(error).startswith(f"{status}: {told}")
    assert (error.status, error.max_age, error.retry_after) == (status, 60.0, FRESH.retry_after)


@pytest.mark.parametrize(("status", "headers", "body"), PLAIN)
def test_plain_errors(status: int, headers: dict[str, str], body: bytes) -> None:
    """Every server dresses its errors as pages (with a login in the corner): those are what
    their status says."""
    assert refused(status, headers, body, FRESH) is None


@pytest.mark.parametrize(
    ("body", "fine", "error", "told"),
    [
        (PAGES[0], True, Blocked, '200: an HTML page titled "Hello" instead of the feed'),
        (LOGINS[0], True, Blocked, "200: a login page"),
        (CHALLENGES[0], True, Blocked, "200: a bot challenge"),
        (CHALLENGES[0], False, Blocked, "200: a bot challenge"),
        (PAGES[0], False, NotAFeed, 'an HTML page titled "Hello", not a feed'),
        (LOGINS[0], False, NotAFeed, "a login page"),
        (b"no feed", True, NotAFeed, "as it was"),
    ],
)
def test_e28_a_page_with_200(body: bytes, fine: bool, error: type[Exception], told: str) -> None:
    """Blocked, if it was a feed before; what else can't be read keeps its own error."""
    found = misplaced(NotAFeed("as it was"), 200, {}, body, FRESH, fine=fine)
    assert type(found) is error
    assert str(found).startswith(told)


def test_other_errors_stay() -> None:
    crashed = ReadError("the reader crashed")
    assert misplaced(crashed, 200, {}, PAGES[0], FRESH, fine=True) is crashed

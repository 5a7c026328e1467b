"""HTML where a feed should be: what kind of page it is, and what can be done (E28). Pure.

A page is an error, never an empty feed. For a source that gave a feed before, it is "blocked":
something stands between us and the feed. A source that never gave one is "not a feed", unless
the page is plainly a challenge to bots.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aggregator.fetch.freshness import Freshness
from feeds.errors import Blocked, NotAFeed, PollError
from feeds.text import plain_text, shorten, xml_safe

_LOOKED_AT = 100_000
"""Bytes of a page: what it is shows itself by then."""
_HTML = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:\s|<\?xml[^>]*>|<!--.*?-->)*<(?:!doctype\s+html|html|head|body|title)\b",
    re.I | re.S,
)
_ANYWHERE = re.compile(rb"<(?:!doctype\s+html|html|body)\b", re.I)
_TITLE = re.compile(rb"<title\b[^>]*>(.*?)</title", re.I | re.S)
_VENDORS = re.compile(
    # Ordinary pages behind Cloudflare carry its scripts/jsd.
    rb"challenge-platform/(?!(?:h/\w+/)?scripts/jsd)|cf-browser-verification|cf[_-]chl[_-]"
    rb"|_incapsula_resource|ddos-guard|/\.well-known/sgcaptcha|px-captcha|captcha-delivery\.com"
    rb"|anubis_challenge|awswaf\.com|/_sec/cp_challenge|enable javascript and cookies to continue",
    re.I,
)
_CHALLENGE = re.compile(
    rb"just a moment\.\.\.|checking (?:your browser|if the site connection is secure)"
    rb"|attention required|(?:verify|confirm|prove)(?:ing)? (?:that )?you(?:'re| are) "
    rb"(?:a )?(?:human|not a (?:ro)?bot)|are you (?:a )?(?:human|robot)|captcha",
    re.I,
)
_PASSWORD = re.compile(rb"<input\b[^>]*\btype\s*=\s*[\"']?password", re.I)
_SIGN_IN = re.compile(
    r"\b(?:log|sign)[ -]?(?:in|on)\b|\blogin\b|\banmeld|\bconnexion\b|\biniciar sesi", re.I
)
_TELLING = ("/", "?", "=", "@")
"""Words with one of these may be an address, which can hold a secret (E32)."""


class Kind(StrEnum):
    CHALLENGE = "a bot challenge"
    LOGIN = "a login page"
    PAGE = "an HTML page"


_ADVICE = {
    Kind.CHALLENGE: "ask the publisher to let feed readers through",
    Kind.LOGIN: "it may want credentials now (see `auth` and `headers`)",
    Kind.PAGE: "look at its address in a browser, it may have moved",
}


@dataclass(frozen=True, slots=True)
class Page:
    kind: Kind
    title: str
    """Of few words, none of which is an address; "" when it has none."""

    def __str__(self) -> str:
        return f'{self.kind} titled "{self.title}"' if self.title else str(self.kind)

    @property
    def instead(self) -> str:
        """What to tell the operator of a source that should be a feed."""
        return f"{self} instead of the feed; {_ADVICE[self.kind]}"


def page_of(headers: Mapping[str, str], body: bytes) -> Page | None:
    """What kind of page an answer is; None when it is none. `headers`: names in lower case."""
    start = body[:_LOOKED_AT]
    said = "html" in headers.get("content-type", "").lower() and _ANYWHERE.search(start)
    if not (said or _HTML.match(start) or "cf-mitigated" in headers):
        return None
    title = _title(start)
    return Page(_kind(headers, start, title), _harmless(title))


def _kind(headers: Mapping[str, str], start: bytes, title: str) -> Kind:
    if "cf-mitigated" in headers or _VENDORS.search(start):
        return Kind.CHALLENGE
    # Before the weaker signs: login pages have captchas too.
    if _PASSWORD.search(start) or _SIGN_IN.search(title):
        return Kind.LOGIN
    return Kind.CHALLENGE if _CHALLENGE.search(start) else Kind.PAGE


def _title(start: bytes) -> str:
    found = _TITLE.search(start)
    text = found[1].decode("utf-8", "replace") if found else ""
    return "".join(c for c in xml_safe(plain_text(text)) if c.isprintable())


def _harmless(title: str) -> str:
    words = ["…" if any(c in word for c in _TELLING) else word for word in title.split()]
    return shorten(" ".join(words), 60)


def refused(
    status: int, headers: Mapping[str, str], body: bytes, fresh: Freshness
) -> Blocked | None:
    """The error for an answer that is none of our business but a page: a challenge with whatever
    status, a login page or any other with a status that keeps us out. None for the others."""
    page = page_of(headers, body)
    if page is None or (status == 401 and "www-authenticate" in headers):
        return None
    if page.kind is Kind.CHALLENGE or status in _KEPT_OUT:
        return _blocked(status, page, fresh)
    return _blocked(status, page, fresh) if page.kind is Kind.LOGIN and status == 503 else None


_KEPT_OUT = (401, 403)


def misplaced(
    error: PollError,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    fresh: Freshness,
    *,
    fine: bool,
) -> PollError:
    """A better error for a document that turned out to be a page. `fine`: its source gave a feed
    before."""
    page = page_of(headers, body) if isinstance(error, NotAFeed) else None
    if page is None:
        return error
    if fine or page.kind is Kind.CHALLENGE:
        return _blocked(status, page, fresh)
    return NotAFeed(f"{page}, not a feed; give the address of the feed itself")


def _blocked(status: int, page: Page, fresh: Freshness) -> Blocked:
    return Blocked(
        f"{status}: {page.instead}",
        status=status,
        retry_after=fresh.retry_after,
        max_age=fresh.max_age,
    )

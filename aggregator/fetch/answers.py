"""Which answers are a success, and what the others are called. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from aggregator.fetch.freshness import Freshness, freshness
from feeds.errors import Blocked, Gone, HttpStatus, RateLimited

_CHALLENGES = (
    b"cf-browser-verification",
    b"challenge-platform",
    b"cf_chl_",
    b"_incapsula_resource",
    b"ddos-guard",
    b"/.well-known/sgcaptcha",
    b"px-captcha",
    b"captcha-delivery.com",
    b"enable javascript and cookies to continue",
    b"anubis_challenge",
)
_SAID = {
    400: "bad request",
    401: "it wants credentials (see `auth` and `headers`)",
    402: "payment required",
    403: "forbidden",
    404: "not found",
    406: "not acceptable",
    407: "the proxy wants credentials (see `proxy`)",
    410: "gone for good",
    418: "it will not answer us",
    429: "too many requests",
    451: "unavailable for legal reasons",
    500: "the server's own error",
    502: "bad gateway",
    503: "unavailable at the moment",
    504: "its gateway timed out",
}


def judge(
    status: int, headers: Mapping[str, str], body: bytes, now: datetime, *, sent_conditions: bool
) -> None:
    """Raises what a status other than 200, 226 and 304 means; a challenge is Blocked (E28)."""
    if status in (200, 226) or (status == 304 and sent_conditions):
        return
    fresh = freshness(headers, now)
    if status == 304:
        raise _status(HttpStatus, status, fresh, "not modified, though nothing was asked")
    if 200 <= status < 300:
        raise _status(HttpStatus, status, fresh, "a success without a document")
    if status == 410:
        raise _status(Gone, status, fresh)
    if status == 429 or (status == 503 and fresh.retry_after is not None):
        raise _status(RateLimited, status, fresh)
    if challenged(headers, body):
        raise Blocked(
            f"{status}: a bot challenge instead of the feed; ask the publisher to let feed "
            "readers through",
            status=status,
            retry_after=fresh.retry_after,
            max_age=fresh.max_age,
        )
    raise _status(HttpStatus, status, fresh)


def challenged(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether an error page is a bot challenge."""
    if "cf-mitigated" in headers:
        return True
    start = body[:100_000].lower()
    return any(mark in start for mark in _CHALLENGES)


def _status(
    error: type[HttpStatus], status: int, fresh: Freshness, text: str | None = None
) -> HttpStatus:
    said = text or _SAID.get(status, "an error" if status >= 400 else "no answer of use")
    return error(
        f"{status}: {said}", status=status, retry_after=fresh.retry_after, max_age=fresh.max_age
    )

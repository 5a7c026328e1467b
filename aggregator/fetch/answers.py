"""Which answers are a success, and what the others are called. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from aggregator.fetch.blocked import refused
from aggregator.fetch.freshness import Freshness, freshness
from feeds.errors import Gone, HttpStatus, RateLimited

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
    """Raises what a status other than 200, 226 and 304 means; a page that keeps us out is Blocked
    (E28). A 226 must be a difference that we asked for (E27), else nobody can read it."""
    if status == 226 and not _readable(headers.get("im", "feed")):
        fresh = freshness(headers, now)
        raise _status(HttpStatus, status, fresh, "a kind of difference that we did not ask for")
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
    raise refused(status, headers, body, fresh) or _status(HttpStatus, status, fresh)


def _readable(manipulations: str) -> bool:
    """Whether A-IM: feed and nothing but codings made this body (RFC 3229 §10.5.2). Without IM
    at all, it is what it looks like."""
    names = {each.partition(";")[0].strip().lower() for each in manipulations.split(",")}
    return names - {""} <= {"feed", "identity", "gzip", "deflate", "br"}


def _status(
    error: type[HttpStatus], status: int, fresh: Freshness, text: str | None = None
) -> HttpStatus:
    said = text or _SAID.get(status, "an error" if status >= 400 else "no answer of use")
    return error(
        f"{status}: {said}", status=status, retry_after=fresh.retry_after, max_age=fresh.max_age
    )

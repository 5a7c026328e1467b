"""How long an answer stays fresh, and when the server wants us back (RFC 9111, RFC 9110). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MAX_WAIT = timedelta(days=7)
"""E12: Retry-After is honoured up to this."""
MOST = 10**9
_MAX_AGE = re.compile(r'(?:^|[\s,;])max-age\s*=\s*"?(\d+)"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Freshness:
    """`max_age` in seconds from now, None when nothing was said; `retry_after` aware UTC."""

    max_age: float | None = None
    retry_after: datetime | None = None


def freshness(headers: Mapping[str, str], now: datetime) -> Freshness:
    """What these headers (names in lower case) say, of any status (E9, E10, E12)."""
    return Freshness(_left(headers, now), _retry_after(headers.get("retry-after"), now))


def http_date(text: str | None) -> datetime | None:
    """An HTTP date as aware UTC; None when it can't be read."""
    if not text:
        return None
    try:
        parsed = parsedate_to_datetime(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _left(headers: Mapping[str, str], now: datetime) -> float | None:
    """max-age less Age; Expires only when there is no max-age (E9)."""
    if found := _MAX_AGE.search(headers.get("cache-control", "")):
        spent = _seconds(headers.get("age", "")) or 0
        return float(max(0, (_seconds(found[1]) or 0) - spent))
    expires = http_date(headers.get("expires"))
    if expires is None:
        return None
    # Against the server's own clock, which may differ from ours.
    return max(0.0, (expires - (http_date(headers.get("date")) or now)).total_seconds())


def _retry_after(text: str | None, now: datetime) -> datetime | None:
    """Seconds or a date; nonsense and the past say nothing."""
    if (seconds := _seconds(text or "")) is not None:
        until = now + timedelta(seconds=seconds)
    else:
        until = http_date(text) or now
    return min(until, now + MAX_WAIT) if until > now else None


def _seconds(text: str) -> int | None:
    """A whole number, up to about 30 years (int() itself refuses 4,301 digits)."""
    text = text.strip()
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text), MOST) if len(text) < 4000 else MOST

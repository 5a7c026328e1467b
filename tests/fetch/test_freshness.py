"""max-age, Age, Expires, Retry-After (E9, E10, E12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from aggregator.fetch.freshness import freshness

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def at(**later: float) -> str:
    return format_datetime(NOW + timedelta(**later), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"cache-control": "max-age=600"}, 600),
        ({"cache-control": 'public, MAX-AGE = "600"'}, 600),
        ({"cache-control": "s-maxage=5, max-age=600"}, 600),
        ({"cache-control": "max-age=600", "age": "100"}, 500),
        ({"cache-control": "max-age=600", "age": "9999"}, 0),
        ({"cache-control": "max-age=600", "age": "old"}, 600),
        ({"cache-control": "max-age=600", "expires": at(hours=5)}, 600),
        ({"cache-control": "no-cache"}, None),
        ({"cache-control": "x-max-age-hint, no-store"}, None),
        ({"cache-control": "max-age=-5"}, None),
        ({"expires": at(hours=1), "date": at()}, 3600),
        ({"expires": at(hours=1), "date": at(minutes=-10)}, 4200),
        ({"expires": at(hours=-1), "date": at()}, 0),
        ({"expires": "0"}, None),
    ],
)
def test_max_age(headers: dict[str, str], seconds: float | None) -> None:
    """max-age less Age; Expires against Date only where there is no max-age."""
    found = freshness(headers, NOW).max_age
    assert found is None if seconds is None else found == pytest.approx(seconds)


@pytest.mark.parametrize("digits", [12, 400, 5000])
def test_huge_numbers(digits: int) -> None:
    """No number is too long for us; each is capped."""
    text = "9" * digits
    assert freshness({"cache-control": f"max-age={text}"}, NOW).max_age == 10**9
    assert freshness({"retry-after": text}, NOW).retry_after == NOW + timedelta(days=7)


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (" 120 ", timedelta(seconds=120)),
        (at(hours=2), timedelta(hours=2)),
        (at(days=30), timedelta(days=7)),
        ("864000", timedelta(days=7)),
        ("0", None),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("12.5", None),
        ("١٢٠", None),
        (at(hours=-2), None),
    ],
)
def test_retry_after(text: str, wait: timedelta | None) -> None:
    """E12: seconds or a date, up to seven days; nonsense and the past say nothing."""
    found = freshness({"retry-after": text}, NOW).retry_after
    assert found == (None if wait is None else NOW + wait)

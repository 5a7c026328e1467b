"""A due time and its reason in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from aggregator.due import shown
from tests.aggregator.making import NOW

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("minutes", "reason", "text"),
    [
        (130, "max-age", "15:10: max-age"),
        (130, "posts daily about 14:00 UTC", "15:10: posts daily about 14:00 UTC"),
        (192, "posts every 6 h", "in 3.2 h: posts every 6 h"),
        (12, "backoff, failure 3", "in 12 min: backoff, failure 3"),
        (0.2, "every", "in 1 min: every"),
        (3 * 1440, "no post for 40 days", "in 3 days: no post for 40 days"),
        (4 * 1440 - 420, "skipHours", "Tue 06:00: skipHours"),
        (6 * 1440, "Retry-After", "2026-11-26 13:00: Retry-After"),
        (0, "new", "now: new"),
        (-60, "interval", "now: interval"),
    ],
)
def test_shown(minutes: float, reason: str, text: str) -> None:
    """What a server or a habit sets by the clock, in the operator's zone; the rest as a wait.
    NOW is Friday, 20 November 2026, 13:00 in Berlin."""
    zone = BERLIN
    assert shown(NOW + timedelta(minutes=minutes), reason, NOW, zone) == text


def test_not_scheduled() -> None:
    """A source that was retired."""
    none: datetime | None = None
    assert shown(none, "", NOW, BERLIN) == "not scheduled"

"""What a document says about polling it: ttl, skipHours, skipDays, sy:*. Pure."""

from __future__ import annotations

import re
from typing import Any

from feeds.models import Hints

_HOURS = re.compile(rb"<skipHours\s*>(.{0,4096}?)</skipHours", re.I | re.S)
_DAYS = re.compile(rb"<skipDays\s*>(.{0,4096}?)</skipDays", re.I | re.S)
_HOUR = re.compile(rb"<hour\s*>\s*(\d{1,2})\s*<", re.I)
_DAY = re.compile(rb"<day\s*>\s*([a-z]{3})", re.I)
_WEEK = (b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun")
_PERIODS = {"hourly": 3600, "daily": 86400, "weekly": 604800, "monthly": 2592000,
            "yearly": 31536000}  # fmt: skip
LONGEST = 366 * 86400.0
"""Seconds; what is longer is nonsense, and no hint."""


def read_hints(data: bytes, feed: Any) -> Hints:
    """`data`: the document in UTF-8 (feedparser keeps only the last <hour>); `feed`: its dict."""
    hours, days = _HOURS.search(data), _DAYS.search(data)
    # RSS 0.91 counts hours from 1 to 24, RSS 2.0 from 0 to 23: 24 is midnight in both.
    skip_hours = {int(hour) % 24 for hour in _HOUR.findall(hours[1])} if hours else set()
    skip_days = {
        _WEEK.index(day.lower())
        for day in (_DAY.findall(days[1]) if days else ())
        if day.lower() in _WEEK
    }
    minutes = _number(feed.get("ttl"))
    return Hints(
        ttl=_sane(minutes * 60) if minutes else None,
        skip_hours=tuple(sorted(skip_hours)),
        skip_days=tuple(sorted(skip_days)),
        update_every=_update_every(feed),
    )


def _update_every(feed: Any) -> float | None:
    """sy:updatePeriod / sy:updateFrequency in seconds; the default frequency is 1."""
    period = _PERIODS.get(str(feed.get("sy_updateperiod") or "").strip().lower())
    if period is None:
        return None
    return _sane(period / (_number(feed.get("sy_updatefrequency")) or 1))


def _number(value: Any) -> float | None:
    text = str(value or "").strip()
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text) else None


def _sane(seconds: float) -> float | None:
    return seconds if 0 < seconds <= LONGEST else None

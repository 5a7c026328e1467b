"""A due time and its reason in words. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from aggregator.cadence import span

_BY_THE_CLOCK = (
    *("max-age", "Retry-After", "skipHours", "skipDays", "ttl", "sy:updatePeriod"),
    *("WebSub", "posts daily about"),
)
"""Reasons that name a time of their own; the others are about how long to wait."""


def shown(due: datetime | None, reason: str, now: datetime, zone: tzinfo | None = None) -> str:
    """ "15:10: max-age", "Tue 06:00: skipHours", "in 3.2 h: posts every 6 h", "now: new". `zone`:
    None is the machine's own."""
    if due is None:
        return "not scheduled"
    if due <= now:
        return f"now: {reason}"
    if not reason.startswith(_BY_THE_CLOCK):
        return f"in {span(max(60.0, (due - now).total_seconds()))}: {reason}"
    return f"{near(due, now, zone)}: {reason}"


def near(moment: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """As short as it can be told from other days: "15:10", "Tue 06:00", "2026-03-09 06:00"."""
    there, here = moment.astimezone(zone), now.astimezone(zone)
    if there.date() == here.date():
        return f"{there:%H:%M}"
    if abs(moment - now) < timedelta(days=6):
        return f"{there:%a %H:%M}"
    return f"{there:%Y-%m-%d %H:%M}"

"""Stands in for aggregator.cadence.quiet_since and aggregator.due.shown until they are merged."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from config.showing import span

_BY_THE_CLOCK = (
    *("max-age", "Retry-After", "skipHours", "skipDays", "ttl", "sy:updatePeriod"),
    *("WebSub", "posts daily about"),
)


def quiet_since(packed: bytes | None, now: datetime) -> datetime | None:
    del packed, now
    return None


def shown(due: datetime | None, reason: str, now: datetime, zone: tzinfo) -> str:
    if due is None:
        return "not scheduled"
    if due <= now:
        return f"now: {reason}"
    if not reason.startswith(_BY_THE_CLOCK):
        return f"in {span(max(60.0, (due - now).total_seconds()))}: {reason}"
    there, here = due.astimezone(zone), now.astimezone(zone)
    if there.date() == here.date():
        return f"{there:%H:%M}: {reason}"
    near = due - now < timedelta(days=6)
    return f"{there:%a %H:%M}: {reason}" if near else f"{there:%Y-%m-%d %H:%M}: {reason}"

"""Clocks and time zones: dates of articles, due times and certificates go by them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo, available_timezones

from config.doctor.finding import Finding, bad, ok, warn

CHECK = "clock"
EARLIEST, LATEST = 2025, 2100
PARTED = timedelta(seconds=5)
"""Between this machine and its database."""
OFF = timedelta(seconds=60)
"""Between this machine and the site's web server."""
_SET = "set it, and keep it right (timedatectl set-ntp true, chrony)"


def local(now: datetime) -> Finding:
    shown = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if not EARLIEST <= now.year < LATEST:
        return bad(CHECK, f"this machine's clock says {shown}", _SET)
    return ok(CHECK, f"this machine's clock says {shown}")


def against_database(database: datetime, now: datetime) -> Iterator[Finding]:
    off = database - now
    if abs(off) > PARTED:
        text = f"the database's clock is {_words(off)} this machine's"
        advice = f"{_SET}; by the database's sources become due"
        if os.environ.get("FEEDMILL_CLOCK"):
            advice = "$FEEDMILL_CLOCK shifts it; unset that but for a rehearsal"
        yield warn(CHECK, text, advice)


def against_server(date: str | None, now: datetime) -> Iterator[Finding]:
    """`date`: the Date header of an answer that came just now (RFC 9110 §6.6.1)."""
    try:
        off = parsedate_to_datetime(date or "").astimezone(UTC) - now
    except (ValueError, TypeError):
        return
    if abs(off) > OFF:
        yield warn(CHECK, f"the clock of the server at site.url is {_words(off)} ours", _SET)


def _words(off: timedelta) -> str:
    seconds = round(abs(off).total_seconds())
    return f"{seconds} s {'ahead of' if off > timedelta() else 'behind'}"


def zone(site: str, env: Mapping[str, str] = os.environ) -> Finding:
    """Pages show the site's, verbs and logs that of the machine."""
    name = env.get("TZ", "").removeprefix(":")
    if "/" in name and not name.startswith("/") and name not in available_timezones():
        advice = "set it to a zone like Europe/Berlin, or install tzdata"
        return warn("time zone", f"TZ={name} names none, so that UTC is taken", advice)
    here, there = datetime.now().astimezone(), datetime.now(ZoneInfo(site))
    text = f"pages show {site}, this machine has {time.strftime('%Z')}"
    differ = "" if here.utcoffset() == there.utcoffset() else " (dates differ; see site.timezone)"
    return ok("time zone", text + differ)

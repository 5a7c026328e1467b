"""Times as the desk's pages show them: in words, with the whole of it for whoever points at it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from markupsafe import Markup, escape

from aggregator.cadence import span
from aggregator.due import near


def in_words(moment: datetime, now: datetime) -> str:
    """ "just now", "12 min ago", "15:10", "yesterday 15:10", "Tue 06:00", "2026-03-09 06:00"; what
    is to come as on a clock."""
    since = now - moment
    if timedelta() <= since < timedelta(minutes=1):
        return "just now"
    if timedelta() <= since < timedelta(hours=1):
        return f"{span(since.total_seconds())} ago"
    if since > timedelta() and _day(now) - _day(moment) == timedelta(days=1):
        return f"yesterday {moment.astimezone():%H:%M}"
    return near(moment, now)


def _day(moment: datetime) -> timedelta:
    """Since the first of all days, in the operator's zone."""
    return timedelta(days=moment.astimezone().toordinal())


def when(moment: datetime | str | None, now: datetime) -> Markup:
    """An element for it; "never" for none. A text is one in ISO 8601."""
    if not moment:
        return Markup("never")
    at = _moment(moment)
    return _element(at, in_words(at, now))


def clock(moment: datetime | str | None, now: datetime) -> Markup:
    """As `when`, as on a clock: what stands behind "since"."""
    if not moment:
        return Markup("never")
    at = _moment(moment)
    return _element(at, near(at, now))


def said(parts: Sequence[str | datetime], now: datetime) -> Markup:
    """Words with moments among them (config.facts)."""
    if len(parts) == 1 and isinstance(parts[0], datetime):
        return when(parts[0], now)
    each = (clock(part, now) if isinstance(part, datetime) else escape(part) for part in parts)
    return Markup("").join(each)


def at(words: str, moment: datetime | None) -> Markup:
    """Words that tell of a moment, with the whole of it."""
    return escape(words) if moment is None else _element(moment, words)


def _moment(moment: datetime | str) -> datetime:
    return datetime.fromisoformat(moment) if isinstance(moment, str) else moment


def _element(at: datetime, words: str) -> Markup:
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(timespec="seconds"), f"{at.astimezone():%Y-%m-%d %H:%M:%S %Z}", words
    )

"""What led to a source's next time, fact by fact: the body of `feedmill why`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from aggregator.cadence import describe, unpack
from config.settings import PollSettings
from config.showing import Said, iso, span
from config.standing import Sighting
from feeds.models import Source, SourceState

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

Facts = list[tuple[str, Said]]
"""(name, what is said of it), in the order in which they matter."""


def facts(state: SourceState, source: Source, poll: PollSettings, now: datetime) -> Facts:
    """Without redirects, whose addresses may be secrets."""
    return [*_rhythm(state, source, poll, now), *_server(state, now), *_trouble(state)]


def _rhythm(
    state: SourceState, source: Source, poll: PollSettings, now: datetime
) -> Iterator[tuple[str, Said]]:
    if source.every:
        yield "every", [f"{span(source.every)}, as this source is configured"]
    else:
        yield "interval", [f"{span(poll.interval)}, at most {span(poll.max_interval)}"]
        if (learned := _learned(state, now)) is not None:
            yield "learned", [learned]
    if state.last_new_at is not None:
        yield "last new article", [state.last_new_at]


def _learned(state: SourceState, now: datetime) -> str | None:
    """What its past says of when it posts."""
    rhythm = unpack(state.rhythm)
    if rhythm is None or not rhythm.posts:
        return None
    return describe(rhythm, int(now.timestamp()))


def _server(state: SourceState, now: datetime) -> Iterator[tuple[str, Said]]:
    """What server and document asked for."""
    hints = state.hints
    if state.not_before is not None and state.not_before > now:
        yield "Retry-After", ["until ", state.not_before, "; even `--now` waits for it"]
    if state.fresh_until is not None:
        passed = "" if state.fresh_until > now else " (passed)"
        yield "max-age", ["until ", state.fresh_until, passed]
    if hints.ttl:
        yield "ttl", [span(hints.ttl)]
    if hints.update_every:
        yield "sy:updatePeriod", [span(hints.update_every)]
    if hints.skip_hours:
        yield "skipHours", [f"{_hours(hints.skip_hours)} UTC"]
    if hints.skip_days:
        yield "skipDays", [f"{', '.join(_DAYS[day] for day in sorted(hints.skip_days))} (UTC)"]
    if state.push_until is not None and state.push_until > now:
        yield "WebSub", ["its hub tells what is new, until ", state.push_until]


def _trouble(state: SourceState) -> Iterator[tuple[str, Said]]:
    if state.failures:
        since = state.failing_since or state.error_at
        told: Said = [", since ", since] if since else []
        yield "failures", [f"{state.failures} in a row", *told]
    if state.gone_seen and not state.retired:
        yield "410", ["seen once; the second in a row retires the source"]


def _hours(hours: Sequence[int]) -> str:
    """ "0-6, 22-23"."""
    runs: list[list[int]] = []
    for hour in sorted(set(hours)):
        if runs and runs[-1][-1] == hour - 1:
            runs[-1].append(hour)
        else:
            runs.append([hour])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def facts_json(
    state: SourceState, source: Source, poll: PollSettings, seen: Sighting | None, now: datetime
) -> dict[str, Any]:
    """The same as values; durations in seconds, times ISO 8601 in UTC. `seen.to`: as it may be
    shown."""
    hints = state.hints
    return {
        "every": source.every,
        "interval": poll.interval,
        "max_interval": poll.max_interval,
        "learned": None if source.every else _learned(state, now),
        "retry_after": iso(state.not_before),
        "max_age": iso(state.fresh_until),
        "ttl": hints.ttl,
        "update_every": hints.update_every,
        "skip_hours": list(hints.skip_hours),
        "skip_days": [_DAYS[day] for day in hints.skip_days],
        "websub_until": iso(state.push_until),
        "failures": state.failures,
        "failing_since": iso(state.failing_since),
        "gone_seen": state.gone_seen,
        "redirect": None if seen is None else sighting_json(seen),
    }


def sighting_json(seen: Sighting) -> dict[str, Any]:
    return {
        "to": seen.to,
        "since": iso(seen.since),
        "seen": seen.seen,
        "objection": seen.objection or None,
    }

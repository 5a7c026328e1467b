"""What an operator should be told beside the line on each poll: changes that last. Pure.

Nothing is remembered for it: that a week of failure is over shows by comparing this poll with the
one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from aggregator.cadence import fell_silent
from feeds.models import Held, Outcome, Poll

WEEK = timedelta(days=7)
CURE = "feedmill release SOURCE lets them in, feedmill discard SOURCE drops them"
LONG = timedelta(days=1)
"""A source that failed for less comes back without a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A line for the log, about one source."""

    event: str
    values: Mapping[str, str | int]


def notices(poll: Poll) -> list[Notice]:
    """Of a poll that was recorded."""
    held = sum(each.held is Held.FLOOD for each in poll.new)
    flood = [Notice(event="flood held", values={"articles": held, "cure": CURE})] if held else []
    if poll.pushed:
        return flood  # the source was not asked
    state = poll.claim.state
    found = flood
    if poll.adopt:
        found.append(address_changed(state.fetch_url, poll.adopt, poll.adopt_why))
    if poll.gone and state.gone_seen and not state.retired:
        found.append(Notice(event="source retired", values={"error": _error(poll)}))
    elif poll.failure is not None and _week_is_over(poll):
        found.append(Notice(event="source failing", values=_failing(poll)))
    if poll.failure is None and poll.outcome is not Outcome.DEFERRED:
        found += _back(poll)
    return found + _silence(poll)


def address_changed(before: str, after: str, why: str) -> Notice:
    """By hosts: the addresses may be secrets (E32); `feedmill redirects` shows them."""
    values = {"before": _host(before), "after": _host(after), "why": why}
    return Notice(event="address changed", values=values)


def _host(url: str) -> str:
    return urlsplit(url).hostname or "file"


def _error(poll: Poll) -> str:
    return poll.failure.text if poll.failure else ""


def _week_is_over(poll: Poll) -> bool:
    """One more whole week of failure has passed since the poll before."""
    state = poll.claim.state
    since, before = state.failing_since, state.last_polled_at
    if since is None or before is None or state.retired:
        return False
    return _weeks(since, poll.started_at) > _weeks(since, before)


def _weeks(since: datetime, at: datetime) -> int:
    return max(at - since, timedelta(0)) // WEEK


def _failing(poll: Poll) -> dict[str, str | int]:
    assert poll.failure is not None
    since = poll.claim.state.failing_since or poll.started_at
    return {
        "days": (poll.started_at - since).days,
        "since": since.isoformat(timespec="seconds"),
        "kind": poll.failure.kind,
        "error": poll.failure.text,
    }


def _back(poll: Poll) -> list[Notice]:
    state = poll.claim.state
    since = state.failing_since
    if since is None or poll.started_at - since < LONG:
        return []
    return [Notice(event="source back", values={"days": (poll.started_at - since).days})]


def _silence(poll: Poll) -> list[Notice]:
    """It has become much quieter than its own history since the poll before."""
    state = poll.claim.state
    since = fell_silent(poll.rhythm or state.rhythm, state.last_polled_at, poll.started_at)
    if since is None:
        return []
    return [Notice(event="source is quiet", values={"since": since.isoformat(timespec="minutes")})]

"""The rules compared: Feedmill's own code as polls run it, and those of others, as published.

A rule is a callable (source's past, now) → seconds until the next poll, one object a source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from aggregator.cadence import learn
from aggregator.schedule import Answer, Facts, Policy, next_poll
from feeds.models import SourceState, Validators

START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday."""
HOUR, DAY = 3600.0, 86_400.0
Wait = Callable[[list[float], int, int, float], float]


class Rule(Protocol):
    def __call__(self, posts: list[float], before: int, shown: int, now: float) -> float:
        """Hours to wait after the poll at `now` (hours), to which the posts up to index `shown`
        were there, those from `before` on as news (at the first poll: from the oldest in it)."""


class Feedmill:
    """The schedule of a source that gives validators and no hints. `scale`: of `interval`."""

    def __init__(self, number: int, scale: float = 1.0) -> None:
        interval = HOUR * scale
        self.policy = Policy(interval=interval)
        url = f"https://{number}.example/feed"
        self.state = SourceState(
            id=number, url=url, fetch_url=url, validators=Validators(url=url, etag='"1"')
        )

    def __call__(self, posts: list[float], before: int, shown: int, now: float) -> float:
        at, state = _moment(now), self.state
        rhythm = state.rhythm
        if shown > before or rhythm is None:
            found = [_moment(each) for each in posts[max(before, shown - WINDOW) : shown]]
            before_at, all_new = state.last_success_at, len(found) == WINDOW
            rhythm = learn(rhythm, found, at, before_at, all_new=all_new) or rhythm
        state = replace(state, rhythm=rhythm)
        due = next_poll(Facts(self.policy, state, None, Answer(at=at))).due
        first = state.first_polled_at or at
        self.state = replace(state, last_success_at=at, first_polled_at=first)
        return (due - at).total_seconds() / HOUR


def _moment(hours: float) -> datetime:
    return START + timedelta(seconds=hours * HOUR)


class Fixed:
    """Every 60 minutes."""

    def __init__(self, number: int, scale: float = 1.0) -> None:
        self.scale = scale

    def __call__(self, posts: list[float], before: int, shown: int, now: float) -> float:
        return self.scale


class Miniflux:
    """entry_frequency: a week by the items of the last week (× factor), 5 minutes to 24 hours;
    24 hours without items."""

    def __init__(self, number: int, scale: float = 1.0) -> None:
        self.factor = 1 / scale

    def __call__(self, posts: list[float], before: int, shown: int, now: float) -> float:
        week = _since(posts, shown, now - 168)
        return min(max(168 / (week * self.factor), 5 / 60), 24.0) if week else 24.0


class CommaFeed:
    """Empirical: the last item 30 days old: 4 h, 14 days: 2 h, 7 days: 1 h, else half the mean gap
    within 5 minutes and 1 hour. It has no factor of its own; `scale` stretches what comes out."""

    def __init__(self, number: int, scale: float = 1.0) -> None:
        self.scale = scale

    def __call__(self, posts: list[float], before: int, shown: int, now: float) -> float:
        return self.scale * self._wait(posts, shown, now)

    def _wait(self, posts: list[float], shown: int, now: float) -> float:
        if not shown or (age := now - posts[shown - 1]) >= 720:
            return 4.0
        if age >= 168:
            return 2.0 if age >= 336 else 1.0
        first = max(0, shown - WINDOW)
        if shown - first < 2:
            return 1.0
        gap = (posts[shown - 1] - posts[first]) / (shown - first - 1)
        return min(max(gap / 2, 5 / 60), 1.0)


WINDOW = 20
"""Items in a document."""


def _since(posts: list[float], shown: int, begin: float) -> int:
    count = 0
    while count < shown and posts[shown - 1 - count] > begin:
        count += 1
    return count

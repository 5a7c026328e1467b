"""When next, and why: the rules of ETIQUETTE.md that decide on times."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.schedule import Answer, Facts, Policy, next_poll
from feeds.models import Hints, Schedule
from tests.aggregator.making import NOW, state

HOUR = timedelta(hours=1)


def ask(
    every: float | None = None, *, known: dict[str, Any] | None = None, **answer: Any
) -> Schedule:
    return next_poll(Facts(Policy(), state(**(known or {})), every, Answer(at=NOW, **answer)))


def wait(schedule: Schedule) -> timedelta:
    return schedule.due - NOW


def test_interval_spread() -> None:
    """E19: the interval, plus up to a tenth of it, different for different sources."""
    waits = {wait(next_poll(Facts(Policy(), state(n), None, Answer(at=NOW)))) for n in range(1, 50)}
    assert all(HOUR <= each <= HOUR * 1.1 for each in waits)
    assert len(waits) == 49
    assert ask().reason == "interval"


def test_every() -> None:
    """E11: the operator's word stands."""
    assert wait(ask(900.0)) < timedelta(minutes=17)
    assert ask(900.0).reason == "every"


@pytest.mark.parametrize("failed", [False, True])
def test_max_age(failed: bool) -> None:
    """E9, E10: not before max-age has passed, whatever the answer was; a day at most."""
    assert wait(ask(max_age=12 * 3600.0, failed=failed)) == 12 * HOUR
    assert ask(max_age=12 * 3600.0, failed=failed).reason == "max-age"
    assert wait(ask(max_age=90 * 86400.0)) == 24 * HOUR
    assert wait(ask(max_age=60.0)) >= HOUR


@pytest.mark.parametrize("hints", [Hints(ttl=7200.0), Hints(update_every=7200.0)])
def test_hints_lengthen(hints: Hints) -> None:
    """E24: ttl and sy:* lengthen the interval, never shorten it."""
    assert wait(ask(hints=hints)) == 2 * HOUR
    assert wait(ask(6 * 3600.0, hints=hints)) >= 6 * HOUR


def test_skip_hours_and_days() -> None:
    """E24: no poll in a skipped hour or day (UTC); all skipped says nothing."""
    found = ask(hints=Hints(skip_hours=(13, 14)))
    assert (found.due.hour, found.reason) == (15, "skipHours")
    friday = NOW.weekday()
    found = ask(hints=Hints(skip_days=(friday, 5, 6)))
    assert (found.due.weekday(), found.due.hour, found.reason) == (0, 0, "skipDays")
    assert ask(hints=Hints(skip_hours=tuple(range(24)))).reason == "interval"


def test_retry_after() -> None:
    """E12: no request before it; a week at most; then it is also `not_before`."""
    found = ask(rate_limited=True, retry_after=NOW + 5 * HOUR)
    assert (wait(found), found.reason, found.not_before) == (
        5 * HOUR,
        "Retry-After",
        NOW + 5 * HOUR,
    )
    assert wait(ask(rate_limited=True, retry_after=NOW + 999 * HOUR)) == 7 * 24 * HOUR
    assert ask(rate_limited=True, retry_after=NOW - HOUR).not_before is None


def test_rate_limit_backs_off() -> None:
    """E12, E13: without a word on when, twice the last wait."""
    last = {
        "error_kind": "rate-limited",
        "last_polled_at": NOW - 2 * HOUR,
        "next_due": NOW,
    }
    assert wait(ask(rate_limited=True)) >= HOUR
    assert wait(ask(known=last, rate_limited=True)) >= 4 * HOUR


def test_failures_back_off_to_daily() -> None:
    """E23: each failure waits at least as long as the one before, up to a day."""
    waits = [wait(ask(known={"failures": n}, failed=True)) for n in range(40)]
    assert waits[0] < 1.2 * HOUR
    assert all(before <= after * 1.1 for before, after in pairwise(waits))
    assert 24 * HOUR <= waits[-1] <= 26.5 * HOUR


@given(
    st.one_of(st.none(), st.floats(60, 10 * 86400)),
    st.one_of(st.none(), st.floats(0, 1e9)),
    st.one_of(st.none(), st.floats(0, 1e9)),
    st.lists(st.integers(0, 23)),
    st.lists(st.integers(0, 6)),
    st.booleans(),
    st.integers(0, 10_000),
)
def test_always_later_never_never(
    every: float | None,
    max_age: float | None,
    ttl: float | None,
    hours: list[int],
    days: list[int],
    failed: bool,
    failures: int,
) -> None:
    """Any facts: a time after now and within three weeks, with a reason."""
    hints = Hints(ttl=ttl, skip_hours=tuple(hours), skip_days=tuple(days))
    found = ask(every, known={"failures": failures}, max_age=max_age, hints=hints, failed=failed)
    assert NOW < found.due < NOW + timedelta(days=21)
    assert isinstance(found.due, datetime)
    assert found.reason

"""When next, and why: the rules of ETIQUETTE.md that decide on times."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.cadence import learn
from aggregator.schedule import Answer, Facts, Policy, again, deferred, next_poll
from feeds.models import Hints, Schedule, SourceState, Validators
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
    assert 20 * HOUR <= waits[-1] <= 24 * HOUR


def rhythm(gap: timedelta, count: int = 40, quiet: timedelta = timedelta(0)) -> bytes | None:
    """Of a source that posted so, up to `quiet` before NOW."""
    return learn(None, [NOW - quiet - gap * n for n in range(count)], NOW, None)


OLD = NOW - 100 * 24 * HOUR
ETAG = Validators(url="https://a.org/feed", etag='"1"')


def learned(gap: timedelta, **known: Any) -> Schedule:
    quiet = known.pop("quiet", timedelta(0))
    held = {"rhythm": rhythm(gap, quiet=quiet), "first_polled_at": OLD, "validators": ETAG}
    return ask(known={**held, **known})


def test_learned_within_bounds() -> None:
    """E11, E31: as often as `min_interval` for one that posts by the minute, at most daily for
    one that never does; the reason says what was learned."""
    busy, still = learned(HOUR / 6.5), learned(24 * HOUR, quiet=900 * 24 * HOUR)
    assert HOUR / 4 <= wait(busy) <= HOUR / 2
    assert busy.reason == "posts every 18 min"
    assert 24 * HOUR <= wait(still) <= 26.5 * HOUR
    assert still.reason == "no post for 900 days"


def test_an_hour_without_validators() -> None:
    """E11: each poll of such a source costs a whole document."""
    assert wait(learned(HOUR / 4, validators=None)) >= HOUR
    assert wait(learned(HOUR / 4, validators=Validators(url=ETAG.url))) >= HOUR


def test_a_new_source_is_got_to_know() -> None:
    """E11: first after `interval`, whatever its dates say; then at most twice the time we have
    known it. What posts more often is asked sooner at once."""
    monthly = {"gap": 30 * 24 * HOUR, "quiet": 20 * 24 * HOUR}
    first = learned(**monthly, first_polled_at=None)
    assert (first.reason, HOUR <= wait(first) <= HOUR * 1.1) == ("interval", True)
    assert wait(learned(**monthly, first_polled_at=NOW - 3 * HOUR)) <= 6.6 * HOUR
    assert wait(learned(HOUR / 4, first_polled_at=None)) < HOUR


def test_every_silences_learning() -> None:
    """E11: with `every` the operator's word stands, and only the server lengthens it."""
    known = {"rhythm": rhythm(HOUR / 4), "first_polled_at": OLD, "validators": ETAG}
    found = ask(7200.0, known=known)
    assert (found.reason, 2 * HOUR <= wait(found) <= 2.2 * HOUR) == ("every", True)
    assert ask(7200.0, known=known, max_age=5 * 3600.0).reason == "max-age"


def test_expected_times_are_met_closely() -> None:
    """E19: start times spread, by minutes only where a post is expected: daily at one time."""
    posts = rhythm(24 * HOUR, quiet=HOUR)
    known: dict[str, Any] = {"rhythm": posts, "first_polled_at": OLD, "validators": ETAG}
    waits = {
        wait(next_poll(Facts(Policy(), state(n, **known), None, Answer(at=NOW))))
        for n in range(1, 60)
    }
    assert len(waits) == 59
    assert all(23 * HOUR < each <= 23 * HOUR + timedelta(minutes=7) for each in waits)


def test_push_is_live() -> None:
    """E30: at most a poll a day while a subscription lives; polling again when it lapses."""
    live = ask(known={"push_until": NOW + 240 * HOUR})
    assert 24 * HOUR <= wait(live) <= 26.5 * HOUR
    assert live.reason == "WebSub lives until 2026-11-30 12:00 UTC"
    assert 5 * HOUR <= wait(ask(known={"push_until": NOW + 5 * HOUR})) <= 5.2 * HOUR
    assert wait(ask(known={"push_until": NOW - HOUR})) < 2 * HOUR
    assert wait(ask(known={"push_until": NOW + 240 * HOUR}, failed=True)) < 2 * HOUR


def after(every: float | None, **answer: Any) -> tuple[SourceState, Schedule]:
    """A source as stored after a poll with that answer, under that `every`."""
    before = state(validators=ETAG, first_polled_at=OLD)
    facts = Facts(Policy(), before, every, Answer(at=NOW, **answer))
    found, age = next_poll(facts), answer.get("max_age")
    failed = answer.get("failed", False)
    limited = answer.get("rate_limited", False)
    stored = replace(
        before,
        last_polled_at=NOW,
        next_due=found.due,
        reason=found.reason,
        not_before=found.not_before,
        every=every,
        fresh_until=NOW + timedelta(seconds=age) if age else None,
        hints=answer.get("hints", Hints()),
        failures=int(failed),
        error_kind="dns" if failed else "rate-limited" if limited else None,
    )
    return stored, found


ANSWERS: list[dict[str, Any]] = [
    {},
    {"max_age": 4 * 3600.0},
    {"hints": Hints(ttl=5 * 3600.0)},
    {"hints": Hints(skip_hours=(13, 14, 15))},
    {"failed": True},
    {"failed": True, "retry_after": NOW + 9 * HOUR},
]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("every", [None, 900.0, 7200.0, 3 * 86_400.0])
def test_every_changed(answer: dict[str, Any], every: float | None) -> None:
    """E15: the schedule anew is the one that the last poll would have made by the new word."""
    stored, _ = after(1800.0, **answer)
    assert again(Policy(), stored, every) == after(every, **answer)[1]


@pytest.mark.parametrize("failures", [0, 3])
def test_every_changed_under_429(failures: int) -> None:
    """E12: a limit that the server set stays as it was, whatever had failed before it."""
    stored, found = after(None, rate_limited=True)
    assert again(Policy(), replace(stored, failures=failures), 900.0) == found


def test_every_changed_under_a_deferral() -> None:
    """A poll that is still to be made has no answer to count from: it is made soon, as planned."""
    stored, _ = after(None)
    found = deferred(Facts(Policy(), stored, None, Answer(at=NOW)))
    held = replace(stored, next_due=found.due, reason=found.reason)
    assert again(Policy(), held, 5 * 3600.0) == found


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

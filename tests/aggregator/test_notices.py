"""What lasts is told once: weeks of failure, retirement, return, another address."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from aggregator.cadence import learn
from aggregator.notices import address_changed, notices
from feeds.models import Claim, Failure, Outcome, Poll, Schedule, SourceState
from tests.aggregator.making import NOW, state

DAY = timedelta(days=1)


def made(before: SourceState, at: datetime = NOW, **more: Any) -> Poll:
    """A poll of that source; a success unless it is told otherwise."""
    values: dict[str, Any] = {
        "claim": Claim(source_id=1, number=1, until=NOW, state=before),
        "started_at": at,
        "duration": 0.1,
        "outcome": Outcome.UNCHANGED,
        "schedule": Schedule(due=at + DAY, reason="interval"),
    }
    return Poll(**values | more)


def failed(before: SourceState, at: datetime = NOW, kind: str = "dns", **more: Any) -> Poll:
    failure = Failure(kind=kind, text="it failed")
    return made(before, at, outcome=Outcome.FAILED, failure=failure, **more)


def failing(days: float, last: float = 1) -> SourceState:
    """Failing since `days` before NOW; last polled `last` days before NOW."""
    since = NOW - days * DAY
    return state(failing_since=since, last_polled_at=NOW - last * DAY, failures=9, error_kind="dns")


def events(poll: Poll) -> list[str]:
    return [each.event for each in notices(poll)]


@pytest.mark.parametrize(
    ("days", "last", "told"),
    [
        (6.9, 1, False),
        (7, 1, True),
        (7.5, 1, True),
        (8.1, 1, False),
        (13.9, 1, False),
        (14.2, 1, True),
        (30, 20, True),  # Feedmill was off for three weeks: one word, not three
        (15, 0.5, False),
    ],
)
def test_once_for_each_week_of_failure(days: float, last: float, told: bool) -> None:
    """E23: at the first poll of each further week, whatever the kind of error."""
    assert events(failed(failing(days, last))) == ["source failing"] * told


def test_a_week_of_failure_says_how_long_and_why() -> None:
    [notice] = notices(failed(failing(8, 2), kind="tls"))
    since = (NOW - 8 * DAY).isoformat(timespec="seconds")
    assert notice.values == {"days": 8, "since": since, "kind": "tls", "error": "it failed"}


def test_a_daily_poll_tells_a_month_in_four_words() -> None:
    """As it happens: each poll compared with the one before, nothing remembered."""
    begun, told = NOW - 30 * DAY, 0
    before = state(failing_since=begun, last_polled_at=begun)
    for day in range(1, 31):
        at = begun + day * DAY
        told += len(notices(failed(before, at)))
        before = state(failing_since=begun, last_polled_at=at)
    assert told == 4


def test_rate_limits_are_no_failure() -> None:
    """E13: a source that only ever said 429 fails since never."""
    before = state(last_polled_at=NOW - 20 * DAY, error_kind="rate-limited")
    assert notices(failed(before, kind="rate-limited")) == []


def test_retired_at_the_second_410() -> None:
    """Once; not at the first, nor when it is asked again by hand; without the week's word."""
    assert events(failed(state(), kind="gone", gone=True)) == []
    seen = state(gone_seen=True, failing_since=NOW - 7 * DAY, last_polled_at=NOW - DAY)
    assert events(failed(seen, kind="gone", gone=True)) == ["source retired"]
    again = state(
        gone_seen=True, retired=True, failing_since=NOW - 7 * DAY, last_polled_at=NOW - DAY
    )
    assert events(failed(again, kind="gone", gone=True)) == []


def test_back_after_more_than_a_day() -> None:
    """An hour's trouble ends without a word; neither an answer that had to wait nor another
    failure is a return."""
    assert events(made(failing(0.9))) == []
    [notice] = notices(made(failing(3)))
    assert (notice.event, notice.values) == ("source back", {"days": 3})
    assert events(made(failing(3), outcome=Outcome.DEFERRED)) == []
    assert events(made(state())) == []
    assert events(made(failing(3), outcome=Outcome.NOT_MODIFIED)) == ["source back"]


def test_an_adopted_address() -> None:
    """By hosts alone: the addresses may be secrets (E32)."""
    poll = made(state(), adopt="https://new.example/feed?key=s3cret", adopt_why="seen often")
    [notice] = notices(poll)
    assert notice.event == "address changed"
    assert notice.values == {"before": "a.org", "after": "new.example", "why": "seen often"}


def test_a_local_document_has_no_host() -> None:
    assert address_changed("file:///srv/a.xml", "https://b.org/", "x").values["before"] == "file"


@pytest.mark.parametrize(("days", "last", "told"), [(11, 2, True), (11, 0.5, False), (8, 2, False)])
def test_silence_is_told_once(days: float, last: float, told: bool) -> None:
    """A post a day, then none: ten days without are a silence, told by the poll that sees it."""
    posts = [NOW - days * DAY - n * DAY for n in range(30)]
    before = state(
        rhythm=learn(None, posts, posts[0], None),
        last_success_at=NOW,
        last_polled_at=NOW - last * DAY,
    )
    found = [each for each in notices(made(before)) if each.event == "source is quiet"]
    assert len(found) == told
    if told:
        assert found[0].values == {"since": posts[0].isoformat(timespec="minutes")}

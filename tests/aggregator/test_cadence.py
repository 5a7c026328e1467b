"""What a source's past says: learning, the next time, silence."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.cadence import Guess, fell_silent, guess, learn, quiet_since
from aggregator.cadence.rhythm import KEPT, unpack

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def taught(posts: Sequence[datetime], *, first: int = 10) -> bytes:
    """A rhythm learned as polls do it: a first document, then each post ten minutes later."""
    rhythm = learn(None, posts[:first], posts[first - 1] + HOUR / 6, None)
    assert rhythm is not None
    before = posts[first - 1] + HOUR / 6
    for each in posts[first:]:
        at = each + HOUR / 6
        rhythm = learn(rhythm, [each], at, before) or rhythm
        before = at
    return rhythm


def ask(rhythm: bytes | None, at: datetime) -> Guess:
    found = guess(rhythm, at.timestamp(), 0.25, 900, 86_400)
    assert found is not None
    return found


def due(rhythm: bytes | None, at: datetime) -> datetime:
    return at + timedelta(seconds=ask(rhythm, at).wait)


def every(gap: timedelta, count: int, begin: datetime = MONDAY) -> list[datetime]:
    return [begin + gap * n for n in range(count)]


def office(days: int, seed: int = 1) -> list[datetime]:
    """Five posts on each working day between 8 and 17."""
    random = Random(seed)
    found = [
        MONDAY + DAY * day + HOUR * random.uniform(8, 17)
        for day in range(days)
        if day % 7 < 5
        for _ in range(5)
    ]
    return sorted(found)


# --- when next


def test_nothing_known() -> None:
    """No articles, no bytes, bytes of another version: no guess."""
    assert guess(None, 0, 0.25, 900, 86_400) is None
    assert guess(learn(None, [], MONDAY, None), MONDAY.timestamp(), 0.25, 900, 86_400) is None
    assert guess(b"\xff" * 300, 0, 0.25, 900, 86_400) is None


@pytest.mark.parametrize("hours", [3, 5, 6, 36, 167])
def test_regular_posts_are_met(hours: int) -> None:
    """Every so many hours, in step with the day or not: asked just after the expected time."""
    gap = HOUR * hours
    posts = every(gap, 40, MONDAY + HOUR / 9)
    rhythm, at = taught(posts), posts[-1] + HOUR / 6
    expected = posts[-1] + gap
    while at < expected:
        at = due(rhythm, at)
    assert timedelta(0) < at - expected <= timedelta(minutes=15)


def test_daily_at_six() -> None:
    """One request a day, minutes after six, and said so."""
    random = Random(3)
    posts = [MONDAY + DAY * n + HOUR * 6 + timedelta(minutes=random.gauss(0, 2)) for n in range(40)]
    rhythm, at = taught(posts), posts[-1] + HOUR / 6
    found = ask(rhythm, at)
    assert found.reason == "posts daily about 06:00 UTC"
    assert found.sharp
    expected = posts[-1].replace(hour=6, minute=0) + DAY
    assert timedelta(0) < due(rhythm, at) - expected <= timedelta(minutes=10)


def test_office_hours() -> None:
    """Often on a working morning; hardly at night and at the weekend."""
    rhythm = taught(office(60))
    friday = MONDAY + DAY * 60
    while friday.weekday() != 4:
        friday += DAY
    last = [friday + HOUR * (9 + n) for n in range(8)]
    rhythm = learn(rhythm, last, friday + HOUR * 17.5, last[0] - HOUR) or rhythm
    monday, at, polls = friday + DAY * 3, friday + HOUR * 17.5, 0
    while (at := due(rhythm, at)) < monday + HOUR * 7:
        polls += 1
    assert polls <= 8
    assert at <= monday + HOUR * 12
    assert ask(rhythm, monday + HOUR * 10).wait <= 3 * 3600


def test_bursts() -> None:
    """After new items it comes sooner again than after a quiet day."""
    random, posts, at = Random(5), [], MONDAY
    for _ in range(12):
        at += HOUR * random.uniform(48, 96)
        posts += every(HOUR / 2, 6, at)
    rhythm = taught(posts)
    soon, late = ask(rhythm, posts[-1] + HOUR / 6), ask(rhythm, posts[-1] + DAY)
    assert soon.wait <= 3600
    assert late.wait >= 2 * soon.wait


def test_rare_sources_are_asked_rarely() -> None:
    """E31: by the square root of the rate: a hundred times as rare, about a tenth as often."""
    random = Random(9)
    often = sorted(MONDAY + HOUR * random.uniform(0, 24 * 10) for _ in range(60))
    rarely = sorted(MONDAY + HOUR * random.uniform(0, 2400 * 10) for _ in range(60))
    waits = [
        ask(taught(posts), posts[-1] + (posts[-1] - posts[0]) / 60).wait
        for posts in (often, rarely)
    ]
    assert 4 <= waits[1] / waits[0] <= 25


def test_monthly_and_dead() -> None:
    """E31: asked about daily, and the reason says how long it has been still."""
    monthly = taught([MONDAY + DAY * 30.4 * n + HOUR * 9 for n in range(12)])
    assert ask(monthly, MONDAY + DAY * 340).wait >= 12 * 3600
    posts = sorted(MONDAY + HOUR * Random(2).uniform(0, 900) for _ in range(40))
    dead, waits = taught(posts), []
    for days in (1, 4, 16, 64, 256):
        found = ask(dead, posts[-1] + DAY * days + HOUR)
        waits.append(found.wait)
    assert waits == sorted(waits)
    assert waits[0] < 12 * 3600
    assert waits[-1] == 86_400
    assert found.reason == "no post for 256 days"


def test_back_to_life() -> None:
    """The first post after a year: asked within hours again, at once."""
    posts = every(HOUR * 7, 60)
    rhythm, back = taught(posts), posts[-1] + DAY * 365
    assert ask(rhythm, back).wait == 86_400
    rhythm = learn(rhythm, [back], back + HOUR * 20, back - HOUR * 4) or rhythm
    assert ask(rhythm, back + HOUR * 20).wait <= 6 * 3600


def test_memoryless_posting_has_no_hours() -> None:
    """Nothing is read into chance: the longest wait by time of day is near the shortest."""
    random = Random(11)
    posts = sorted(MONDAY + DAY * random.uniform(0, 60) for _ in range(240))
    rhythm, at = taught(posts), posts[-1] + HOUR * 2
    waits = [ask(rhythm, at + HOUR * n).wait for n in range(0, 48, 3)]
    assert max(waits) < 4 * min(waits)


# --- learning


def posts_of(rhythm: bytes | None) -> tuple[int, ...]:
    known = unpack(rhythm)
    assert known is not None
    return known.posts


def believed(rhythm: bytes | None) -> list[int]:
    return [each for each in posts_of(rhythm) if not each & 1]


def test_back_dated_items_don_t_fool_it() -> None:
    """Fifty old items imported at once are one thing that happened, at no known time of day."""
    rhythm = taught(every(DAY, 20))
    at = MONDAY + DAY * 40
    imported = learn(rhythm, every(DAY, 50, MONDAY - DAY * 900), at, at - HOUR * 5)
    assert believed(imported) == believed(rhythm)
    assert len(posts_of(imported)) == len(posts_of(rhythm)) + 1


def test_one_date_for_all_is_one_post() -> None:
    """A publisher that dates all its items by the time of writing the file."""
    rhythm = taught(every(DAY, 20, MONDAY + HOUR))
    at = MONDAY + DAY * 40
    assert len(believed(learn(rhythm, [at - HOUR] * 50, at, at - HOUR * 5))) == 21
    assert len(believed(learn(None, [at - HOUR] * 50, at, None))) == 1


def test_undated_items_count_without_a_time() -> None:
    """They tell the rate, and teach no hour, unless two polls lie so close that it is known."""
    rhythm = learn(None, [None] * 5, MONDAY, None)
    before, at = MONDAY, MONDAY
    for _ in range(10):
        before, at = at, at + DAY
        rhythm = learn(rhythm, [None], at, before) or rhythm
    assert believed(rhythm) == []
    assert ask(rhythm, at).wait < 6 * 3600
    rhythm = learn(rhythm, [None], at + HOUR, at)
    assert len(believed(rhythm)) == 1


def seldom(gap: timedelta, *, dated: bool = True, shown: int = 10) -> tuple[bytes, datetime]:
    """What is learned of a document of so many items that is asked for once a day, and when."""
    at = MONDAY + DAY
    rhythm = learn(None, every(gap, shown, at - gap * shown) if dated else [None] * shown, at, None)
    for _ in range(5):
        before, at = at, at + DAY
        posts = every(gap, shown, at - gap * shown) if dated else [None] * shown
        rhythm = learn(rhythm, posts, at, before, all_new=True) or rhythm
    assert rhythm is not None
    return rhythm, at


@pytest.mark.parametrize("minutes", [1, 5, 15])
def test_asked_seldom_is_not_posting_seldom(minutes: int) -> None:
    """A busy source that shows its newest ten, asked daily so far: all is new each time, and what
    is shown tells its pace. It is asked as often as may be."""
    rhythm, at = seldom(timedelta(minutes=minutes))
    assert ask(rhythm, at).wait == 900
    assert ask(rhythm, at).wait < ask(taught(every(DAY, 20)), MONDAY + DAY * 20).wait


def test_undated_and_asked_seldom() -> None:
    """All of ten items new within a day: ten came at the least; and all of them within the hour:
    as often as may be."""
    rhythm, at = seldom(HOUR, dated=False)
    assert 3000 < ask(rhythm, at).wait < 6000
    for _ in range(12):
        before, at = at, at + HOUR * 0.9
        rhythm = learn(rhythm, [None] * 10, at, before, all_new=True) or rhythm
    assert ask(rhythm, at).wait == 900


def test_a_burst_of_all_that_is_shown() -> None:
    """It was over when we looked, or came in one piece: nothing goes on at its pace."""
    rhythm = taught(every(DAY, 20, MONDAY + HOUR))
    at = MONDAY + DAY * 21
    over = every(HOUR / 12, 10, at - HOUR * 6)
    for posts in (over, [at - HOUR / 60] * 10):
        all_new, some = (learn(rhythm, posts, at, at - DAY, all_new=each) for each in (True, False))
        assert all_new == some


def test_what_was_missed_stays_between_the_polls() -> None:
    """Nothing is made up of before the last poll, and little of the time since."""
    rhythm = taught(every(DAY, 20, MONDAY + HOUR))
    at = MONDAY + DAY * 21
    posts = every(HOUR / 4, 10, at - HOUR * 2.5)
    found = believed(learn(rhythm, posts, at, at - HOUR * 3, all_new=True))[20:]
    assert len(found) == 12
    assert found[0] >= (at - HOUR * 3).timestamp()
    assert len(believed(learn(rhythm, posts, at, at - DAY, all_new=True))[20:]) == 18


def test_dates_without_a_time_of_day() -> None:
    """A first document whose dates are all midnight says on which days, not at what hour."""
    assert believed(learn(None, every(DAY, 10), MONDAY + DAY * 10, None)) == []
    assert len(believed(learn(None, every(DAY, 10, MONDAY + HOUR), MONDAY + DAY * 11, None))) == 10


def test_a_pinned_item() -> None:
    """One item of long ago in the first document is no gap of ten years."""
    posts = [MONDAY - DAY * 3650, *every(DAY, 15, MONDAY + HOUR)]
    known = unpack(learn(None, posts, MONDAY + DAY * 16, None))
    assert known is not None
    assert known.longest == 86_400


def test_it_stays_small() -> None:
    """However much a source posts."""
    rhythm = taught(every(HOUR / 2, 3000))
    assert len(rhythm) <= 11 + 168 + 4 * KEPT
    assert len(posts_of(rhythm)) == KEPT


DATES = st.lists(st.one_of(st.none(), st.integers(0, 2**31)))


@given(DATES, DATES, st.integers(0, 10**7))
def test_any_dates(first: list[int | None], then: list[int | None], later: int) -> None:
    """Whatever a publisher dates: bytes come, and a wait within the bounds."""
    aware = [
        [None if each is None else datetime.fromtimestamp(each, UTC) for each in posts]
        for posts in (first, then)
    ]
    rhythm = learn(None, aware[0], MONDAY, None)
    at = MONDAY + timedelta(seconds=later)
    rhythm = learn(rhythm, aware[1], at, MONDAY) or rhythm
    found = guess(rhythm, at.timestamp(), 0.25, 900, 86_400)
    assert found is None or (900 <= found.wait <= 86_400 and found.reason)


def test_it_costs_little() -> None:
    """A guess takes some 0.2 ms of CPU; the bound is for slow machines."""
    rhythm, at = taught(office(60)), MONDAY + DAY * 61
    begun = time.process_time()
    for _ in range(200):
        ask(rhythm, at)
    assert (time.process_time() - begun) / 200 < 0.002


# --- silence


def test_quiet_since() -> None:
    """A daily source that stopped: flagged after ten times its gap, from its last post on."""
    posts = [each + HOUR * (n % 5) for n, each in enumerate(every(DAY, 60))]
    rhythm = taught(posts)
    assert quiet_since(rhythm, posts[-1] + DAY * 5) is None
    assert quiet_since(rhythm, posts[-1] + DAY * 40) == posts[-1]
    assert quiet_since(taught(posts[:7], first=3), posts[-1] + DAY * 400) is None


def test_as_quiet_as_ever() -> None:
    """It has been as quiet before, or nearly."""
    posts = [*every(DAY, 30), *every(DAY, 30, MONDAY + DAY * 90)]
    assert quiet_since(taught(posts), posts[-1] + DAY * 85) is None
    assert quiet_since(taught(posts), posts[-1] + DAY * 100) == posts[-1]


def test_office_hours_may_have_holidays() -> None:
    """A weekend, the feast days and an August are no silence; two months are."""
    posts = office(90)
    rhythm = taught(posts)
    for days in (3, 14, 35):
        assert quiet_since(rhythm, posts[-1] + DAY * days) is None
    assert quiet_since(rhythm, posts[-1] + DAY * 60) is not None


def test_silence_is_told_once() -> None:
    """At the first poll that finds it so, from then on no more."""
    posts = [each + HOUR * (n % 5) for n, each in enumerate(every(DAY, 60))]
    rhythm, polls = taught(posts), [posts[-1] + DAY * n for n in range(1, 60)]
    told = [
        now
        for last, now in zip([None, *polls], polls, strict=False)
        if fell_silent(rhythm, last, now)
    ]
    assert len(told) == 1

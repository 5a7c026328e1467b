"""In which hours a source posts, and how its gaps go on: the two halves of its intensity. Pure.

The intensity of posting is hazard(age) × weight(hour): how likely a post is at this time since the
last one, in hours of posting time, times how much of a posting hour this hour of the week is.
Both are shrunk towards "nothing known" by as much as chance alone could explain, so that
memoryless posting is not read into.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise

from aggregator.cadence.rhythm import HOURS, Rhythm

DAY_S = 86_400
EDGES = (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 1e9)
"""Hours of posting time; hazards are estimated between these."""
_STEPS = tuple((edge, edge - low) for low, edge in zip((0.0, *EDGES), EDGES, strict=False))
"""Each of them, and how far it lies from the one before."""
_LEAST = 0.01
"""Weight that an hour keeps in which it never posted."""
_DAYS_FOR_HOURS = 3
_DAYS_FOR_WEEK = 14
"""What must have been seen before hours, and days of the week, are told apart."""
FLAT = (1.0,) * HOURS


def weights(rhythm: Rhythm) -> tuple[float, ...]:
    """For each hour of the week; their mean is about 1."""
    hours = rhythm.hours
    total = sum(hours) / 16  # bytes count sixteenths of a post
    span = rhythm.last - rhythm.since
    if not total or span < _DAYS_FOR_HOURS * DAY_S:
        return FLAT
    by_day = zip(*(hours[d : d + 24] for d in range(0, HOURS, 24)), strict=True)
    of_day = _of_day([sum(each) / 16 for each in by_day], total / 24)
    of_week: list[float] | None = None
    if span >= _DAYS_FOR_WEEK * DAY_S:
        of_week = _of_week([sum(hours[d : d + 24]) / 16 for d in range(0, HOURS, 24)], total / 7)
    if of_day is None and of_week is None:
        return FLAT
    if of_week is None:
        return 7 * tuple([each if each > _LEAST else _LEAST for each in of_day or ()])
    return tuple(
        [w if (w := h * d) > _LEAST else _LEAST for d in of_week for h in of_day or [1.0] * 24]
    )


def _share(parts: list[float], mean: float, chance: float) -> float:
    """How much of these deviations to believe: as much as chi-square exceeds what chance brings
    (James and Stein 1961)."""
    found = sum([each * each for each in parts]) / mean
    return 1 - chance / found if found > chance else 0.0


def _of_day(counts: list[float], mean: float) -> list[float] | None:
    """Ratios by hour of day: the broad wave of day and night, and what single hours add to it,
    each by its own share. The kernel is 1 2 3 2 1; the chances are those of its sums."""
    ring = [*counts[-2:], *counts, *counts[:2]]
    wave = [
        (a + e + 2 * (b + d) + 3 * c) / 9
        for a, b, c, d, e in zip(ring, ring[1:], ring[2:], ring[3:], ring[4:], strict=False)
    ]
    broad = [each - mean for each in wave]
    single = [c - w for c, w in zip(counts, wave, strict=True)]
    much, more = _share(broad, mean, 4.6), _share(single, mean, 13.6)
    if not much and not more:
        return None
    return [1 + (much * b + more * s) / mean for b, s in zip(broad, single, strict=True)]


def _of_week(counts: list[float], mean: float) -> list[float] | None:
    """Ratios by day of week: working days against the weekend, and what single days add."""
    work, rest = sum(counts[:5]) / 5, sum(counts[5:]) / 2
    broad = [work - mean] * 5 + [rest - mean] * 2
    single = [c - b - mean for c, b in zip(counts, broad, strict=True)]
    much, more = _share(broad, mean, 1), _share(single, mean, 5)
    if not much and not more:
        return None
    return [1 + (much * b + more * s) / mean for b, s in zip(broad, single, strict=True)]


@dataclass(frozen=True, slots=True)
class Habits:
    """`weight` by hour of week; `hazard` by age, one for each of EDGES, posts per posting hour;
    `age` in posting hours now; `gaps` between posts in posting hours, ascending."""

    weight: Sequence[float]
    hazard: list[float]
    age: float
    gaps: list[float]


@dataclass(frozen=True, slots=True)
class Past:
    """The part of it that stays until the next post; `last`: the newest post, in posting hours."""

    weight: Sequence[float]
    passed: Sequence[float]
    last: float
    gaps: list[float]

    def age(self, now: int) -> float:
        return max(self._hours(now) - self.last, 0.0)

    def _hours(self, at: int) -> float:
        return _posting_time(self.weight, self.passed, (at,))[0]


# A poll asks twice, when next and whether it has fallen silent; a batch of polls lies between.
@lru_cache(maxsize=256)
def past(rhythm: Rhythm) -> Past:
    found = weights(rhythm)
    weight = found if found is FLAT else array("d", found)  # a quarter of its size as a tuple
    passed = array("d", accumulate(weight, initial=0.0))
    stamps = _posting_time(weight, passed, rhythm.posts or (rhythm.since,))
    return Past(weight, passed, stamps[-1], sorted(b - a for a, b in pairwise(stamps)))


def habits(rhythm: Rhythm, now: int) -> Habits:
    found = past(rhythm)
    age = found.age(now)
    if rhythm.rough:
        return Habits(found.weight, [_recent_rate(rhythm, now)] * len(EDGES), age, found.gaps)
    return Habits(found.weight, _hazards(found.gaps, age), age, found.gaps)


def _recent_rate(rhythm: Rhythm, now: int) -> float:
    """Posts an hour where their times are the times of our polls: the gaps would only say how often
    we asked, and be borne out by asking so."""
    recent = rhythm.posts[-8:]
    return (len(recent) + 1) / ((now - recent[0]) / 3600 + 24) if recent else 1 / 24


def _posting_time(
    weight: Sequence[float], passed: Sequence[float], times: tuple[int, ...]
) -> list[float]:
    """Hours, in which an hour of weight 0.1 passes ten times as slowly. `passed`: from the
    beginning of the week to each of its hours."""
    if weight is FLAT:
        return [each / 3600 for each in times]
    whole = passed[HOURS]
    found = []
    for each in times:
        shifted = each + 259_200  # from the Monday before 1970
        hours = shifted // 3600
        weeks, hour = divmod(hours, HOURS)
        found.append(weeks * whole + passed[hour] + weight[hour] * (shifted % 3600) / 3600)
    return found


def _hazards(gaps: list[float], age: float) -> list[float]:
    """Posts per hour at each age: seen / hours at risk, with one more post at the rate of the
    ages before it, so that what was never seen goes on as it was and then fades as 1/age."""
    n = len(gaps)
    sums = [0.0, *accumulate(gaps)]
    rate = (n + 1) / (sums[n] + age + 24)
    found, at, lower = [], 0, 0.0
    for edge, width in _STEPS:
        end = bisect_right(gaps, edge, at)
        exposed = width * (n - end) + sums[end] - sums[at] - lower * (end - at)
        if age > lower:
            exposed += width if age > edge else age - lower
        rate = (end - at + 1) / (exposed + 1 / rate)
        found.append(rate)
        at, lower = end, edge
    return found

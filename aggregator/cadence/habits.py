"""In which hours a source posts, and how its gaps go on: the two halves of its intensity. Pure.

The intensity of posting is hazard(age) × weight(hour): how likely a post is at this time since the
last one, in hours of posting time, times how much of a posting hour this hour of the week is.
Both are shrunk towards "nothing known" by as much as chance alone could explain, so that
memoryless posting is not read into.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate, pairwise

from aggregator.cadence.rhythm import HOURS, Rhythm, hour_of_week

DAY_S = 86_400
EDGES = (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 1e9)
"""Hours of posting time; hazards are estimated between these."""
_WIDTHS = tuple(b - a for a, b in zip((0.0, *EDGES), EDGES, strict=False))
_LEAST = 0.03
"""Weight that an hour keeps in which it never posted."""
_DAYS_FOR_HOURS = 3
_DAYS_FOR_WEEK = 14
"""What must have been seen before hours, and days of the week, are told apart."""
FLAT = (1.0,) * HOURS


def weights(rhythm: Rhythm) -> tuple[float, ...]:
    """For each hour of the week; their mean is 1."""
    hours = rhythm.hours
    total = sum(hours)
    span = rhythm.last - rhythm.since
    if not total or span < _DAYS_FOR_HOURS * DAY_S:
        return FLAT
    day = [sum(hours[h::24]) for h in range(24)]
    of_day = _shrunk(_smooth(day), total)
    of_week: tuple[float, ...] = (1.0,) * 7
    if span >= _DAYS_FOR_WEEK * DAY_S:
        of_week = _shrunk([sum(hours[d : d + 24]) for d in range(0, HOURS, 24)], total)
    if of_day[0] == of_day[1] == of_day[2] == 1.0 == of_week[0] == of_week[1]:
        return FLAT
    return tuple([w if (w := h * d) > _LEAST else _LEAST for d in of_week for h in of_day])


def _smooth(counts: list[int]) -> list[float]:
    """A little of each hour belongs to its neighbours."""
    before, after = counts[-1:] + counts[:-1], counts[1:] + counts[:1]
    return [0.8 * c + 0.1 * (a + b) for a, c, b in zip(before, counts, after, strict=True)]


def _shrunk(counts: list[float] | list[int], total: float) -> tuple[float, ...]:
    """Ratios to the mean, by how much chi-square says more than chance (James and Stein 1961)."""
    n = len(counts)
    mean = total / n
    # Bytes count sixteenths of a post.
    chance = sum([(c - mean) ** 2 for c in counts]) / mean / 16
    share = max(0.0, 1 - (n - 1) / chance) if chance else 0.0
    return tuple([1 + share * (c / mean - 1) for c in counts])


@dataclass(frozen=True, slots=True)
class Habits:
    """`weight` by hour of week; `hazard` by age, one for each of EDGES, posts per posting hour;
    `age` in posting hours now; `gaps` between posts in posting hours, ascending."""

    weight: tuple[float, ...]
    hazard: list[float]
    age: float
    gaps: list[float]


def habits(rhythm: Rhythm, now: int) -> Habits:
    weight = weights(rhythm)
    if weight is FLAT:
        stamps = [each / 3600 for each in (*rhythm.posts, now)]
    else:
        stamps = _posting_time(weight, (*rhythm.posts, now))
    gaps = sorted(b - a for a, b in pairwise(stamps[:-1]))
    age = stamps[-1] - stamps[-2] if rhythm.posts else (now - rhythm.since) / 3600
    return Habits(weight, _hazards(gaps, max(age, 0.0)), max(age, 0.0), gaps)


def _posting_time(weight: tuple[float, ...], times: tuple[int, ...]) -> list[float]:
    """Hours, in which an hour of weight 0.1 passes ten times as slowly."""
    passed = [0.0, *accumulate(weight)]
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
    risk = sum(gaps) + age
    rate = (n + 1) / (risk + 24)
    found, at, lower = [], 0, 0.0
    for edge, width in zip(EDGES, _WIDTHS, strict=True):
        end = bisect_right(gaps, edge, at)
        exposed = width * (n - end) + sum(gaps[at:end]) - lower * (end - at)
        exposed += min(max(age - lower, 0.0), width)
        rate = (end - at + 1) / (exposed + 1 / rate)
        found.append(rate)
        at, lower = end, edge
    return found


def weight_at(weight: tuple[float, ...], seconds: int) -> float:
    return weight[hour_of_week(seconds)]

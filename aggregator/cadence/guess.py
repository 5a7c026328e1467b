"""When to ask next: the time at which waiting on would cost more than it saves. Pure.

Posts come with intensity λ(t); one more request is worth `worth`/2 hours of a post's delay. At a
constant λ the mean of (request + delay) over time is least for an interval of sqrt(worth / λ):
twice as rare a source is asked 1.4 times less, not half as often. For a λ that changes, the same
law locally: cost so far = delay gathered − what well-timed polls would have cost, an hour
sqrt(worth × λ); the least of it within the longest wait is the time. Just after a peak everything
has come and nothing waits, so that is where the least lies.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from aggregator.cadence.habits import EDGES, Habits, habits
from aggregator.cadence.rhythm import HOURS, Rhythm, hour_of_week, unpack
from aggregator.cadence.words import describe

_GRACE = 60
"""Seconds after the expected time: writing the file takes the publisher a moment, too."""
_TWO_OF_THREE = 0.67
_AROUND = 3600
_NARROW = 1800
"""Seconds: posts of the last 30 that came within an hour of the chosen time of day make it sharp
when most of them lie within half an hour."""
_PEAK = 0.25
"""Hours that a peak lasts, as far as what it saves is concerned."""
_YOUNGER = 3
"""The newest of several unseen posts is younger than the first: its age is about a third."""
_NEVER = 1e9


@dataclass(frozen=True, slots=True)
class Guess:
    """`wait` in seconds. `sharp`: just after an expected time, not to be spread far from it."""

    wait: float
    reason: str
    sharp: bool = False


def guess(packed: bytes | None, at: float, worth: float, least: float, most: float) -> Guess | None:
    """The wait from `at` (seconds since 1970), between `least` and `most` seconds; None while
    nothing is known. `worth` in hours: the interval at one post an hour, squared."""
    rhythm = unpack(packed)
    if rhythm is None or not rhythm.posts:
        return None
    now = int(at)
    peak = None if rhythm.rough else _regular(rhythm, now)
    wait = _best(habits(rhythm, now), peak, now, worth, least / 3600, most / 3600) * 3600
    # At the longest wait, too, the time of day may be kept to: what posts at nine once a month is
    # asked at nine.
    exact = None if rhythm.rough else _exact(rhythm, now, min(wait, most - _AROUND))
    chosen = wait if exact is None else exact
    return Guess(min(max(chosen, least), most), describe(rhythm, now), exact is not None)


def _best(
    found: Habits,
    peak: tuple[float, float] | None,
    now: int,
    worth: float,
    least: float,
    most: float,
) -> float:
    """Hours to wait. Piece by piece of constant intensity: up to the next hour, the next age at
    which the hazard changes, the peak. One loop, since every poll walks it (some 30 pieces), and
    without `min` and `max`, which were a third of it."""
    weight, hazard, age = found.weight, found.hazard, found.age
    k, root = bisect_right(EDGES, age), sqrt(worth)
    hour, to_hour = hour_of_week(now), 1 - now % 3600 / 3600
    to_peak, share = peak or (_NEVER, 0.0)
    at = mass = cost = begun = 0.0
    best, chosen = _NEVER, most
    while at < most:
        w = weight[hour]
        # What is there unseen brings more of its kind (a burst), or rules it out (a timetable);
        # a poll now would find it by that chance, and wait accordingly.
        own, unseen = hazard[k] * w * (1 - share), mass if mass < 1 else 1.0
        more = hazard[bisect_right(EDGES, (at - begun) / _YOUNGER)] * w
        intensity = (1 - unseen) * own + unseen * more
        saved = root * ((1 - unseen) * sqrt(own) + unseen * sqrt(more))
        length, to_edge = most - at, (EDGES[k] - age) / w
        if to_hour < length:
            length = to_hour
        if to_edge < length:
            length = to_edge
        if to_peak < length:
            length = to_peak
        # Within the piece, cost(x) = (mass - saved) x + intensity x² / 2; least at the x where
        # its slope is none, or at an end of what may be chosen of the piece.
        slope = mass - saved
        x = -slope / intensity
        if x < least - at:
            x = least - at
        if x < 0:
            x = 0.0
        if x > length:
            x = length
        value = cost + (slope + intensity * x / 2) * x
        if value < best and at + x >= least:
            # Only if it is worth more than it costs not to leave it at the longest wait.
            if 2 * (mass + intensity * x) * (most - at - x) >= worth:
                chosen = at + x
            best = value
        cost += (slope + intensity * length / 2) * length
        came = intensity * length
        if mass < 1 and came:
            begun = (begun * mass + (at + length / 2) * came) / (mass + came)
        mass, at, age = mass + came, at + length, age + length * w
        to_hour, to_peak = to_hour - length, to_peak - length
        if to_peak <= 0:
            cost -= root * sqrt(share * _PEAK)
            mass, to_peak, share = mass + share, _NEVER, 0.0
        if to_hour <= 1e-9:
            hour, to_hour = (hour + 1) % HOURS, 1.0
        if age >= EDGES[k] - 1e-9:
            k += 1
    return chosen


def _regular(rhythm: Rhythm, now: int) -> tuple[float, float] | None:
    """(hours to when the next post is expected, share of gaps) when two of three gaps are about
    as long as the middle one: every five hours, every 36 hours, weekly."""
    posts = rhythm.posts
    gaps = sorted([b - a for a, b in pairwise(posts)])
    if len(gaps) < 3:
        return None
    usual = gaps[len(gaps) // 2]
    low, high = bisect_right(gaps, usual * 0.9), bisect_right(gaps, usual * 1.1)
    share = (high - low) / len(gaps)
    if share < _TWO_OF_THREE:
        return None
    wait = posts[-1] + gaps[low + (high - low) * 9 // 10] + _GRACE - now
    return (wait / 3600, min(share, 0.97)) if wait > 0 else None


def _exact(rhythm: Rhythm, now: int, wait: float) -> float | None:
    """Just after where posts come, by time of day or by gap, around the chosen time."""
    posts = rhythm.posts[-30:]
    begin = wait - _AROUND
    start = now + begin
    by_day = [o for each in posts if not each & 1 and (o := (each - start) % 86_400) < 2 * _AROUND]
    last = posts[-1] - start
    by_gap = [o for a, b in pairwise(posts) if 0 <= (o := last + b - a) < 2 * _AROUND]
    near = sorted(by_day if len(by_day) >= len(by_gap) else by_gap)
    if len(near) < 3:
        return None
    low, high = near[len(near) // 10], near[(len(near) - 1) * 9 // 10]
    return begin + high + _GRACE if high - low <= _NARROW else None

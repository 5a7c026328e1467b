"""How sources post: a random, seeded list of moments for each pattern that feeds are known to keep.

Times are hours since a Monday 00:00 UTC. Every pattern draws its own rate, hour and jitter, so that
no two sources of it are alike.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

Pattern = Callable[[Random, float], list[float]]
"""(random, hours) → when it posts."""


def steady(r: Random, hours: float) -> list[float]:
    """Every 2 to 12 hours at its minute, some minutes late (stations, weather, release notes)."""
    period, at = r.choice([2.0, 3.0, 4.0, 6.0, 8.0, 12.0]), r.uniform(0, 12)
    return _kept(
        [at + n * period + abs(r.gauss(0, 0.05)) for n in range(int(hours / period))], hours
    )


def odd(r: Random, hours: float) -> list[float]:
    """Each so many hours after the last one, not in step with the day."""
    period, at, found = r.uniform(3, 40), r.uniform(0, 40), []
    while at < hours:
        found.append(at)
        at += period * r.uniform(0.97, 1.03)
    return found


def daily(r: Random, hours: float) -> list[float]:
    """At a fixed time of day, give or take some minutes; half of them on working days only."""
    clock, spread, weekends = r.uniform(0, 24), r.uniform(0.01, 0.2), r.random() < 0.5
    days = [d for d in range(int(hours / 24)) if weekends or d % 7 < 5]
    return _kept([24 * d + clock + abs(r.gauss(0, spread)) for d in days], hours)


def weekly(r: Random, hours: float) -> list[float]:
    """On its weekday, at about its hour (podcasts, digests)."""
    day, clock = r.randrange(7), r.uniform(5, 20)
    return _kept(
        [168 * w + 24 * day + clock + r.gauss(0, 0.5) for w in range(int(hours / 168))], hours
    )


def office(r: Random, hours: float) -> list[float]:
    """1 to 12 posts a working day between nine and six, where it lives, more before noon."""
    rate, start, length = r.uniform(1, 12), r.uniform(0, 24), r.uniform(7, 10)
    found = []
    for day in range(int(hours / 24)):
        if day % 7 < 5 and r.random() > 0.03:  # a holiday now and then
            for _ in range(_poisson(r, rate)):
                found.append(24 * day + start + length * r.betavariate(1.6, 2.0))
    return _kept(found, hours)


def bursty(r: Random, hours: float) -> list[float]:
    """Nothing for days, then 3 to 12 posts within hours (events, release days)."""
    found: list[float] = []
    pause, at = r.uniform(24, 120), 0.0
    while True:
        at += r.expovariate(1 / pause)
        if at >= hours:
            return _kept(found, hours)
        time = at
        for _ in range(r.randint(3, 12)):
            found.append(time)
            time += r.expovariate(1 / 0.6)


def newsroom(r: Random, hours: float) -> list[float]:
    """20 to 80 a day around the clock, five times as many by day, fewer at weekends."""
    rate, peak = r.uniform(20, 80) / 24, r.uniform(0, 24)
    found: list[float] = []
    at = 0.0
    while True:
        at += r.expovariate(rate * 1.7)
        if at >= hours:
            return found
        away = abs((at % 24 - peak + 12) % 24 - 12)
        share = (1 if away < 7 else 0.2) * (0.5 if at // 24 % 7 >= 5 else 1)
        if r.random() < share:
            found.append(at)


def monthly(r: Random, hours: float) -> list[float]:
    """About once a month, by day."""
    at, clock, found = r.uniform(0, 30), r.uniform(6, 20), []
    while at * 24 < hours:
        found.append(int(at) * 24 + (clock + r.gauss(0, 2)) % 24)
        at += r.uniform(27, 34)
    return _kept(found, hours)


def memoryless(r: Random, hours: float) -> list[float]:
    """At any time alike, 5 a day to 1 in five days: nothing of it can be learned but its rate."""
    rate, at, found = 1 / (24 * 0.2 * 25 ** r.random()), 0.0, []
    while (at := at + r.expovariate(rate)) < hours:
        found.append(at)
    return found


def dead(r: Random, hours: float) -> list[float]:
    """Posted for years, and stopped before we came."""
    return [each for each in memoryless(r, hours) if each < 300]


def returns(r: Random, hours: float) -> list[float]:
    """Posts daily or so by day, is silent for two months, comes back."""
    begin = r.uniform(0.3, 0.5) * hours
    return [each for each in blog(r, hours) if not begin < each < begin + 1440]


def blog(r: Random, hours: float) -> list[float]:
    """Up to twice a day, in its waking hours."""
    wake, rate = r.uniform(0, 24), r.uniform(0.2, 2)
    found = []
    for day in range(int(hours / 24)):
        for _ in range(_poisson(r, rate)):
            found.append(24 * day + wake + 15 * r.betavariate(2, 2))
    return _kept(found, hours)


def _poisson(r: Random, mean: float) -> int:
    count, at = 0, r.expovariate(1)
    while at < mean:
        count, at = count + 1, at + r.expovariate(1)
    return count


def _kept(times: list[float], hours: float) -> list[float]:
    return sorted(each for each in times if 0 <= each < hours)


PATTERNS: dict[str, Pattern] = {
    each.__name__: each
    for each in (
        *(steady, odd, daily, weekly, office, bursty, newsroom),
        *(blog, monthly, memoryless, dead, returns),
    )
}
PREDICTABLE = ("steady", "odd", "daily", "weekly", "office", "newsroom")
MIX = {
    "steady": 8, "odd": 4, "daily": 14, "weekly": 8, "office": 18, "bursty": 8, "newsroom": 2,
    "blog": 12, "monthly": 8, "memoryless": 8, "dead": 6, "returns": 4,
}  # fmt: skip
"""Sources of each pattern in a hundred: an organisation's or a newsroom's list. Half of it are
organisations, papers and series that keep hours or a timetable; a third people's blogs and project
news, which come as they come, seldom, or no more; a few agencies bring most of the articles."""

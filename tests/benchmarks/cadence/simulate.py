"""Sources that post, a rule that asks: requests made, and how long each post waited."""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from tests.benchmarks.cadence.patterns import PATTERNS
from tests.benchmarks.cadence.rules import WINDOW, Rule

Make = Callable[[int, float], Rule]
BEFORE = 24.0 * 42
"""Hours of posting before the source is added: its first document shows the last of them."""
DAYS = 120


@dataclass(frozen=True, slots=True)
class Sample:
    """One source: when it posts, and when it is first polled (hours)."""

    number: int
    pattern: str
    posts: list[float]
    begin: float
    end: float


@dataclass(slots=True)
class Tally:
    """Requests, and the delay of each post in hours."""

    requests: int = 0
    days: float = 0.0
    """Source-days."""
    delays: list[float] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.requests += other.requests
        self.days += other.days
        self.delays += other.delays

    @property
    def median(self) -> float:
        """Minutes."""
        return statistics.median(self.delays) * 60 if self.delays else 0.0

    @property
    def p95(self) -> float:
        """Minutes."""
        return sorted(self.delays)[int(0.95 * len(self.delays))] * 60 if self.delays else 0.0

    @property
    def mean(self) -> float:
        return statistics.fmean(self.delays) * 60 if self.delays else 0.0

    @property
    def daily(self) -> float:
        """Requests a source and day."""
        return self.requests / self.days


def samples(mix: Mapping[str, int], seed: int, days: float = DAYS) -> list[Sample]:
    """So many sources of each pattern, the same for the same seed."""
    found: list[Sample] = []
    for name, count in mix.items():
        for n in range(count):
            random = Random(f"{seed}|{name}|{n}")
            end = BEFORE + 24 * days
            posts = PATTERNS[name](random, end)
            begin = BEFORE + random.uniform(0, 24)
            found.append(Sample(len(found) + 1, name, posts, begin, end))
    return found


def run(rule: Rule, sample: Sample) -> Tally:
    posts, now = sample.posts, sample.begin
    tally = Tally(days=(sample.end - sample.begin) / 24)
    shown = bisect_right(posts, now)
    before = max(0, shown - WINDOW)
    while now < sample.end:
        tally.requests += 1
        wait = rule(posts, before, shown, now)
        now += wait
        before, shown = shown, bisect_right(posts, now, shown)
        tally.delays += [now - each for each in posts[before:shown]]
    return tally


def compare(make: Make, scale: float, sources: Iterable[Sample]) -> dict[str, Tally]:
    """By pattern, and as "mix"."""
    found: dict[str, Tally] = {}
    for sample in sources:
        one = run(make(sample.number, scale), sample)
        for name in (sample.pattern, "mix"):
            found.setdefault(name, Tally()).add(one)
    return found


def tuned(make: Make, sources: list[Sample], median: float) -> tuple[float, dict[str, Tally]]:
    """The scale at which the median delay over all is `median` minutes, found by halving."""
    low, high = 0.02, 50.0
    for _ in range(12):
        scale = (low * high) ** 0.5
        found = compare(make, scale, sources)
        if abs(found["mix"].median / median - 1) < 0.01:
            break
        if found["mix"].median > median:
            high = scale
        else:
            low = scale
    return scale, found

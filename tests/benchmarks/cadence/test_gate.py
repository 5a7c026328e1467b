"""The claims of docs/etiquette.md on how often to ask, on a smaller simulation with margins."""

from __future__ import annotations

from functools import cache

import pytest

from tests.benchmarks.cadence.patterns import MIX, PATTERNS, PREDICTABLE
from tests.benchmarks.cadence.rules import CommaFeed, Feedmill, Fixed, Miniflux
from tests.benchmarks.cadence.simulate import Make, Sample, Tally, compare, run, samples, tuned

SEED, DAYS = 5, 45


@cache
def mix() -> list[Sample]:
    """Half of the stated mix."""
    return samples({name: count // 2 for name, count in MIX.items()}, SEED, DAYS)


@cache
def ours() -> dict[str, Tally]:
    return compare(Feedmill, 1.0, mix())


@pytest.mark.parametrize("other", [Fixed, Miniflux, CommaFeed])
def test_half_the_requests_at_the_same_median(other: Make) -> None:
    """Each of the others, stretched until its median delay over the mix is ours, needs at least
    twice as many requests."""
    _, theirs = tuned(other, mix(), ours()["mix"].median)
    assert theirs["mix"].median == pytest.approx(ours()["mix"].median, rel=0.1)
    assert ours()["mix"].requests <= 0.5 * theirs["mix"].requests


@pytest.mark.parametrize("pattern", [name for name in PREDICTABLE if name != "newsroom"])
def test_fresher_per_request_where_posting_is_predictable(pattern: str) -> None:
    """Delay times requests is at most two thirds of an hourly poll's."""
    sources = samples({pattern: 4}, SEED, DAYS)
    mine, hourly = (compare(each, 1.0, sources)[pattern] for each in (Feedmill, Fixed))
    assert mine.requests * mine.mean <= 0.67 * hourly.requests * hourly.mean


@pytest.mark.parametrize("pattern", ["memoryless", "newsroom"])
def test_little_is_lost_where_nothing_can_be_gained(pattern: str) -> None:
    """Learning does not read hours into chance: about as good as asking evenly."""
    sources = samples({pattern: 4}, SEED, DAYS)
    mine, hourly = (compare(each, 1.0, sources)[pattern] for each in (Feedmill, Fixed))
    assert mine.requests * mine.mean <= 1.15 * hourly.requests * hourly.mean


def test_the_dead_cost_a_request_a_day() -> None:
    """And what comes back to life is found within a day, the rest of its posts soon."""
    assert compare(Feedmill, 1.0, samples({"dead": 4}, SEED, DAYS))["dead"].daily <= 1.4
    back = compare(Feedmill, 1.0, samples({"returns": 6}, SEED, 120))["returns"]
    assert max(back.delays) <= 26.5
    assert back.median <= 180


def test_the_simulator_counts_right() -> None:
    """Hourly polls, by hand: a post waits for the next full hour after it."""
    sample = Sample(1, "steady", [10.25, 11.5, 11.75, 13.0], 10.0, 14.0)
    tally = run(Fixed(1), sample)
    assert tally.requests == 4
    assert tally.delays == [0.75, 0.5, 0.25, 0.0]
    assert (tally.median, tally.daily) == (22.5, 24.0)


@pytest.mark.parametrize(
    ("other", "posts", "hours"),
    [
        (Miniflux, [100.0 + n for n in range(67)], 168 / 67),
        (Miniflux, [900.0, 901.0], 24.0),
        (Miniflux, [999 + n / 5000 for n in range(5000)], 1 / 12),
        (CommaFeed, [100.0], 4.0),
        (CommaFeed, [600.0], 2.0),
        (CommaFeed, [800.0], 1.0),
        (CommaFeed, [990.0, 991.0, 992.0], 0.5),
        (CommaFeed, [900.0, 950.0], 1.0),
    ],
)
def test_the_rules_of_others(other: Make, posts: list[float], hours: float) -> None:
    """As published."""
    now = 1000.0 if posts[0] != 100.0 or other is CommaFeed else 168.0
    assert other(1, 1.0)(posts, 0, len(posts), now) == pytest.approx(hours)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_are_seeded(pattern: str) -> None:
    """Same seed, same posts, in order; another seed, others."""
    first, again, other = (
        [each.posts for each in samples({pattern: 3}, seed, DAYS)] for seed in (1, 1, 2)
    )
    assert first == again != other
    assert all(posts == sorted(posts) and posts for posts in first)

"""Where two texts run along each other, and what stands between. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise

from aggregator.likeness.words import Text

SEED = 4
"""Words in a row that begin a common run."""
_NARROW = 8
"""Words of a gap up to which its two sides are taken for each other's replacement."""
_SENTENCE = 6


@dataclass(frozen=True, slots=True)
class Run:
    """`size` words that are equal from `one` in the shorter and from `other` in the longer."""

    one: int
    other: int
    size: int


Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Gap:
    """What stands in each between two runs that follow each other in both, and where."""

    one: tuple[str, ...]
    other: tuple[str, ...]
    places: tuple[Span, Span]

    @property
    def replaced(self) -> bool:
        """Whether each side stands for the other, as in a form that was filled in anew."""
        return 0 < len(self.one) <= _NARROW and 0 < len(self.other) <= _NARROW


@dataclass(frozen=True)
class Alignment:
    """Of the shorter and the longer. `gaps`: between runs, not before the first or after the
    last."""

    one: Text
    other: Text
    runs: tuple[Run, ...]
    gaps: tuple[Gap, ...]

    @property
    def common(self) -> int:
        """Words of the shorter that stand in the longer."""
        return sum(run.size for run in self.runs)

    def whole(self, gap: Gap) -> bool:
        """Whether it is whole lines in both."""
        mine, theirs = gap.places
        return self.one.lines.issuperset(mine) and self.other.lines.issuperset(theirs)

    @cached_property
    def added(self) -> tuple[frozenset[str], frozenset[str]]:
        """Of each, the words of what is in no run and replaces nothing: _SENTENCE or more in a
        row."""
        filled = [gap.places for gap in self.gaps if gap.replaced and not self.whole(gap)]
        mine = [(run.one, run.one + run.size) for run in self.runs]
        theirs = [(run.other, run.other + run.size) for run in self.runs]
        return (
            _rest(self.one.body, [*mine, *(here for here, _ in filled)]),
            _rest(self.other.body, [*theirs, *(there for _, there in filled)]),
        )


def align(one: Text, other: Text) -> Alignment:
    """The runs of SEED words or more, in the order of `one`. Of several places in `other` the
    next one after the last run is taken, else the first."""
    runs = _runs(one.body, other.body)
    return Alignment(one, other, tuple(runs), tuple(_gaps(one, other, runs)))


def _runs(one: Sequence[str], other: Sequence[str]) -> list[Run]:
    places: dict[int, list[int]] = {}
    for at, seed in enumerate(_seeds(other)):
        if seed in places:
            places[seed].append(at)
        else:
            places[seed] = [at]
    seeds = _seeds(one)
    runs: list[Run] = []
    at = end = 0
    while at < len(seeds):
        found = places.get(seeds[at])
        if found is None:
            at += 1
            continue
        start = found[0]
        if start < end:
            start = next((place for place in found if place >= end), start)
        size = _extent(one, other, at, start)
        if size < SEED:  # two seeds of one hash
            at += 1
            continue
        runs.append(Run(at, start, size))
        at, end = at + size, start + size
    return runs


def _seeds(words: Sequence[str]) -> list[int]:
    """Hashes, which hold within this process."""
    return list(map(hash, zip(*(words[at:] for at in range(SEED)), strict=False)))


_STRIDE = 64


def _extent(one: Sequence[str], other: Sequence[str], at: int, start: int) -> int:
    size, most = 0, min(len(one) - at, len(other) - start)
    while size < most and (
        one[at + size : at + size + _STRIDE] == other[start + size : start + size + _STRIDE]
    ):
        size += _STRIDE
    size = min(size, most)
    while size < most and one[at + size] == other[start + size]:
        size += 1
    return size


def _gaps(one: Text, other: Text, runs: Sequence[Run]) -> list[Gap]:
    gaps: list[Gap] = []
    for left, right in pairwise(runs):
        mine = left.one + left.size, right.one
        theirs = left.other + left.size, right.other
        if theirs[0] <= theirs[1]:
            gap = Gap(one.body[slice(*mine)], other.body[slice(*theirs)], (mine, theirs))
            gaps.append(gap)
    return gaps


def _rest(words: Sequence[str], spans: Iterable[Span]) -> frozenset[str]:
    left = bytearray(b"\1" * len(words))
    for start, end in spans:
        left[start:end] = bytes(end - start)
    rest: set[str] = set()
    at = 0
    for added, some in groupby(left):
        size = sum(1 for _ in some)
        if added and size >= _SENTENCE:
            rest.update(words[at : at + size])
        at += size
    return frozenset(rest)

"""Where two texts run along each other, and what stands between. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Gap:
    """What stands in each between two runs that follow each other in both. `whole`: whole lines
    in both."""

    one: tuple[str, ...]
    other: tuple[str, ...]
    whole: bool = False

    @property
    def replaced(self) -> bool:
        """Whether each side stands for the other, as in a form that was filled in anew."""
        return 0 < len(self.one) <= _NARROW and 0 < len(self.other) <= _NARROW


@dataclass(frozen=True, slots=True)
class Alignment:
    runs: tuple[Run, ...]
    gaps: tuple[Gap, ...]
    """Between runs, narrow or wide; not before the first and after the last."""
    added: tuple[frozenset[str], frozenset[str]]
    """Of each, the words of what is in no run and replaces nothing: _SENTENCE or more in a row."""

    @property
    def common(self) -> int:
        """Words of the shorter that stand in the longer."""
        return sum(run.size for run in self.runs)


def align(one: Text, other: Text) -> Alignment:
    """The runs of SEED words or more, in the order of `one`. Of several places in `other` the
    next one after the last run is taken, else the first."""
    runs = _runs(one.body, other.body)
    gaps, taken = _gaps(one, other, runs)
    mine = [(run.one, run.one + run.size) for run in runs] + [span for span, _ in taken]
    theirs = [(run.other, run.other + run.size) for run in runs] + [span for _, span in taken]
    added = _rest(one.body, mine), _rest(other.body, theirs)
    return Alignment(tuple(runs), tuple(gaps), added)


def _runs(one: Sequence[str], other: Sequence[str]) -> list[Run]:
    places: dict[tuple[str, ...], list[int]] = {}
    for at, seed in enumerate(_seeds(other)):
        places.setdefault(seed, []).append(at)
    seeds = _seeds(one)
    runs: list[Run] = []
    at = end = 0
    while at < len(seeds):
        found = places.get(seeds[at])
        if found is None:
            at += 1
            continue
        start = next((place for place in found if place >= end), found[0])
        size = _extent(one, other, at, start)
        runs.append(Run(at, start, size))
        at, end = at + size, start + size
    return runs


def _seeds(words: Sequence[str]) -> list[tuple[str, ...]]:
    return list(zip(*(words[at:] for at in range(SEED)), strict=False))


def _extent(one: Sequence[str], other: Sequence[str], at: int, start: int) -> int:
    size, most = SEED, min(len(one) - at, len(other) - start)
    while size < most and one[at + size] == other[start + size]:
        size += 1
    return size


Span = tuple[int, int]


def _gaps(one: Text, other: Text, runs: Sequence[Run]) -> tuple[list[Gap], list[tuple[Span, Span]]]:
    """With where those are whose sides replace each other."""
    gaps: list[Gap] = []
    taken: list[tuple[Span, Span]] = []
    for left, right in pairwise(runs):
        mine = left.one + left.size, right.one
        theirs = left.other + left.size, right.other
        if theirs[0] > theirs[1]:
            continue
        whole = one.lines.issuperset(mine) and other.lines.issuperset(theirs)
        gap = Gap(one.body[slice(*mine)], other.body[slice(*theirs)], whole)
        gaps.append(gap)
        if gap.replaced and not whole:
            taken.append((mine, theirs))
    return gaps, taken


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

"""Whether an edit says something new. Pure.

The title counts, and more than a few words of the text; not where they stand, not lines that
several items of the source have alike (footers, appeals, ads), not numbers that count on (shares,
comments).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from aggregator.likeness.words import body_of, words_of
from feeds.models import Entry

FEW = 5
"""Words that may be others in an edit that says nothing new."""
_ALIKE = 3
"""Items that have a line which belongs to none of them; of two items, both."""


def common_lines(entries: Iterable[Entry]) -> frozenset[tuple[str, ...]]:
    """Lines that several of them have."""
    every = [set(_lines(entry)) for entry in entries]
    counts = Counter(line for lines in every for line in lines)
    least = min(_ALIKE, max(len(every), 2))
    return frozenset(line for line, count in counts.items() if count >= least)


def significant(
    before: Entry, after: Entry, common: Collection[tuple[str, ...]] = frozenset()
) -> bool:
    """Whether a reader would want to see it again. `common`: lines that are nobody's."""
    if words_of(before.title) != words_of(after.title):
        return True
    old, new = (_words(entry, common) for entry in (before, after))
    return max((old - new).total(), (new - old).total()) > FEW


def _words(entry: Entry, common: Collection[tuple[str, ...]]) -> Counter[str]:
    return Counter(word for line in _lines(entry) if line not in common for word in line)


def _lines(entry: Entry) -> Sequence[tuple[str, ...]]:
    lines = (tuple(words_of(line)) for line in body_of(entry).splitlines())
    return [line for line in lines if line]

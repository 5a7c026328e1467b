"""Where to look for a text's likes: keys of which two texts that are alike share some. Pure.

Of the whole, bands of a MinHash: a copy with one word in twenty changed still shares one with
near certainty. It does not see an excerpt; the winnowed shingles of the beginning do (Schleimer,
Wilkerson, Aiken 2003: a run of WINDOW + SHINGLE - 1 = 13 common words shares at least one).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rensa import RMinHash

from aggregator.likeness.words import text_of
from feeds.models import Entry

SHINGLE, WINDOW, BEGINNING = 6, 8, 250
"""Words of a shingle; shingles of which the least is kept; words of the beginning."""
GRAM, BANDS, ROWS = 3, 8, 4
"""Words that the MinHash counts together; its bands; permutations of each."""
SHORTEST = 15
"""Words below which a text has no likes."""
_SHARED = 0.2
"""Part of the keys of the shorter text that must be shared."""
_SEED = 5
_MASK = (1 << 63) - 1  # what both databases hold as an integer


_KEPT = 256
"""Sketches that are kept: a poll asks for that of a new article, and a moment later linking."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is known of a text without taking it apart again."""

    words: int
    """Of its body."""
    keys: frozenset[int]


def sketched(entry: Entry) -> Sketch:
    return _sketched(entry.title, entry.content, entry.summary)


@lru_cache(maxsize=_KEPT)
def _sketched(title: str, content: str | None, summary: str | None) -> Sketch:
    body = text_of(Entry(title=title, content=content, summary=summary)).body
    return Sketch(len(body), sketch(body))


def sketch(body: Sequence[str]) -> frozenset[int]:
    """Keys of 63 bits; none for what is too short to be compared."""
    if len(body) < SHORTEST:
        return frozenset()
    begins = _shingles(body[:BEGINNING], SHINGLE)
    hashes, _ = RMinHash.hash_token_sets([begins, ()])
    return frozenset(_winnowed(hashes)) | frozenset(_bands(body))


def worth_comparing(shared: int, one: int, other: int) -> bool:
    """Whether two texts of so many keys, of which they share so many, may be alike: a copy keeps
    two fifths of its keys, and what shares a phrase one or two."""
    return shared >= max(1, _SHARED * min(one, other))


def _shingles(words: Sequence[str], n: int) -> list[str]:
    return list(map(" ".join, zip(*(words[at:] for at in range(n)), strict=False)))


def _winnowed(hashes: list[int]) -> set[int]:
    """The least of each WINDOW hashes in a row, by halves: three passes (`min` takes twice as
    long to say which of two is less)."""
    if len(hashes) <= WINDOW:
        return {min(hashes) & _MASK}
    least = hashes
    for step in (1, 2, 4):
        least = [a if a < b else b for a, b in zip(least, least[step:], strict=False)]
    return {each & _MASK for each in set(least)}


def _bands(body: Sequence[str]) -> list[int]:
    minhash = RMinHash(num_perm=BANDS * ROWS, seed=_SEED)
    minhash.update(_shingles(body, GRAM))
    digest = minhash.digest()
    bands = [f"{at} {digest[at : at + ROWS]}" for at in range(0, BANDS * ROWS, ROWS)]
    [hashes] = RMinHash.hash_token_sets([bands])
    return [each & _MASK for each in hashes]

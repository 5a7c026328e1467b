"""`python -m tests.likeness.evaluation`: precision and recall, by kind of change."""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from aggregator.likeness.compare import Comparison, compare
from aggregator.likeness.sketch import sketch, worth_comparing
from aggregator.likeness.words import text_of
from tests.likeness.changes import COPIES, LOOK_ALIKES, Outlet, furnished, siblings, wire
from tests.likeness.material import Piece, corpus, story

EACH = 200
"""Pairs of each kind."""


@dataclass
class Result:
    pairs: int = 0
    alike: int = 0
    unmet: int = 0
    """Alike by comparison, but without a common key."""
    verdicts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    examples: list[tuple[Piece, Piece, Comparison]] = field(default_factory=list)


def judged(one: Piece, other: Piece) -> tuple[Comparison, bool]:
    """The comparison, and whether they would have met at all."""
    first, second = text_of(one.entry()), text_of(other.entry())
    ours, theirs = sketch(first.body), sketch(second.body)
    met = worth_comparing(len(ours & theirs), len(ours), len(theirs))
    return compare(first, second), met


def pairs(seed: int, each: int = EACH) -> Iterator[tuple[str, bool, Piece, Piece]]:
    """(kind, whether they are one story, one, other)."""
    rng = random.Random(seed)
    documents = corpus()
    outlets = [Outlet(rng) for _ in range(20)]

    def base() -> Piece:
        return rng.choice(rng.choice(documents)) if documents and rng.random() < 0.6 else story(rng)

    for change in (*COPIES, wire, wire, wire):
        for _ in range(each):
            piece = base()
            here, there = rng.sample(outlets, 2)
            first = furnished(rng, piece, here) if rng.random() < 0.5 else piece
            yield change.__name__, True, first, change(rng, piece, there)
    for made in LOOK_ALIKES:
        for _ in range(each):
            one, other = made(rng, base())
            yield made.__name__, False, furnished(rng, one, rng.choice(outlets)), other
    for _ in range(2 * each):
        if documents and (pair := siblings(rng, documents)):
            yield "siblings", False, *pair


def evaluate(seed: int, each: int = EACH) -> dict[tuple[bool, str], Result]:
    found: dict[tuple[bool, str], Result] = defaultdict(Result)
    for kind, one_story, one, other in pairs(seed, each):
        comparison, met = judged(one, other)
        result = found[one_story, kind]
        result.pairs += 1
        together = comparison.alike and met
        result.alike += together
        result.unmet += comparison.alike and not met
        result.verdicts[comparison.verdict] += 1
        if together != one_story:
            result.examples.append((one, other, comparison))
    return found


def totals(found: dict[tuple[bool, str], Result]) -> tuple[float, float]:
    """(precision, recall)"""
    right = sum(r.alike for (one, _), r in found.items() if one)
    wrong = sum(r.alike for (one, _), r in found.items() if not one)
    wanted = sum(r.pairs for (one, _), r in found.items() if one)
    return right / (right + wrong), right / wanted


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    shown = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    found = evaluate(seed)
    for (one, kind), result in found.items():
        what = "copy" if one else "look-alike"
        print(f"{what:10} {kind:16} {result.pairs:5} {result.alike:5} {dict(result.verdicts)}")
    precision, recall = totals(found)
    print(f"precision {precision:.4f} recall {recall:.4f}")
    for (_, kind), result in found.items():
        for first, second, comparison in result.examples[:shown]:
            print("---", kind, comparison)
            for piece in (first, second):
                print(f"  {piece.title} ## {' ¶ '.join(piece.paragraphs)[:700]}")


if __name__ == "__main__":
    main()

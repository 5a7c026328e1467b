"""Whether two texts tell the same thing. Pure and symmetric.

A copy differs by what was put before, between or after: datelines, credits, appeals, paragraphs
added or dropped. What only looks alike was filled in anew: numbers and names stand in the places
of others. A follow-up begins otherwise, whatever it repeats further down. A false merge is worse
than a double: in doubt they differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from aggregator.likeness.align import Alignment, Gap, align
from aggregator.likeness.sketch import SHORTEST
from aggregator.likeness.words import Text

VERSION = 1
"""Of these rules. An edge keeps that by which it was told: what was told stays, other rules are for
what comes."""

COPY, EXCERPT = 0.65, 0.9
"""Part of the shorter that must stand in the longer: of a copy, and of an excerpt."""
_LEAD = 30
"""Words before which the common text of a copy must begin in both."""
_SURE = 0.8
"""Part in common from which a title that was put otherwise tells nothing."""
_LAST = 15
"""Words after a piece of the middle."""
_LEAST = 12
"""Words that must be common at all."""
_ALONG = 8
"""Words in a row that are no figure of speech."""
_SHORT = 80
"""Words of an excerpt that may be taken from anywhere in the longer."""
_PIECE = 0.75
"""Part of the longer that such an excerpt may be."""
_FILLED = 0.3
"""Part of the replacements that are numbers and names in a form."""
_OTHERWISE = 40
"""Words that stand between two common runs in each, and tell that it goes on otherwise."""
_OTHER_NUMBERS = 0.25
"""Part of the aligned numbers that differ in a form."""


class Verdict(StrEnum):
    COPY = "copy"
    EXCERPT = "excerpt"
    SHORT = "too short to tell"
    OTHER = "other words"
    LEAD = "begins otherwise"
    FILLED = "other numbers or names in their places"
    TITLE = "titles that tell them apart"
    CORRECTED = "one corrects the other"


@dataclass(frozen=True, slots=True)
class Comparison:
    verdict: Verdict
    contained: float = 0.0
    """Part of the shorter that stands in the longer."""
    common: int = 0
    """Words."""

    @property
    def alike(self) -> bool:
        return self.verdict in (Verdict.COPY, Verdict.EXCERPT)


def compare(one: Text, other: Text) -> Comparison:
    """The shorter against the longer; of equal length, in the order of their words."""
    short, long = sorted((one, other), key=lambda text: (len(text.body), text.body, text.title))
    if len(short.body) < SHORTEST:
        return Comparison(Verdict.SHORT)
    if _numbered_apart(short, long):
        return Comparison(Verdict.TITLE)
    if short.body == long.body and short.title == long.title:
        return Comparison(Verdict.COPY, 1.0, len(short.body))
    found = align(short, long)
    contained = found.common / len(short.body)
    verdict = _verdict(short, long, found, contained)
    return Comparison(verdict, contained, found.common)


def _verdict(short: Text, long: Text, found: Alignment, contained: float) -> Verdict:
    if contained < COPY or found.common < _LEAST or _otherwise(found):
        return Verdict.OTHER
    if _told_apart(short, long, sure=contained >= _SURE):
        return Verdict.TITLE
    if _filled(short, long, found):
        return Verdict.FILLED
    if _corrected(found):
        return Verdict.CORRECTED
    if _same_lead(short, found):
        return Verdict.COPY
    return (
        Verdict.EXCERPT
        if contained >= EXCERPT and _from_within(short, long, found)
        else Verdict.LEAD
    )


def _same_lead(short: Text, found: Alignment) -> bool:
    """Whether both begin with what they have in common, but for a dateline and the like."""
    if not any(run.size >= _ALONG and max(run.one, run.other) <= _LEAD for run in found.runs):
        return False
    words = min(2 * _LEAD, len(short.body))
    mine = sum(max(0, min(words, run.one + run.size) - run.one) for run in found.runs)
    theirs = {at for run in found.runs for at in range(run.other, min(words, run.other + run.size))}
    return 2 * min(mine, len(theirs)) >= words


def _otherwise(found: Alignment) -> bool:
    return any(min(len(gap.one), len(gap.other)) >= _OTHERWISE for gap in found.gaps)


def _from_within(short: Text, long: Text, found: Alignment) -> bool:
    """A piece from the middle. What ends a longer text that begins otherwise, under another title,
    is rather what was reported before the news."""
    if len(short.body) > min(_SHORT, _PIECE * len(long.body)):
        return False
    end = max(run.other + run.size for run in found.runs)
    return len(long.body) - end > _LAST or _kin(short, long)


def _kin(one: Text, other: Text) -> bool:
    """Whether half of the shorter title stands in the other."""
    ours, theirs = set(one.title), set(other.title)
    return bool(ours) and bool(theirs) and 2 * len(ours & theirs) >= min(len(ours), len(theirs))


# --- forms


def _filled(short: Text, long: Text, found: Alignment) -> bool:
    gaps = [gap for gap in found.gaps if gap.replaced and not _slip(gap)]
    if not gaps:
        return False
    numbers = [gap for gap in gaps if _other_numbers(gap)]
    names = [gap for gap in gaps if _other_names(gap, short, long, found)]
    told = {id(gap) for gap in (*numbers, *names)}
    if not told:
        return _consistent(gaps, short, long)
    equal = sum(_numbers_in(short, found))
    if len(numbers) > _OTHER_NUMBERS * (equal + len(numbers)) and len(numbers) > 1:
        return True
    return len(told) >= _FILLED * len(gaps)


def _numbers_in(short: Text, found: Alignment) -> Iterable[int]:
    for run in found.runs:
        yield sum(word[0].isdigit() for word in short.body[run.one : run.one + run.size])


def _other_numbers(gap: Gap) -> bool:
    one, other = _numbers(gap.one), _numbers(gap.other)
    return bool(one) and bool(other) and not one & other


def _numbers(words: Iterable[str]) -> set[str]:
    return {word for word in words if word[0].isdigit()}


def _other_names(gap: Gap, short: Text, long: Text, found: Alignment) -> bool:
    """A name in the place of another, neither of which is anywhere in the other text."""
    ours = [word for word in gap.one if word not in long.held]
    theirs = [word for word in gap.other if word not in short.held]
    if not ours or not theirs or short.named.isdisjoint(ours) or long.named.isdisjoint(theirs):
        return False
    return not found.whole(gap)  # a line of one's own is no place in a form


def _consistent(gaps: list[Gap], short: Text, long: Text) -> bool:
    """Whether one thing was put for another throughout: in scripts without capitals, a name."""
    pairs = [(gap.one, gap.other) for gap in gaps]
    return any(
        pairs.count(pair) > 1
        and not long.held.intersection(pair[0])
        and not short.held.intersection(pair[1])
        for pair in pairs
    )


def _slip(gap: Gap) -> bool:
    """One word, spelled or inflected otherwise."""
    if len(gap.one) != 1 or len(gap.other) != 1:
        return False
    one, other = sorted((gap.one[0], gap.other[0]), key=len)
    if one[0].isdigit() or other[0].isdigit():
        return False
    return len(one) >= 4 and (other.startswith(one) or _one_off(one, other))


def _one_off(short: str, long: str) -> bool:
    """One letter more, less or other, or two that changed places."""
    if len(long) - len(short) > 1:
        return False
    head = next((at for at, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), None)
    if head is None:
        return True
    if len(long) > len(short):
        return short[head:] == long[head + 1 :]
    swapped = long[head + 1 : head + 2] + long[head : head + 1] + long[head + 2 :]
    return short[head + 1 :] == long[head + 1 :] or short[head:] == swapped


# --- titles


def _numbered_apart(one: Text, other: Text) -> bool:
    """Whether the titles follow one pattern, and each has a number that the other hasn't."""
    ours, theirs = set(one.title), set(other.title)
    return _kin(one, other) and _counted(ours - theirs) and _counted(theirs - ours)


def _told_apart(one: Text, other: Text, *, sure: bool) -> bool:
    """Whether the titles follow one pattern, and differ by what tells two things apart: "part 1"
    and "part 2", "1.4" and "1.5", a post in Berlin and in Munich."""
    if not _kin(one, other):
        return False
    common = set(one.title) & set(other.title)
    ours, theirs = set(one.title) - common, set(other.title) - common
    if not ours or not theirs:
        return False
    if len(ours) > 2 or len(theirs) > 2:
        return False
    last = one.title[-1] in ours and other.title[-1] in theirs
    if ours & other.held or theirs & one.held:
        # A headline put in other words of the text.
        return last and not sure
    # A verb that neither text has is another editor's; what stands last names the case.
    return last or bool(ours & one.held and theirs & other.held)


_ROMAN = frozenset(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"])


def _counted(words: Iterable[str]) -> bool:
    return any(word[0].isdigit() or word in _ROMAN for word in words)


# --- corrections


def _corrected(found: Alignment) -> bool:
    """One or two places are others, and what was added to one text speaks of the word that it
    replaced in the other."""
    gaps = [gap for gap in found.gaps if gap.replaced and not _slip(gap)]
    if not 0 < len(gaps) <= 2:
        return False
    return any(_quoted(gap, found) for gap in gaps)


def _quoted(gap: Gap, found: Alignment) -> bool:
    before = {word for word in gap.one if len(word) > 2}.difference(gap.other)
    after = {word for word in gap.other if len(word) > 2}.difference(gap.one)
    return not before.isdisjoint(found.added[1]) or not after.isdisjoint(found.added[0])

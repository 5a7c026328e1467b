"""An entry whose keys are new may be an article that the source showed under other keys. Pure.

Ranked, and conservative: a false merge loses an article, a double only shows it twice. Nothing is
known again that the same document still shows under its old keys, and nothing that two could be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from aggregator.identity.keys import Bound, Identified, Rule
from aggregator.likeness.compare import compare
from aggregator.likeness.sketch import SHORTEST
from aggregator.likeness.words import Text, text_of
from feeds.models import KeyKind, Stored

_SAME = 0.9
"""Part of each text that must stand in the other to be nearly the same."""
_OTHER = 0.3
"""Part in common below which two texts are plainly different."""


@dataclass(frozen=True, slots=True)
class _Known:
    stored: Stored
    text: Text
    urls: frozenset[bytes]


def _by_guid(each: Bound) -> bool:
    """Whether neither its link nor guid and link together are those that are known."""
    assert each.known is not None
    theirs = {key.digest for key in each.known.keys if key.kind is not KeyKind.GUID}
    ours = {key.digest for key in each.item.keys if key.kind is not KeyKind.GUID}
    return each.known.content_digest != each.item.digest and theirs.isdisjoint(ours)


def part(bound: Sequence[Bound], stored: Iterable[Stored]) -> list[Bound]:
    """Without what a reused guid bound: another link, another title, another text."""
    by_id = {each.known.article_id: each for each in stored}
    return [
        replace(each, known=None)
        if each.known is not None
        and (known := by_id.get(each.known.article_id)) is not None
        and _by_guid(each)
        and _plainly_different(text_of(each.item.entry), text_of(known.entry))
        else each
        for each in bound
    ]


def _plainly_different(one: Text, other: Text) -> bool:
    if not one.title or not other.title or _common(one.title, other.title) >= 0.5:
        return False
    if min(len(one.body), len(other.body)) >= SHORTEST:
        return compare(one, other).contained < _OTHER
    return _common(one.body, other.body) < 0.5


def _common(one: Sequence[str], other: Sequence[str]) -> float:
    """Part of the words of the shorter that the other has."""
    if not one or not other:
        return 0.0
    ours, theirs = Counter(one), Counter(other)
    return (ours & theirs).total() / min(len(one), len(other))


def rebind(bound: Sequence[Bound], stored: Iterable[Stored], *, flood: bool = False) -> list[Bound]:
    """The same with new entries bound to those articles of the source that are neither bound nor
    still shown. `flood`: the same title is enough."""
    taken = {each.known.article_id for each in bound if each.known is not None}
    known = [
        _Known(each, text_of(each.entry), _urls(each))
        for each in stored
        if each.known.article_id not in taken
    ]
    found = list(bound)
    if not known:
        return found  # as nearly always: texts need not be taken apart for it
    texts = {at: text_of(b.item.entry) for at, b in enumerate(bound) if b.known is None}
    for rule in Rule:
        if rule is Rule.FLOOD and not flood:
            continue
        pairs = [
            (at, number)
            for at, text in texts.items()
            for number, each in enumerate(known)
            if _same(rule, bound[at].item, text, each)
        ]
        items, articles = Counter(at for at, _ in pairs), Counter(number for _, number in pairs)
        for at, number in pairs:
            if items[at] == 1 and articles[number] == 1:
                found[at] = replace(bound[at], known=known[number].stored.known, rule=rule)
                del texts[at]
        gone = {number for at, number in pairs if items[at] == 1 and articles[number] == 1}
        known = [each for number, each in enumerate(known) if number not in gone]
    return found


def _urls(stored: Stored) -> frozenset[bytes]:
    return frozenset(key.digest for key in stored.known.keys if key.kind is KeyKind.URL)


def _same(rule: Rule, item: Identified, text: Text, known: _Known) -> bool:
    stored = known.stored
    if rule is Rule.URL:
        ours = {key.digest for key in item.deciding if key.kind is KeyKind.URL}
        if known.urls.isdisjoint(ours):
            return False
        return text.title == known.text.title or _dated(item, stored) or _near(text, known.text)
    if rule is Rule.TITLE:
        return bool(text.title) and text.title == known.text.title and _dated(item, stored)
    if rule is Rule.TEXT:
        return _near(text, known.text)
    return len(text.title) > 1 and text.title == known.text.title


def _dated(item: Identified, stored: Stored) -> bool:
    claim = item.entry.published or item.entry.updated
    return claim is not None and claim == stored.known.published


def _near(one: Text, other: Text) -> bool:
    found = compare(one, other)
    longer = max(len(one.body), len(other.body))
    return found.alike and found.common >= _SAME * longer

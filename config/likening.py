"""Which of the sources that are configured no more a new address is: by ids that both know. Pure.

A wrong guess lets one source overwrite another's articles in public, a missed one costs a line of
the operator's (`was`): where it is not plain, nothing is taken for the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aggregator.identity.identify import GLOBAL, guid_text
from aggregator.identity.keys import Ghost, token
from aggregator.identity.urls import UrlRules, canonical
from feeds.models import Entry, KeyKind

SHARE = 0.5
"""Of each side, what the other has to know."""
CLOSE = 0.1
"""What lies no further apart is a tie."""

Tokens = frozenset[bytes]
Pair = tuple[str, str]
"""(new address, former address)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """What a source shows: of each entry, the ids that mean the same everywhere."""

    entries: tuple[Tokens, ...]

    @property
    def all(self) -> Tokens:
        return frozenset().union(*self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """`stored`: of its articles; `shown`: of the entries of its last document, which is what the
    new one is compared with: of 29 entries of an aggregate, a source that it carried has 6."""

    stored: Tokens
    shown: tuple[Tokens, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """`share`: of the new document's entries, those that the former source has. `back`: of what
    that one showed last, what is in the new document."""

    share: float
    back: float

    @property
    def rank(self) -> float:
        return min(self.share, self.back)


def ids_of(entries: Iterable[Entry], home: str | None, rules: UrlRules) -> Ids:
    """Guids of global form, and links. A guid like "17" means something in its own source only: two
    that merely number their entries have them all in common. Nor does a link tell anything that
    several entries have, or that leads to the site itself (`home`)."""
    site = canonical(home, rules) if home else None
    found = [_of(each, site, rules) for each in entries]
    uses = Counter(one for each in found for one in each)
    return Ids(entries=tuple(frozenset(o for o in each if uses[o] == 1) for each in found))


def _of(entry: Entry, home: str | None, rules: UrlRules) -> Tokens:
    link = canonical(entry.link, rules)
    guid = guid_text(entry, link, rules)
    found = set()
    if guid is not None and GLOBAL.match(guid):
        found.add(token(KeyKind.GUID, guid))
    if link is not None and link != home:
        found.add(token(KeyKind.URL, link))
    return frozenset(found)


def former(stored: Ids, ghosts: Sequence[Ghost], size: int) -> Former:
    """`stored`: newest first; `ghosts`: of its last document; where none are kept, so many (`size`)
    of the newest articles stand for them."""
    shown = tuple(frozenset((each.guid, each.link)) for each in ghosts) or stored.entries[:size]
    return Former(stored=stored.all, shown=shown)


def likeness(new: Ids, old: Former) -> Likeness:
    # What was shown is compared with the new one's ids, which are of global form: an "17" among
    # it meets nothing.
    ours = new.all
    return Likeness(share=_share(new.entries, old.stored), back=_share(old.shown, ours))


def _share(entries: Sequence[Tokens], known: Tokens) -> float:
    return sum(not each.isdisjoint(known) for each in entries) / len(entries) if entries else 0.0


def matched(likely: Mapping[Pair, Likeness]) -> tuple[list[Pair], dict[str, list[str]]]:
    """(those that are each other's best, new address → the former ones that it may be as well).
    Both shares have to be SHARE at least."""
    ranks = {pair: each.rank for pair, each in likely.items() if each.rank >= SHARE}
    best_of_new = _best(ranks, 0)
    best_of_old = _best(ranks, 1)
    sure: list[Pair] = []
    unclear: dict[str, list[str]] = {}
    for pair in ranks:
        after, before = pair
        if pair not in best_of_new[after] or pair not in best_of_old[before]:
            continue
        if len(best_of_new[after]) == len(best_of_old[before]) == 1:
            sure.append(pair)
        else:
            unclear.setdefault(after, []).append(before)
    return sure, unclear


def _best(ranks: Mapping[Pair, float], side: int) -> dict[str, set[Pair]]:
    """Of each address on that side: the pairs that are as good as its best one."""
    tops: dict[str, float] = {}
    for pair, rank in ranks.items():
        tops[pair[side]] = max(rank, tops.get(pair[side], 0.0))
    found: dict[str, set[Pair]] = {}
    for pair, rank in ranks.items():
        if rank > tops[pair[side]] - CLOSE:
            found.setdefault(pair[side], set()).add(pair)
    return found

"""What a source's last document showed, packed: the next one is read only where it is new. Pure.

An entry that is not read still takes part in naming the others: it counts among those that share a
guid or a link, and its article is taken. For that its guid and link are kept as the beginnings of
their keys. Wherever that would not be enough, all is read: a false merge loses an article.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from aggregator.identity.keys import NO_TOKEN, Bound, Ghost
from aggregator.identity.urls import UrlRules
from feeds.models import Document, Key, KeyKind, Known, KnownItems

MAX_SEEN = 2000
"""Entries of a document; those after them are read each time."""
_PART = 8
_ROW = 3 * _PART
_TOLD = (KeyKind.GUID, KeyKind.URL)
"""Kinds of keys that are kept of what was left out."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Of the last document: its frame, and its entries by digest."""

    frame: bytes
    ghosts: dict[bytes, Ghost]

    @property
    def known(self) -> KnownItems:
        return KnownItems(frame=self.frame, digests=frozenset(self.ghosts))

    def left_out(self, document: Document) -> dict[bytes, Ghost]:
        """Those that the document shows and the reader left out."""
        return {each.digest: self.ghosts[each.digest] for each in document.shown if not each.read}


def unpack(packed: bytes, rules: UrlRules) -> Seen | None:
    """None when there is nothing, or other rules made it."""
    if len(packed) <= 2 * _PART or packed[:_PART] != _rules_digest(rules):
        return None
    ghosts = {
        packed[at : at + _PART]: Ghost(
            packed[at + _PART : at + 2 * _PART], packed[at + 2 * _PART : at + _ROW]
        )
        for at in range(2 * _PART, len(packed), _ROW)
    }
    return Seen(packed[_PART : 2 * _PART], ghosts)


def pack(document: Document, ghosts: dict[bytes, Ghost], rules: UrlRules) -> bytes:
    """The entries (digest → ghost) that the next reading may leave out; `b""` for none."""
    rows = {
        each.digest: each.digest + ghosts[each.digest].guid + ghosts[each.digest].link
        for each in document.shown
        if each.digest in ghosts
    }
    if not rows:
        return b""
    return b"".join([_rules_digest(rules), document.frame, *list(rows.values())[:MAX_SEEN]])


def _rules_digest(rules: UrlRules) -> bytes:
    names = [rules.params.pattern, rules.sessions.pattern]
    names += [f"{host} {names.pattern}" for host, names in sorted(rules.hosts.items())]
    names += [f"{at} {said}" for at, said in sorted(rules.redirectors.items())]
    return blake2b("\0".join(names).encode(), digest_size=_PART).digest()


def left_out(ghosts: Collection[Ghost], articles: Iterable[Known]) -> set[int] | None:
    """Which of these articles (ids) are what was left out; None: that can't be told.

    An article has all that one of them is known by; two with the same, or one with a part of it (a
    link that several items share), may or may not be the one."""
    by_token: dict[bytes, list[Ghost]] = {}
    for ghost in ghosts:
        for part in {ghost.guid, ghost.link} - {NO_TOKEN}:
            by_token.setdefault(part, []).append(ghost)
    owners: dict[Ghost, int] = {}
    for article in articles if by_token else ():
        tokens = {key.digest[:_PART] for key in article.keys if key.kind in _TOLD} | {NO_TOKEN}
        near = {ghost for part in tokens for ghost in by_token.get(part, ())}
        whole = {ghost for ghost in near if {ghost.guid, ghost.link} <= tokens}
        if near and (
            not whole or any(owners.get(g, article.article_id) != article.article_id for g in whole)
        ):
            return None
        owners |= dict.fromkeys(whole, article.article_id)
    return set(owners.values())


def clash(ghosts: Iterable[Ghost], known: Iterable[Known]) -> bool:
    """Whether an article that an entry may be could be that of one which was left out."""
    tokens = {part for ghost in ghosts for part in (ghost.guid, ghost.link)}
    return any(
        key.digest[:_PART] in tokens
        for article in known
        for key in article.keys
        if key.kind in _TOLD
    )


def settled(bound: Sequence[Bound], known: Collection[Known]) -> dict[bytes, Ghost]:
    """digest of the entry in its document → ghost, of those which a full reading of the next
    document would bind to the same article, whatever else that shows."""
    holders: dict[bytes, set[int]] = {}
    for article in known:
        for key in article.keys:
            holders.setdefault(key.digest, set()).add(article.article_id)
    return {
        each.item.shown.digest: each.item.ghost
        for each in bound
        if each.item.shown is not None and _holds(each, holders)
    }


def _holds(bound: Bound, holders: dict[bytes, set[int]]) -> bool:
    """Its strongest key names its article and no other, and so do the keys that `clash` knows."""
    item, first = bound.item, bound.item.deciding[0]
    others = holders.get(first.digest, set()) - {bound.known.article_id if bound.known else 0}
    if first.kind is KeyKind.DIGEST or others:
        return False
    keys = set(_keys_after(bound))
    return first in keys and any(
        key.digest[:_PART] in (item.ghost.guid, item.ghost.link) for key in keys
    )


def _keys_after(bound: Bound) -> tuple[Key, ...]:
    """The keys that its article has when the poll is recorded."""
    if bound.known is None:
        return bound.item.keys
    if bound.known.content_digest == bound.item.digest and bound.rule is None:
        return bound.known.keys
    return bound.known.keys + bound.item.keys

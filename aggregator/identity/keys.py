"""Which entries of a source are which articles. Pure.

Which keys an entry has is aggregator.identity.identify's affair; here is what a key is, and which
article it names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from hashlib import blake2b
from operator import attrgetter

import msgspec

from feeds.models import Entry, Key, KeyKind, Known, Shown


def key(kind: KeyKind, text: str, *, shared: bool = False) -> Key:
    """The key of a normalised text."""
    digest = blake2b(f"{kind:d}\0{text}".encode("utf-8", "replace"), digest_size=16).digest()
    return Key(kind=kind, digest=digest, shared=shared)


_NOT_SAID = {
    *("guid", "link", "published", "published_text", "updated", "updated_text"),
}
_said = attrgetter(*(field.name for field in fields(Entry) if field.name not in _NOT_SAID))


def content_digest(entry: Entry, link: str | None) -> bytes:
    """16 bytes over all that an edit could change, with the canonical link. Dates, the guid and
    what the canonical form leaves out do not count: re-dating, a new guid, http → https or
    another tracking parameter is no edit."""
    said = (link or entry.link, _said(entry))
    return blake2b(msgspec.msgpack.encode(said), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Ghost:
    """An entry that was not read: the tokens of its normalised guid and of its canonical link."""

    guid: bytes
    link: bytes


NO_TOKEN = bytes(8)


def token(kind: KeyKind, text: str | None) -> bytes:
    """The first 8 bytes of the key of a text; NO_TOKEN without one."""
    return NO_TOKEN if text is None else key(kind, text).digest[:8]


@dataclass(frozen=True, slots=True)
class Identified:
    """An entry with its keys. `deciding` are those that may bind it, strongest first."""

    entry: Entry
    keys: tuple[Key, ...]
    deciding: tuple[Key, ...]
    digest: bytes
    ghost: Ghost
    """What it leaves when it is not read next time."""
    shown: Shown | None


class Rule(StrEnum):
    """By what an article was known again that came under other keys, strongest first."""

    URL = "same link"
    TITLE = "same title and date"
    TEXT = "nearly the same text"
    FLOOD = "same title, in a flood"


@dataclass(frozen=True, slots=True)
class Bound:
    """An entry and the article it is; None: a new one."""

    item: Identified
    known: Known | None
    rule: Rule | None = None
    """By what it was known again; None: by its keys."""


def digests(items: Iterable[Identified]) -> list[bytes]:
    """The key digests to ask the store for."""
    return [key.digest for item in items for key in item.deciding]


def bind(items: Sequence[Identified], known: Iterable[Known]) -> list[Bound]:
    """Each entry with the article it is. Stronger keys choose first, over the whole document;
    no article is taken twice."""
    by_key: dict[bytes, list[Known]] = {}
    for article in known:
        for each in article.keys:
            by_key.setdefault(each.digest, []).append(article)
    chosen: dict[int, Known] = {}
    taken: set[int] = set()
    for kind in (KeyKind.GUID_AND_URL, KeyKind.GUID, KeyKind.URL, KeyKind.DIGEST):
        for position, item in enumerate(items):
            if position in chosen:
                continue
            for each in item.deciding:
                if each.kind != kind:
                    continue
                free = [a for a in by_key.get(each.digest, ()) if a.article_id not in taken]
                if (found := _choose(item, each, free)) is not None:
                    chosen[position] = found
                    taken.add(found.article_id)
                    break
    return [_bound(item, chosen.get(position)) for position, item in enumerate(items)]


def _bound(item: Identified, known: Known | None) -> Bound:
    """What has a guid that its article never had was known again by its link."""
    renamed = False
    if known is not None and item.entry.guid is not None:
        guids = {key.digest for key in item.keys if key.kind in _GUIDS}
        renamed = guids.isdisjoint(key.digest for key in known.keys)
    return Bound(item, known, Rule.URL if renamed else None)


_GUIDS = (KeyKind.GUID, KeyKind.GUID_AND_URL)


def _choose(item: Identified, by: Key, free: Sequence[Known]) -> Known | None:
    if not free:
        return None
    if by.kind is KeyKind.URL and item.entry.guid is not None:
        # The link alone, under another guid: the same only when it also says the same, or
        # carries the same date. (A status page's items all link to the page.)
        date = item.entry.published
        free = [
            a
            for a in free
            if a.content_digest == item.digest or (date is not None and a.published == date)
        ]
        return free[0] if len(free) == 1 else None
    return min(free, key=lambda article: article.article_id)

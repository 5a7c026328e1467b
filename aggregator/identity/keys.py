"""Which entries of a source are which articles. Pure.

Ranked: a guid names an article; without one, its canonical URL; without that, a digest of
title, date and content. A false merge loses an article, a double only shows it twice, so a
key that is ambiguous within its document (a guid repeated with other links, one link for
many items) never decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import msgspec

from aggregator.identity.urls import UrlRules, canonical
from feeds.models import Document, Entry, Key, KeyKind, Known

_GLOBAL = re.compile(r"(?:https?://|tag:[^,]+,\d{4}|urn:[a-z0-9][a-z0-9-]+:).", re.IGNORECASE)


def key(kind: KeyKind, text: str, *, shared: bool = False) -> Key:
    """The key of a normalised text."""
    digest = blake2b(f"{kind:d}\0{text}".encode("utf-8", "replace"), digest_size=16).digest()
    return Key(kind=kind, digest=digest, shared=shared)


def content_digest(entry: Entry, link: str | None) -> bytes:
    """16 bytes over all that an edit could change, with the canonical link. Dates, the guid and
    what the canonical form leaves out do not count: re-dating, a new guid, http → https or
    another tracking parameter is no edit."""
    plain = replace(
        entry,
        guid=None,
        link=link or entry.link,
        published=None,
        published_text=None,
        updated=None,
        updated_text=None,
    )
    return blake2b(msgspec.msgpack.encode(plain), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Identified:
    """An entry with its keys. `deciding` are those that may bind it, strongest first."""

    entry: Entry
    keys: tuple[Key, ...]
    deciding: tuple[Key, ...]
    digest: bytes


@dataclass(frozen=True, slots=True)
class Bound:
    """An entry and the article it is; None: a new one."""

    item: Identified
    known: Known | None


def guid_text(entry: Entry, link: str | None, rules: UrlRules) -> str | None:
    """The guid normalised: a permalink as canonical URL (so that http → https or a tracking
    parameter makes no new article), any other as it stands."""
    if not entry.guid:
        return None
    if entry.guid[:4].lower() == "http":
        url = canonical(entry.guid, rules)
        if url is not None and url == link and "#" not in entry.guid:
            return url
        if entry.guid[:7].lower() == "http://":
            return "https://" + entry.guid[7:]
    return entry.guid


def identify(document: Document, rules: UrlRules) -> list[Identified]:
    """The entries with their keys, in document order; exact repeats within it are dropped."""
    home = canonical(document.link, rules)
    links = [canonical(entry.link, rules) for entry in document.entries]
    guids = [
        guid_text(entry, link, rules) for entry, link in zip(document.entries, links, strict=True)
    ]
    pairs = set(zip(guids, links, strict=True))
    guid_uses = Counter(guid for guid, _ in pairs)
    link_uses = Counter(link for _, link in pairs)
    # Without a guid, entries that share a link count one by one: they are different items.
    link_uses.update(link for guid, link in zip(guids, links, strict=True) if guid is None and link)
    found: list[Identified] = []
    seen: set[Key] = set()
    for entry, guid, link in zip(document.entries, guids, links, strict=True):
        once = link if link != home else None
        item = _item(
            entry, guid, link, once, guid_uses[guid] > 1, link_uses[link] > (2 - bool(guid))
        )
        if item.deciding[0] not in seen:
            seen.add(item.deciding[0])
            found.append(item)
    return found


def _item(
    entry: Entry,
    guid: str | None,
    canonical_link: str | None,
    link: str | None,
    many_links: bool,
    many_items: bool,
) -> Identified:
    """`link`: the canonical one unless it is the site's own. `many_links`: this guid has several
    links; `many_items`: this link has several items."""
    digest = content_digest(entry, canonical_link)
    url_key = key(KeyKind.URL, link, shared=True) if link else None
    keys: list[Key] = []
    if guid is not None:
        both = key(KeyKind.GUID_AND_URL, f"{guid}\0{link or ''}")
        shared = bool(_GLOBAL.match(guid))
        keys = [both] if many_links else [both, key(KeyKind.GUID, guid, shared=shared)]
        deciding = list(keys)
        if url_key and not many_links and not many_items:
            deciding.append(url_key)
    elif url_key and not many_items:
        deciding = [url_key]
    else:
        text = "\0".join(
            (entry.title, entry.published_text or "", entry.content or entry.summary or "")
        )
        keys = [key(KeyKind.DIGEST, text)]
        deciding = list(keys)
    if url_key:
        keys.append(url_key)
    return Identified(entry, tuple(keys), tuple(deciding), digest)


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
    return [Bound(item, chosen.get(position)) for position, item in enumerate(items)]


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

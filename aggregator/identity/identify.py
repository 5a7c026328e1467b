"""A document → its entries with their keys. Pure.

Ranked: a guid names an article; without one, its canonical URL; without that, a digest of
title, date and content. A false merge loses an article, a double only shows it twice, so a
key that is ambiguous within its document (a guid repeated with other links, one link for
many items) never decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aggregator.identity.keys import (
    NO_TOKEN,
    Ghost,
    Identified,
    content_digest,
    key,
    token,
)
from aggregator.identity.urls import UrlRules, canonical
from feeds.models import Document, Entry, Key, KeyKind, Shown

GLOBAL = re.compile(r"(?:https?://|tag:[^,]+,\d{4}|urn:[a-z0-9][a-z0-9-]+:).", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Place:
    """One place of a document. `entry` None: known, and not read."""

    ghost: Ghost
    shown: Shown | None
    entry: Entry | None = None
    guid: str | None = None
    link: str | None = None
    original: str | None = None
    """Where the same thing is elsewhere, canonical: it ties across sources, and decides nothing."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is in a document: what was read, with its keys, and what was not but still counts."""

    items: list[Identified]
    ghosts: dict[bytes, Ghost]
    """By digest of their place."""
    unsure: bool = False
    """What was not read would now have other keys: all has to be read."""


def identify(
    document: Document, rules: UrlRules, left_out: Mapping[bytes, Ghost] | None = None
) -> Identity:
    """The entries with their keys, in document order; exact repeats within it are dropped.
    `left_out`: the entries that were not read, by the digest of their place."""
    home = canonical(document.link, rules)
    home_token = token(KeyKind.URL, home)
    places = _places(document, rules, left_out or {})
    uses = _Uses(places)
    found = Identity([], {})
    seen: set[object] = set()
    unsure = False
    for place in places:
        many_links, many_items = uses.of(place.ghost)
        once = NO_TOKEN if place.ghost.link == home_token else place.ghost.link
        first: object = (place.ghost.guid, once)
        if place.ghost.guid == NO_TOKEN and (once == NO_TOKEN or many_items):
            first = None
        item = None
        if place.entry is not None:
            link = place.link if place.link != home else None
            item = _item(place, link, many_links, many_items)
            first = first or item.deciding[0]
        elif first is None:
            unsure = True
        if first in seen:
            continue
        seen.add(first)
        if item is not None:
            found.items.append(item)
        elif place.shown is not None:
            found.ghosts[place.shown.digest] = place.ghost
    return replace(found, unsure=unsure)


def _places(document: Document, rules: UrlRules, left_out: Mapping[bytes, Ghost]) -> list[_Place]:
    entries = iter(document.entries)
    shown: Sequence[Shown | None] = document.shown or [None] * len(document.entries)
    return [
        _place(next(entries), each, rules)
        if each is None or each.read
        else _Place(left_out[each.digest], each)
        for each in shown
    ]


def _place(entry: Entry, shown: Shown | None, rules: UrlRules) -> _Place:
    link = canonical(entry.link, rules)
    guid = guid_text(entry, link, rules)
    ghost = Ghost(token(KeyKind.GUID, guid), token(KeyKind.URL, link))
    original = canonical(entry.original_link, rules) if entry.original_link else None
    return _Place(ghost, shown, entry, guid, link, original)


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


class _Uses:
    """How often guids and links occur, over all places of a document."""

    def __init__(self, places: Sequence[_Place]) -> None:
        ghosts = [place.ghost for place in places]
        pairs = set(ghosts)
        self.guids = Counter(pair.guid for pair in pairs)
        self.links = Counter(pair.link for pair in pairs)
        # Without a guid, entries that share a link count one by one: they are different items.
        self.links.update(
            ghost.link for ghost in ghosts if ghost.guid == NO_TOKEN and ghost.link != NO_TOKEN
        )

    def of(self, ghost: Ghost) -> tuple[bool, bool]:
        """(its guid has several links, its link has several items)"""
        has_guid = ghost.guid != NO_TOKEN
        return self.guids[ghost.guid] > 1, self.links[ghost.link] > (2 - has_guid)


def _item(place: _Place, link: str | None, many_links: bool, many_items: bool) -> Identified:
    """`link`: the canonical one unless it is the site's own. `many_links`: this guid has several
    links; `many_items`: this link has several items."""
    entry, guid = place.entry, place.guid
    assert entry is not None
    digest = content_digest(entry, place.link)
    url_key = key(KeyKind.URL, link, shared=True) if link else None
    elsewhere = key(KeyKind.URL, place.original, shared=True) if place.original else None
    keys: list[Key] = []
    if guid is not None:
        both = key(KeyKind.GUID_AND_URL, f"{guid}\0{link or ''}")
        shared = bool(GLOBAL.match(guid))
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
    if elsewhere is not None and elsewhere not in keys:
        keys.append(elsewhere)
    return Identified(entry, tuple(keys), tuple(deciding), digest, place.ghost, place.shown)

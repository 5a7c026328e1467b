"""Which articles of different sources are one story, and what its public id is. Pure.

Two articles are one story when they carry the same guid of global form *and* the same
canonical URL, and either both sources speak for that link's host themselves, or they say the
same. A source that merely copies another's guid and link gets a story of its own under an id
of its own: it can't edit, pre-claim or replace the other's (THREATS.md, hijack).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from uuid import NAMESPACE_URL, uuid5

from publicsuffixlist import PublicSuffixList

from aggregator.identity.urls import host_of
from feeds.models import Entry, KeyKind, Link, Unlinked
from feeds.text import plain_text

_IRI = re.compile(r"[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.IGNORECASE)
_TAG = re.compile(r"tag:(?:[^,@/]*@)?([^,@/:]+),", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_CONTAINED = 0.9
_SHINGLE = 4

_NUMBER = re.compile(r"\[.*|.*\.[0-9]+")


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    """The list that ships with the package: never fetched (no traffic but the operator's feeds)."""
    return PublicSuffixList(accept_unknown=False)


@lru_cache(maxsize=4096)
def registrable(host: str) -> str:
    """The registrable domain of a host ("news.example.co.uk" → "example.co.uk"), private
    suffixes included (each blog of a hosting service is its own); the host itself otherwise."""
    return host if _NUMBER.fullmatch(host) else _suffixes().privatesuffix(host) or host


def speaks_for(source_url: str, url: str | None) -> bool:
    """Whether a source's own host and that URL's belong to one registrable domain."""
    own, other = host_of(source_url), host_of(url)
    return bool(own) and bool(other) and registrable(own) == registrable(other)


def same_story(one: Unlinked, other: Unlinked) -> bool:
    """Symmetric: whether two articles of different sources are one story (rule above)."""
    if one.article.source_id == other.article.source_id:
        return False
    shared = {key for key in one.keys if key.shared} & {key for key in other.keys if key.shared}
    if {key.kind for key in shared} < {KeyKind.GUID, KeyKind.URL}:
        return False
    link = one.article.entry.link
    if speaks_for(one.source_url, link) and speaks_for(other.source_url, link):
        return True
    return same_text(one.article.entry, other.article.entry)


def same_text(one: Entry, other: Entry) -> bool:
    """Same title, and the shorter text (an excerpt, say) stands in the longer one."""
    if _words(one.title) != _words(other.title):
        return False
    short, long = sorted((_shingles(one), _shingles(other)), key=len)
    if not short:
        # Nothing but a title to compare: enough only when it says something.
        return len(_words(one.title)) >= 3
    return len(short & long) >= _CONTAINED * len(short)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _shingles(entry: Entry) -> set[tuple[str, ...]]:
    words = _words(plain_text(entry.content or entry.summary or ""))
    if len(words) < _SHINGLE:
        return {tuple(words)} if words else set()
    return {tuple(words[i : i + _SHINGLE]) for i in range(len(words) - _SHINGLE + 1)}


def published_id(article: Unlinked, configured: Collection[str]) -> tuple[str, str]:
    """(id, fallback id) of a story founded by this article: the upstream guid verbatim when it is
    an IRI (P12), else a urn:uuid of source and guid. The fallback is for an id that another
    story has (P13).

    `configured`: registrable domains of all sources. A guid on the host of another configured
    source is not this one's to claim; one that names no host belongs to that of the link.
    """
    entry = article.article.entry
    own = entry.guid or entry.link or article.article.id
    fallback = uuid5(NAMESPACE_URL, f"{article.source_url}\0{own}").urn
    if entry.guid is None or not _IRI.fullmatch(entry.guid):
        return fallback, fallback
    domain = registrable(_authority(entry.guid) or host_of(entry.link))
    foreign = domain in configured and registrable(host_of(article.source_url)) != domain
    return (fallback if foreign else entry.guid), fallback


def _authority(guid: str) -> str:
    """The host that an id names: a URL's, or a tag's (RFC 4151 §2.1); "" for a urn."""
    tag = _TAG.match(guid)
    return tag[1].lower() if tag else host_of(guid)


def at_home(article: Unlinked) -> bool:
    """Whether its source speaks for its own link."""
    return speaks_for(article.source_url, article.article.entry.link)


def decide(article: Unlinked, others: Sequence[Unlinked], configured: Collection[str]) -> Link:
    """The story of one article, given the linked articles that share a key with it. The oldest
    story wins, so that what was published first lives on; its first article of a source that
    speaks for its link leads it, so that nobody can found a story to edit it later."""
    stories = [
        other.article.story_id
        for other in others
        if other.article.story_id is not None and same_story(article, other)
    ]
    story = min(stories) if stories else None
    members = [other for other in others if other.article.story_id == story]
    own, fallback = published_id(article, configured)
    return Link(
        article_id=article.article.id,
        story_id=story,
        leads=story is not None and at_home(article) and not any(map(at_home, members)),
        published_id=own,
        fallback_id=fallback,
    )

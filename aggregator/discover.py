"""Which feeds a page names, and which of those found is meant. Pure: no request is made here.

Candidates come in ranks, best first, so that whoever fetches them can stop as soon as one rank
holds a feed: each candidate costs its publisher a request (E14, E29).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

import ada_url

from aggregator.identity.urls import UrlRules, canonical, default_rules, host_of
from aggregator.stories.authority import registrable
from aggregator.tags import Tag, decode, tags
from feeds.models import Document, Entry
from feeds.text import collapse

MOST = 10
"""Candidates of one page."""


class Rank(IntEnum):
    """How a page names a feed."""

    LINK = 1
    """<link rel="alternate"> or rel="feed": it says so"""
    ANCHOR = 2
    """a link that looks like one"""
    COMMENTS = 3
    """what readers say about the posts: only when there is nothing else"""
    GUESS = 4
    """not named at all: a path where many sites have theirs"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address that may be a feed, with the title that the page gives it."""

    url: str
    rank: Rank
    title: str = ""


_FEED_TYPES = frozenset(
    f"application/{name}+{form}"
    for name, form in (("rss", "xml"), ("atom", "xml"), ("rdf", "xml"), ("feed", "json"))
) | {"text/rss+xml", "text/atom+xml", "application/rss", "application/atom", "text/rss"}
_VAGUE_TYPES = frozenset(
    ("application/json", "application/xml", "text/xml", "text/x-opml+rss", "application/x-rss+xml")
)
_WORD = r"(?:rss|atom|rdf|feeds?|newsfeed|syndication)"
_PATH = re.compile(
    rf"/{_WORD}\d?(?:\.\w{{2,5}})?(?:/|$)|\.(?:rss|atom|rdf)$"
    r"|/[\w.-]*(?:rss|atom|feed)[\w-]*\.(?:xml|json|php|aspx?)$|/(?:index|posts?|blog|news)\.xml$",
    re.IGNORECASE,
)
_QUERY = re.compile(
    rf"(?:^|&)(?:feed|format|type|alt|output|view)={_WORD}\d?(?:$|&)", re.IGNORECASE
)
_SAID = re.compile(r"\b(?:rss|atom|json) ?feed\b|\brss\b|\batom 1\.0\b", re.IGNORECASE)
_NEVER = re.compile(
    r"wp-json|oembed|sitemap|opensearch|manifest\.json|\.(?:html?|css|js|png|jpe?g|gif|svg|ico|opml)$",
    re.IGNORECASE,
)
_COMMENTS = re.compile(r"comment|replies|kommentar|comentario", re.IGNORECASE)
_HOSTS = frozenset(
    re.findall(
        r"\S+",
        """feedburner.com feedpress.me feedpress.com feedblitz.com libsyn.com megaphone.fm
        simplecast.com transistor.fm buzzsprout.com acast.com art19.com podbean.com captivate.fm
        fireside.fm anchor.fm podigee.io""",
    )
)
"""Where publishers have their feeds served from."""
_LABEL = 40
"""Characters of a link's text that may be a label like "RSS feed"; a headline is longer."""
_PATHS = ("feed", "rss.xml", "atom.xml", "feed.xml", "index.xml", "feed.json", "rss")


def candidates(
    body: bytes, url: str, content_type: str | None, rules: UrlRules | None = None
) -> tuple[Candidate, ...]:
    """The feeds that the page from `url` names: by rank, then as they stand there, each once
    (by its canonical URL), MOST at most; never the page itself."""
    rules = rules or default_rules()
    found = list(tags(decode(body, content_type)))
    base = _base(found, url)
    named = [each for tag in found if (each := _candidate(tag, base, url)) is not None]
    return _once(sorted(named, key=lambda each: each.rank), rules, {canonical(url, rules)})


def guesses(url: str, rules: UrlRules | None = None) -> tuple[Candidate, ...]:
    """Where a site like that of `url` may have a feed: beside the page first, then at the root."""
    folder = url if url.endswith("/") else url + "/"
    places = [_joined(base, path) for base in (folder, _joined(url, "/") or url) for path in _PATHS]
    made = [Candidate(url=each, rank=Rank.GUESS) for each in places if each]
    return _once(made, rules or default_rules(), set())


def _once(
    found: Iterable[Candidate], rules: UrlRules, seen: set[str | None]
) -> tuple[Candidate, ...]:
    kept: list[Candidate] = []
    for each in found:
        if (name := canonical(each.url, rules)) not in seen:
            seen.add(name)
            kept.append(each)
    return tuple(kept[:MOST])


def _base(found: Sequence[Tag], url: str) -> str:
    """HTML §4.2.3: the first <base> that has a href."""
    for tag in found:
        if tag.name == "base" and "href" in tag.attributes:
            return _joined(url, tag.attributes["href"]) or url
    return url


def _candidate(tag: Tag, base: str, page: str) -> Candidate | None:
    given = tag.attributes.get("href", "").strip()
    # Some write feed:https://… or feed://… for their readers' sake.
    given = re.sub(r"^feed:(?://)?(?=https?:)", "", given, flags=re.IGNORECASE)
    given = re.sub(r"^feed://", "http://", given, flags=re.IGNORECASE)
    if tag.name == "base" or not given or given.startswith("#"):
        return None
    url = _joined(base, given)
    if url is None:
        return None
    title = collapse(tag.attributes.get("title", "") or tag.text)[:200]
    known = _says_so(tag, url, title) if tag.name == "link" else _looks_so(tag, url, page, title)
    if not known:
        return None
    rank = Rank.LINK if tag.name == "link" else Rank.ANCHOR
    return Candidate(url=url, rank=Rank.COMMENTS if _of_comments(url, title) else rank, title=title)


def _says_so(tag: Tag, url: str, title: str) -> bool:
    rels = tag.attributes.get("rel", "").lower().split()
    kind = tag.attributes.get("type", "").partition(";")[0].strip().lower()
    if "stylesheet" in rels or not {"alternate", "feed"} & set(rels):
        return False
    if kind in _FEED_TYPES:
        return True
    if kind in _VAGUE_TYPES or not kind:
        # application/json may be anything: WordPress names its API so.
        return not _NEVER.search(url) and ("feed" in rels or _like_a_feed(url, title))
    return False


def _looks_so(tag: Tag, url: str, page: str, title: str) -> bool:
    host, own = registrable(host_of(url)), registrable(host_of(page))
    if (host != own and host not in _HOSTS) or _NEVER.search(url.partition("?")[0]):
        return False
    kind = tag.attributes.get("type", "").partition(";")[0].strip().lower()
    return kind in _FEED_TYPES or _like_a_feed(url, title if len(title) <= _LABEL else "")


def _like_a_feed(url: str, said: str) -> bool:
    parts = ada_url.URL(url)
    return bool(
        _PATH.search(parts.pathname) or _QUERY.search(parts.search[1:]) or _SAID.search(said)
    )


def _of_comments(url: str, title: str) -> bool:
    return bool(_COMMENTS.search(title) or _COMMENTS.search(ada_url.URL(url).pathname))


def _joined(base: str, href: str) -> str | None:
    """An http(s) URL without fragment; None for anything else, and for one with a password."""
    try:
        url = ada_url.URL(href, base)
    except ValueError:
        return None
    if url.protocol not in ("http:", "https:") or url.username or url.password:
        return None
    url.hash = ""
    return str(url.href)


# --- what was found ---------------------------------------------------------------------


def newest(document: Document) -> datetime | None:
    """The latest date of its entries."""
    dates = [each.published or each.updated for each in document.entries]
    return max((date for date in dates if date is not None), default=None)


def meant(found: Sequence[Document]) -> int | None:
    """The position of the one that is meant, when there is no doubt: there is only one, or all
    are the first in another format, which stands first because its publisher put it there."""
    if not found:
        return None
    return 0 if all(same_feed(found[0], each) for each in found[1:]) else None


def same_feed(one: Document, other: Document) -> bool:
    """Whether they tell the same: most links of the shorter one's entries are in the longer."""
    links, others = _names(one.entries), _names(other.entries)
    shorter = min(len(links), len(others))
    if not shorter:
        return one.link == other.link and one.title == other.title
    return len(links & others) * 2 > shorter


def _names(entries: Sequence[Entry]) -> set[str]:
    found = {canonical(each.link, default_rules()) or each.guid for each in entries}
    return {name for name in found if name}

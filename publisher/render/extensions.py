"""What feedgen has no words for, through its own extension seam: source, creator, media, rights,
podcast and geo elements, paging, deletions.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension

from feeds.models import FeedItem, FeedPage
from feeds.text import xml_safe
from publisher.render import history, podcast
from publisher.render.build import (
    ATOM,
    CC,
    DC,
    DCTERMS,
    MEDIA,
    media,
    people,
    seconds,
    source_address,
    source_id,
    source_title,
    sub,
)
from publisher.render.site import ATOM as ATOM_FILE
from publisher.render.site import RSS, Site
from publisher.render.values import UNKNOWN_TYPE, language, media_type, uri

NAME = "feedmill"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class FeedExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """Declares the namespaces once, at the root (P8), and says where the rest of the feed is."""

    site: Site
    page: FeedPage

    def extend_ns(self) -> dict[str, str]:
        return {
            "media": MEDIA,
            "dc": DC,
            "dcterms": DCTERMS,
            "creativeCommons": CC,
            "fh": history.FH,
            "at": history.AT,
            **podcast.NAMESPACES,
        }

    def extend_atom(self, feed: Any) -> Any:
        for rel, href in history.links(self.site, self.page, ATOM_FILE):
            sub(feed, "link", href=href, rel=rel)
        history.mark(feed, self.page)
        history.tombstones(feed, self.page)
        return feed

    def extend_rss(self, feed: Any) -> Any:
        channel = feed.find("channel")
        for rel, href in history.links(self.site, self.page, RSS):
            sub(channel, f"{{{ATOM}}}link", href=href, rel=rel)
        history.mark(channel, self.page)
        return feed


class MadeEntry(FeedEntry):  # type: ignore[misc]  # feedgen has no types
    """An entry whose element is there already."""

    def __init__(self, element: Any) -> None:
        super().__init__()
        self._element = element

    def atom_entry(self, extensions: bool = True) -> Any:  # noqa: ARG002 - feedgen's signature
        return deepcopy(self._element)

    def rss_entry(self, extensions: bool = True) -> Any:  # noqa: ARG002 - feedgen's signature
        return deepcopy(self._element)


def new_entry() -> Any:
    """One that writes what feedgen has no words for."""
    entry = FeedEntry()
    entry.register_extension(NAME, EntryExtension)
    return entry


class EntryExtension(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no types
    """Writes what belongs to one item."""

    item: FeedItem

    def extend_atom(self, entry: Any) -> Any:
        self._atom_source(entry)
        self._atom_links(entry)
        stored = self.item.article.entry
        if (spoken := language(stored.language)) is not None:
            entry.set(_LANG, spoken)
        media(entry, stored, enclosures=False)
        podcast.write(entry, stored.extra)
        return entry

    def _atom_links(self, entry: Any) -> None:
        """feedgen 1.0 writes an entry's links with nothing but href (a variable shadows another),
        so that enclosures would read as alternates, and knows no rel=license (RFC 4946)."""
        stored = self.item.article.entry
        for bare in entry.findall("link"):
            entry.remove(bare)
        if stored.link:
            sub(entry, "link", href=uri(stored.link), rel="alternate", type="text/html")
        for each in stored.enclosures:
            kind, length = media_type(each.type) or UNKNOWN_TYPE, str(each.length or 0)
            sub(entry, "link", href=uri(each.url), rel="enclosure", type=kind, length=length,
                title=each.title)  # fmt: skip
        for other in self.item.also:
            if other.link:
                title = xml_safe(other.source.title or other.title)
                sub(entry, "link", href=uri(other.link), rel="related", title=title or None)
        if stored.license:
            sub(entry, "link", href=uri(stored.license), rel="license")
        if stored.comments:  # RFC 4685 §4
            sub(entry, "link", href=uri(stored.comments), rel="replies", type="text/html")

    def extend_rss(self, entry: Any) -> Any:
        stored = self.item.article.entry
        if entry.find("author") is None:
            for person in people(stored.authors):
                sub(entry, f"{{{DC}}}creator", person["name"])
        if (address := source_address(self.item)) is not None:
            sub(entry, "source", source_title(self.item), url=uri(address))
        self._rss_facts(entry)
        media(entry, stored, enclosures=True)
        podcast.write(entry, stored.extra)
        return entry

    def _rss_facts(self, entry: Any) -> None:
        """What RSS itself has no element for."""
        article, stored = self.item.article, self.item.article.entry
        if seconds(article.updated) != seconds(article.published):
            sub(entry, f"{{{DCTERMS}}}modified", seconds(article.updated).isoformat())
        for person in people(stored.contributors):
            sub(entry, f"{{{DC}}}contributor", person["name"])
        if stored.rights:
            sub(entry, f"{{{DC}}}rights", stored.rights)
        if stored.license:
            sub(entry, f"{{{CC}}}license", uri(stored.license))
        if (spoken := language(stored.language)) is not None:
            sub(entry, f"{{{DC}}}language", spoken)
        for other in self.item.also:
            if other.link:
                title = xml_safe(other.source.title or other.title)
                sub(entry, f"{{{ATOM}}}link", href=uri(other.link), rel="related",
                    title=title or None)  # fmt: skip

    def _atom_source(self, entry: Any) -> None:
        """id, title and updated at least (P15). `updated` is the entry's own: with the source's,
        every new item would change the bytes of all the old ones."""
        item, origin = self.item, self.item.article.entry.origin
        source = sub(entry, "source")
        sub(source, "id", source_id(item))
        sub(source, "title", source_title(item))
        when = (origin and origin.updated) or item.article.updated
        sub(source, "updated", seconds(when).isoformat())
        site = origin.link if origin else item.source.link
        feed = origin.feed_url if origin else item.source.url
        if site:
            sub(source, "link", href=uri(site), rel="alternate")
        if feed:
            sub(source, "link", href=uri(feed), rel="self")

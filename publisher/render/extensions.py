"""What feedgen has no words for, through its own extension seam: source, creator, media."""

from __future__ import annotations

from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension

from feeds.models import FeedItem
from feeds.text import xml_safe
from publisher.render.build import (
    DC,
    MEDIA,
    media,
    people,
    seconds,
    source_address,
    source_id,
    source_title,
    sub,
)
from publisher.render.values import UNKNOWN_TYPE, media_type, uri

NAME = "feedmill"


class FeedExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """Declares the namespaces once, at the root (P8)."""

    def extend_ns(self) -> dict[str, str]:
        return {"media": MEDIA, "dc": DC}


class EntryExtension(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no types
    """Writes what belongs to one item."""

    item: FeedItem

    def extend_atom(self, entry: Any) -> Any:
        self._atom_source(entry)
        self._atom_links(entry)
        media(entry, self.item.article.entry, enclosures=False)
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
            sub(entry, "link", href=uri(each.url), rel="enclosure", type=kind, length=length)
        for other in self.item.also:
            if other.link:
                title = xml_safe(other.source.title or other.title)
                sub(entry, "link", href=uri(other.link), rel="related", title=title or None)
        if stored.license:
            sub(entry, "link", href=uri(stored.license), rel="license")

    def extend_rss(self, entry: Any) -> Any:
        stored = self.item.article.entry
        if entry.find("author") is None:
            for person in people(stored.authors):
                sub(entry, f"{{{DC}}}creator", person["name"])
        if (address := source_address(self.item)) is not None:
            sub(entry, "source", source_title(self.item), url=uri(address))
        media(entry, stored, enclosures=True)
        return entry

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

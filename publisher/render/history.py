"""What a feed's XML says of its own past: RFC 5005 paging and RFC 6721 deletions. Pure."""

from __future__ import annotations

from typing import Any

from markupsafe import escape

from feeds.models import FeedPage
from feeds.text import xml_safe
from publisher.render.build import ATOM, seconds, sub
from publisher.render.site import Site

FH = "http://purl.org/syndication/history/1.0"
AT = "http://purl.org/atompub/tombstones/1.0"


def links(site: Site, page: FeedPage, name: str) -> list[tuple[str, str]]:
    """(rel, href) of the documents around this one, and of the hubs."""
    slug, found = page.category.slug, []
    if page.archive is not None:
        found.append(("current", site.feed(slug, name)))
    if page.pushed:
        found += [("hub", hub) for hub in site.hubs]
    if page.older is not None:
        found.append(("prev-archive", site.feed(slug, name, page.older)))
    return found


def mark(feed: Any, page: FeedPage) -> None:
    """fh:archive on an archive."""
    if page.archive is not None:
        sub(feed, f"{{{FH}}}archive")


def tombstones(feed: Any, page: FeedPage) -> None:
    """at:deleted-entry for what was taken down, after the entries."""
    for gone in page.deleted:
        when = seconds(gone.at).isoformat()
        sub(feed, f"{{{AT}}}deleted-entry", ref=gone.published_id, when=when)


def strike_atom(root: Any, published_id: str, when: str) -> bool:
    """Put at:deleted-entry in the place of the entry; False when it is not there."""
    for entry in root.iter(f"{{{ATOM}}}entry"):
        if entry.findtext(f"{{{ATOM}}}id") == xml_safe(published_id):
            gone = entry.makeelement(
                f"{{{AT}}}deleted-entry", ref=xml_safe(published_id), when=when
            )
            gone.tail = entry.tail
            entry.getparent().replace(entry, gone)
            return True
    return False


def strike_rss(root: Any, published_id: str) -> bool:
    """Take the item out: RSS has no word for it."""
    for item in root.iter("item"):
        if item.findtext("guid") == xml_safe(published_id):
            item.getparent().remove(item)
            return True
    return False


def strike_page(body: bytes, published_id: str) -> bytes:
    """A page without the story: its article carries the public id."""
    named = f'data-id="{escape(xml_safe(published_id))}"'.encode()
    if (at := body.find(named)) < 0:
        return body
    begins, ends = body.rfind(b"<article", 0, at), body.find(b"</article>", at)
    return body[:begins] + body[ends + len(b"</article>") :].lstrip(b"\n")

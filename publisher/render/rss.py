"""RSS 2.0 (and the Best Practices Profile) through feedgen. Pure; equal input, equal bytes."""

from __future__ import annotations

from typing import Any

from feedgen.feed import FeedGenerator

from feeds.models import FeedItem, FeedPage, RenderedFile
from feeds.text import xml_safe
from publisher.render.build import also, people, seconds, texts, title_of
from publisher.render.extensions import NAME, FeedExtension, MadeEntry, new_entry
from publisher.render.kept import Kept
from publisher.render.site import GENERATOR, RSS, Site, path, title
from publisher.render.values import UNKNOWN_TYPE, media_type, uri

MEDIA_TYPE = "application/rss+xml; charset=utf-8"
TTL_MINUTES = 15
"""A reader that asks more often finds nothing that it would have missed."""


def render_rss(site: Site, page: FeedPage) -> RenderedFile:
    """The feed as RSS, in the order given."""
    category = page.category
    feed = FeedGenerator()
    feed.register_extension(NAME, FeedExtension)
    feed.feedmill.site, feed.feedmill.page = site, page
    feed.title(xml_safe(title(site, page)))
    feed.link(href=site.own(page, RSS), rel="self", type="application/rss+xml")
    feed.link(href=site.page(category.slug), rel="alternate")
    feed.description(xml_safe(f"{category.title}, published by {site.title}"))
    feed.lastBuildDate(seconds(page.updated))
    feed.generator(GENERATOR, version=site.version)
    feed.ttl(TTL_MINUTES)
    if site.language:
        feed.language(site.language)
    for item in page.items:
        element = _KEPT.of(item, also_line=category.also_line)
        feed.add_entry(MadeEntry(element), order="append")
    return RenderedFile(
        path=path(category.slug, RSS, page.archive),
        body=feed.rss_str(),
        media_type=MEDIA_TYPE,
        modified=page.updated,
    )


def _item(item: FeedItem, also_line: bool) -> Any:
    """The element of an item."""
    out, entry = new_entry(), item.article.entry
    out.feedmill.item = item
    link = uri(xml_safe(entry.link)) if entry.link else None
    out.title(title_of(entry))
    if link:
        out.link(href=link, rel="alternate")
    guid = xml_safe(item.published_id)
    out.guid(guid, permalink=guid == link and guid.startswith(("http://", "https://")))
    out.pubDate(seconds(item.article.published))
    authors = people(entry.authors)
    if len(authors) == 1 and "email" in authors[0]:
        # P22: `author` is one address; names, and several people, go to dc:creator, never both.
        [one] = authors
        out.author(one if one["name"] != one["email"] else {"email": one["email"]})
    summary, content = texts(entry, also(item) if also_line else "")
    if content is not None:
        out.content(content)
    if summary is not None:
        out.description(summary)
    for term in entry.terms:
        if term.term.strip():
            out.category(
                term=xml_safe(term.term),
                scheme=xml_safe(term.scheme) if term.scheme else None,
            )
    if entry.enclosures:
        first = entry.enclosures[0]
        out.enclosure(
            uri(xml_safe(first.url)),
            str(first.length or 0),
            media_type(first.type) or UNKNOWN_TYPE,
        )
    if entry.comments:
        out.comments(uri(xml_safe(entry.comments)))
    return out.rss_entry()


_KEPT = Kept(_item)

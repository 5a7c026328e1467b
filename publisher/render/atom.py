"""Atom 1.0 (RFC 4287) through feedgen. Pure; equal input gives equal bytes."""

from __future__ import annotations

from html import escape
from typing import Any

from feedgen.feed import FeedGenerator

from feeds.models import FeedItem, FeedPage, RenderedFile
from feeds.text import xml_safe
from publisher.render.build import also, people, seconds, texts, title_of
from publisher.render.extensions import NAME, FeedExtension, MadeEntry, new_entry
from publisher.render.kept import Kept
from publisher.render.site import ATOM, GENERATOR, Site, path, title
from publisher.render.values import iri

MEDIA_TYPE = "application/atom+xml; charset=utf-8"


def render_atom(site: Site, page: FeedPage) -> RenderedFile:
    """The feed as Atom, in the order given."""
    category = page.category
    feed = FeedGenerator()
    feed.register_extension(NAME, FeedExtension)
    feed.feedmill.site, feed.feedmill.page = site, page
    feed.id(site.feed_id(page.name))
    feed.title(xml_safe(title(site, page)))
    feed.updated(seconds(page.updated))
    feed.author({"name": xml_safe(site.title)})
    feed.link(href=site.own(page, ATOM), rel="self", type="application/atom+xml")
    feed.link(href=site.page(category.slug), rel="alternate", type="text/html")
    feed.generator(GENERATOR, version=site.version)
    if site.language:
        feed.language(site.language)
    for item in page.items:
        element = _KEPT.of(item, also_line=category.also_line)
        feed.add_entry(MadeEntry(element), order="append")
    return RenderedFile(
        path=path(category.slug, ATOM, page.archive),
        body=feed.atom_str(),
        media_type=MEDIA_TYPE,
        modified=page.updated,
    )


def _entry(item: FeedItem, also_line: bool) -> Any:
    """The element of an item."""
    out, entry = new_entry(), item.article.entry
    out.feedmill.item = item
    out.id(xml_safe(item.published_id))
    out.title(title_of(entry))
    out.updated(seconds(item.article.updated))
    out.published(seconds(item.article.published))
    # RFC 4287 §4.2.1: an entry without authors of its own takes them from its atom:source, and
    # that has none here; the source's name is truer than the feed's author.
    out.author(people(entry.authors) or [{"name": xml_safe(item.source.title) or "Unknown"}])
    if contributors := people(entry.contributors):
        out.contributor(contributors)
    if entry.link:
        out.link(href=xml_safe(entry.link), rel="alternate")
    summary, content = texts(entry, also(item) if also_line else "")
    if content is None and not entry.link:
        content, summary = summary or escape(title_of(entry), quote=False), None
    if content is not None:
        out.content(content, type="html")
    if summary is not None:
        out.summary(summary, type="html")
    for term in entry.terms:
        if term.term.strip():
            out.category(
                term=xml_safe(term.term),
                scheme=iri(term.scheme),
                label=xml_safe(term.label) if term.label else None,
            )
    if entry.rights:
        out.rights(xml_safe(entry.rights))
    return out.atom_entry()


_KEPT = Kept(_entry)

"""OPML 2.0 (P36): the list of our own feeds. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from lxml import etree

from feeds.models import Category, RenderedFile
from publisher.render.build import sub
from publisher.render.site import Site

MEDIA_TYPE = "text/x-opml; charset=utf-8"


def render_feeds(site: Site, categories: Sequence[Category], modified: datetime) -> RenderedFile:
    """`feeds.opml`: what a reader imports to follow every category."""
    root = etree.Element("opml", version="2.0")
    head = sub(root, "head")
    sub(head, "title", site.title)
    sub(head, "dateModified", format_datetime(modified, usegmt=True))
    body = sub(root, "body")
    for category in categories:
        title = f"{category.title} – {site.title}"
        sub(
            body,
            "outline",
            type="rss",
            text=title,
            title=title,
            xmlUrl=site.feed(category.slug, "atom.xml"),
            htmlUrl=site.page(category.slug),
        )
    text = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return RenderedFile(path="feeds.opml", body=text, media_type=MEDIA_TYPE, modified=modified)

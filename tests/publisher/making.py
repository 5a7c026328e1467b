"""Feed items for tests, and the documents made of them read back."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser
from lxml import etree

from feeds.models import (
    Article,
    Category,
    Entry,
    FeedItem,
    FeedPage,
    FeedState,
    RenderedFile,
    SourceInfo,
)
from publisher.render.atom import render_atom
from publisher.render.rss import render_rss
from publisher.render.site import Site

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SITE = Site(title="A wire", url="https://wire.test/news", id="wire", language="en")
NEWS = Category(slug="news", title="News")
STATE = FeedState(
    slug="news", cursor=1, members=b"", seq=7, updated=AT, rendered=b"", rendered_seq=0
)
SOURCE = SourceInfo(
    id=3, url="https://a.test/feed", title="Source A", link="https://a.test/", updated=AT
)
ATOM = "{http://www.w3.org/2005/Atom}"


def item(entry: Entry | None = None, number: int = 1, **more: Any) -> FeedItem:
    """A story whose lead is this entry. Keywords go to FeedItem, or to Article when it has them."""
    entry = entry or Entry(title=f"Title {number}", link=f"https://a.test/{number}")
    dates = {name: more.pop(name, AT) for name in ("published", "updated", "first_seen")}
    article = Article(id=number, source_id=SOURCE.id, story_id=number, entry=entry, **dates)
    values: dict[str, Any] = {
        "seq": number,
        "story_id": number,
        "published_id": entry.guid
        or entry.link
        or f"urn:uuid:00000000-0000-0000-0000-{number:012}",
        "entered_at": AT + timedelta(seconds=number),
        "article": article,
        "source": SOURCE,
    }
    return FeedItem(**(values | more))


def page(*items: FeedItem, **more: Any) -> FeedPage:
    """A document of the feed NEWS with these stories."""
    values: dict[str, Any] = {"category": NEWS, "updated": AT, "items": items}
    return FeedPage(**(values | more))


def atom(*items: FeedItem, site: Site = SITE, **more: Any) -> RenderedFile:
    return render_atom(site, page(*items, **more))


def rss(*items: FeedItem, site: Site = SITE, **more: Any) -> RenderedFile:
    return render_rss(site, page(*items, **more))


def tree(file: RenderedFile) -> Any:
    """Parsed strictly."""
    return etree.fromstring(file.body, etree.XMLParser(resolve_entities=False, no_network=True))


def parsed(file: RenderedFile) -> Any:
    """As a feed reader sees it; fails on bozo."""
    headers = {"content-type": file.media_type}
    found = feedparser.parse(io.BytesIO(file.body), response_headers=headers, sanitize_html=False)
    assert not found.bozo, found.get("bozo_exception")
    return found

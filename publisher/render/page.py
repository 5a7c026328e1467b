"""The HTML pages: an index of the feeds and one page per feed. Pure; no clock, no script.

What a page needs of the site (`root`: its address from the page) is linked relatively: the strict
CSP takes a stylesheet from the page's own origin only, and one may come by another name than
site.url (localhost for 127.0.0.1, a tunnel, a file server). Feeds are named by their own address.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from html import unescape
from importlib import resources
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from feeds.models import Category, Entry, FeedItem, FeedPage, FeedState, RenderedFile
from feeds.text import plain_text, shorten, xml_safe
from publisher.render.build import source_title, title_of
from publisher.render.site import PAGE, Site, path
from publisher.render.values import uri

MEDIA_TYPE = "text/html; charset=utf-8"
TITLE = 300
"""Characters of a headline on a page; a post without a title often has its whole text there."""
Shown = Sequence[tuple[Category, FeedState, Sequence[FeedItem]]]


@dataclass(frozen=True, slots=True)
class Row:
    """An item as a page shows it: plain texts and one link."""

    id: str
    title: str
    link: str | None
    source: str
    source_link: str | None
    author: str
    text: str
    when: str
    iso: str
    image: str | None
    also: tuple[tuple[str, str | None], ...]
    """(name, address) of the other sources that carry it."""


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("publisher.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _when(site: Site, moment: datetime) -> str:
    return f"{moment.astimezone(ZoneInfo(site.timezone)):%-d %b %Y, %H:%M}"


_BEGINNING = 8192


def _beginning(html: str) -> str:
    """So much of it as an excerpt can need, and no half tag."""
    if len(html) <= _BEGINNING:
        return html
    head = html[:_BEGINNING]
    return head[: head.rfind("<")] if head.rfind("<") > head.rfind(">") else head


@lru_cache(maxsize=1024)  # of a page of a hundred, one or two are new
def _excerpt(html: str, words: int) -> str:
    return xml_safe(shorten(plain_text(html), words)) if words else ""


def _row(site: Site, item: FeedItem, words: int) -> Row:
    entry = item.article.entry
    published = item.article.published
    return Row(
        id=xml_safe(item.published_id),
        title=shorten(title_of(entry), TITLE),
        link=entry.link,
        source=source_title(item),
        source_link=item.source.link,
        author=xml_safe(", ".join(person.name for person in entry.authors if person.name)),
        text=_excerpt(_beginning(entry.summary or entry.content or ""), words),
        when=_when(site, published),
        iso=published.isoformat(timespec="seconds"),
        image=_picture(entry) if words else None,
        also=tuple(
            (xml_safe(each.source.title or each.title) or "another source", each.link)
            for each in item.also
        ),
    )


def _picture(entry: Entry) -> str | None:
    """What stands for the article: its own picture, else the first in it."""
    own = [entry.image] if entry.image else []
    own += [each.url for each in entry.media if each.kind == "thumbnail" or each.medium == "image"]
    own += [each.url for each in entry.enclosures if (each.type or "").startswith("image/")]
    if not own and (found := _IMAGE.search((entry.content or entry.summary or "")[:_BEGINNING])):
        own = [unescape(found[1])]
    return uri(own[0]) if own and own[0].startswith(("http://", "https://")) else None


_IMAGE = re.compile(r'<img\b[^>]*? ?src="([^"]+)"')


def _rows(site: Site, items: Sequence[FeedItem], words: int) -> list[Row]:
    """By date: what is shown is sorted by it, what is kept goes by placement (DESIGN.md)."""
    ordered = sorted(items, key=lambda i: (i.article.published, i.seq), reverse=True)
    return [_row(site, item, words) for item in ordered]


def render_page(site: Site, page: FeedPage) -> RenderedFile:
    """The category's page, or one of its older pages; newest first."""
    category = page.category
    body = (
        _templates()
        .get_template("category.html")
        .render(
            site=site,
            root="../" if page.archive is None else "../../../",
            category=category,
            page=page,
            rows=_rows(site, page.items, 280),
            updated=_when(site, page.updated),
            updated_iso=page.updated.isoformat(timespec="seconds"),
        )
    )
    return RenderedFile(
        path=path(category.slug, PAGE, page.archive),
        body=body.encode(),
        media_type=MEDIA_TYPE,
        modified=page.updated,
    )


def render_results(
    site: Site, feed: Category, query: str, items: Sequence[FeedItem], modified: datetime
) -> bytes:
    """What was found in a category, newest first."""
    return (
        _templates()
        .get_template("results.html")
        .render(
            site=site,
            root="../",
            category=feed,
            query=query,
            rows=_rows(site, items, 280),
            updated=_when(site, modified),
        )
        .encode()
    )


def render_index(site: Site, shown: Shown) -> RenderedFile:
    """The index page: each category with its formats and newest headlines."""
    cards = [
        {
            "category": category,
            "rows": _rows(site, items, 0),
            "updated": _when(site, state.updated),
        }
        for category, state, items in shown
    ]
    body = _templates().get_template("index.html").render(site=site, root="./", cards=cards)
    return RenderedFile(
        path="index.html", body=body.encode(), media_type=MEDIA_TYPE, modified=newest(shown)
    )


def newest(shown: Shown) -> datetime:
    """When the last of these feeds changed; 1970 where none is public."""
    return max((state.updated for _, state, _ in shown), default=datetime.fromtimestamp(0, UTC))


def static_files(modified: datetime) -> list[RenderedFile]:
    """Stylesheet, icon and robots.txt, as they ship."""
    folder = resources.files("publisher.web").joinpath("static")
    places = (
        ("feedmill.css", "static/feedmill.css", "text/css; charset=utf-8"),
        ("favicon.svg", "static/favicon.svg", "image/svg+xml"),
        ("favicon.ico", "favicon.ico", "image/x-icon"),
        ("robots.txt", "robots.txt", "text/plain; charset=utf-8"),
    )
    return [
        RenderedFile(
            path=place,
            body=folder.joinpath(name).read_bytes(),
            media_type=kind,
            modified=modified,
        )
        for name, place, kind in places
    ]

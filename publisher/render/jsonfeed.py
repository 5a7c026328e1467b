"""JSON Feed 1.1 (https://jsonfeed.org/version/1.1). Pure; equal input gives equal bytes.

What it has no member for stands in extensions (§ "Extensions"): `_source` and `_sources`, where an
item is from and who else carried it, `_feedmill`, rights, media and what else the source said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

from feeds.models import Entry, FeedItem, FeedPage, Media, RenderedFile
from feeds.text import plain_text, xml_safe
from publisher.render import podcast
from publisher.render.build import (
    also,
    seconds,
    source_address,
    source_id,
    source_title,
    texts,
    title_of,
)
from publisher.render.kept import Kept
from publisher.render.site import JSON, Site, path, title
from publisher.render.values import UNKNOWN_TYPE, iri, language, media_type, uri

MEDIA_TYPE = "application/feed+json; charset=utf-8"
ABOUT = "https://www.rfc-editor.org/rfc/rfc4287#section-4.2.11"
"""What `_source` and `_sources` are: atom:source."""


def render_json(site: Site, page: FeedPage) -> RenderedFile:
    """The feed as JSON Feed, in the order given."""
    category = page.category
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": xml_safe(title(site, page)),
        "home_page_url": site.page(category.slug),
        "feed_url": site.own(page, JSON),
        "next_url": site.feed(category.slug, JSON, page.older) if page.older is not None else None,
        "language": site.language,
        "authors": [{"name": xml_safe(site.title)}],
        "hubs": [{"type": "WebSub", "url": hub} for hub in site.hubs if page.pushed],
        "_feedmill": _whole(site, page),
        "items": [],  # comes last: what was made of each is put in as it stands
    }
    made = [_KEPT.of(item, also_line=category.also_line) for item in page.items]
    head = _text(_said(feed)).removesuffix("]}")
    return RenderedFile(
        path=path(category.slug, JSON, page.archive),
        body=_bytes(f"{head}{','.join(made)}]}}"),
        media_type=MEDIA_TYPE,
        modified=page.updated,
    )


def dumped(feed: Mapping[str, Any]) -> bytes:
    return _bytes(_text(feed))


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace") + b"\n"


def _whole(site: Site, page: FeedPage) -> dict[str, Any]:
    gone = [{"id": xml_safe(each.published_id), "when": _time(each.at)} for each in page.deleted]
    return {
        "about": "https://www.jsonfeed.org/version/1.1/#extensions",
        "id": site.feed_id(page.name),
        "updated": _time(page.updated),
        "archive": page.archive,
        "current": site.feed(page.category.slug, JSON) if page.archive is not None else None,
        "deleted": gone,
    }


def _item(item: FeedItem, also_line: bool) -> str:
    return _text(_said(_values(item, also_line)))


def _values(item: FeedItem, also_line: bool) -> dict[str, Any]:
    article, entry = item.article, item.article.entry
    summary, content = texts(entry, also(item) if also_line else "")
    shown = content or summary or escape(title_of(entry), quote=False)
    short = plain_text(summary).strip() if summary and content else ""
    return {
        "id": xml_safe(item.published_id),
        "url": _url(entry.link),
        "external_url": _url(entry.original_link),
        "title": title_of(entry),
        "content_html": shown,
        "summary": short,
        "image": _url(entry.image),
        "date_published": _time(article.published),
        "date_modified": _time(article.updated),
        "authors": _people(entry, item),
        "tags": list(dict.fromkeys(xml_safe(t.term) for t in entry.terms if t.term.strip())),
        "language": language(entry.language),
        "attachments": _attachments(entry),
        "_source": _source(item),
        "_sources": {
            "about": ABOUT,
            "items": [
                {"title": xml_safe(each.source.title or each.title), "url": _url(each.link)}
                for each in item.also
            ],
        }
        if item.also
        else None,
        "_feedmill": _more(entry, summary if content else None),
    }


def _people(entry: Entry, item: FeedItem) -> list[dict[str, Any]]:
    named = [
        {"name": xml_safe(one.name or one.email or "").strip(), "url": _url(one.uri)}
        for one in entry.authors
    ]
    named = [one for one in named if one["name"] or one["url"]]
    return named or [{"name": xml_safe(item.source.title) or "Unknown"}]


def _attachments(entry: Entry) -> list[dict[str, Any]]:
    return [
        {
            "url": uri(xml_safe(each.url)),
            "mime_type": media_type(each.type) or UNKNOWN_TYPE,
            "title": xml_safe(each.title or ""),
            "size_in_bytes": each.length,
        }
        for each in entry.enclosures
    ]


def _source(item: FeedItem) -> dict[str, Any]:
    origin = item.article.entry.origin
    address = source_address(item)
    return {
        "about": ABOUT,
        "id": source_id(item),
        "title": source_title(item),
        "url": _url(origin.link if origin else item.source.link),
        "feed_url": _url(address),
    }


def _more(entry: Entry, summary: str | None) -> dict[str, Any] | None:
    found = {
        "summary_html": summary,
        "contributors": [
            {"name": xml_safe(one.name or one.email or "").strip(), "url": _url(one.uri)}
            for one in entry.contributors
        ],
        "terms": [
            {"term": xml_safe(t.term), "scheme": iri(t.scheme), "label": xml_safe(t.label or "")}
            for t in entry.terms
            if t.term.strip() and (t.scheme or t.label)
        ],
        "rights": xml_safe(entry.rights or ""),
        "license": _url(entry.license),
        "comments": _url(entry.comments),
        "media": [_media(one) for one in entry.media],
        "elements": podcast.allowed(entry.extra),
    }
    return found if _said(found) else None


def _media(one: Media) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "url": uri(xml_safe(one.url)),
        "type": media_type(one.type),
        "medium": one.medium,
        "width": one.width,
        "height": one.height,
        "duration": one.duration,
        "size_in_bytes": one.length,
    }


def _url(url: str | None) -> str | None:
    return uri(xml_safe(url)) if url else None


def _time(moment: datetime) -> str:
    """RFC 3339."""
    return seconds(moment).isoformat()


def _said(value: Any) -> Any:
    """Without what is not said: None, "", and empty lists and objects. `items` and texts that are
    asked for stay."""
    if isinstance(value, Mapping):
        kept = {key: _said(each) for key, each in value.items()}
        return {k: v for k, v in kept.items() if k in _ALWAYS or v not in (None, "", [], {})}
    if isinstance(value, list):
        return [_said(each) for each in value]
    return value


_ALWAYS = ("content_html", "items")


def strike(feed: dict[str, Any], published_id: str, when: str) -> bool:
    """Take an item out of a feed that was rendered, and name it as deleted; False when it is not
    there."""
    named = xml_safe(published_id)
    kept = [each for each in feed["items"] if each["id"] != named]
    if len(kept) == len(feed["items"]):
        return False
    feed["items"] = kept
    own = feed["_feedmill"]
    own["deleted"] = [{"id": named, "when": when}, *own.get("deleted", [])]
    return True


_KEPT = Kept(_item)

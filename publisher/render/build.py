"""What RSS and Atom have in common: the values of an item, safe for XML. Pure."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from html import escape
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from lxml import etree

from feeds.models import Entry, FeedItem, Media, Person, Sighting, SourceInfo
from feeds.text import plain_text, shorten, xml_safe
from publisher.render.values import MEDIUMS, email, iri, media_type, uri

MEDIA = "http://search.yahoo.com/mrss/"
DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
CC = "http://backend.userland.com/creativeCommonsRssModule"
ATOM = "http://www.w3.org/2005/Atom"


def seconds(moment: datetime) -> datetime:
    """Without the fraction: no reader needs it, and equal seconds make equal bytes."""
    return moment.replace(microsecond=0)


def title_of(entry: Entry) -> str:
    """The title, else the beginning of the text, else the link: Atom asks for one."""
    title = xml_safe(entry.title).strip()
    if any(unicodedata.category(each)[0] not in "CMZ" for each in title):
        return title  # something of it can be seen
    text = shorten(plain_text(xml_safe(entry.summary or entry.content or "")), 80)
    return text or xml_safe(entry.link or "") or "Untitled"


def html(text: str | None) -> str | None:
    safe = xml_safe(text or "")
    return safe if safe.strip() else None


def also(item: FeedItem) -> str:
    """The line that names the other sources of a story; "" without any."""
    named = [_named(each) for each in item.also]
    return f"<p>Also reported by {', '.join(named)}.</p>" if named else ""


def _named(other: Sighting) -> str:
    title = escape(xml_safe(other.source.title or other.title))
    href = uri(xml_safe(other.link)) if other.link else None
    return f'<a href="{escape(href)}">{title}</a>' if href else title


def texts(entry: Entry, end: str = "") -> tuple[str | None, str | None]:
    """(summary, content), never the same text twice. One that was cut ends with the way on.
    `end`: what stands at the end of the content, or of the summary where there is none."""
    summary, content = _texts(entry)
    if end and content is not None:
        content += end
    elif end:
        summary = (summary or "") + end
    return summary, content


def _texts(entry: Entry) -> tuple[str | None, str | None]:
    summary, content = html(entry.summary), html(entry.content)
    if entry.truncated and entry.link and (content or summary):
        href = escape(xml_safe(entry.link))
        more = f'<p><a href="{href}">The whole article is at its source.</a></p>'
        summary, content = (summary, content + more) if content else ((summary or "") + more, None)
    return (None if summary == content else summary), content


def people(persons: tuple[Person, ...]) -> list[dict[str, str]]:
    """As feedgen takes them; a person without a name goes by address."""
    found = []
    for person in persons:
        name = xml_safe(person.name or person.email or person.uri or "").strip()
        if not name:
            continue
        one = {"name": name}
        if address := email(person.email):
            one["email"] = address
        if person.uri:
            one["uri"] = uri(xml_safe(person.uri))
        found.append(one)
    return found


def source_id(item: FeedItem) -> str:
    """The id of the feed that the entry came from: what it says itself, else where that feed is
    (made an IRI where it is none, as with entries: P12), else our source's address."""
    origin = item.article.entry.origin
    if own := xml_safe((origin and (origin.id or origin.feed_url)) or ""):
        return iri(own) or uuid5(NAMESPACE_URL, own).urn
    return _source_id(item.source)


def _source_id(info: SourceInfo) -> str:
    """The source's address; an uuid for one that leaves Feedmill by title and link only (E32)."""
    if info.url:
        return info.url
    return uuid5(NAMESPACE_URL, f"{info.title}\0{info.link or ''}").urn


def source_title(item: FeedItem) -> str:
    origin = item.article.entry.origin
    return xml_safe((origin and origin.title) or item.source.title)


def source_address(item: FeedItem) -> str | None:
    """The address of the feed that the item came from, else of its site."""
    origin = item.article.entry.origin
    return (origin and (origin.feed_url or origin.link)) or item.source.url or item.source.link


def sub(parent: Any, tag: str, text: str | None = None, /, **attributes: str | None) -> Any:
    """A child element, without the attributes that are None. Positional, since an outline of OPML
    has an attribute called `text`."""
    child = etree.SubElement(
        parent, tag, {name: xml_safe(value) for name, value in attributes.items() if value}
    )
    if text is not None:
        child.text = xml_safe(text)
    return child


def media(parent: Any, entry: Entry, *, enclosures: bool) -> None:
    """Media RSS; `enclosures`: also those after the first, of which RSS has room for one (P24)."""
    for one in entry.media:
        _media(parent, one)
    if entry.image and not entry.media and "itunes:image" not in entry.extra:
        _media(parent, Media(url=entry.image, kind="thumbnail"))
    if enclosures:
        for extra in entry.enclosures[1:]:
            _media(parent, Media(url=extra.url, type=extra.type, length=extra.length))


def _media(parent: Any, one: Media) -> None:
    thumbnail = one.kind == "thumbnail"
    sub(
        parent,
        f"{{{MEDIA}}}thumbnail" if thumbnail else f"{{{MEDIA}}}content",
        url=uri(one.url),
        width=str(one.width) if one.width else None,
        height=str(one.height) if one.height else None,
        **{}
        if thumbnail
        else {
            "type": media_type(one.type),
            "medium": one.medium if one.medium in MEDIUMS else None,
            "fileSize": str(one.length) if one.length else None,
            "duration": str(round(one.duration)) if one.duration else None,
        },
    )

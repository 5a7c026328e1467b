"""Articles of real documents, published and read back: what each format must still say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from aggregator.dates import first_dates
from aggregator.read.reader import read
from feeds.errors import ReadError
from feeds.models import Article, Document, Enclosure, Entry, FeedItem, Person, RenderedFile
from feeds.text import collapse, plain_text, xml_safe
from publisher.render import podcast
from publisher.render.build import title_of
from publisher.render.values import email, iri, language, media_type
from publisher.render.values import uri as as_uri
from tests.publisher.making import AT, SITE, SOURCE

URL = "http://a.test/feed"


def documents(bodies: Sequence[bytes]) -> Iterator[Document]:
    for body in bodies:
        try:
            yield read(body, URL, None, None)
        except ReadError:
            continue


def items(document: Document) -> list[FeedItem]:
    """Each entry as a story of its own, under the first-seen rule."""
    source = replace(SOURCE, title=document.title, link=document.link)
    made = []
    for number, entry in enumerate(document.entries):
        ((published, updated),) = first_dates([entry], AT)
        article = Article(
            id=number,
            source_id=SOURCE.id,
            story_id=number,
            entry=entry,
            published=published,
            updated=updated,
            first_seen=AT,
        )
        made.append(
            FeedItem(
                seq=number,
                story_id=number,
                published_id=f"urn:uuid:00000000-0000-0000-0000-{number:012}",
                entered_at=AT + timedelta(seconds=number),
                article=article,
                source=source,
            )
        )
    return made


def back(file: RenderedFile) -> Document:
    return read(file.body, f"{SITE.url}/{file.path}", file.media_type, None)


def unlike(item: FeedItem, entry: Entry, kind: str) -> list[str]:
    """In what an entry that was read back differs from what it was. `kind`: "atom" or "rss"."""
    wanted, told = expected(item, kind), said(entry, kind)
    return [
        f"{name}: {value!r} ≠ {told[name]!r}"
        for name, value in wanted.items()
        if value != told[name] and not (name == "texts" and item.article.entry.truncated)
    ]


def expected(item: FeedItem, kind: str) -> dict[str, Any]:
    entry = item.article.entry
    authors = entry.authors or (
        (Person(name=collapse(xml_safe(item.source.title)) or "Unknown"),) if kind == "atom" else ()
    )
    title = title_of(entry)
    found: dict[str, Any] = {
        "title": line(collapse(title), kind),
        "link": url(entry.link),
        "texts": texts(entry),
        "authors": people(authors, kind),
        "contributors": people(entry.contributors, kind),
        "terms": list(dict.fromkeys((t.term, iri(t.scheme), t.label) for t in entry.terms))
        if kind == "atom"
        else list(dict.fromkeys(t.term for t in entry.terms)),
        "published": item.article.published.replace(microsecond=0),
        "updated": item.article.updated.replace(microsecond=0),
        "enclosures": [
            enclosure(each) for each in entry.enclosures[: 1 if kind == "rss" else None]
        ],
        "media": sorted(_media(entry, kind)),
        "rights": line(entry.rights, kind),
        "license": url(entry.license),
        "language": language(entry.language),
        "comments": url(entry.comments),
        "extra": elements(podcast.allowed(entry.extra)),
    }
    if kind == "atom" and not entry.link and entry.content is None and entry.summary is None:
        found["texts"] = {collapse(title)}
    return found


def _media(entry: Entry, kind: str) -> set[str]:
    """What has no element of its own stands there as well."""
    found = [each.url for each in entry.media]
    if kind == "rss":
        found += [each.url for each in entry.enclosures[1:]]
    if entry.image and not entry.media and "itunes:image" not in entry.extra:
        found.append(entry.image)
    return {as_uri(each) for each in found}


def elements(extra: Mapping[str, str]) -> dict[str, str | None]:
    return {k: url(v) if v.startswith("http") else v for k, v in extra.items()}


def line(text: str | None, kind: str) -> str | None:
    """A title or the like. In RSS nobody can know whether it is text or HTML, and how often it was
    escaped."""
    return collapse(plain_text(plain_text(text))) if text and kind == "rss" else text


def said(entry: Entry, kind: str) -> dict[str, Any]:
    media = {url(each.url) for each in entry.media}
    return {
        "title": line(collapse(entry.title), kind),
        "link": url(entry.link),
        "texts": texts(entry),
        "authors": people(entry.authors, kind),
        "contributors": people(entry.contributors, kind),
        "terms": [(t.term, t.scheme, t.label) for t in entry.terms]
        if kind == "atom"
        else list(dict.fromkeys(t.term for t in entry.terms)),
        "published": entry.published,
        "updated": entry.updated or entry.published,
        "enclosures": [enclosure(each) for each in entry.enclosures],
        "media": sorted(media),
        "rights": line(entry.rights, kind),
        "license": url(entry.license),
        "language": entry.language,
        "comments": url(entry.comments),
        "extra": elements(entry.extra),
    }


def texts(entry: Entry) -> set[str]:
    """What can be read in it: which of two texts is called content is the formats' affair."""
    return {collapse(plain_text(html)) for html in (entry.content, entry.summary) if html} - {""}


def people(persons: Sequence[Person], kind: str) -> list[Any]:
    named = [
        (collapse(p.name or p.email or p.uri or ""), email(p.email), url(p.uri)) for p in persons
    ]
    # "mailto:a@b.test" as a name is taken apart by whoever reads RSS.
    named = list(dict.fromkeys(each for each in named if each[0] and each[0][:7] != "mailto:"))
    return named if kind == "atom" else list(dict.fromkeys(name for name, _, _ in named))


def enclosure(each: Enclosure) -> tuple[Any, ...]:
    return url(each.url), media_type(each.type) or "application/octet-stream", each.length or 0


def url(text: str | None) -> str | None:
    return as_uri(text) if text else None


def json_unlike(item: FeedItem, told: dict[str, Any]) -> list[str]:
    """The same of an item of JSON Feed, as it stands there."""
    entry, more = item.article.entry, told.get("_feedmill", {})
    shown = {collapse(plain_text(told["content_html"]))}
    shown |= {collapse(plain_text(more["summary_html"]))} if "summary_html" in more else set()
    pairs: dict[str, tuple[Any, Any]] = {
        "id": (item.published_id, told["id"]),
        "title": (title_of(entry), told["title"]),
        "url": (url(entry.link), told.get("url")),
        "texts": (_shown(entry), shown - {""} or {""}),
        "tags": (
            list(dict.fromkeys(t.term for t in entry.terms)),
            told.get("tags", []),
        ),
        "image": (url(entry.image), told.get("image")),
        "language": (language(entry.language), told.get("language")),
        "attachments": (
            [url(each.url) for each in entry.enclosures],
            [each["url"] for each in told.get("attachments", [])],
        ),
        "media": ([url(m.url) for m in entry.media], [m["url"] for m in more.get("media", [])]),
        "rights": (entry.rights, more.get("rights")),
        "license": (url(entry.license), more.get("license")),
        "comments": (url(entry.comments), more.get("comments")),
        "elements": (podcast.allowed(entry.extra), more.get("elements", {})),
        "published": (
            item.article.published.replace(microsecond=0).isoformat(),
            told["date_published"],
        ),
    }
    if entry.truncated:
        del pairs["texts"]
    return [f"{name}: {a!r} ≠ {b!r}" for name, (a, b) in pairs.items() if a != b]


def _shown(entry: Entry) -> set[str]:
    """The title stands for what has no text at all, not for what has only a picture."""
    if entry.content or entry.summary:
        return texts(entry) or {""}
    return {collapse(title_of(entry))}


def loaded(file: RenderedFile) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.body)
    return found

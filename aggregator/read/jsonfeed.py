"""JSON Feed 1.0 and 1.1 (https://jsonfeed.org/version/1.1) → Document. Pure.

Lenient where the specification is (§ "Suggestions for feed readers"): numbers as ids, items
without id, wrong types of optional members are read over. Strict about what makes it a feed.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from aggregator.read.bounds import MAX_ENTRIES, MAX_GUID, MAX_LIST
from aggregator.read.clean import Clean, Markup, Wash
from aggregator.read.dates import parse_date
from aggregator.read.known import digest, frame
from feeds.errors import NotAFeed
from feeds.models import Document, Enclosure, Entry, Hints, KnownItems, Person, Shown, Term
from feeds.text import collapse, xml_safe

_VERSION = re.compile(r"(?:https?://(?:www\.)?jsonfeed\.org/version/)?(\d+(?:\.\d+)?)/?")


def parse_json(
    body: bytes, url: str, wash: Wash | None = None, known: KnownItems | None = None
) -> Document:
    """Known items are left out. Raises NotAFeed, which names what is wrong."""
    feed = _load(body)
    version = _version(feed)
    items = feed.get("items")
    if not isinstance(items, list):
        raise NotAFeed('a JSON Feed without "items"' if items is None else '"items" is no list')
    return _Scribe(url, wash or Clean(), known).document(feed, items, version)


def _load(body: bytes) -> dict[str, Any]:
    try:
        # json.loads finds out UTF-8, 16 and 32 by itself, and takes a BOM off bytes.
        text = body.decode(json.detect_encoding(body), "surrogatepass")
        feed = json.loads(text.strip("\0 \t\r\n\ufeff"), parse_constant=_no_constant)
    except RecursionError as error:
        raise NotAFeed("broken JSON: nested too deep") from error
    except ValueError as error:
        raise NotAFeed(f"broken JSON: {error}"[:300]) from error
    if not isinstance(feed, dict):
        raise NotAFeed("JSON, but no JSON Feed: the outermost value is no object")
    return feed


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _version(feed: dict[str, Any]) -> str:
    """ "json1" or "json11"; what comes after 1.1 is read as that."""
    version = feed.get("version")
    if not isinstance(version, str):
        raise NotAFeed('JSON, but no JSON Feed: it has no "version"')
    found = _VERSION.fullmatch(version.strip())
    if found is None:
        raise NotAFeed(f'JSON, but no JSON Feed: "version" is {version[:60]!r}')
    return "json1" if found[1] in ("1", "1.0") else "json11"


class _Scribe:
    """Writes down a JSON Feed whose outline is right."""

    def __init__(self, url: str, wash: Wash, known: KnownItems | None) -> None:
        self.url = url
        self.wash = wash
        self.known = known

    def document(self, feed: dict[str, Any], items: list[Any], version: str) -> Document:
        language = _text(feed.get("language"))
        objects = [item for item in items[:MAX_ENTRIES] if isinstance(item, dict)]
        authors = self._authors(feed)
        saying = [item for item in objects if _says(item)]
        document = Document(
            format=version,
            title=self._line(feed.get("title")),
            subtitle=self._line(feed.get("description")),
            link=self._url(feed.get("home_page_url")),
            language=language,
            image=self._url(feed.get("icon")) or self._url(feed.get("favicon")),
            authors=authors,
            self_link=self._url(feed.get("feed_url")),
            hubs=self._hubs(feed),
            older=self._url(feed.get("next_url")),
            hints=Hints(),
            fault=_fault(feed, len(items), len(objects), len(saying)),
        )
        around = frame(document, self.url)
        shown = self._shown(saying, around)
        entries = tuple(
            self.entry(item, language, authors)
            for item, each in zip(saying, shown, strict=True)
            if each.read
        )
        return replace(document, entries=entries, shown=shown, frame=around)

    def _shown(self, items: list[dict[str, Any]], around: bytes) -> tuple[Shown, ...]:
        known = self.known.digests if self.known and self.known.frame == around else ()
        digests = [digest(json.dumps(item).encode()) for item in items]
        return tuple(
            Shown(digest=each, guid=_id(item.get("id")), read=each not in known)
            for item, each in zip(items, digests, strict=True)
        )

    def entry(
        self, item: dict[str, Any], language: str | None, authors: tuple[Person, ...]
    ) -> Entry:
        """`language`, `authors`: the feed's, which hold for an item that names none."""
        link = self._url(item.get("url")) or self._url(item.get("external_url"))
        base = link or self.url
        content, cut = self._content(item, base)
        summary = _string(item.get("summary"))
        published, updated = _text(item.get("date_published")), _text(item.get("date_modified"))
        return Entry(
            guid=_id(item.get("id")),
            link=link,
            title=self._line(item.get("title")),
            summary=self.wash.html(Markup(summary, "text/plain", base))[0] or None,
            content=content or None,
            authors=self._authors(item) or authors,
            terms=tuple(
                Term(term=term)
                for term in dict.fromkeys(map(_text, _list(item.get("tags"))))
                if term
            ),
            published=parse_date(published),
            updated=parse_date(updated),
            published_text=published and published[:100],
            updated_text=updated and updated[:100],
            enclosures=self._attachments(item),
            image=self._url(item.get("image")) or self._url(item.get("banner_image")),
            language=_text(item.get("language")) or language,
            original_link=self._url(item.get("external_url")),
            truncated=cut,
        )

    def _content(self, item: dict[str, Any], base: str) -> tuple[str, bool]:
        if html := _string(item.get("content_html")):
            return self.wash.html(Markup(html, "text/html", base))
        return self.wash.html(Markup(_string(item.get("content_text")), "text/plain", base))

    def _line(self, value: Any) -> str:
        return self.wash.line(Markup(_string(value), "text/plain"))

    def _url(self, value: Any) -> str | None:
        return self.wash.url(value, self.url) if isinstance(value, str) else None

    def _authors(self, where: dict[str, Any]) -> tuple[Person, ...]:
        """1.1 `authors`, else 1.0 `author`."""
        found = _list(where.get("authors")) or [where.get("author")]
        people = [
            Person(name=_text(author.get("name")) or "", uri=self._url(author.get("url")))
            for author in found
            if isinstance(author, dict)
        ]
        return tuple(dict.fromkeys(person for person in people if person != Person()))

    def _hubs(self, feed: dict[str, Any]) -> tuple[str, ...]:
        hubs = [hub for hub in _list(feed.get("hubs")) if isinstance(hub, dict)]
        urls = [
            self._url(hub.get("url"))
            for hub in hubs
            if str(hub.get("type", "WebSub")).lower() in ("websub", "pubsubhubbub")
        ]
        return tuple(url for url in urls if url)

    def _attachments(self, item: dict[str, Any]) -> tuple[Enclosure, ...]:
        found = []
        for attachment in _list(item.get("attachments")):
            if isinstance(attachment, dict) and (url := self._url(attachment.get("url"))):
                size = attachment.get("size_in_bytes")
                whole = isinstance(size, int | float) and 0 <= size < 1 << 53
                found.append(
                    Enclosure(
                        url=url,
                        type=_text(attachment.get("mime_type")),
                        length=int(size) if whole and size is not None else None,
                        title=_text(attachment.get("title")),
                    )
                )
        return tuple(found)


def _fault(feed: dict[str, Any], items: int, objects: int, entries: int) -> str | None:
    """The first thing that the specification forbids and that we read over."""
    if items > MAX_ENTRIES:
        return f"{items} entries, of which {MAX_ENTRIES} were read"
    if objects < items:
        return f"{items - objects} of its items are no objects"
    if entries < items:
        return f"{items - entries} of its items have neither id nor link nor text"
    if "jsonfeed.org" not in feed["version"]:
        return 'its "version" is no address of jsonfeed.org'
    if not isinstance(feed.get("title"), str):
        return 'it has no "title"'
    bare = sum(
        not ("content_html" in item or "content_text" in item)
        for item in feed["items"]
        if isinstance(item, dict)
    )
    if bare:
        return f'{bare} of its items have neither "content_html" nor "content_text"'
    missing = sum(_id(item.get("id")) is None for item in feed["items"])
    return f'{missing} of its items have no "id"' if missing else None


def _says(item: dict[str, Any]) -> bool:
    """Whether there is anything to recognise or to show in it."""
    return _id(item.get("id")) is not None or any(
        _string(item.get(key)).strip()
        for key in ("url", "external_url", "title", "content_html", "content_text", "summary")
    )


def _id(value: Any) -> str | None:
    """An id as text; numbers are coerced, as the specification asks of readers."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return xml_safe(str(value)).strip()[:MAX_GUID] or None


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _text(value: Any) -> str | None:
    return collapse(xml_safe(_string(value)[:MAX_GUID])) or None


def _list(value: Any) -> list[Any]:
    return value[:MAX_LIST] if isinstance(value, list) else []

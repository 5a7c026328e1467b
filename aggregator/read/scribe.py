"""What feedparser found → Document: texts washed, URLs absolute, lists bounded. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aggregator.read.bounds import MAX_GUID, MAX_LIST
from aggregator.read.clean import MAX_HTML, Markup, Wash
from aggregator.read.dates import parse_date
from aggregator.read.hints import read_hints
from feeds.models import Document, Enclosure, Entry, Media, Origin, Person, Term
from feeds.text import collapse, plain_text, xml_safe

# Keys that are no aliases are asked of the plain dict: feedparser's own `get`, forty times an
# entry, would be a twentieth of a reading.
_get = dict.get


@dataclass(slots=True)
class Scribe:
    """Writes down what feedparser found."""

    url: str
    version: str
    wash: Wash
    feed: Any
    feed_link: str | None = field(init=False, default=None)
    feed_authors: tuple[Person, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        self.feed_link = self._link(self.feed)
        self.feed_authors = self._people(self.feed, "authors")

    # --- the document -------------------------------------------------------------------

    def document(self, entries: list[Any], data: bytes) -> Document:
        feed = self.feed
        return Document(
            format=self.version,
            title=self._line(feed, "title"),
            subtitle=self._line(feed, "subtitle"),
            link=self.feed_link,
            language=_text(feed, "language"),
            rights=self._line(feed, "rights") or None,
            image=self._image(feed),
            authors=self.feed_authors,
            id=_text(feed, "id"),
            self_link=self._rel(feed, "self"),
            hubs=tuple(self._rels(feed, "hub")),
            older=self._rel(feed, "prev-archive") or self._rel(feed, "next"),
            hints=read_hints(data, feed),
            terms=_terms(feed),
            published=parse_date(_text(feed, "published")),
            updated=parse_date(_text(feed, "updated")),
            generator=_text(feed, "generator"),
            entries=tuple(self.entry(entry) for entry in entries),
        )

    def entry(self, entry: Any) -> Entry:
        link = self._link(entry)
        base = self._base(entry)
        summary, content = self._texts(entry)
        summary_html, cut_summary = self._html(summary, link)
        content_html, cut_content = self._html(content, link)
        published = _text(entry, "published") or _text(entry, "created")
        updated = _text(entry, "updated")
        if published is None and not self.version.startswith("atom"):
            published = updated  # dc:date, all that RSS 1.0 has
        return Entry(
            guid=(_text(entry, "id") or "")[:MAX_GUID] or None,
            link=link,
            title=self._line(entry, "title"),
            summary=summary_html,
            content=content_html,
            authors=self._people(entry, "authors") or self._inherited(entry),
            contributors=self._people(entry, "contributors"),
            terms=_terms(entry),
            published=parse_date(published),
            updated=parse_date(updated),
            published_text=published and published[:100],
            updated_text=updated and updated[:100],
            enclosures=tuple(self._enclosures(entry, base)),
            media=tuple(self._media(entry, base)),
            image=self._image(entry),
            rights=self._line(entry, "rights") or None,
            license=self._rel(entry, "license"),
            language=_text(entry, "language") or self._language(entry),
            comments=self._url(_get(entry, "comments"), base) or self._page(entry, "replies"),
            origin=self._origin(entry),
            original_link=self._url(_get(entry, "feedburner_origlink"), base)
            or self._rel(entry, "canonical"),
            extra=self._extra(entry, base),
            truncated=cut_summary or cut_content,
        )

    # --- texts --------------------------------------------------------------------------

    def _markup(self, detail: Any) -> Markup:
        return Markup(
            str(_get(detail, "value") or ""),
            str(_get(detail, "type") or "text/html"),
            str(_get(detail, "base") or self.url),
        )

    def _line(self, where: Any, key: str) -> str:
        detail = _get(where, f"{key}_detail")
        if detail is not None and _get(detail, "value"):
            return self.wash.line(self._markup(detail))
        return self.wash.line(Markup(_text(where, key) or "", "text/plain"))

    def _texts(self, entry: Any) -> tuple[Markup | None, Markup | None]:
        """(summary, content). Without a content of its own, the longer of two texts is it."""
        summary, content = self._detail(entry, "summary"), self._content(entry)
        aside = self._detail(entry, "aside_text")
        if summary is None:
            media = None if content else self._detail(entry, "aside_media")
            return aside or media, content
        if aside is None or content is not None:
            return summary, content
        words, more = (plain_text(text.value[:MAX_HTML]) for text in (summary, aside))
        if words == more:
            return summary, None
        return (summary, aside) if len(more) > len(words) else (aside, summary)

    def _detail(self, entry: Any, key: str) -> Markup | None:
        """Not the copy that feedparser makes of a content without summary: that has no detail."""
        detail = _get(entry, f"{key}_detail")
        return self._markup(detail) if detail is not None and _get(detail, "value") else None

    def _content(self, entry: Any) -> Markup | None:
        """The first content that is text; not a PDF in base64, nor one that lies elsewhere."""
        for detail in _get(entry, "content") or ():
            kind = str(_get(detail, "type") or "text/html")
            if _get(detail, "value") and (kind.startswith("text/") or kind.endswith("xml")):
                return self._markup(detail)
        return None

    def _html(self, markup: Markup | None, link: str | None) -> tuple[str | None, bool]:
        if markup is None:
            return None, False
        if not self.version.startswith("atom") and markup.base == self.url:
            # RSS names no base: its authors mean their page, not the feed (a mirror, a burner).
            markup = Markup(markup.value, markup.type, link or self.feed_link or self.url)
        html, cut = self.wash.html(markup)
        return html or None, cut

    def _language(self, entry: Any) -> str | None:
        for detail in (*(_get(entry, "content") or ()), _get(entry, "summary_detail"),
                       _get(entry, "title_detail")):  # fmt: skip
            if detail and _get(detail, "language"):
                return str(detail["language"])[:64]
        return None

    # --- links --------------------------------------------------------------------------

    def _base(self, where: Any) -> str:
        """xml:base of an element; feedparser gives it with each text in it."""
        for detail in (_get(where, "title_detail"), _get(where, "summary_detail"),
                       *(_get(where, "content") or ())):  # fmt: skip
            if detail and _get(detail, "base"):
                return str(detail["base"])
        return self.url

    def _url(self, value: Any, base: str | None = None) -> str | None:
        return self.wash.url(value, base or self.url) if isinstance(value, str) else None

    def _rels(self, where: Any, rel: str) -> Iterator[str]:
        for link in (_get(where, "links") or ())[:MAX_LIST]:
            if rel in str(_get(link, "rel") or "").split() and (
                url := self._url(_get(link, "href"))
            ):
                yield url

    def _rel(self, where: Any, rel: str) -> str | None:
        return next(self._rels(where, rel), None)

    def _page(self, where: Any, rel: str) -> str | None:
        """A link of that kind to something for people."""
        for link in (_get(where, "links") or ())[:MAX_LIST]:
            kind = str(_get(link, "type") or "text/html")
            if _get(link, "rel") == rel and "html" in kind:
                return self._url(_get(link, "href"))
        return None

    def _link(self, where: Any) -> str | None:
        return self._url(_get(where, "link")) or self._rel(where, "alternate")

    def _image(self, where: Any) -> str | None:
        image = _get(where, "image")
        found = _get(image, "href") or image.get("url") if isinstance(image, dict) else None
        return self._url(found or _get(where, "logo") or _get(where, "icon"))

    def _enclosures(self, entry: Any, base: str) -> Iterator[Enclosure]:
        for link in (_get(entry, "links") or ())[:MAX_LIST]:
            if _get(link, "rel") == "enclosure" and (url := self._url(_get(link, "href"), base)):
                yield Enclosure(
                    url=url,
                    type=_text(link, "type"),
                    length=_whole(_get(link, "length")),
                    title=_text(link, "title"),
                )

    def _media(self, entry: Any, base: str) -> Iterator[Media]:
        for kind in ("content", "thumbnail"):
            for media in (_get(entry, f"media_{kind}") or ())[:MAX_LIST]:
                if url := self._url(media.get("url"), base):
                    yield Media(
                        url=url,
                        kind=kind,
                        type=_text(media, "type"),
                        medium=_text(media, "medium"),
                        width=_whole(_get(media, "width")),
                        height=_whole(_get(media, "height")),
                        duration=_seconds(_get(media, "duration")),
                        length=_whole(_get(media, "filesize")),
                    )

    def _extra(self, entry: Any, base: str) -> dict[str, str]:
        """Podcast and geo elements by prefixed name. An element with attributes gives its URL."""
        extra: dict[str, str] = {}
        for key in sorted(entry):
            if not (name := _PODCAST.match(key)):
                continue
            value = _get(entry, key)
            if isinstance(value, dict):
                value = self._url(value.get("href") or value.get("url"), base)
            elif isinstance(value, bool):
                value = "true" if value else "false"
            if isinstance(value, str) and (text := collapse(xml_safe(value[:MAX_GUID]))):
                name_text = f"{name[1]}:{name[2]}"
                extra[_NAMES.get(name_text, name_text)] = text
        image = _get(entry, "image")
        if isinstance(image, dict) and (url := self._url(_get(image, "href"), base)):
            extra["itunes:image"] = url
        return extra | _place(entry)

    # --- people and origins -------------------------------------------------------------

    def _people(self, where: Any, key: str) -> tuple[Person, ...]:
        people = [
            Person(
                name=_text(person, "name") or "",
                uri=self._url(_get(person, "href")),
                email=_text(person, "email"),
            )
            for person in (_get(where, key) or ())[:MAX_LIST]
        ]
        return tuple(dict.fromkeys(person for person in people if person != Person()))

    def _inherited(self, entry: Any) -> tuple[Person, ...]:
        """RFC 4287 §4.2.1: of an entry without authors it is its source's, then its feed's. A
        managingEditor writes no items."""
        if not self.version.startswith("atom"):
            return ()
        source = _get(entry, "source")
        own = self._people(source, "authors") if isinstance(source, dict) else ()
        return own or self.feed_authors

    def _origin(self, entry: Any) -> Origin | None:
        source = _get(entry, "source")
        if not isinstance(source, dict) or not source:
            return None
        origin = Origin(
            id=_text(source, "id"),
            title=self._line(source, "title") or None,
            link=self._link(source),
            feed_url=self._rel(source, "self") or self._url(_get(source, "href")),
            updated=parse_date(_text(source, "updated")),
        )
        return origin if origin != Origin() else None


# --- scalars ----------------------------------------------------------------------------


def _text(where: Any, key: str) -> str | None:
    """A short text of the element, or None. Asked as what it is stored under, a plain dict knows:
    feedparser's own would give `published` for `updated`."""
    value = _get(where, key)
    text = collapse(xml_safe(value[:MAX_GUID])) if isinstance(value, str) else ""
    return text or None


def _terms(where: Any) -> tuple[Term, ...]:
    terms = []
    for tag in (_get(where, "tags") or ())[:MAX_LIST]:
        term = _text(tag, "term") or _text(tag, "label")
        if term:
            terms.append(Term(term=term, scheme=_text(tag, "scheme"), label=_text(tag, "label")))
    return tuple(dict.fromkeys(terms))


def _whole(value: Any) -> int | None:
    """A number of bytes or pixels that is not absurd."""
    text = str(value or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(str(value or "")[:32])
    except ValueError:
        return None
    return seconds if 0 <= seconds < 1e9 else None


_PODCAST = re.compile(r"(itunes|podcast|psc)_([a-z]+)$")
_NAMES = {"itunes:episodetype": "itunes:episodeType"}


def _place(entry: Any) -> dict[str, str]:
    """geo:lat, geo:long, georss:point."""
    place: dict[str, str] = {}
    for key in ("geo_lat", "geo_long"):
        if found := _text(entry, key):
            place[key.replace("_", ":")] = found
    where = _get(entry, "where")
    if isinstance(where, dict) and _get(where, "type") == "Point":
        longitude, latitude = where["coordinates"][:2]
        place["georss:point"] = f"{latitude:g} {longitude:g}"
    return place

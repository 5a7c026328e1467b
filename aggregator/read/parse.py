"""feedparser's only door: bytes of RSS, RDF, Atom or CDF → Document. Pure.

feedparser gets bytes in a BytesIO, never a str (a str opens URLs and files), already converted
to UTF-8, with its own sanitiser and URL rewriting off. What it returns is looked at here and
nowhere else.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import lru_cache
from io import BytesIO
from typing import Any

import feedparser
from feedparser import api, encodings, mixin
from feedparser.encodings import convert_to_utf8, parse_content_type
from feedparser.mixin import _FeedParserMixin
from feedparser.namespaces import _base, dc
from feedparser.namespaces._base import Namespace
from feedparser.util import FeedParserDict

from aggregator.read.charset import from_declaration, settle
from aggregator.read.clean import MAX_HTML, Clean, Markup, Wash
from aggregator.read.dates import parse_date
from aggregator.read.hints import read_hints
from aggregator.read.strict import Strict
from feeds.errors import NotAFeed, ReadError
from feeds.models import Document, Enclosure, Entry, Media, Origin, Person, Term
from feeds.text import collapse, plain_text, xml_safe

MAX_ENTRIES = 20_000
"""Of one document; those after are left out, and the fault says so."""
MAX_GUID = 8192
"""Characters of a guid that are kept."""
MAX_LIST = 500
"""Authors, terms, enclosures … of one entry."""

# feedparser warns of its own fallback from `updated` to `published`, which we don't use.
warnings.filterwarnings("ignore", category=DeprecationWarning, module="feedparser")


NAMESPACES: dict[str, str] = _FeedParserMixin.namespaces
"""feedparser's prefix for each namespace it knows, and those it does not know."""
NAMESPACES.update(
    {
        "http://purl.org/net/rss1.1#": "",
        "https://podcastindex.org/namespace/1.0": "podcast",
        "https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": "podcast",
    }
)


# RFC 4287 §4.2.6 forbids resolving ids; a redirect would change every relative one.
# And feedparser looks each category up in the list of all before it: 100,000 cost it 20 s.
def _add_tag(self: Any, term: Any, scheme: Any, label: Any) -> None:
    if len(self._get_context().get("tags") or ()) < MAX_LIST:
        _FeedParserMixin._add_tag(self, term, scheme, label)


# It takes the email of an author for that of the next one, while that has nothing of its own.
def _save_author(self: Any, key: Any, value: Any, prefix: Any = "author") -> None:
    context = self._get_context()
    if prefix == "author" and not (context.get("authors") or [None])[-1]:
        context.pop("author", None)
    _FeedParserMixin._save_author(self, key, value, prefix)


# It reads `<link uri="at://…">http://…</link>` as Atom's href.
def _start_link(self: Any, attributes: Any) -> None:
    if self.version.startswith("rss"):
        attributes = {name: value for name, value in attributes.items() if name != "uri"}
    Namespace._start_link(self, attributes)


# CDF has the address of an item in its HREF or in an <A>.
def _start_a(self: Any, attributes: Any) -> None:
    here = self._get_context()
    if not self.version and self.inentry and attributes.get("href") and not here.get("link"):
        self._cdf_common({"href": attributes["href"]})
    self.push("a", 1)


# It takes what stands second of these and <description> for the content: an image's alternative
# text (Mastodon), or a plain summary that hides the content:encoded after it (podcasts).
def _set_aside(parser: Any, element: str, key: str) -> None:
    start, end = getattr(parser, f"_start_{element}"), getattr(parser, f"_end_{element}")

    def start_aside(self: Any, attributes: Any) -> None:
        if self.inentry:
            self.push_content(key, attributes, "text/plain", 1)
        else:
            start(self, attributes)

    def end_aside(self: Any) -> None:
        if self.inentry:
            self.pop_content(key)
        else:
            end(self)

    setattr(parser, f"_start_{element}", start_aside)
    setattr(parser, f"_end_{element}", end_aside)


# What an item leaves behind (unclosed stacks, a content that never ended) would colour those after
# it. But an item must mean the same whatever stands before it: incremental reading leaves that out.
_STATE = (
    *("incontent", "insource", "inimage", "intextinput", "inauthor", "incontributor"),
    *("inpublisher", "hasContent", "svgOK", "ingeometry", "psc_chapters_flag"),
    *("_summaryKey", "title_depth", "depth"),
)
_STACKS = ("elementstack", "basestack", "langstack")


def _start_item(self: Any, attributes: Any) -> None:
    before = [getattr(self, name) for name in _STATE], [len(getattr(self, s)) for s in _STACKS]
    self.__dict__.setdefault("items_open", []).append(before)
    Namespace._start_item(self, attributes)


def _end_item(self: Any) -> None:
    Namespace._end_item(self)
    values, heights = self.items_open.pop()
    for name, value in zip(_STATE, values, strict=True):
        setattr(self, name, value)
    for name, height in zip(_STACKS, heights, strict=True):
        del getattr(self, name)[height:]
    self.contentparams.clear()
    self.sourcedata.clear()


# Its own dates cost more than ours, which read the text (and more of them).
_base._parse_date = dc._parse_date = lambda _text: None
# It joins the base with itself for every element.
mixin.make_safe_absolute_uri = lru_cache(maxsize=64)(mixin.make_safe_absolute_uri)
api.PREFERRED_XML_PARSERS[:] = ["aggregator.read.sax"]
api.StrictFeedParser = Strict
api.StrictFeedParser._start_item = api.StrictFeedParser._start_entry = _start_item
api.StrictFeedParser._end_item = api.StrictFeedParser._end_entry = _end_item


class _Translation(dict[int, Any]):
    """A table for str.translate that learns: a miss costs it an exception, at each character."""

    def __missing__(self, code: int) -> int:
        if len(self) < 10_000:
            self[code] = code
        return code


mixin._cp1252 = _Translation(mixin._cp1252)

# Nine of ten keys are no aliases; the others go its way.
_ALIASES = frozenset(
    {"category", "enclosures", "license", "updated", "updated_parsed", *FeedParserDict.keymap}
)
_aliased_get, _aliased_contains = FeedParserDict.get, FeedParserDict.__contains__


def _get(self: Any, key: str, default: Any = None) -> Any:
    return (_aliased_get if key in _ALIASES else dict.get)(self, key, default)


def _contains(self: Any, key: str) -> bool:
    return bool((_aliased_contains if key in _ALIASES else dict.__contains__)(self, key))


def _deepcopy(self: Any, memo: Any) -> Any:
    pairs = {k: v if isinstance(v, str) else deepcopy(v, memo) for k, v in self.items()}
    return FeedParserDict(pairs)


FeedParserDict.get, FeedParserDict.__contains__ = _get, _contains
FeedParserDict.has_key, FeedParserDict.__deepcopy__ = _contains, _deepcopy

for _parser in (api.StrictFeedParser, api.LooseFeedParser):
    _set_aside(_parser, "itunes_summary", "aside_text")
    _set_aside(_parser, "dc_description", "aside_text")
    _set_aside(_parser, "media_description", "aside_media")
    _parser.can_be_relative_uri = _parser.can_be_relative_uri - {"id"}
    _parser._add_tag = _add_tag
    _parser._save_author = _save_author
    _parser._start_link = _start_link
    _parser._start_a = _start_a

_CONTROL = bytes({*range(32)} - {9, 10, 13})
_NO_CHARACTER = re.compile(rb"\xef\xbf[\xbe\xbf]")
# But for those that are fine at a glance, which are nearly all.
_CHARREF = re.compile(
    rb"&#(?!(?:3[2-9]|[4-9][0-9]|[1-9][0-9]{2,3});|x(?:[2-9a-fA-F][0-9a-fA-F]|20[0-9a-fA-F]{2});)"
    rb"(?:[xX]([0-9a-fA-F]+)|([0-9]+));?"
)
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe\0\0", ""), (b"\xff\xfe", "utf-16le"),
         (b"\xfe\xff", "utf-16be"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body as UTF-8 that an XML parser can take, and what was wrong with its encoding."""

    data: bytes
    fault: str | None = None


def decode(body: bytes, content_type: str | None) -> Decoded:
    """The body in UTF-8, without characters and character references that no XML may hold.

    The order of RFC 7303 §3: BOM, charset parameter, XML declaration, UTF-8.
    """
    body, before = from_declaration(body)
    charset = next((name for bom, name in _BOMS if body.startswith(bom)), None)
    odd = None
    if charset is None:
        body, charset, odd = settle(body, parse_content_type(content_type or "")[1])
    # As application/xml: text/xml would mean us-ascii, and no type at all iso-8859-1.
    header = f"application/xml; charset={charset}" if charset else "application/xml"
    result: dict[str, Any] = {}
    data = convert_to_utf8({"content-type": header}, body, result)
    if not result.get("encoding"):
        return Decoded(body, "its character encoding could not be found out")
    fault = before or odd or (str(result["bozo_exception"]) if result.get("bozo") else None)
    plain = _NO_CHARACTER.sub(b"", data.translate(None, _CONTROL))
    if len(plain) != len(data):
        data, fault = plain, fault or "it holds control characters"
    if b"&#" in data:
        data = _CHARREF.sub(_character, data)
    return Decoded(data, fault)


def _character(match: re.Match[bytes]) -> bytes:
    """The reference as it stood, or nothing: feedparser raises on `&#99999999;`."""
    digits, base = (match[1], 16) if match[1] else (match[2], 10)
    code = int(digits, base) if len(digits) < 9 else 0x110000
    allowed = code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0x10FFFF
    return match[0] if allowed and code not in (0xFFFE, 0xFFFF) else b""


def parse(data: bytes, url: str, wash: Wash | None = None) -> tuple[Document, tuple[bool, ...]]:
    """Read UTF-8 of `decode` as it came from `url`. Raises NotAFeed, ReadError.

    The second value tells for each entry whether its link was only guessed from its guid.
    """
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": url}
    try:
        found = feedparser.parse(
            BytesIO(data),
            response_headers=headers,
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        AssertionError,
        RecursionError,
    ) as error:
        raise ReadError(f"the feed is broken: {type(error).__name__}: {error}"[:300]) from error
    entries = list(found.get("entries") or ())
    version = found.get("version") or _guess(data, bool(entries), found.feed)
    if not version:
        raise NotAFeed("no RSS, Atom or other feed in it")
    scribe = _Scribe(url, version, wash or Clean(), found.feed)
    document = scribe.document(entries[:MAX_ENTRIES], data)
    return _faulted(document, found, len(entries)), tuple(
        _guessed_link(entry) for entry in entries[:MAX_ENTRIES]
    )


def _guessed_link(entry: Any) -> bool:
    links = entry.get("links") or ()
    return bool(entry.get("guidislink")) and not any(
        link.get("rel") == "alternate" for link in links
    )


def _guess(data: bytes, has_entries: bool, feed: Any) -> str:
    """The format of a document that feedparser gives no version."""
    head = re.sub(rb"<!--.*?-->", b"", data[:65536], flags=re.S)
    root = re.search(rb"<(?:[\w.-]+:)?([a-zA-Z][\w.-]*)", head)
    name = root[1].lower() if root else b""
    if name in (b"html", b"body", b"head", b"script", b"opml", b"svg"):
        return ""
    if name == b"channel" and (has_entries or feed):
        return "rss11" if b"http://purl.org/net/rss1.1#" in head else "cdf"
    return "rss" if has_entries else ""


def _faulted(document: Document, found: Any, count: int) -> Document:
    """The document with its fault: what the XML parser said, or that there was too much."""
    error = found.get("bozo_exception") if found.get("bozo") else None
    broken = error is not None and not isinstance(
        error, encodings.NonXMLContentType | encodings.CharacterEncodingOverride
    )
    fault = collapse(str(error))[:300] if broken else None
    if count > MAX_ENTRIES:
        fault = f"{count} entries, of which {MAX_ENTRIES} were read"
    return replace(document, wellformed=not broken, fault=fault) if fault or broken else document


@dataclass(slots=True)
class _Scribe:
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
            comments=self._url(entry.get("comments"), base),
            origin=self._origin(entry),
            original_link=self._url(entry.get("feedburner_origlink"), base),
            extra=self._extra(entry, base),
            truncated=cut_summary or cut_content,
        )

    # --- texts --------------------------------------------------------------------------

    def _markup(self, detail: Any) -> Markup:
        return Markup(
            str(detail.get("value") or ""),
            str(detail.get("type") or "text/html"),
            str(detail.get("base") or self.url),
        )

    def _line(self, where: Any, key: str) -> str:
        detail = where.get(f"{key}_detail")
        if detail is not None and detail.get("value"):
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
        detail = entry.get(f"{key}_detail")
        return self._markup(detail) if detail is not None and detail.get("value") else None

    def _content(self, entry: Any) -> Markup | None:
        """The first content that is text; not a PDF in base64, nor one that lies elsewhere."""
        for detail in entry.get("content") or ():
            kind = str(detail.get("type") or "text/html")
            if detail.get("value") and (kind.startswith("text/") or kind.endswith("xml")):
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
        for detail in (*(entry.get("content") or ()), entry.get("summary_detail"),
                       entry.get("title_detail")):  # fmt: skip
            if detail and detail.get("language"):
                return str(detail["language"])[:64]
        return None

    # --- links --------------------------------------------------------------------------

    def _base(self, where: Any) -> str:
        """xml:base of an element; feedparser gives it with each text in it."""
        for detail in (where.get("title_detail"), where.get("summary_detail"),
                       *(where.get("content") or ())):  # fmt: skip
            if detail and detail.get("base"):
                return str(detail["base"])
        return self.url

    def _url(self, value: Any, base: str | None = None) -> str | None:
        return self.wash.url(value, base or self.url) if isinstance(value, str) else None

    def _rels(self, where: Any, rel: str) -> Iterator[str]:
        for link in (where.get("links") or ())[:MAX_LIST]:
            if rel in str(link.get("rel") or "").split() and (url := self._url(link.get("href"))):
                yield url

    def _rel(self, where: Any, rel: str) -> str | None:
        return next(self._rels(where, rel), None)

    def _link(self, where: Any) -> str | None:
        return self._url(where.get("link")) or self._rel(where, "alternate")

    def _image(self, where: Any) -> str | None:
        image = where.get("image")
        found = image.get("href") or image.get("url") if isinstance(image, dict) else None
        return self._url(found or where.get("logo") or where.get("icon"))

    def _enclosures(self, entry: Any, base: str) -> Iterator[Enclosure]:
        for link in (entry.get("links") or ())[:MAX_LIST]:
            if link.get("rel") == "enclosure" and (url := self._url(link.get("href"), base)):
                yield Enclosure(
                    url=url,
                    type=_text(link, "type"),
                    length=_whole(link.get("length")),
                    title=_text(link, "title"),
                )

    def _media(self, entry: Any, base: str) -> Iterator[Media]:
        for kind in ("content", "thumbnail"):
            for media in (entry.get(f"media_{kind}") or ())[:MAX_LIST]:
                if url := self._url(media.get("url"), base):
                    yield Media(
                        url=url,
                        kind=kind,
                        type=_text(media, "type"),
                        medium=_text(media, "medium"),
                        width=_whole(media.get("width")),
                        height=_whole(media.get("height")),
                        duration=_seconds(media.get("duration")),
                        length=_whole(media.get("filesize")),
                    )

    def _extra(self, entry: Any, base: str) -> dict[str, str]:
        """Podcast and geo elements by prefixed name. An element with attributes gives its URL."""
        extra: dict[str, str] = {}
        for key in sorted(entry):
            if not (name := _PODCAST.match(key)):
                continue
            value = dict.get(entry, key)
            if isinstance(value, dict):
                value = self._url(value.get("href") or value.get("url"), base)
            elif isinstance(value, bool):
                value = "true" if value else "false"
            if isinstance(value, str) and (text := collapse(xml_safe(value[:MAX_GUID]))):
                name_text = f"{name[1]}:{name[2]}"
                extra[_NAMES.get(name_text, name_text)] = text
        image = entry.get("image")
        if isinstance(image, dict) and (url := self._url(image.get("href"), base)):
            extra["itunes:image"] = url
        return extra | _place(entry)

    # --- people and origins -------------------------------------------------------------

    def _people(self, where: Any, key: str) -> tuple[Person, ...]:
        people = [
            Person(
                name=_text(person, "name") or "",
                uri=self._url(person.get("href")),
                email=_text(person, "email"),
            )
            for person in (where.get(key) or ())[:MAX_LIST]
        ]
        return tuple(dict.fromkeys(person for person in people if person != Person()))

    def _inherited(self, entry: Any) -> tuple[Person, ...]:
        """RFC 4287 §4.2.1: of an entry without authors it is its source's, then its feed's. A
        managingEditor writes no items."""
        if not self.version.startswith("atom"):
            return ()
        source = entry.get("source")
        own = self._people(source, "authors") if isinstance(source, dict) else ()
        return own or self.feed_authors

    def _origin(self, entry: Any) -> Origin | None:
        source = entry.get("source")
        if not isinstance(source, dict) or not source:
            return None
        origin = Origin(
            id=_text(source, "id"),
            title=self._line(source, "title") or None,
            link=self._link(source),
            feed_url=self._rel(source, "self") or self._url(dict.get(source, "href")),
            updated=parse_date(_text(source, "updated")),
        )
        return origin if origin != Origin() else None


# --- scalars ----------------------------------------------------------------------------


def _text(where: Any, key: str) -> str | None:
    """A short text of the element, or None. `key in` avoids feedparser's fallback for updated."""
    value = where.get(key) if key in where else None
    text = collapse(xml_safe(value[:MAX_GUID])) if isinstance(value, str) else ""
    return text or None


def _terms(where: Any) -> tuple[Term, ...]:
    terms = []
    for tag in (where.get("tags") or ())[:MAX_LIST]:
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
    where = entry.get("where")
    if isinstance(where, dict) and where.get("type") == "Point":
        longitude, latitude = where["coordinates"][:2]
        place["georss:point"] = f"{latitude:g} {longitude:g}"
    return place

"""What one document of a source says: RFC 4287, RSS 2.0, JSON Feed 1.1, as one shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An author or contributor (RFC 4287 §3.2)."""

    name: str = ""
    uri: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A category term as the publisher gave it (RFC 4287 §4.2.2)."""

    term: str
    scheme: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """An attachment; `length` in bytes, None when unknown."""

    url: str
    type: str | None = None
    length: int | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One Media RSS content or thumbnail; `duration` in seconds."""

    url: str
    kind: str = "content"  # content | thumbnail
    type: str | None = None
    medium: str | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    length: int | None = None
    title: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a republished entry says it comes from: atom:source, RSS source."""

    id: str | None = None
    title: str | None = None
    link: str | None = None
    feed_url: str | None = None
    updated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item as it stood in one source's document.

    `title` and `rights` are plain text; `summary` and `content` are cleaned HTML with absolute
    links. `guid` is the publisher's raw text, trimmed (never resolved against a base). The
    dates are what could be read of the document (None: missing or unreadable), the texts
    beside them what stood there; the first-seen rule is the Article's.
    """

    guid: str | None = None
    link: str | None = None
    title: str = ""
    summary: str | None = None
    content: str | None = None
    authors: tuple[Person, ...] = ()
    contributors: tuple[Person, ...] = ()
    terms: tuple[Term, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    published_text: str | None = None
    updated_text: str | None = None
    enclosures: tuple[Enclosure, ...] = ()
    media: tuple[Media, ...] = ()
    image: str | None = None
    rights: str | None = None
    license: str | None = None
    language: str | None = None
    comments: str | None = None
    origin: Origin | None = None
    original_link: str | None = None
    """feedburner:origLink or a JSON Feed external_url: the same thing elsewhere."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Podcast and geo elements by prefixed name ("itunes:duration"), as text."""
    truncated: bool = False
    """True when the HTML was over the limit per item and was cut at a clean place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What a document says about polling it. They lengthen an interval, never shorten it (E24)."""

    ttl: float | None = None
    skip_hours: tuple[int, ...] = ()
    """Hours of the day, 0-23, UTC."""
    skip_days: tuple[int, ...] = ()
    """Days of the week, Monday = 0, UTC."""
    update_every: float | None = None
    """sy:updatePeriod / sy:updateFrequency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownItems:
    """What a source's last document showed, for a reading that leaves it out."""

    frame: bytes
    """`Document.frame` of that document."""
    digests: frozenset[bytes]
    """`Shown.digest` of those that need not be read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One entry's place in a document, whether it was read or known before."""

    digest: bytes
    """8 bytes over all that its reading depends on but the frame."""
    guid: str | None = None
    read: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What one response said. `format` as feedparser names it ("rss20", "atom10"), or "json11"."""

    format: str
    title: str = ""
    subtitle: str = ""
    link: str | None = None
    language: str | None = None
    rights: str | None = None
    image: str | None = None
    authors: tuple[Person, ...] = ()
    id: str | None = None
    self_link: str | None = None
    hubs: tuple[str, ...] = ()
    older: str | None = None
    """RFC 5005 prev-archive or next, JSON Feed next_url."""
    hints: Hints = Hints()
    terms: tuple[Term, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    generator: str | None = None
    entries: tuple[Entry, ...] = ()
    """Those that were read: all, unless the reader was told of known ones."""
    shown: tuple[Shown, ...] = ()
    """All in document order; each that was `read` is the next of `entries`. Empty where the places
    can't be told: then all were read."""
    frame: bytes = b""
    """8 bytes over what the entries take from the document around them."""
    wellformed: bool = True
    fault: str | None = None
    """What was wrong with a document that could be read all the same."""

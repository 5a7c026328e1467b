"""Stories, and what is published of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from feeds.models.articles import Article, SourceInfo
from feeds.models.sources import Category


class EventKind(StrEnum):
    ENTER = "enter"
    UPDATE = "update"
    LEAVE = "leave"
    TAKEDOWN = "takedown"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryChange:
    """A story that linking touched, as selecting wants it. `change` grows with each touch."""

    story_id: int
    change: int
    lead_id: int
    revision: int
    """Of the lead article, as are `published`, `updated`, `words`."""
    published: datetime
    updated: datetime
    words: int
    best_id: int
    """Who would lead, were it published now."""
    best_revision: int
    best_words: int
    first_seen: datetime
    """Of its first article."""
    backlog: int = 0
    """0, or its place among what its source showed first, newest 1."""
    twin_id: int | None = None
    """The older published story that tells the same: this one stands as it stood."""
    gone: EventKind | None = None
    """None of its articles is left; what its feeds are to say of that."""
    source_ids: tuple[int, ...] = ()
    """Of all its articles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a feed's log, never rewritten; the store gives it the next sequence number."""

    story_id: int
    kind: EventKind
    article_id: int
    """Through which the feed shows the story."""
    revision: int
    """Of that article."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A story as a feed's log has it."""

    article_id: int
    """Through which the feed shows it."""
    revision: int
    """Of that, in the log."""
    current: int
    """Of that, as it stands."""
    words: int
    there: bool = True
    """False once it was taken away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """One published feed as the store knows it."""

    slug: str
    cursor: int
    """The last StoryChange.change that its log has taken in."""
    members: bytes
    """Digest of the definition that the log follows (which sources)."""
    seq: int
    """Of its newest event; 0 for an empty log."""
    updated: datetime
    """Of its newest event, or when it was configured (never goes back)."""
    rendered: bytes
    """Digest of what was last rendered (log position, titles, limits, program version)."""
    rendered_seq: int = 0
    sealed: int = 0
    """Archives of its log that are sealed: all of ARCHIVE events each."""
    named: str = ""
    """Its first slug, which names it for ever (P14)."""


ARCHIVE = 100
"""Events of a feed's log in one archive (P30)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The same story at another source."""

    source: SourceInfo
    link: str | None
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """A story in a feed: its placement, its lead article, and who else carried it."""

    seq: int
    """Its placement: the feed's sequence number when it entered."""
    story_id: int
    published_id: str
    entered_at: datetime
    article: Article
    source: SourceInfo
    event: int = 0
    """The newest event of the feed's log that tells of it."""
    also: tuple[Sighting, ...] = ()
    """One for each other source, in the order in which they came to carry it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """A story that was taken down (RFC 6721)."""

    story_id: int
    published_id: str
    event: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """One document of a feed, in all its formats: the one that subscribers come back to, or an
    archive of its log (RFC 5005 §4)."""

    category: Category
    updated: datetime
    items: tuple[FeedItem, ...] = ()
    """Newest placement first."""
    deleted: tuple[Deletion, ...] = ()
    """Newest first."""
    archive: int | None = None
    """Its number; None: the document that subscribers come back to."""
    older: int | None = None
    """The archive before it."""
    named: str = ""
    """The first slug of the feed, when that was another; by it the feed has its id (P14)."""

    @property
    def pushed(self) -> bool:
        """Whether hubs tell of it: of what has tokens they must not know (P39)."""
        return self.archive is None and not self.category.private

    @property
    def name(self) -> str:
        return self.named or self.category.slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """An article that no feed shows, since a document with it would break a rule (P38); until it
    is edited."""

    article_id: int
    revision: int
    rule: str
    """Of PUBLISHING.md: "P3"."""
    fault: str
    at: datetime | None = None
    """Since when; None: now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedFile:
    """Bytes for the outlet. `path` is relative; `modified` becomes Last-Modified (P6)."""

    path: str
    body: bytes
    media_type: str
    modified: datetime

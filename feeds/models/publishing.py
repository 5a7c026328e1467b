"""Stories, and what is published of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from feeds.models.articles import Article, Key, SourceInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlinked:
    """An article that linking has not seen yet (or whose text changed), with its keys."""

    article: Article
    keys: tuple[Key, ...]
    source_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Linking's decision on one article: a story of its own (`story_id` None), or an older one's.

    `published_id` is the public id of a story of its own; the store keeps it only while no
    other story has it, and else takes `fallback_id` (P13).
    """

    article_id: int
    story_id: int | None
    published_id: str
    fallback_id: str
    leads: bool = False
    """Whether the article is to lead the older story from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryChange:
    """A story that linking touched, as selecting wants it. `change` grows with each touch."""

    story_id: int
    change: int
    lead_id: int
    revision: int
    """Of the lead article."""
    published: datetime
    updated: datetime
    source_ids: tuple[int, ...]
    """Of all its articles."""


class EventKind(StrEnum):
    ENTER = "enter"
    UPDATE = "update"
    LEAVE = "leave"
    TAKEDOWN = "takedown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a feed's log, never rewritten; the store gives it the next sequence number."""

    story_id: int
    kind: EventKind
    revision: int


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
    also: tuple[SourceInfo, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedFile:
    """Bytes for the outlet. `path` is relative; `modified` becomes Last-Modified (P6)."""

    path: str
    body: bytes
    media_type: str
    modified: datetime

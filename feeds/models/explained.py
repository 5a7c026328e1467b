"""What can be said of one article."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from feeds.models.articles import Article, Held, Key, Rebinding
from feeds.models.publishing import EventKind
from feeds.models.stories import Edge, Ruling, StoryState


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """An event of a feed's log that speaks of the article's story."""

    slug: str
    seq: int
    kind: EventKind
    article_id: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFacts:
    article: Article
    """Its entry as it stands; empty when it was taken away."""
    source_url: str
    keys: tuple[Key, ...]
    held: Held
    backlog: int
    linked: bool
    shown: bool | None
    """Whether its source's last document shows it; None: not known."""
    words: int
    story: StoryState | None
    published_id: str | None
    members: tuple[int, ...]
    """All articles of its story, by id."""
    twins: Mapping[int, tuple[int, ...]]
    """The published stories that tell the same, by number: their articles."""
    edges: tuple[Edge, ...]
    rulings: tuple[Ruling, ...]
    rebindings: tuple[Rebinding, ...]
    appearances: tuple[Appearance, ...]
    """Oldest first."""
    placed: tuple[str, ...]
    """Slugs of the feeds that its story is in now."""
    barred: str | None
    """What the operator took down for ever, if that is it."""

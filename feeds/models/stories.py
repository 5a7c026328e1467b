"""Which articles tell one story: what ties them, what the operator ruled, what linking decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from feeds.models.articles import Article, Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlinked:
    """An article with its keys. `article.entry` is that of its first revision, by which alone
    stories are told."""

    article: Article
    keys: tuple[Key, ...]
    source_url: str


class Tie(StrEnum):
    """Why two articles tell the same."""

    ID = "id"
    """the same guid of global form, by authority"""
    URL = "url"
    """the same canonical URL, by authority"""
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Two articles that tell the same; `low` is the smaller id. `contained`, of text: the part of
    the shorter that stands in the longer; `common`: so many words."""

    low: int
    high: int
    tie: Tie
    contained: float = 0.0
    common: int = 0
    version: int = 1
    """Of the rules by which they were compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The operator's word on two articles: one story, or not."""

    low: int
    high: int
    together: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Where a text's likes are found: its keys, until when they are kept, how long it is."""

    article_id: int
    source_id: int
    keys: tuple[int, ...]
    """But for those that tell nothing, since many texts have them."""
    size: int
    """How many there are with these."""
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """The texts that have one of some keys."""

    holders: dict[int, list[tuple[int, int]]]
    """Of each key that any has: (article, source)."""
    sizes: dict[int, int]
    """Of each article how many keys its text has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An article as partitioning and the choice of a lead see it."""

    id: int
    source_id: int
    source_url: str
    link: str | None
    guid: str | None
    origin: str | None
    """Feed or site that the entry says it comes from."""
    key: bytes
    """Digest of its guid, or of what stands for one."""
    published: datetime
    first_seen: datetime
    words: int
    story_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryState:
    id: int
    lead_id: int
    opened: bool
    """It was published: what it is, it remains."""
    twin_id: int | None = None
    """The older story that tells the same; this one stands where it stood, and takes on nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knot:
    """Articles that hang together by edges and rulings, with the stories they have."""

    members: tuple[Member, ...]
    edges: tuple[Edge, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    stories: tuple[StoryState, ...] = ()
    crowded: bool = False
    """So many that only ids and URLs tie them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryPlan:
    """What becomes of one story. `story_id` None: a new one.

    `published_id` is its public id as long as it is not published; the store keeps it only while
    no other story has it, and else takes `fallback_id` (P13).
    """

    story_id: int | None
    members: tuple[int, ...]
    """Articles that come to it."""
    lead_id: int
    best_id: int
    """Who would lead it, were it published now."""
    published_id: str
    fallback_id: str
    opened: bool = False
    """As the decision took it."""
    twins: tuple[int, ...] = ()
    """Published stories that tell the same."""
    freed: bool = False
    """It is no twin of an older one any more: it takes on what comes again."""
    emptied: tuple[int, ...] = ()
    """Unpublished ones that lose all their articles to it."""

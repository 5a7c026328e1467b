"""What is stored of an entry, and by which keys it is known again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from feeds.models.documents import Entry


class KeyKind(IntEnum):
    """What an identity key was made of."""

    GUID = 1
    URL = 2
    GUID_AND_URL = 3
    DIGEST = 4


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Key:
    """One way to recognise an article: 16 bytes of BLAKE2b over its kind and normalised text.

    Not salted by source: equal GUID keys in two sources are the same guid. `shared` tells that
    the text is of global form (tag:, urn:, http), so that the key may speak across sources.
    """

    kind: KeyKind
    digest: bytes
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knows of an article of this source that shares a key with an entry."""

    article_id: int
    keys: tuple[Key, ...]
    """All its keys."""
    content_digest: bytes
    published: datetime
    updated: datetime
    first_seen: datetime
    revision: int


class Held(IntEnum):
    """How an article stands; `article.standing` in the store."""

    NO = 0
    FLOOD = 1
    """held back by the flood guard, until the operator decides"""
    REMOVED = 2
    """taken away (retention, `discard`, a takedown): only its keys are left"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long, and how many, of a source's articles are kept; None: without end."""

    source_id: int
    max_age: timedelta | None = None
    max_articles: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A known article with its entry as it stands."""

    known: Known
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArticle:
    """An entry that is no known article. Dates have been through the first-seen rule."""

    entry: Entry
    keys: tuple[Key, ...]
    content_digest: bytes
    published: datetime
    updated: datetime
    first_seen: datetime
    backlog: int = 0
    """Its place among what its source showed first, newest 1; 0 for all that came later."""
    held: Held = Held.NO


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedArticle:
    """An edit of a known article. `keys` are all its keys as of now; those unknown are added."""

    article_id: int
    entry: Entry
    keys: tuple[Key, ...]
    content_digest: bytes
    published: datetime
    updated: datetime
    significant: bool = True
    """False: the entry is kept as it now is, and counts as no new revision."""
    rule: str | None = None
    """By what it was known again, where its own keys are new."""
    was: str | None = None
    """Its guid before, where that was another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """An article as it stood from `at` on. `minor`: it says nothing new."""

    number: int
    at: datetime
    entry: Entry
    minor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebinding:
    """An article was known again by another mark than its keys. `before`, `after`: its guids."""

    at: datetime
    rule: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """A source as the published feeds name it."""

    id: int
    url: str
    """The feed's public address; "" for a source whose URL is a secret or a local file."""
    title: str
    link: str | None = None
    updated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """The stored, deduplicated unit of one source, always. It has an Entry."""

    id: int
    source_id: int
    story_id: int | None
    """None between recording and linking."""
    entry: Entry
    published: datetime
    updated: datetime
    first_seen: datetime
    revision: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which articles are meant; None: all."""

    source_id: int | None = None
    feed: str | None = None
    """Of stories that stand in that feed."""
    before: datetime | None = None
    """Published before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An article of a list, and how it stands."""

    article: Article
    """Its entry is empty when it was taken away."""
    held: Held = Held.NO
    barred: bool = False
    """It was taken down for ever."""

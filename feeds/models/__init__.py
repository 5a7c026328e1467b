"""The nouns: frozen values, every datetime aware UTC, every duration seconds.

One field list per thing: an Article *has* an Entry, a FeedItem *has* an Article. The values
are plain data (msgspec can encode each of them), so they cross process boundaries and sit in
the database without a second description.
"""

from __future__ import annotations

from feeds.models.articles import (
    Article,
    ChangedArticle,
    Key,
    KeyKind,
    Known,
    NewArticle,
    SourceInfo,
)
from feeds.models.documents import (
    Document,
    Enclosure,
    Entry,
    Hints,
    KnownItems,
    Media,
    Origin,
    Person,
    Shown,
    Term,
)
from feeds.models.hubs import (
    Delivery,
    Receipt,
    Standing,
    Subscription,
)
from feeds.models.polls import (
    AddressChange,
    Failure,
    FeedFacts,
    Hop,
    LedgerRow,
    Outcome,
    Poll,
    Recorded,
    Schedule,
)
from feeds.models.publishing import (
    Event,
    EventKind,
    FeedItem,
    FeedState,
    Link,
    RenderedFile,
    StoryChange,
    Unlinked,
)
from feeds.models.sources import (
    Category,
    Claim,
    Move,
    Source,
    SourceState,
    Status,
    Turn,
    Turned,
    Validators,
)

__all__ = [
    "AddressChange",
    "Article",
    "Category",
    "ChangedArticle",
    "Claim",
    "Delivery",
    "Document",
    "Enclosure",
    "Entry",
    "Event",
    "EventKind",
    "Failure",
    "FeedFacts",
    "FeedItem",
    "FeedState",
    "Hints",
    "Hop",
    "Key",
    "KeyKind",
    "Known",
    "KnownItems",
    "LedgerRow",
    "Link",
    "Media",
    "Move",
    "NewArticle",
    "Origin",
    "Outcome",
    "Person",
    "Poll",
    "Receipt",
    "Recorded",
    "RenderedFile",
    "Schedule",
    "Shown",
    "Source",
    "SourceInfo",
    "SourceState",
    "Standing",
    "Status",
    "StoryChange",
    "Subscription",
    "Term",
    "Turn",
    "Turned",
    "Unlinked",
    "Validators",
]

"""The seams, on one page. Read this first.

    config.wiring hands these to the rooms; the rooms know nothing else of each other.

    fetch ─▶ read ─▶ identify ─▶ schedule ─▶ record        aggregator (PollStore, LinkStore)
                                                │
                                   link ─▶ place ─▶ render ─▶ put ─▶ notify    publisher (FeedStore)

Threads: every method may be called from any thread, unless it says otherwise. Order: lists
come in the order that the docstring names. Errors: those of feeds.errors, nothing else.
A seam with one verb is a callable.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from feeds.models import (
    Article,
    Category,
    Claim,
    Deletion,
    Delivery,
    Document,
    Edge,
    Entry,
    Event,
    FeedItem,
    FeedPage,
    FeedState,
    Hop,
    Knot,
    Known,
    KnownItems,
    LedgerRow,
    Placed,
    Poll,
    Quarantined,
    Receipt,
    Recorded,
    RenderedFile,
    Schedule,
    Source,
    SourceInfo,
    SourceState,
    StoryChange,
    StoryPlan,
    Subscriber,
    Subscription,
    Traced,
    Traces,
    Turn,
    Turned,
    Unlinked,
    Validators,
)

Now = Callable[[], datetime]
"""The time as an aware UTC datetime. Handed in, so that tests and simulations drive it."""


# --- Inward -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One conditional GET. `timeout`: seconds, redirects included; `max_body`: decoded bytes."""

    url: str
    validators: Validators | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: tuple[str, str] | None = None
    user_agent: str | None = None
    proxy: str | None = None
    timeout: float = 30.0
    max_body: int = 10_000_000
    allow_private: bool | tuple[str, ...] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A success: 200, 226 or 304 (then `body` is empty). Everything else is a FetchError.

    `headers` names are lower case, repeated ones joined by ", ". `hops` are all requests made,
    the last one included. `bytes_received` counts the body on the wire.
    """

    status: int
    url: str
    hops: tuple[Hop, ...]
    headers: Mapping[str, str]
    body: bytes
    validators: Validators
    bytes_received: int


Pace = Callable[[str, str, float], AbstractContextManager[None]]
"""(URL that a poll or errand had its turn for, URL that a redirect leads to, seconds left): the
right to make that further request. Raises HostBusy."""


class Fetcher(Protocol):
    def fetch(self, request: Request) -> Response:
        """Fetch one document within `request.timeout`. Raises FetchError. Thread-safe."""


ReadDocument = Callable[[bytes, str, str | None, KnownItems | None], Document]
"""(body, URL it came from, Content-Type, what need not be read) → Document. Raises ReadError;
never hangs."""


Reschedule = Callable[[SourceState, float | None], Schedule]
"""(a source as its last poll left it, its `every` as now configured) → when next. Pure."""


class PollStore(Protocol):
    """What polling needs of the store."""

    def now(self) -> datetime:
        """The database's clock: the only one for due times and claims."""

    def sync_sources(
        self,
        sources: Iterable[Source],
        reschedule: Reschedule | None = None,
        *,
        wait: timedelta = timedelta(),
    ) -> None:
        """Make the store know just these: new ones are due after `wait` (spread by the schedule),
        gone ones become inactive and keep their articles, known ones keep their due time (E15), but
        for those whose `every` is not the one it was decided by: these are rescheduled."""

    def claim_due(
        self, limit: int, ttl: timedelta, *, urls: Collection[str] | None = None
    ) -> list[Claim]:
        """Claim up to `limit` due sources, most overdue first, together with their host's lease:
        while one is held, or the host's delay has not passed, no other of that host is claimed."""

    def claim_one(self, url: str, ttl: timedelta) -> Claim | None:
        """Claim this source for a document that is in hand: whether it is due or not, and without
        its host's lease, since nothing is requested. None while another has it."""

    def make_due(self, urls: Collection[str] | None = None, *, fresh: bool = False) -> int:
        """Make these (None: all active) sources due now, but for those told to wait by
        Retry-After, and retired ones unless they are named; `fresh` also forgets validators and
        body digest. Returns how many."""

    def due(self, urls: Collection[str] | None = None) -> set[str]:
        """Which active sources (of these) are due now; retired ones only where they are named.
        Whether their hosts may be asked is another matter."""

    def next_claimable(self, urls: Collection[str] | None = None) -> datetime | None:
        """When claim_due could next give something; None when nothing is scheduled at all."""

    def turn_back(self, ttl: timedelta) -> Turned | None:
        """Should the clock have been set back, move what was planned by it before to today's
        time, and say what; else None. `ttl`: of claims. To be asked every few seconds."""

    def turn_on(self, turned: Turned) -> int:
        """The clock was set right again: plans are as before they were moved, but for sources that
        were polled since. How many."""

    def known(self, source_id: int, digests: Collection[bytes]) -> list[Known]:
        """The articles of this source that have one of these keys."""

    def seen(self, source_id: int) -> bytes:
        """`Poll.seen` of the last poll that had any; empty without."""

    def record(self, polls: Sequence[Poll]) -> list[Recorded]:
        """Write each poll, whole or not at all, fenced by its claim; releases claim and host lease.
        One transaction for all; should that fail, each gets its own."""

    def release(self, claims: Sequence[Claim]) -> None:
        """Give claims back unpolled; the sources stay due."""

    def sources(self) -> list[SourceState]:
        """All active sources, in the order of their configuration."""

    def ledger(self, source_id: int, limit: int = 200) -> list[LedgerRow]:
        """Newest first."""


class TurnStore(Protocol):
    """What errands need of the store: the host's budget, shared with polls (E29)."""

    def turn(self, url: str, ttl: timedelta) -> Turn | datetime:
        """The right to make one request to that URL's host now, for `ttl` at the most; or when to
        ask again."""

    def end_turn(self, turn: Turn) -> None:
        """The request has ended: the host's delay starts."""


Order = tuple[datetime, str, bytes, int]
"""(published, URL of its source, digest of its guid, id): the order in which articles part into
stories."""


class LinkStore(Protocol):
    """What linking articles to stories needs of the store."""

    def unlinked(self, limit: int) -> list[Unlinked]:
        """Articles not linked yet, oldest id first. Their revisions count as touched stories."""

    def sharing(self, digests: Collection[bytes]) -> list[tuple[bytes, int, int]]:
        """(digest, article id, source id) of linked articles that have one of these shared keys."""

    def traced(self, keys: Collection[int]) -> Traced:
        """Whose text has one of these keys, and is kept yet; keys that none has are left out."""

    def orders(self, ids: Collection[int]) -> dict[int, Order]:
        """By id; none of what is held or was taken away."""

    def firsts(self, ids: Collection[int]) -> list[Unlinked]:
        """These articles with the entry of their first revision, by id."""

    def tie(self, edges: Sequence[Edge], traces: Sequence[Traces]) -> None:
        """Keep what ties articles, and where their texts are found; again is harmless."""

    def edges(self, ids: Collection[int]) -> list[Edge]:
        """Those at one of these articles."""

    def knots(self, ids: Collection[int]) -> list[Knot]:
        """What hangs together with these articles, each knot once; none for those that stand
        alone."""

    def link(
        self, plans: Sequence[StoryPlan], ids: Collection[int], words: Mapping[int, int]
    ) -> None:
        """Carry out the plans and mark these articles as linked (serial: under `serial("link")`),
        but for those whose story was published since the plan was made. Touches their stories.
        `words`: how many words the text of a new article has, by id."""

    def forget_traces(self) -> None:
        """Of texts of which no copy is to come any more."""

    def serial(self, name: str) -> AbstractContextManager[bool]:
        """A named right that one worker holds at a time, until its block, or its process, ends;
        False when another has it."""


class Dispatcher(Protocol):
    """Runs polls somewhere: inline, in threads, later through a queue."""

    def dispatch(self, claims: Sequence[Claim]) -> None:
        """Take these on; returns at once unless it has to run them itself."""

    def room(self) -> int:
        """How many more claims keep it busy; 0 when it has enough."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until a poll ended (True) or the time is over (False); False at once when idle."""

    def drain(self) -> None:
        """Wait for all, and write what they left."""

    def close(self, timeout: float) -> None:
        """Stop taking on, give back what has not begun; wait up to `timeout` seconds for the rest,
        then give that back too."""


# --- WebSub, both of its halves: what we ask of hubs, and what they bring ---------------


class CallbackStore(Protocol):
    """What answering hubs needs of the store; from another process than all the rest."""

    def now(self) -> datetime:
        """As in PollStore."""

    def subscription(self, token: str) -> Subscription | None:
        """By the unguessable end of its callback."""

    def amend(self, before: Subscription, after: Subscription | None) -> bool:
        """Put `after` in its place (None: nothing), and tell the source whether it is pushed.
        False, and nothing is written, when it is no longer as `before`."""

    def put_delivery(
        self, subscription: Subscription, content_type: str | None, body: bytes
    ) -> Receipt:
        """Keep it for the engine, unless it came before (in the last 128) or too much waits."""


class HubStore(CallbackStore, Protocol):
    """What subscribing, and reading deliveries, needs of the store."""

    def unsubscribed(self, limit: int) -> list[SourceState]:
        """Sources that are polled, name a hub and have no subscription, least id first."""

    def subscribe(self, subscription: Subscription) -> None:
        """Begin one; nothing happens when its source has one."""

    def strays(self, base: str, limit: int) -> list[Subscription]:
        """Those, not ending yet, whose source is no longer polled, names another hub or topic, or
        whose callback does not begin with `base`."""

    def due_subscriptions(self, limit: int) -> list[Subscription]:
        """Those whose hub is to be asked now, most overdue first, one of each hub."""

    def rest_hub(self, hub: str, until: datetime) -> None:
        """Ask this hub nothing before that."""

    def push_early(self, limit: int, net: timedelta) -> list[SourceState]:
        """Pushed ones that are due before their lease ends and before so long after the last poll:
        that was planned before a hub had verified. None that is polled, forced or in trouble."""

    def plan_push(self, state: SourceState, schedule: Schedule) -> None:
        """It is due then, if that is later; nothing happens when it was polled since `state`."""

    def push_over(self, limit: int) -> list[SourceState]:
        """Sources whose lease has ended without end_push; their subscriptions count as lapsed."""

    def end_push(self, source_id: int, due: datetime) -> None:
        """It is polled as any other again: at `due`, if that is before what it has."""

    def forget_subscriptions(self) -> None:
        """All of them, and what they brought, at once; every push is over."""

    def deliveries(self, limit: int, skip: Collection[int] = ()) -> list[Delivery]:
        """The oldest that waits, of each source but these ids."""

    def done(self, delivery: Delivery) -> None:
        """It has been read, or never will be."""


class Callbacks(Protocol):
    """The subscriber's end as the web server sees it. Blocking; from any thread. Raises
    StoreError."""

    @property
    def max_body(self) -> int:
        """Of a delivery, bytes."""

    def known(self, token: str) -> bool:
        """Whether anything is to be heard at this callback: else nothing is read of it."""

    def verify(self, token: str, query: Mapping[str, str]) -> tuple[int, str]:
        """(status, body) for a hub's GET (WebSub §5.3)."""

    def deliver(self, token: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status for a hub's POST (§7). `headers`: names in lower case."""


# --- Outward ----------------------------------------------------------------------------


class FeedStore(Protocol):
    """What publishing needs of the store."""

    def serial(self, name: str) -> AbstractContextManager[bool]:
        """As in LinkStore."""

    def sync_feeds(self, categories: Sequence[Category]) -> None:
        """Make the store know just these feeds; "updated" of a new one is now. What a category was
        called before goes on under its new slug."""

    def feeds(self) -> list[FeedState]:
        """All configured feeds, by slug."""

    def changed_stories(self, after: int, limit: int) -> list[StoryChange]:
        """Stories touched after that change, in the order of their change."""

    def last_change(self) -> int:
        """The newest StoryChange.change; 0 when there is none."""

    def recent_stories(self, source_ids: Collection[int] | None, limit: int) -> list[StoryChange]:
        """The newest stories (by published) that an article of these sources (None: of any)
        belongs to, oldest change first."""

    def now(self) -> datetime:
        """As in PollStore."""

    def placements(self, slug: str, story_ids: Collection[int]) -> dict[int, Placed]:
        """By story id, those of them that are in the feed."""

    def placed_before(self, slug: str, when: datetime, limit: int) -> dict[int, Placed]:
        """By story id, those of the feed whose article was published before that, oldest first."""

    def entries(self, ids: Collection[int]) -> dict[int, tuple[Entry, SourceInfo]]:
        """Of these articles, by id, as they stand, with their sources."""

    def shown_sources(self, slug: str, limit: int) -> set[int]:
        """Through which sources the feed shows its newest `limit` stories."""

    def members(self, slug: str, limit: int) -> list[StoryChange]:
        """The newest `limit` stories of the feed by placement, as they stand, newest first."""

    def append(
        self, slug: str, events: Sequence[Event], *, cursor: int, members: bytes
    ) -> FeedState:
        """Write events to the feed's log, in order, and move its cursor; one transaction."""

    def window(self, slug: str, limit: int, since: int | None = None) -> list[FeedItem]:
        """The newest `limit` stories of the feed by placement, and those of which an event after
        `since` tells, newest placement first; none with a quarantined article."""

    def former_feeds(self) -> tuple[list[str], dict[str, str]]:
        """(slugs of feeds that are configured no more, former slug → the one of today)."""

    def told(
        self, slug: str, first: int, last: int
    ) -> tuple[datetime, list[FeedItem], list[Deletion]]:
        """(time of the last of these events, the stories that they brought or changed and that are
        there yet, those that were taken down since), newest event first. Raises LookupError for
        events that there are not."""

    def takedowns(
        self, slug: str, *, after: int = 0, since: datetime | None = None
    ) -> list[Deletion]:
        """Of the feed's log after that event, later than `since`; newest first."""

    def seal(self, slug: str, number: int, files: Sequence[RenderedFile]) -> None:
        """Keep the documents of an archive for ever; the feed has so many from now on."""

    def replace_archive(self, slug: str, number: int, files: Sequence[RenderedFile]) -> None:
        """A takedown is the one cause for which they change."""

    def archive_of(self, slug: str, number: int) -> list[tuple[str, bytes, str, datetime]]:
        """(name, bytes, media type, modified) of its documents; none for one that is gone."""

    def telling(self, slug: str, story_ids: Collection[int]) -> list[int]:
        """The numbers of the archives, sealed or not, that tell of these stories."""

    def set_apart(self, faults: Sequence[Quarantined]) -> None:
        """Keep these articles out of all feeds until they are edited (P38)."""

    def mark_rendered(self, slug: str, seq: int, digest: bytes) -> None:
        """Remember what the outlet holds."""

    def source_infos(self) -> list[SourceInfo]:
        """All active public sources, in the order of their configuration."""

    def articles(self, source_ids: Collection[int] | None, limit: int) -> list[Article]:
        """The newest stored articles, by published; None: of all sources."""


class SubscriberStore(Protocol):
    """What our own hub needs of the store."""

    def now(self) -> datetime:
        """As in PollStore."""

    def due_subscribers(self, limit: int, skip: Collection[int]) -> list[Subscriber]:
        """Those (but for these ids) that are to be asked or told now, longest due first. Leases
        that are over end here."""

    def tell_of(self, topics: Collection[str]) -> int:
        """There is something new of these documents: those who have them are due now."""

    def save_subscriber(
        self, before: Subscriber, after: Subscriber, next_at: datetime | None
    ) -> None:
        """How it stands now, and when it is due again (None: when there is something new)."""

    def end_subscriber(self, number: int) -> None:
        """Forget it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Any answer at all; of `body` the beginning."""

    status: int
    body: bytes = b""


Send = Callable[[str, str, Mapping[str, str], bytes | None], Answer]
"""(method, URL, headers, body) → answer: one request under the guard of addresses (E26), no
redirect followed. Raises FetchError."""


Renderer = Callable[[FeedPage], RenderedFile]
"""Stories → bytes: pure, and equal for equal arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A rule that a rendered document breaks. `item`: the id of what breaks it, as it stands in the
    document; None: the document itself."""

    rule: str
    text: str
    item: str | None = None


Gate = Callable[[RenderedFile], Sequence[Fault]]
"""Reads a document back and checks it, by code that shares nothing with the renderers (P38)."""


class Outlet(Protocol):
    def put(self, file: RenderedFile) -> bool:
        """Replace the file atomically; False when these very bytes were there already.
        Raises OutputError; the old bytes then stay."""

    def read(self, path: str) -> bytes | None:
        """What stands there; None for nothing."""

    def remove(self, path: str) -> None:
        """Take a file (and its compressed variants) away; nothing happens if it is not there."""


Notifier = Callable[[str], None]
"""Told the slug of a feed whose files have changed and are all in place."""

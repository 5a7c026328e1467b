"""The nouns: frozen values, every datetime aware UTC, every duration seconds.

One field list per thing: an Article *has* an Entry, a FeedItem *has* an Article. The values
are plain data (msgspec can encode each of them), so they cross process boundaries and sit in
the database without a second description.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

# --- What a source's document says -----------------------------------------------------


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
    wellformed: bool = True
    fault: str | None = None
    """What was wrong with a document that could be read all the same."""


# --- What is configured, and what is known of it ---------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A remote feed that we poll, or a local document, as configured.

    `url` is its identity (a `file` source has a file: URL). `headers` may hold secrets and are
    never stored, logged or shown. `allow_private` None: the global setting holds.
    """

    url: str
    categories: tuple[str, ...] = ()
    title: str | None = None
    every: float | None = None
    timeout: float | None = None
    paused: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: tuple[str, str] | None = None
    """User and password of HTTP basic authentication (RFC 7617)."""
    user_agent: str | None = None
    """Instead of Feedmill's own."""
    proxy: str | None = None
    """http://, https:// or socks5h://, with userinfo where it asks for it."""
    allow_private: bool | tuple[str, ...] | None = None
    secret_url: bool = False
    was: str | None = None
    """A former configured URL of this same source."""
    declared_at: str = ""
    """`file:line` of its declaration, for complaints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """The definition of what one published feed shows."""

    slug: str
    title: str
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """ETag and Last-Modified as received (RFC 9110 §8.8), sent only to an equal `url` (E20)."""

    url: str
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A permanent redirect that a source shows, before it is adopted (E21)."""

    to: str
    since: datetime
    seen: int = 1
    """Polls that were led there, in a row."""
    proven: bool = False
    """The document there shares ids or title with what the source showed before."""


class Status(StrEnum):
    """How a source stands."""

    NEW = "new"
    """never polled"""
    OK = "ok"
    FAILING = "failing"
    PAUSED = "paused"
    RETIRED = "retired"
    """gone (410, confirmed), or no longer configured"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What the database knows of a source: everything that the next poll decides on."""

    id: int
    url: str
    fetch_url: str
    """What is requested: `url`, or the address adopted after permanent redirects."""
    validators: Validators | None = None
    body_digest: bytes | None = None
    hints: Hints = Hints()
    title: str | None = None
    """The document's, whatever the operator calls it: a move is proven by it (E21)."""
    link: str | None = None
    hub: str | None = None
    self_link: str | None = None
    first_polled_at: datetime | None = None
    last_polled_at: datetime | None = None
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None
    next_due: datetime | None = None
    reason: str = ""
    """Why `next_due`: "interval", "max-age", "Retry-After" …"""
    not_before: datetime | None = None
    """Retry-After: even `--now` waits for it (E15)."""
    every: float | None = None
    """As configured when `next_due` was decided on."""
    fresh_until: datetime | None = None
    """What max-age or Expires of the last answer said."""
    rhythm: bytes | None = None
    """When its articles were published, packed by aggregator.cadence."""
    move: Move | None = None
    refused_move: str | None = None
    """An address that the operator sent it back from: never adopted again."""
    push_until: datetime | None = None
    """End of the lease of a verified WebSub subscription; None: there is none."""
    failures: int = 0
    """Polls failed in a row; 429 does not count (E13)."""
    failing_since: datetime | None = None
    error_kind: str | None = None
    error: str | None = None
    error_at: datetime | None = None
    error_count: int = 0
    gone_seen: bool = False
    retired: bool = False
    paused: bool = False
    active: bool = True
    """False when the configuration no longer has it."""
    article_count: int = 0

    @property
    def status(self) -> Status:
        if self.retired or not self.active:
            return Status.RETIRED
        if self.paused:
            return Status.PAUSED
        if self.error_kind is not None:
            return Status.FAILING
        return Status.OK if self.last_success_at else Status.NEW


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A worker's time-limited right to poll one source.

    `number` is a growing fencing number: a record under an older number is refused.
    """

    source_id: int
    number: int
    until: datetime
    state: SourceState
    forced: bool = False
    """Claimed by "poll now": interval and max-age were passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The right to make one request to a host that is no poll (E29); it counts like a claim."""

    id: int
    host: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """What was moved by `step` because the clock was set back: to be moved on again should the
    clock be set right. `due`: source id → when it is due now; `rests`: host → until when now."""

    step: timedelta
    due: Mapping[int, datetime] = field(default_factory=dict)
    rests: Mapping[str, datetime] = field(default_factory=dict)


# --- Articles ---------------------------------------------------------------------------


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
    """Those of its keys that were asked for."""
    content_digest: bytes
    published: datetime
    updated: datetime
    first_seen: datetime
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArticle:
    """An entry that is no known article. Dates have been through the first-seen rule."""

    entry: Entry
    keys: tuple[Key, ...]
    content_digest: bytes
    published: datetime
    updated: datetime
    first_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedArticle:
    """An edit of a known article. `keys` are all its keys as of now; those unknown are added."""

    article_id: int
    entry: Entry
    keys: tuple[Key, ...]
    content_digest: bytes
    published: datetime
    updated: datetime


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


# --- Polls ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One request of a fetch, and how it was answered."""

    url: str
    status: int


class Outcome(StrEnum):
    """How a poll ended."""

    NEW = "new"
    """the document held new or changed entries"""
    UNCHANGED = "unchanged"
    """read, and every entry was known"""
    SAME = "same"
    """200 with the bytes of last time: nothing was read"""
    NOT_MODIFIED = "not-modified"
    DEFERRED = "deferred"
    """a redirect led to a host that had no turn for us; tried again soon"""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When next, and why."""

    due: datetime
    reason: str
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFacts:
    """What the last readable document said of itself, kept with the source."""

    title: str = ""
    link: str | None = None
    hub: str | None = None
    self_link: str | None = None
    hints: Hints = Hints()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    kind: str
    """`PollError.kind`"""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """The intent of one poll: everything that it may write, written in one transaction."""

    claim: Claim
    started_at: datetime
    duration: float
    outcome: Outcome
    schedule: Schedule
    status: int | None = None
    """HTTP status of the last hop."""
    bytes_received: int = 0
    """On the wire, body only."""
    sent: Validators | None = None
    """The validators that went out."""
    validators: Validators | None = None
    """To be kept from now on; None leaves those that are there."""
    body_digest: bytes | None = None
    """None leaves what is there."""
    facts: FeedFacts | None = None
    """None leaves what is there."""
    new: tuple[NewArticle, ...] = ()
    changed: tuple[ChangedArticle, ...] = ()
    failure: Failure | None = None
    counts_as_failure: bool = False
    """False for 429 (E13)."""
    why: str | None = None
    """Why it was made, when not because it was due."""
    every: float | None = None
    """The operator's word that `schedule` followed."""
    fresh_until: datetime | None = None
    rhythm: bytes | None = None
    """None leaves what is there."""
    hops: tuple[Hop, ...] = ()
    """All requests of this poll that were answered."""
    move: Move | None = None
    """The permanent redirect as it stands after this poll; None: there is none."""
    adopt: str | None = None
    """The address to request from now on, instead of `fetch_url`."""
    adopt_why: str = ""
    gone: bool = False
    """410 answered; a second one in a row retires the source (E23)."""
    pushed: bool = False
    """Brought by a hub: its articles are written, and nothing else. The source was not asked, so
    that how it stands, and when it is due, stay as they are in the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What became of a Poll. `fenced`: the claim was no longer its own, nothing was written."""

    source_id: int
    new: int = 0
    changed: int = 0
    fenced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One request as the ledger keeps it."""

    at: datetime
    reason: str
    outcome: Outcome
    status: int | None
    duration: float
    bytes_received: int
    sent: Validators | None
    """As they went out; None: an unconditional request."""
    got: Validators | None
    """What there was to be kept; None: nothing."""
    hops: str
    """Statuses of the redirects before the last answer: "301 302"; "" without."""
    new: int
    changed: int
    error_kind: str | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChange:
    """A source's request address was changed: by an adopted redirect, or back by the operator."""

    at: datetime
    source_id: int
    before: str
    after: str
    why: str


# --- Stories ----------------------------------------------------------------------------


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


# --- WebSub -----------------------------------------------------------------------------


class Standing(StrEnum):
    """How a subscription stands at its hub."""

    PENDING = "pending"
    """asked for, or about to be; not verified"""
    VERIFIED = "verified"
    """until its lease ends; stays so while its renewal is under way"""
    LAPSED = "lapsed"
    """its lease ended before a renewal was verified; it is asked for again"""
    DENIED = "denied"
    FAILED = "failed"
    """the hub refused or did not answer; it is asked again, later and later"""
    ENDING = "ending"
    """no longer wanted: the hub is being told"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What we asked of a source's hub (WebSub §5). One for each source."""

    source_id: int
    base: str
    """The callback is `base` and `token`: base is the site's own address, token unguessable."""
    token: str
    secret: str
    hub: str
    topic: str
    state: Standing = Standing.PENDING
    asked_at: datetime | None = None
    """Of a request whose verification we wait for; None: there is none."""
    verified_at: datetime | None = None
    lease_until: datetime | None = None
    next_at: datetime | None = None
    """When to ask the hub (again); None: never."""
    tries: int = 0
    """Requests since the last verification."""
    error: str | None = None

    @property
    def callback(self) -> str:
        return self.base + self.token


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a hub brought, its signature checked."""

    id: int
    source_id: int
    url: str
    """The source's configured URL."""
    topic: str
    at: datetime
    content_type: str | None
    body: bytes


class Receipt(StrEnum):
    """What became of a signed delivery."""

    KEPT = "kept"
    REPLAYED = "replayed"
    """these very bytes came before"""
    FULL = "full"
    """too many wait to be read: the hub has to come again"""

"""What the operator configured, and what is known of each source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from feeds.models.documents import Hints
from feeds.models.views import Match


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
    guessed: str = ""
    """Why `was` is taken for that; "": the operator says so."""
    preference: int = 0
    """Whose copy leads a story that several carry: the highest."""
    max_age: float | None = None
    """Seconds for which its articles are kept; None: as its categories, or all sources, have it."""
    max_articles: int | None = None
    declared_at: str = ""
    """`file:line` of its declaration, for complaints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """The definition of what one published feed shows."""

    slug: str
    title: str
    limit: int = 100
    hold: float = 0.0
    """Seconds that a story waits for more copies before it enters."""
    upgrade: bool = False
    """Whether a much longer copy that comes later takes the place of what is shown."""
    also_line: bool = False
    """Whether the content ends with a line that names the other sources."""
    max_age: float | None = None
    """Seconds for which the articles of its sources are kept."""
    max_articles: int | None = None
    was: str | None = None
    """The slug that the feed had before."""
    view: bool = False
    """A choice of what other feeds have; no source names it as its category."""
    categories: tuple[str, ...] | None = None
    """Of a view: whose sources it shows; None with `sources` None: all that are not private."""
    sources: tuple[str, ...] | None = None
    """Of a view: which it shows, by URL."""
    match: Match | None = None
    """Only articles that this rule fits."""
    delay: float = 0.0
    """Seconds before a story enters."""
    excerpt: int | None = None
    """So many words of each article, 0: its headline; None: all of it."""
    images: bool = True
    private: bool = False
    """For whoever has a token; in nothing that is public."""
    shown_age: float | None = None
    """Seconds after its publication when a story leaves."""
    backlog: int = 5
    """Of what a new source shows first, so many enter as new where other sources' stories are."""


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
    public: bool = True
    """Whether its address may be shown, as it was configured last (E32)."""
    article_count: int = 0
    held: int = 0
    """New articles that the flood guard holds."""
    gap_since: datetime | None = None
    """Items that were published after that may have rolled off its document unseen."""

    @property
    def status(self) -> Status:
        return _status(self)

    @property
    def secret(self) -> bool:
        """Its address is a secret as a whole. That of a file, or one with a user in it, which is
        shown without, is not public either."""
        web = self.url.startswith(("http:", "https:"))
        return web and not self.public and "@" not in self.url


class Brief(NamedTuple):
    """What lists of all sources are made of. Times: microseconds since 1970."""

    id: int
    url: str
    fetch_url: str
    title: str | None
    paused: bool
    active: bool
    retired: bool
    error_kind: str | None
    failures: int
    failing_since: int | None
    error_at: int | None
    last_polled_at: int | None
    last_success_at: int | None
    last_new_at: int | None
    next_due: int | None
    claim_until: int | None
    rhythm: bytes | None
    article_count: int
    held: int

    @property
    def status(self) -> Status:
        return _status(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """All sources that are configured, counted."""

    states: Mapping[str, int]
    """By word: new, ok (also when quiet), waiting, failing, blocked, paused, retired."""
    polled: int
    """Those that were polled ever, and are not paused."""
    held: int
    """Articles that the flood guard holds."""
    oldest_due: datetime | None
    """Since when, or until when, the one that is due first of all is waiting."""


def _status(state: SourceState | Brief) -> Status:
    if state.retired or not state.active:
        return Status.RETIRED
    if state.paused:
        return Status.PAUSED
    if state.error_kind is not None:
        return Status.FAILING
    return Status.OK if state.last_success_at else Status.NEW


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

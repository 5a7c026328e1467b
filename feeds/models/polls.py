"""One poll of a source: what came, what follows from it, what is written down of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from feeds.models.articles import ChangedArticle, NewArticle
from feeds.models.documents import Hints
from feeds.models.sources import Claim, Move, Validators


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
class Gap:
    """Items of a source that may have rolled off unseen: those published after `since`."""

    source_id: int
    source_url: str
    since: datetime
    page: str
    """The older page that is read next."""
    pages: int
    """How many may be read yet."""


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
    seen: bytes | None = None
    """What the document showed, packed by aggregator.identity.seen. None leaves what is there."""
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
    gap: tuple[datetime, str | None, int] | None = None
    """(since when items may be missing, the older page to read, how many pages at the most)."""
    whole: bool = False
    """A whole document was read: without a `gap`, there is none any more."""
    gone: bool = False
    """410 answered; a second one in a row retires the source (E23)."""
    pushed: bool = False
    """Brought by a hub: its articles and `seen` are written, and nothing else. The source was not
    asked, so that how it stands, and when it is due, stay as they are in the database."""


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
    """A source's address was changed: by an adopted redirect, in the configuration, or back by the
    operator."""

    at: datetime
    source_id: int
    before: str
    after: str
    why: str
    guessed: bool = False
    """The operator did not say that both are one source: they are parted again by undoing it."""
    secret: bool = False
    """An address in it is a secret, whatever is configured now."""

"""Everything that can go wrong, as one family.

    FeedmillError
    ├── ConfigError            the operator's file: every complaint at once
    ├── EditError              that file can't be edited; it stands as it was
    ├── StoreError             the database
    │   ├── SchemaError        its schema is newer, or waits for a migration
    │   ├── CorruptStore       an integrity check failed
    │   ├── StoreInUse         another `run` holds it
    │   ├── StoreBusy          locked for longer than we wait, or the server is away: try again
    │   └── StoreFull          no room on the disk
    ├── OutputError            the output folder can't be written
    ├── GateError              a feed that would break a rule; what was published stands
    └── PollError              one source, one poll; stored on the source as its `kind`
        ├── FetchError
        │   ├── DnsError  ConnectionRefused  ConnectionFailed  TlsError
        │   ├── AddressRefused   the guard: an address we never dial
        │   ├── TooSlow  TooLarge  Truncated  BadEncoding
        │   ├── TooManyRedirects  BadRedirect
        │   ├── HttpStatus       any status that is no success
        │   │   ├── RateLimited  429, and 503 with Retry-After
        │   │   └── Gone         410
        │   ├── Blocked          a bot challenge or a login wall
        │   ├── HostBusy         we gave that host no further request in time; no fault of its own
        │   └── FileUnreadable   a `file` source that can't be opened
        └── ReadError
            ├── NotAFeed  EmptyDocument
            └── ReadTooSlow  ReadTooHungry  ReadCrashed    the killable reader was ended

`kind` is the word that the store keeps and `feedmill sources` shows: it never changes, since
operators' alerts and the ledger rely on it. Messages carry no URL, no header and no query:
they are stored and shown (E32).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feeds.models import Hop


class FeedmillError(Exception):
    """Anything that Feedmill itself reports."""


class ConfigError(FeedmillError):
    """The configuration can't be used. `complaints`: `file:line: key: what, what instead`."""

    def __init__(self, complaints: Sequence[str]) -> None:
        super().__init__("\n".join(complaints))
        self.complaints = tuple(complaints)
        self.wanted: tuple[Path, ...] = ()
        """The files that were read, or that were to be there; set by who read them."""


class EditError(FeedmillError):
    """The configuration file can't be edited; it stands as it was."""


class StoreError(FeedmillError):
    """The database can't be used."""


class SchemaError(StoreError):
    """The schema is not ours: newer than this Feedmill, or waiting for `feedmill migrate`."""


class CorruptStore(StoreError):
    """An integrity check failed; nothing was written."""


class StoreInUse(StoreError):
    """Another `feedmill run` works on this database."""


class StoreBusy(StoreError):
    """The database was locked, or its server away, for longer than we wait: try again later."""


class StoreFull(StoreError):
    """The database can't grow: the disk is full."""


class OutputError(FeedmillError):
    """The output folder can't be written."""


class GateError(FeedmillError):
    """A document of a feed would break rules, and no article of it is to blame. `faults`: each
    begins with the rule's number."""

    def __init__(self, feed: str, faults: Sequence[str]) -> None:
        super().__init__(
            f"the feed {feed} can't be published: {'; '.join(faults[:5])}; "
            "what was published before stands"
        )
        self.feed, self.faults = feed, tuple(faults)


class PollError(FeedmillError):
    """One poll of one source failed; its articles stay as they are."""

    kind = "error"


class FetchError(PollError):
    """No usable response came."""

    kind = "fetch"

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after: datetime | None = None,
        max_age: float | None = None,
    ) -> None:
        """`retry_after`: aware UTC, already parsed; `max_age`: seconds left (E10, also on 429)."""
        super().__init__(message)
        self.hops: tuple[Hop, ...] = ()
        """The requests of this fetch that were answered; set by who made them."""
        self.status = status
        self.retry_after = retry_after
        self.max_age = max_age


class DnsError(FetchError):
    kind = "dns"


class ConnectionRefused(FetchError):
    kind = "refused"


class ConnectionFailed(FetchError):
    kind = "connection"


class TlsError(FetchError):
    """The message says why: expired, unknown issuer, wrong host."""

    kind = "tls"


class AddressRefused(FetchError):
    kind = "address"


class TooSlow(FetchError):
    kind = "too-slow"


class TooLarge(FetchError):
    kind = "too-large"


class Truncated(FetchError):
    kind = "truncated"


class BadEncoding(FetchError):
    """The Content-Encoding is unknown, stacked too deep (E18), or does not decode."""

    kind = "encoding"


class TooManyRedirects(FetchError):
    kind = "redirects"


class BadRedirect(FetchError):
    kind = "bad-redirect"


class HttpStatus(FetchError):
    kind = "http"


class RateLimited(HttpStatus):
    kind = "rate-limited"


class Gone(HttpStatus):
    kind = "gone"


class Blocked(FetchError):
    kind = "blocked"


class HostBusy(FetchError):
    kind = "host-busy"


class FileUnreadable(FetchError):
    kind = "file"


class ReadError(PollError):
    """The bytes came, and no feed could be read in them."""

    kind = "read"


class NotAFeed(ReadError):
    kind = "not-a-feed"


class EmptyDocument(ReadError):
    kind = "empty"


class ReadTooSlow(ReadError):
    kind = "read-too-slow"


class ReadTooHungry(ReadError):
    kind = "read-too-hungry"


class ReadCrashed(ReadError):
    kind = "read-crashed"

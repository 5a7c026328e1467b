"""WebSub: what was agreed on with a hub, and what it delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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

"""Our own hub's side of WebSub: who is told of what we publish."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asks for, and that his callback has to confirm. `lease`: seconds."""

    subscribe: bool
    lease: float
    secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """`topic`: path of a document in the output folder. `ping`: the callback is a hub elsewhere,
    that is only told that there is something new."""

    id: int
    topic: str
    callback: str
    ping: bool = False
    secret: str | None = None
    asked: Asked | None = None
    lease_until: datetime | None = None
    """None: not confirmed yet."""
    delivered: str = ""
    """Tag of the newest version that it has."""
    tries: int = 0
    """That failed in a row."""
    error: str | None = None

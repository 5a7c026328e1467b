"""Who may read private feeds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The right to read a private feed. `digest`: SHA-256 of what its holder has; `feed` None: all
    of them."""

    digest: bytes
    feed: str | None
    label: str
    created_at: datetime

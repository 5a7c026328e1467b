"""What operators are told of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A trouble, from its beginning to its end."""

    id: int
    at: datetime
    kind: str
    subject: str
    """What it is about: "source 12", "feed world"; "" for the whole."""
    text: str
    over_at: datetime | None
    told: bool
    """The webhook has heard of how it stands now."""

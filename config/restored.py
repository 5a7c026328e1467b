"""What restoring has done, for whoever asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(kw_only=True)
class Restored:
    made_at: str | None
    """When the backup was; None for a bare database file."""
    version: str | None
    running: bool = False
    """A `run` was at work meanwhile."""
    kept: list[Path] = field(default_factory=list)
    """Where what was there before stands now."""
    articles: int = 0
    taken_down: int = 0
    """Articles of the backup that were taken down since, and stay so."""
    config_restored: list[str] = field(default_factory=list)
    config_differs: list[str] = field(default_factory=list)
    left: tuple[str, ...] = ()
    published: int | None = None
    """Feeds that changed; None: publishing was left to whoever is at it."""
    notes: list[str] = field(default_factory=list)

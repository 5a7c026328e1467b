"""The configuration as the rest of Feedmill sees it: frozen, checked, every path absolute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.values import Address
from feeds.models import Category, Source

ALL = "all"
"""The slug of the feed that shows every story."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    title: str
    url: str
    contact: str | None
    language: str | None
    timezone: str
    id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSettings:
    """Seconds and bytes."""

    interval: float
    min_interval: float
    max_interval: float
    timeout: float
    max_body: int
    concurrency: int
    per_host: int
    host_delay: float
    readers: int
    allow_private: bool | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    file: Path
    site: SiteSettings
    listen: Address
    store_url: str
    poll: PollSettings
    output: Path
    tracking: Path | None
    categories: tuple[Category, ...]
    """`all` first, then as configured."""
    sources: Mapping[str, Source]
    """By URL, in the order of their configuration."""

    @property
    def folder(self) -> Path:
        """Where relative paths begin."""
        return self.file.parent

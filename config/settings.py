"""The configuration as the rest of Feedmill sees it: frozen, checked, every path absolute."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

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
    retry_after: str
    """Who waits when a server says Retry-After: the "source", or its whole "host"."""
    readers: int
    allow_private: bool | tuple[str, ...]
    proxy: str
    """A URL; "" for none."""
    ca_file: Path | None
    """Certificates to trust beside the system's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSubSettings:
    enabled: bool
    """Given, else whether hubs can reach the site at all."""
    lease: float
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings:
    enabled: bool
    """Given, else whether subscribers can reach the site at all."""
    others: tuple[str, ...]
    """Hubs elsewhere that are told of what is new, and that feeds name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who may sit at the desk."""

    name: str
    password: str = field(repr=False)
    """An argon2 hash, as `feedmill password` prints it."""
    role: str
    """"editor" (sources, categories, articles) or "admin" (all)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSettings:
    users: tuple[User, ...]
    """Nobody: the desk, the API and the metrics answer on loopback only."""
    trusted_proxies: tuple[str, ...]
    """Networks of proxies whose word on the client's address is taken."""
    file: Path
    """Where the desk writes new sources when the main file is not to be written; included by
    itself."""
    session: float
    """Seconds after its last use when a login ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    webhook: str | None = field(repr=False)
    """What is told of trouble; it may hold a secret."""
    failing: float
    """Share of the sources that fail, from which on it is trouble."""
    late: float
    """Seconds that the oldest due source may wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSettings:
    """Lists of sources that lie elsewhere."""

    refresh: float
    """Seconds between two looks."""
    directory: Path
    """Where what came of them last is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorySettings:
    window: float
    """Seconds between the dates of two texts that are told to be one story."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """Of all sources for which nothing else is said; None: without end."""

    max_age: float | None
    """Seconds."""
    max_articles: int | None
    """Of each source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    file: Path
    site: SiteSettings
    listen: Address
    listen_at: str
    """Where that is said, as complaints begin: `file:line: key`."""
    store_url: str
    poll: PollSettings
    websub: WebSubSettings
    hub: HubSettings
    desk: DeskSettings
    alerts: AlertSettings
    lists: ListSettings
    stories: StorySettings
    retention: RetentionSettings
    output: Path
    private: Path
    """Where private feeds go."""
    tracking: Path | None
    categories: tuple[Category, ...]
    """`all` first, then as configured."""
    views: tuple[Category, ...]
    """Feeds that choose from what the others have, as configured."""
    sources: Mapping[str, Source]
    """By URL, in the order of their configuration."""
    files: tuple[Path, ...]
    """All that was read, the main file first."""
    silent: tuple[Path, ...]
    """Those of them in TOML that say nothing: empty, or comments alone."""
    includes: tuple[str, ...]
    """As given: paths, patterns and addresses."""
    warnings: tuple[str, ...]
    """What in lists from elsewhere could not be taken."""
    opml: tuple[Path, ...]
    """The OPML lists that some of them stand in."""

    @property
    def feeds(self) -> tuple[Category, ...]:
        """All that is published."""
        return (*self.categories, *self.views)

    def file_of(self, url: str) -> str | None:
        """The path of a local document, relative to the configuration; None for what is none."""
        if not url.startswith("file:"):
            return None
        return os.path.relpath(url2pathname(urlsplit(url).path), self.folder)

    @property
    def folder(self) -> Path:
        """Where relative paths begin."""
        return self.file.parent

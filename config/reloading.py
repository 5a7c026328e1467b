"""A configuration that has changed while it runs: taken as a whole, or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from config.applied import described
from config.emptied import forget, lost
from config.load import load
from config.settings import Settings
from config.watching import Watch
from feeds import VERSION
from feeds.errors import ConfigError, StoreError
from feeds.store import Store

log = structlog.get_logger("feedmill.config")

NOTE = "engine"
"""The note in the store that tells other processes of it."""
APPLIED = "applied"
"""The note that holds what it works with (config.applied)."""
FIRST = "first"
"""The note whose time is when something was applied for the first time."""


class Reloading:
    """`free` raises ConfigError when settings want an address that is taken."""

    def __init__(
        self,
        settings: Settings,
        free: Callable[[Settings], None],
        same: Callable[[Settings], Settings],
    ) -> None:
        """`same`: the settings, where sources that were only given another address are named as
        such."""
        self._free, self._same, self._watch = free, same, Watch(settings)
        self.asked = False
        """SIGHUP came."""
        self.next: Settings | None = None
        self.complaints: tuple[str, ...] = ()
        """About the file as it stands."""
        self._since: datetime | None = None
        """When what is at work was taken up."""

    def applied(self, settings: Settings, store: Store) -> None:
        """These are at work from now on."""
        self.next, self.complaints = None, ()
        forget(settings, store)
        for warning in settings.warnings:
            log.warning("left out", warning=warning)
        self._since = store.now()
        self._tell(settings, store, [])
        store.put_note(APPLIED, json.dumps(described(settings)))
        if store.note(FIRST) is None:
            store.put_note(FIRST, VERSION)

    def look(self, settings: Settings, store: Store) -> bool:
        """Whether another configuration is to follow (`next`). What is wrong with it is said, and
        then the one that works goes on."""
        asked, self.asked = self.asked, False
        if not (self._watch.changed() or asked):
            return False
        try:
            return self._read(settings, store, asked=asked)
        except StoreError:
            self.asked = True  # else what was saved now would wait for the next edit
            raise

    def _read(self, settings: Settings, store: Store, *, asked: bool) -> bool:
        try:
            new = load(settings.file)
            _refuse(settings, new, store)
            self._free(new)
        except ConfigError as error:
            log.error(
                "the configuration is refused, the one before goes on",
                complaints=list(error.complaints),
            )
            # It may be mended in a file that the one before knows nothing of.
            self._watch.heed(error.wanted)
            self.complaints = error.complaints
            self._tell(settings, store, error.complaints)
            return False
        self._watch.follow(new)
        self.complaints = ()
        if new == settings and not asked:
            self._tell(settings, store, [])
            return False
        try:
            self.next = self._same(new)
        except ConfigError:  # edited again this very moment
            self.asked = True
            return False
        log.info("configuration read anew", sources=len(new.sources))
        return True

    def _tell(self, settings: Settings, store: Store, complaints: Sequence[str]) -> None:
        said = {
            "version": VERSION,
            "pid": os.getpid(),
            "config": str(settings.file),
            # Not when this is written: what is refused rewrites it.
            "since": None if self._since is None else self._since.isoformat(timespec="seconds"),
            "sources": len(settings.sources),
            "feeds": len(settings.feeds),
            "address": settings.site.url,
            "complaints": list(complaints),
            "warnings": list(settings.warnings),
        }
        store.put_note(NOTE, json.dumps(said))


def _refuse(before: Settings, after: Settings, store: Store) -> None:
    """What can't change while it runs, and what is no edit but a loss. Raises ConfigError."""
    if gone := lost(before, after, store):
        error = ConfigError(gone)
        error.wanted = after.files
        raise error
    same_database(before.store_url, after)


def same_database(store_url: str, after: Settings) -> None:
    """Raises ConfigError when they name another one than this, which is at work."""
    if store_url != after.store_url:
        text = "the database can't be changed while Feedmill runs; restart it"
        raise ConfigError([f"{after.file.name}:1: store.url: {text}"])

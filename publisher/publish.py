"""For each feed that has changed: place, render, check, put, notify. The publisher's pipeline."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from hashlib import blake2b
from typing import Protocol

import structlog

from feeds.errors import GateError
from feeds.models import Category, FeedItem, FeedState, RenderedFile
from feeds.protocols import FeedStore, Gate, Notifier, Outlet, Renderer
from publisher import notes
from publisher.documents import Documents
from publisher.placing import placed
from publisher.render.site import Site
from publisher.select import Members

log = structlog.get_logger("feedmill.publish")


class FeedOutlet(Outlet, Protocol):
    """An outlet that can tell which feeds it holds."""

    def feeds(self) -> list[str]: ...

    def archives(self, slug: str) -> list[int]: ...

    def drop(self, slug: str) -> None: ...


SiteRenderer = Callable[
    [Sequence[tuple[Category, FeedState, Sequence[FeedItem]]]], Sequence[RenderedFile]
]
"""All feeds with their newest items → the files of the site itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one publishing did. `changed`: slugs of the feeds whose files are others now."""

    changed: tuple[str, ...] = ()
    refused: tuple[GateError, ...] = ()
    """Feeds that would break a rule; what was published before stands."""
    tried: tuple[str, ...] = ()
    """All that were rendered. One that was refused is not, until something changes."""


@dataclass(kw_only=True)
class Publisher:
    """One per process. `members` tells whose stories a feed shows, asked at each round."""

    store: FeedStore
    site: Site
    categories: Sequence[Category]
    members: Callable[[], Mapping[str, Members]]
    renderers: Sequence[Renderer]
    render_site: SiteRenderer
    gate: Gate
    outlet: FeedOutlet
    private: FeedOutlet
    """Where private feeds go (P39)."""
    notify: Notifier
    sources: Callable[[], RenderedFile | None] = lambda: None
    """The list of sources, when it is another than it was the last time; asked with the files of
    the site."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def publish(self, *, everything: bool = False) -> Round | None:
        """Bring the outlet up to the store; None when another process is at it. `everything`:
        render also what is up to date (the folder may have been emptied). Raises OutputError."""
        with self._lock, self.store.serial("publish") as ours:
            if not ours:
                return None
            states = placed(self.store, self.categories, self.members())
            # Another process may have told the store of a changed configuration already.
            known = [category for category in self.categories if category.slug in states]
            stale = [
                category
                for category in known
                if everything or self._digest(category, states) != states[category.slug].rendered
            ]
            changed, refused = [], []
            for category in stale:
                try:
                    if self._render(category, states, everything=everything):
                        changed.append(category.slug)
                except GateError as error:
                    log.error("a feed is not published", feed=category.slug, faults=error.faults)
                    refused.append(error)
            if stale or everything:
                self._render_site(states)
                self._prune()
        for slug in changed:
            self.notify(slug)
        tried = tuple(category.slug for category in stale)
        return Round(changed=tuple(changed), refused=tuple(refused), tried=tried)

    def _digest(self, category: Category, states: Mapping[str, FeedState]) -> bytes:
        """Names all that the bytes of a feed depend on."""
        text = repr((states[category.slug].seq, astuple(category), astuple(self.site)))
        return blake2b(text.encode(), digest_size=16).digest()

    def _render(
        self, category: Category, states: dict[str, FeedState], *, everything: bool
    ) -> bool:
        state, outlet = states[category.slug], self._outlet(category)
        documents = Documents(
            store=self.store,
            site=self.site,
            renderers=self.renderers,
            gate=self.gate,
            outlet=outlet,
        )
        digest = self._digest(category, states)
        try:
            documents.strike(category, state)
            if everything or len(outlet.archives(category.slug)) < state.sealed:
                documents.restore(category, state)
            state = states[category.slug] = documents.seal(category, state)
            changed = documents.put(category, state)
        except GateError:
            # Tried again when something has changed, not at each tick.
            self.store.mark_rendered(category.slug, state.rendered_seq, digest)
            raise
        self.store.mark_rendered(category.slug, state.seq, digest)
        return changed

    def _render_site(self, states: Mapping[str, FeedState]) -> None:
        shown = [
            (each, states[each.slug], self.store.window(each.slug, 5))
            for each in self.categories
            if not each.private and each.slug in states
        ]
        gone, moved = self.store.former_feeds()
        secret = {each.slug for each in self.categories if each.private}
        moved = {old: new for old, new in moved.items() if new not in secret}
        stamp = max(state.updated for state in states.values())
        for file in (*self.render_site(shown), notes.site_file(gone, moved, stamp)):
            self.outlet.put(file)
        if (listed := self.sources()) is not None:
            self.outlet.put(listed)

    def _outlet(self, category: Category) -> FeedOutlet:
        return self.private if category.private else self.outlet

    def _prune(self) -> None:
        for outlet in (self.outlet, self.private):
            wanted = {each.slug for each in self.categories if self._outlet(each) is outlet}
            for slug in outlet.feeds():
                if slug not in wanted:
                    outlet.drop(slug)
                    log.info("took away a feed that is not for here any more", feed=slug)

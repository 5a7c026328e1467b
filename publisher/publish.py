"""For each feed that has changed: place, render, put, notify. The publisher's whole pipeline."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import timedelta
from hashlib import blake2b
from typing import Protocol

import structlog

from feeds.models import Category, FeedItem, FeedState, RenderedFile, StoryChange
from feeds.protocols import FeedStore, Notifier, Outlet, Renderer
from publisher.render.site import Site
from publisher.select import Admission, Members, Present, place, ready, waits

log = structlog.get_logger("feedmill.publish")

BATCH = 2000

FEED_FILES = ("rss.xml", "atom.xml", "index.html")
"""What a feed's folder holds; taken away with the feed."""


class FeedOutlet(Outlet, Protocol):
    """An outlet that can tell which feeds it holds."""

    def feeds(self) -> list[str]: ...


SiteRenderer = Callable[
    [Sequence[tuple[Category, FeedState, Sequence[FeedItem]]]], Sequence[RenderedFile]
]
"""All feeds with their newest items → the files of the site itself."""


@dataclass(kw_only=True)
class Publisher:
    """One per process. `members` tells whose stories a feed shows, asked at each round."""

    store: FeedStore
    site: Site
    categories: Sequence[Category]
    members: Callable[[], Mapping[str, Members]]
    renderers: Sequence[Renderer]
    render_site: SiteRenderer
    outlet: FeedOutlet
    notify: Notifier
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def publish(self, *, everything: bool = False) -> list[str] | None:
        """Bring the outlet up to the store; the slugs whose files changed, None when another
        process is at it. `everything`: render also what is up to date (the folder may have been
        emptied). Raises OutputError."""
        with self._lock, self.store.serial("publish") as ours:
            if not ours:
                return None
            members = self.members()
            states = {state.slug: self._placed(state, members) for state in self._states()}
            stale = [
                category
                for category in self.categories
                if everything or self._digest(category, states) != states[category.slug].rendered
            ]
            changed = [each.slug for each in stale if self._render(each, states)]
            if stale or everything:
                self._render_site(states)
                self._prune()
        for slug in changed:
            self.notify(slug)
        return changed

    def _states(self) -> list[FeedState]:
        wanted = {category.slug for category in self.categories}
        return [state for state in self.store.feeds() if state.slug in wanted]

    # --- the log

    def _placed(self, state: FeedState, members: Mapping[str, Members]) -> FeedState:
        """The feed's log, brought up to the stories."""
        mine = members[state.slug]
        if state.members != mine.digest():
            state = self._redefined(state, mine)
        while changes := self.store.changed_stories(state.cursor, BATCH):
            present = self._present(state, changes)
            count = ready(changes, present, mine, self._admission(state), self.store.now())
            if count:
                end = changes[count - 1].change
                state = self._append(state, changes[:count], present, mine, end)
            if count < BATCH:
                break
        return state

    def _admission(self, state: FeedState) -> Admission:
        category = self._category(state)
        return Admission(
            hold=timedelta(seconds=category.hold),
            upgrade=category.upgrade,
            backlog=category.backlog,
        )

    def _category(self, state: FeedState) -> Category:
        return next(each for each in self.categories if each.slug == state.slug)

    def _present(
        self, state: FeedState, changes: Sequence[StoryChange], *, joined: bool = False
    ) -> Present:
        placed = self.store.placements(state.slug, {change.story_id for change in changes})
        sources: set[int] = set()
        if joined or any(change.backlog for change in changes):
            sources = self.store.shown_sources(state.slug, self._category(state).limit)
        return Present(placed=placed, sources=frozenset(sources), joined=joined)

    def _redefined(self, state: FeedState, members: Members) -> FeedState:
        """A feed that is new, or that other sources belong to now: what it should show enters,
        what it should not leaves. A new one starts at today's end of the changes, since older
        stories than these would never be seen in it."""
        limit = self._category(state).limit
        end = state.cursor if state.cursor else self.store.last_change()
        coming = self.store.recent_stories(members.sources, limit)
        present = self.store.members(state.slug, BATCH)
        admission, now = self._admission(state), self.store.now()
        waiting = [each for each in coming if waits(each, members, admission, now)]
        if waiting:
            end = min(end, *(each.change - 1 for each in waiting))
            coming = [each for each in coming if each not in waiting]
        changes = [*present, *coming]
        seen = self._present(state, changes, joined=bool(state.cursor))
        return self._append(state, changes, seen, members, end)

    def _append(
        self,
        state: FeedState,
        changes: Sequence[StoryChange],
        present: Present,
        members: Members,
        cursor: int,
    ) -> FeedState:
        events = place(changes, present, members, self._admission(state))
        return self.store.append(state.slug, events, cursor=cursor, members=members.digest())

    # --- the files

    def _digest(self, category: Category, states: Mapping[str, FeedState]) -> bytes:
        """Names all that the bytes of a feed depend on."""
        text = repr((states[category.slug].seq, astuple(category), astuple(self.site)))
        return blake2b(text.encode(), digest_size=16).digest()

    def _render(self, category: Category, states: Mapping[str, FeedState]) -> bool:
        state = states[category.slug]
        items = self.store.window(category.slug, category.limit)
        files = [render(category, state, items) for render in self.renderers]
        changed = [self.outlet.put(file) for file in files]
        self.store.mark_rendered(category.slug, state.seq, self._digest(category, states))
        log.info("published", feed=category.slug, items=len(items), changed=any(changed))
        return any(changed)

    def _render_site(self, states: Mapping[str, FeedState]) -> None:
        shown = [
            (each, states[each.slug], self.store.window(each.slug, 5)) for each in self.categories
        ]
        for file in self.render_site(shown):
            self.outlet.put(file)

    def _prune(self) -> None:
        wanted = {category.slug for category in self.categories}
        for slug in self.outlet.feeds():
            if slug not in wanted:
                for name in FEED_FILES:
                    self.outlet.remove(f"{slug}/{name}")
                log.info("removed a feed that is no longer configured", feed=slug)

"""A feed's log, brought up to the stories: what `select` decides, written with the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.models import Category, Event, EventKind, FeedState, StoryChange
from feeds.protocols import FeedStore
from publisher.matching import matcher
from publisher.select import Admission, Members, Present, place, ready, waits

BATCH = 2000


@dataclass(frozen=True, kw_only=True)
class Placing:
    store: FeedStore
    category: Category
    members: Members

    def __call__(self, state: FeedState) -> FeedState:
        """The feed as it stands when all changes are taken in that can be."""
        if state.members != self.members.digest():
            state = self._redefined(state)
        while changes := self.store.changed_stories(state.cursor, BATCH):
            present = self._present(state, changes)
            count = ready(changes, present, self.members, self._admission, self.store.now())
            # What is shown already waits for nobody: an edit, and above all a takedown.
            urgent = [each for each in changes[count:] if each.story_id in present.placed]
            end = changes[count - 1].change if count else state.cursor
            state = self._append(state, [*changes[:count], *urgent], present, end)
            if count < BATCH:
                break
        return self._aged(state)

    def _aged(self, state: FeedState) -> FeedState:
        """Without what is older than the feed shows."""
        if (oldest := self._oldest) is None:
            return state
        while old := self.store.placed_before(state.slug, oldest, BATCH):
            events = [
                Event(
                    story_id=number,
                    kind=EventKind.LEAVE,
                    article_id=each.article_id,
                    revision=each.revision,
                )
                for number, each in old.items()
            ]
            state = self.store.append(
                state.slug, events, cursor=state.cursor, members=state.members
            )
        return state

    @property
    def _oldest(self) -> datetime | None:
        age = self.category.shown_age
        return None if age is None else self.store.now() - timedelta(seconds=age)

    def _unfit(self, changes: Sequence[StoryChange]) -> frozenset[int]:
        """Stories that the feed's rule does not fit, by what would be shown of them."""
        if self.category.match is None:
            return frozenset()
        best = bool(self.category.hold)
        shown = {
            each.story_id: each.best_id if best else each.lead_id
            for each in changes
            if each.gone is None
        }
        known, fits = self.store.entries(set(shown.values())), matcher(self.category.match)
        return frozenset(
            number for number, at in shown.items() if at not in known or not fits(*known[at])
        )

    @property
    def _admission(self) -> Admission:
        return Admission(
            hold=timedelta(seconds=self.category.hold),
            upgrade=self.category.upgrade,
            backlog=self.category.backlog,
            delay=timedelta(seconds=self.category.delay),
        )

    def _present(
        self, state: FeedState, changes: Sequence[StoryChange], *, joined: bool = False
    ) -> Present:
        placed = self.store.placements(state.slug, {change.story_id for change in changes})
        sources: set[int] = set()
        if joined or any(change.backlog for change in changes):
            sources = self.store.shown_sources(state.slug, self.category.limit)
        return Present(
            placed=placed,
            sources=frozenset(sources),
            joined=joined,
            unfit=self._unfit(changes),
            oldest=self._oldest,
        )

    def planned(self, state: FeedState) -> list[Event]:
        """What would enter and leave at once, were the feed defined so from now on. Nothing is
        written."""
        if state.members == self.members.digest():
            return []
        changes, present, _ = self._redefinition(state)
        return place(changes, present, self.members, self._admission)

    def _redefined(self, state: FeedState) -> FeedState:
        """A feed that is new, or that other sources belong to now: what it should show enters,
        what it should not leaves."""
        return self._append(state, *self._redefinition(state))

    def _redefinition(self, state: FeedState) -> tuple[list[StoryChange], Present, int]:
        """The stories that a new definition is about, how they stand, and up to which change it
        takes them in. A new feed starts at today's end of the changes, since older stories than
        these would never be seen in it."""
        end = state.cursor if state.cursor else self.store.last_change()
        coming = self.store.recent_stories(self.members.sources, self.category.limit)
        present = self.store.members(state.slug, BATCH)
        admission, now = self._admission, self.store.now()
        waiting = [each for each in coming if waits(each, self.members, admission, now)]
        if waiting:
            end = min(end, *(each.change - 1 for each in waiting))
            coming = [each for each in coming if each not in waiting]
        changes = [*present, *coming]
        return changes, self._present(state, changes, joined=bool(state.cursor)), end

    def _append(
        self, state: FeedState, changes: Sequence[StoryChange], present: Present, cursor: int
    ) -> FeedState:
        events = place(changes, present, self.members, self._admission)
        digest = self.members.digest()
        if not events and (cursor, digest) == (state.cursor, state.members):
            return state
        return self.store.append(state.slug, events, cursor=cursor, members=digest)


def placed(
    store: FeedStore,
    categories: Sequence[Category],
    members: Mapping[str, Members],
) -> dict[str, FeedState]:
    """All configured feeds, brought up to the stories."""
    wanted = {category.slug: category for category in categories}
    return {
        state.slug: Placing(store=store, category=wanted[state.slug], members=members[state.slug])(
            state
        )
        for state in store.feeds()
        if state.slug in wanted
    }

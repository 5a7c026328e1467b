"""What enters, changes and leaves a feed. Pure: stories and the feed's present state → events."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from feeds.models import Event, EventKind, StoryChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Whose stories a feed shows. `sources` None: those of every source."""

    sources: frozenset[int] | None
    active: frozenset[int]
    """All sources that are still configured."""

    def digest(self) -> bytes:
        """Names the definition, so that a change of it is seen."""
        return _named(self.sources)

    def wants(self, story: StoryChange) -> bool:
        return self.sources is None or not self.sources.isdisjoint(story.source_ids)

    def drops(self, story: StoryChange) -> bool:
        """A story whose sources are all gone from the configuration stays where it was shown."""
        return not self.wants(story) and not self.active.isdisjoint(story.source_ids)


@lru_cache(maxsize=256)  # asked at each publishing; a set keeps its hash
def _named(sources: frozenset[int] | None) -> bytes:
    text = "*" if sources is None else ",".join(map(str, sorted(sources)))
    return blake2b(text.encode(), digest_size=16).digest()


def place(
    changes: Collection[StoryChange], placed: Mapping[int, int], members: Members
) -> list[Event]:
    """The events that bring a feed's log up to these changes.

    `placed`: story id → revision that the log holds. Stories that enter come oldest first (by
    published, then id), so that the newest gets the highest sequence number.
    """
    latest = {change.story_id: change for change in sorted(changes, key=lambda c: c.change)}
    ordered = sorted(latest.values(), key=lambda c: (c.published, c.story_id))
    events = []
    for story in ordered:
        if (kind := _kind(story, placed.get(story.story_id), members)) is not None:
            events.append(Event(story_id=story.story_id, kind=kind, revision=story.revision))
    return events


def _kind(story: StoryChange, revision: int | None, members: Members) -> EventKind | None:
    if revision is None:
        return EventKind.ENTER if members.wants(story) else None
    if members.drops(story):
        return EventKind.LEAVE
    return EventKind.UPDATE if revision != story.revision else None

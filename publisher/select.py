"""What enters, changes and leaves a feed. Pure: stories and the feed's present state → events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b

from feeds.models import Event, EventKind, Placed, StoryChange

FULLER = 1.5
"""How much longer a copy is that may take the place of what is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Whose stories a feed shows. `sources` None: those of every source."""

    sources: frozenset[int] | None
    active: frozenset[int]
    """All sources that are still configured."""
    hidden: frozenset[int] = frozenset()
    """Whose stories it must not show: those of private feeds only (P39)."""
    rule: str = ""
    """Names what else decides, so that a change of it is seen."""

    def digest(self) -> bytes:
        """Names the definition, so that a change of it is seen."""
        return _named(self.sources, self.hidden, self.rule)

    def wants(self, story: StoryChange) -> bool:
        if not self.hidden.isdisjoint(story.source_ids):
            return False
        return self.sources is None or not self.sources.isdisjoint(story.source_ids)

    def drops(self, story: StoryChange) -> bool:
        """A story whose sources are all gone from the configuration stays where it was shown."""
        return not self.wants(story) and not self.active.isdisjoint(story.source_ids)


@lru_cache(maxsize=256)  # asked at each publishing; a set keeps its hash
def _named(sources: frozenset[int] | None, hidden: frozenset[int], rule: str) -> bytes:
    text = "*" if sources is None else ",".join(map(str, sorted(sources)))
    if hidden or rule:
        text += f" {','.join(map(str, sorted(hidden)))} {rule}"
    return blake2b(text.encode(), digest_size=16).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """How stories come into a feed."""

    hold: timedelta = timedelta()
    """How long one waits for more copies, of which the best is shown."""
    delay: timedelta = timedelta()
    """How long each waits, whatever comes."""
    upgrade: bool = False
    """Whether a much longer copy takes the place of what is shown."""
    backlog: int = 5
    """Of what a source showed first, or had before it came to this feed: so many enter as new
    where other sources' stories are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The feed as it stands. `placed`: those of the stories that are in it."""

    placed: Mapping[int, Placed]
    sources: frozenset[int] = frozenset()
    """Through which it shows stories."""
    joined: bool = False
    """Whether the stories are those of sources that now belong to it: all of them are backlog."""
    unfit: frozenset[int] = frozenset()
    """Stories that the feed's rule does not fit."""
    oldest: datetime | None = None
    """What was published before that does not enter."""


def ready(
    changes: Sequence[StoryChange],
    present: Present,
    members: Members,
    admission: Admission,
    now: datetime,
) -> int:
    """How many of the changes, in their order, can be taken in: up to the first that is held."""
    for at, story in enumerate(changes):
        if story.story_id not in present.placed and waits(story, members, admission, now):
            return at
    return len(changes)


def waits(story: StoryChange, members: Members, admission: Admission, now: datetime) -> bool:
    """Whether a story that is not in the feed yet is held for more copies."""
    # Without a hold nothing waits, whatever the clock was when it came.
    wait = max(admission.hold, admission.delay)
    held = bool(wait) and story.first_seen + wait > now
    return held and members.wants(story)


def place(
    changes: Collection[StoryChange], present: Present, members: Members, admission: Admission
) -> list[Event]:
    """The events that bring a feed's log up to these changes.

    Stories that enter come oldest first (by published, then id), so that the newest gets the
    highest sequence number.
    """
    latest = {change.story_id: change for change in sorted(changes, key=lambda c: c.change)}
    ordered = sorted(latest.values(), key=lambda c: (c.published, c.story_id))
    shut = _shut_out(ordered, present, admission) | present.unfit
    events = []
    for story in ordered:
        placed = present.placed.get(story.story_id)
        if placed is not None:
            event = _after(story, placed, members, admission, unfit=story.story_id in present.unfit)
        elif members.wants(story) and story.story_id not in shut:
            event = _entering(story, admission)
        else:
            event = None
        if event is not None:
            events.append(event)
    return events


def _shut_out(ordered: Sequence[StoryChange], present: Present, admission: Admission) -> set[int]:
    """Backlog beyond what may enter as new: it goes to history."""
    ranked = Counter[tuple[int, ...]]()
    found = set()
    for story in reversed(ordered):
        if present.oldest is not None and story.published < present.oldest:
            found.add(story.story_id)
        if story.story_id in present.placed or present.sources <= set(story.source_ids):
            continue
        ranked[story.source_ids] += 1
        rank = ranked[story.source_ids] if present.joined else story.backlog
        if rank > admission.backlog:
            found.add(story.story_id)
    return found


def _entering(story: StoryChange, admission: Admission) -> Event | None:
    if story.gone is not None or story.twin_id is not None:
        return None
    if admission.hold:
        return _event(story, EventKind.ENTER, story.best_id, story.best_revision)
    return _event(story, EventKind.ENTER, story.lead_id, story.revision)


def _after(
    story: StoryChange, placed: Placed, members: Members, admission: Admission, *, unfit: bool
) -> Event | None:
    """What becomes of a story that is in the feed."""
    if story.gone is not None:
        return _event(story, story.gone, placed.article_id, placed.revision)
    if unfit or members.drops(story):
        return _event(story, EventKind.LEAVE, placed.article_id, placed.revision)
    lead = _event(story, EventKind.UPDATE, story.lead_id, story.revision)
    if not placed.there:
        return lead
    if story.twin_id is not None:
        return None
    if admission.upgrade and story.best_words >= FULLER * max(placed.words, 1):
        return _event(story, EventKind.UPDATE, story.best_id, story.best_revision)
    if placed.current == placed.revision:
        return None
    if placed.article_id in (story.lead_id, story.best_id):
        return _event(story, EventKind.UPDATE, placed.article_id, placed.current)
    # Edited by one who does not speak for it: the one who does is shown from now on.
    return lead


def _event(story: StoryChange, kind: EventKind, article_id: int, revision: int) -> Event:
    return Event(story_id=story.story_id, kind=kind, article_id=article_id, revision=revision)

"""What a partition means for the stories that there are. Pure.

What was published is history: an article of a published story stays in it, unless the operator
says otherwise; where two published stories tell the same, the older takes on what comes, and the
younger stands as it stood. What was not published yet follows the partition.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from aggregator.identity.urls import host_of
from aggregator.stories.authority import at_home, published_id, registrable
from aggregator.stories.partition import partition
from feeds.models import Knot, Member, StoryPlan, StoryState


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the configuration says of who leads."""

    domains: Collection[str] = ()
    """Registrable domains of all sources."""
    preference: Mapping[str, int] = field(default_factory=dict)
    """By source URL; 0 unless given, the highest leads."""


def plans(knot: Knot, house: House) -> list[StoryPlan]:
    """One for each group of the partition whose story changes."""
    states = {state.id: state for state in knot.stories}
    stories = {each.id: _story_of(each, knot, states) for each in knot.members}
    taken: set[int] = set()
    made = []
    for group in partition(knot):
        have = [story for each in group if (story := stories[each.id]) is not None]
        target = _target(group, have, taken)
        if target is not None:
            taken.add(target.id)
        made.append(_plan(group, knot.members, target, stories, house))
    return [plan for plan in made if plan is not None]


def _story_of(member: Member, knot: Knot, states: Mapping[int, StoryState]) -> StoryState | None:
    """The story that it has, unless the operator took it out of it."""
    state = states.get(member.story_id) if member.story_id is not None else None
    if state is None:
        return None
    pair = min(member.id, state.lead_id), max(member.id, state.lead_id)
    parted = any(not r.together and (r.low, r.high) == pair for r in knot.rulings)
    return None if parted else state


def _target(
    group: Sequence[Member], have: Sequence[StoryState], taken: Collection[int]
) -> StoryState | None:
    """The oldest published story that takes on something; else an unpublished one whose lead is
    here; else none."""
    opened = [story for story in have if story.opened and story.twin_id is None]
    if opened:
        return min(opened, key=lambda story: story.id)
    closed = [story for story in have if story.opened]
    if closed:
        return min(closed, key=lambda story: story.id)
    ids = {member.id for member in group}
    free = [story for story in have if story.lead_id in ids and story.id not in taken]
    return min(free, key=lambda story: story.id, default=None)


def _plan(
    group: Sequence[Member],
    everyone: Sequence[Member],
    target: StoryState | None,
    stories: Mapping[int, StoryState | None],
    house: House,
) -> StoryPlan | None:
    told = [m for m in everyone if target is not None and stories[m.id] == target]
    coming = [m for m in group if m not in told and not _published(stories[m.id])]
    theirs = [*told, *coming]
    if not theirs:
        return None
    best = choose(theirs, house)
    lead = _lead(theirs, target, best)
    others = {story.id: story for m in group if (story := stories[m.id]) and story != target}
    twins = [s.id for s in others.values() if s.opened and s.twin_id is None]
    freed = target is not None and _parted(target, group, everyone)
    if not coming and not twins and not freed and target is not None and lead.id == target.lead_id:
        return None
    own, fallback = published_id(lead, house.domains)
    return StoryPlan(
        story_id=None if target is None else target.id,
        members=tuple(m.id for m in coming),
        lead_id=lead.id,
        best_id=best.id,
        published_id=own,
        fallback_id=fallback,
        opened=target is not None and target.opened,
        twins=tuple(sorted(twins)),
        freed=freed,
        emptied=tuple(sorted(s.id for s in others.values() if not s.opened)),
    )


def _parted(twin: StoryState, group: Sequence[Member], everyone: Sequence[Member]) -> bool:
    """Whether a published story tells no more what the older one tells that it was twin of: both
    hang together, and are told apart, as the operator's word does."""
    older = [each for each in everyone if each.story_id == twin.twin_id]
    return twin.twin_id is not None and bool(older) and not any(each in group for each in older)


def _published(story: StoryState | None) -> bool:
    return story is not None and story.opened


def _lead(members: Sequence[Member], target: StoryState | None, best: Member) -> Member:
    """Chosen until the story is published; then only one who speaks for its own link takes the
    place of one who doesn't, so that nobody can publish first to edit another's later."""
    if target is None or not target.opened:
        return best
    lead = next((each for each in members if each.id == target.lead_id), None)
    if lead is None or (at_home(best) and not at_home(lead)):
        return best
    return lead


def choose(members: Sequence[Member], house: House) -> Member:
    """The operator's preference, else the originator, else the fullest, else the first seen."""

    def rank(one: Member) -> tuple[object, ...]:
        return (
            -house.preference.get(one.source_url, 0),
            -_authority(one, members),
            -one.words,
            one.first_seen,
            one.id,
        )

    return min(members, key=rank)


def _authority(one: Member, members: Sequence[Member]) -> int:
    """2: others that don't speak for their own link point here; 1: it speaks for its own."""
    if not at_home(one):
        return 0
    domain = registrable(host_of(one.source_url))
    for other in members:
        places = [other.origin] if at_home(other) else [other.origin, other.link]
        named = {registrable(host_of(place)) for place in places if place}
        stranger = registrable(host_of(other.source_url)) != domain
        if other is not one and stranger and domain in named:
            return 2
    return 1

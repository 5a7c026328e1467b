"""Which stories enter, change and leave a feed, and in what order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from feeds.models import EventKind, StoryChange
from publisher.select import Members, place
from tests.publisher.making import AT

MINE = Members(sources=frozenset({1, 2}), active=frozenset({1, 2, 3}))
ALL = Members(sources=None, active=frozenset({1, 2, 3}))


def story(number: int, *sources: int, minutes: int = 0, **more: Any) -> StoryChange:
    when = AT + timedelta(minutes=minutes)
    values: dict[str, Any] = {
        "story_id": number,
        "change": number,
        "lead_id": number,
        "revision": 1,
        "published": when,
        "updated": when,
        "source_ids": sources,
    }
    return StoryChange(**(values | more))


def events(*stories: StoryChange, placed: dict[int, int] | None = None, of: Members = MINE) -> Any:
    return [(each.kind, each.story_id) for each in place(stories, placed or {}, of)]


def test_own_stories_enter_oldest_first() -> None:
    """So that the newest gets the highest number, whatever order they were stored in."""
    found = events(story(5, 1, minutes=9), story(6, 2, minutes=3), story(7, 3, minutes=5))
    assert found == [(EventKind.ENTER, 6), (EventKind.ENTER, 5)]


def test_all_takes_everything() -> None:
    """`all` shows the stories of every source, of no category too."""
    assert len(events(story(5, 1), story(7, 3), of=ALL)) == 2


def test_one_story_of_two_sources() -> None:
    """It is in a category when any of its sources is."""
    assert events(story(5, 3, 2)) == [(EventKind.ENTER, 5)]


def test_a_new_revision_is_an_update() -> None:
    """The same revision is nothing."""
    assert events(story(5, 1, revision=2), placed={5: 1}) == [(EventKind.UPDATE, 5)]
    assert events(story(5, 1, revision=2), placed={5: 2}) == []


def test_leaving() -> None:
    """A story leaves when its sources moved elsewhere, and stays when they were removed."""
    assert events(story(5, 3), placed={5: 1}) == [(EventKind.LEAVE, 5)]
    assert events(story(5, 9), placed={5: 1}) == []
    assert events(story(5, 9)) == []


def test_a_story_touched_twice() -> None:
    """Only its last state counts."""
    twice = [story(5, 1, change=1), story(5, 1, change=2, revision=3)]
    [event] = place(twice, {}, MINE)
    assert event.revision == 3


def test_the_definition_has_a_name() -> None:
    """The digest changes with the sources, not with their order."""
    one = Members(sources=frozenset({2, 1}), active=frozenset())
    assert one.digest() == Members(sources=frozenset({1, 2}), active=frozenset({1})).digest()
    assert one.digest() != ALL.digest()

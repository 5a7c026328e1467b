"""Which stories enter, change and leave a feed, and in what order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from feeds.models import EventKind, Placed, StoryChange
from publisher.select import Admission, Members, Present, place, ready
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
        "words": 100,
        "best_id": number,
        "best_revision": more.get("revision", 1),
        "best_words": 100,
        "first_seen": when,
        "source_ids": sources,
    }
    return StoryChange(**(values | more))


def at(article: int, revision: int = 1, **more: Any) -> Placed:
    values: dict[str, Any] = {"current": revision, "words": 100}
    return Placed(article_id=article, revision=revision, **(values | more))


def present(placed: dict[int, Placed] | None = None, *sources: int, **more: Any) -> Present:
    return Present(placed=placed or {}, sources=frozenset(sources), **more)


def events(
    *stories: StoryChange,
    here: Present | None = None,
    of: Members = MINE,
    how: Admission | None = None,
) -> Any:
    found = place(stories, here or present(), of, how or Admission())
    return [(each.kind, each.story_id) for each in found]


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
    edited = story(5, 1, revision=2)
    assert events(edited, here=present({5: at(5, 1, current=2)})) == [(EventKind.UPDATE, 5)]
    assert events(edited, here=present({5: at(5, 2)})) == []


def test_leaving() -> None:
    """A story leaves when its sources moved elsewhere, and stays when they were removed."""
    assert events(story(5, 3), here=present({5: at(5)})) == [(EventKind.LEAVE, 5)]
    assert events(story(5, 9), here=present({5: at(5)})) == []
    assert events(story(5, 9)) == []


def test_a_story_touched_twice() -> None:
    """Only its last state counts."""
    twice = [story(5, 1, change=1), story(5, 1, change=2, revision=3)]
    [event] = place(twice, present(), MINE, Admission())
    assert event.revision == 3


def test_gone() -> None:
    """What is gone leaves as it went, and enters nowhere."""
    for kind in (EventKind.LEAVE, EventKind.TAKEDOWN):
        assert events(story(5, 1, gone=kind), here=present({5: at(5)})) == [(kind, 5)]
        assert events(story(5, 1, gone=kind)) == []


def test_the_younger_twin() -> None:
    """It stands where it stood, and is never updated or sent again."""
    twin = story(5, 1, twin_id=3, revision=2)
    assert events(twin, here=present({5: at(5, 1, current=2)})) == []
    assert events(twin) == []


def test_a_late_copy() -> None:
    """Another source catching up, even with a longer text, changes nothing; where the category
    says so, a much longer text is an update."""
    late = story(5, 1, 2, best_id=7, best_words=300)
    assert events(late, here=present({5: at(5)})) == []
    [event] = place([late], present({5: at(5)}), MINE, Admission(upgrade=True))
    assert (event.kind, event.article_id) == (EventKind.UPDATE, 7)
    shown = present({5: at(7, words=300)})
    assert place([late], shown, MINE, Admission(upgrade=True)) == []


def test_the_owner_is_shown_once_a_copy_is_edited() -> None:
    """A copy that was published first stays as it is; its edits are not taken over."""
    led = story(5, 1, 2, lead_id=8, best_id=8)
    assert events(led, here=present({5: at(5)})) == []
    [event] = place([led], present({5: at(5, 1, current=2)}), MINE, Admission())
    assert (event.kind, event.article_id) == (EventKind.UPDATE, 8)


def test_what_was_taken_away_is_replaced() -> None:
    """Another article of the story is shown."""
    left = story(5, 1, 2, lead_id=8)
    [event] = place([left], present({5: at(5, there=False)}), MINE, Admission())
    assert (event.kind, event.article_id) == (EventKind.UPDATE, 8)


def test_hold() -> None:
    """A story waits for more copies, and those after it with it; what is in the feed doesn't."""
    hold = Admission(hold=timedelta(minutes=10))
    changes = [story(5, 1), story(6, 1, minutes=8), story(7, 1, minutes=8)]
    assert ready(changes, present(), MINE, hold, AT + timedelta(minutes=9)) == 0
    assert ready(changes, present(), MINE, hold, AT + timedelta(minutes=11)) == 1
    assert ready(changes, present(), MINE, hold, AT + timedelta(minutes=18)) == 3
    assert ready(changes, present({5: at(5)}), MINE, hold, AT + timedelta(minutes=9)) == 1
    assert ready([story(5, 3)], present(), MINE, hold, AT) == 1, "not for this feed"
    better = story(5, 1, 2, best_id=9)
    [event] = place([better], present(), MINE, hold)
    assert event.article_id == 9


def test_backlog() -> None:
    """Of what a new source showed first, so many enter where other sources' stories are; all of
    it where none are, or only its own."""
    first = [story(n, 1, backlog=n) for n in range(1, 9)]
    few = Admission(backlog=3)
    assert len(events(*first, how=few)) == 8
    assert len(events(*first, how=few, here=present({}, 1))) == 8
    assert len(events(*first, how=few, here=present({}, 2))) == 3
    assert len(events(*first, story(9, 1), how=few, here=present({}, 2))) == 4, "and the new ones"
    joined = [story(n, 1) for n in range(1, 9)]
    assert len(events(*joined, how=few, here=present({}, 2, joined=True))) == 3


def test_the_definition_has_a_name() -> None:
    """The digest changes with the sources, not with their order."""
    one = Members(sources=frozenset({2, 1}), active=frozenset())
    assert one.digest() == Members(sources=frozenset({1, 2}), active=frozenset({1})).digest()
    assert one.digest() != ALL.digest()

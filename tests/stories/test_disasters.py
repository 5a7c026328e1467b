"""Replays of what sources do to their subscribers: nothing is published twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from feeds.models import Held
from tests.databases import Clock, Opened
from tests.stories.newsroom import Newsroom, Post, post, prose


@pytest.fixture
def room(opened: Opened, clock: Clock) -> Newsroom:
    return Newsroom(opened(), clock)


def archive(room: Newsroom, count: int = 20) -> list[Post]:
    """The last posts of a blog, newest first, a day apart."""
    return [
        post(
            f"Post about {prose(n, 3)}",
            prose(n),
            guid=f"http://blog.example/?p={n}",
            link=f"http://blog.example/{n}",
            at=room.clock().replace(microsecond=0) - timedelta(days=n),
        )
        for n in range(1, count + 1)
    ]


def migrated(each: Post) -> Post:
    return replace(each, guid=f"new-{each.guid}", link=f"https://new.example/posts/{each.title}")


def https(each: Post) -> Post:
    assert each.guid
    assert each.link
    return replace(
        each, guid=each.guid.replace("http:", "https:"), link=each.link.replace("http:", "https:")
    )


def redated(each: Post, clock: Clock) -> Post:
    return replace(each, at=clock())


@pytest.mark.parametrize("kind", ["https", "migrated", "today", "no ids", "retitled ids"])
def test_a_source_changes_its_marks(room: Newsroom, kind: str) -> None:
    """Guids from http to https; a migration of all guids and URLs; everything dated today; guids
    left out; guids that are titles now. The next new post is new, and nothing else."""
    posts = archive(room)
    room.show("blog", *posts)
    room.round()
    assert room.sent() == len(posts)
    before = _log(room)
    room.clock.forward(hours=3)
    changes: dict[str, Callable[[Post], Post]] = {
        "https": https,
        "migrated": migrated,
        "today": lambda each: redated(each, room.clock),
        "no ids": lambda each: replace(each, guid=None),
        "retitled ids": lambda each: replace(each, guid=each.title),
    }
    changed = [changes[kind](each) for each in posts]
    room.show("blog", *changed)
    room.round()
    assert _log(room) == before, "nothing is sent, not even as an update"
    new = post("The next post", prose(99), guid="next", link="https://new.example/next")
    room.show("blog", new, *changed)
    room.round()
    assert room.sent() == len(posts) + 1
    assert room.titles()[0] == "The next post"


def test_a_migration_with_new_dates(room: Newsroom) -> None:
    """All guids, URLs and dates are others: titles and texts tell."""
    posts = archive(room)
    room.show("blog", *posts)
    room.round()
    before = _log(room)
    room.clock.forward(hours=3)
    room.show("blog", *(redated(migrated(each), room.clock) for each in posts))
    room.round()
    assert _log(room) == before


def _log(room: Newsroom) -> int:
    """How long it is."""
    [state] = room.store.feeds()
    return state.seq


def test_a_flood_of_what_is_too_old_for_its_text(room: Newsroom) -> None:
    """Long after the texts' keys were forgotten the titles tell, in a flood: nothing is sent."""
    posts = archive(room)
    room.show("blog", *posts)
    room.round()
    before = _log(room)
    room.clock.forward(days=40)
    assert room.link() == 0
    room.store.forget_traces()
    room.show("blog", *(redated(migrated(each), room.clock) for each in posts))
    room.round()
    assert _log(room) == before
    assert room.store.sources()[0].held == 0


def test_the_same_guid_for_every_item(room: Newsroom) -> None:
    """Each is an article of its own, and stays it."""
    posts = [replace(each, guid="1") for each in archive(room)]
    room.show("blog", *posts)
    room.round()
    room.round()
    room.show("blog", *posts[3:])
    room.round()
    assert room.sent() == len(posts)


def test_a_guid_that_is_reused(room: Newsroom) -> None:
    """For something plainly different it is a new article, and the old one is kept."""
    one = post("Cats are asleep", prose(1), guid="latest", link="https://blog.example/1")
    two = post("Trains run late today", prose(30), guid="latest", link="https://blog.example/2")
    room.show("blog", one)
    room.round()
    room.show("blog", two)
    room.round()
    room.round()
    assert sorted(room.titles()) == ["Cats are asleep", "Trains run late today"]
    assert room.sent() == 2


def test_items_that_flap(room: Newsroom) -> None:
    """In and out of the document, they are the same."""
    posts = archive(room)
    for shown in (posts, posts[5:], posts[:5], [], posts, posts[::2], posts[::-1]):
        room.show("blog", *shown)
        room.round()
    assert room.sent() == len(posts)


def test_back_after_months(room: Newsroom) -> None:
    """A source that returns under other guids brings what it had, and one new post."""
    posts = archive(room)
    room.show("blog", *posts)
    room.round()
    room.clock.forward(days=120)
    new = post("Back again", prose(77), guid="n", link="https://blog.example/n", at=room.clock())
    room.show("blog", new, *(replace(each, guid=f"wp-{each.guid}") for each in posts))
    room.round()
    assert room.sent() == len(posts) + 1


def test_a_flood_is_held(room: Newsroom) -> None:
    """An archive that was never shown comes at once: it is held, told once, and the operator
    decides; what was known stays known."""
    posts = archive(room, 60)
    room.show("blog", *posts[:15])
    room.round()
    room.show("blog", *posts)
    room.round()
    room.round()
    assert room.sent() == 15
    [state] = room.store.sources()
    assert state.held == 45
    assert room.store.let_in(state.id) == 45
    room.link()
    room.publish()
    assert room.sent() == 60
    assert room.store.sources()[0].held == 0


def test_a_flood_is_discarded(room: Newsroom) -> None:
    """It never comes back, however often it is shown, or edited."""
    posts = archive(room, 40)
    room.show("blog", *posts[:12])
    room.round()
    room.show("blog", *posts)
    room.round()
    [state] = room.store.sources()
    assert room.store.discard(state.id) == 28
    edited = [
        replace(each, text=each.text + " And some more words than a few were added.")
        for each in posts
    ]
    room.show("blog", *edited)
    room.round()
    assert room.sent() == 12
    assert {f.held for f in room.store.facts([], "40")} == {Held.REMOVED}


def test_a_busy_source_is_no_flood(room: Newsroom) -> None:
    """Many new items with new dates are news."""
    room.show("wire", *archive(room, 15))
    room.round()
    room.clock.forward(hours=9)
    fresh = [
        post(
            f"News {prose(n, 4)}",
            prose(n),
            guid=f"n{n}",
            link=f"https://wire.example/n{n}",
            at=room.clock(),
        )
        for n in range(200, 260)
    ]
    room.show("wire", *fresh)
    room.round()
    assert room.sent() == 75


def test_a_back_catalogue(room: Newsroom) -> None:
    """A new source does not bury what others wrote: five of its items enter, in their own dates."""
    room.show("a", *archive(room, 8))
    room.round()
    assert room.sent() == 8, "alone, all of it"
    room.show(
        "b",
        *(
            replace(
                p, guid=f"b{n}", link=f"https://b.example/{n}", title=f"B {n}", text=prose(300 + n)
            )
            for n, p in enumerate(archive(room, 30))
        ),
    )
    room.round()
    assert room.sent() == 13
    assert [t for t in room.titles() if t.startswith("B ")] == [f"B {n}" for n in range(5)]
    room.round()
    new = post("B new", prose(400), guid="bn", link="https://b.example/n", at=room.clock())
    room.show("b", new)
    room.round()
    assert room.titles()[0] == "B new"


def test_undated_items_never_jump_up(room: Newsroom) -> None:
    """They take the time at which they were first seen, in document order, for good."""
    posts = [replace(each, at=None) for each in archive(room, 6)]
    room.show("blog", *posts)
    room.round()
    order = room.titles()
    assert order == [each.title for each in posts]
    room.show("blog", *reversed(posts))
    room.round()
    assert room.titles() == order

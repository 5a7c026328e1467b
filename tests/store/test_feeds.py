"""Published feeds: the log, placements, windows."""

from __future__ import annotations

import pytest

from feeds.errors import StoreError
from feeds.models import Category, Event, EventKind, Source
from feeds.store import Store
from tests.databases import Clock, Opened
from tests.store.material import TTL, join, linked, poll, sources, stored

WORLD = Category(slug="world", title="World")
TECH = Category(slug="tech", title="Tech")


def event(kind: EventKind, story: int, revision: int = 1) -> Event:
    return Event(story_id=story, kind=kind, article_id=story, revision=revision)


def enter(*ids: int) -> list[Event]:
    return [event(EventKind.ENTER, number) for number in ids]


def with_stories(store: Store, *names: str) -> list[int]:
    """Stories of these articles of source a, by name."""
    store.sync_sources(sources("a", title="Source A"))
    store.sync_feeds([WORLD, TECH])
    stored(store, "a", *names)
    linked(store)
    by_name = {each.entry.guid: each.id for each in store.articles(None, 100)}
    return [by_name[name] for name in names]


def test_feeds_as_configured(opened: Opened, clock: Clock) -> None:
    """A new feed is empty and was updated when it was configured; a removed one keeps its log."""
    store = opened()
    store.sync_feeds([WORLD, TECH])
    born = clock.at
    assert [(f.slug, f.seq, f.cursor, f.updated) for f in store.feeds()] == [
        ("tech", 0, 0, born),
        ("world", 0, 0, born),
    ]
    clock.forward(hours=1)
    store.append("tech", [event(EventKind.UPDATE, 5)], cursor=3, members=b"m")
    [tech, _] = store.feeds()
    store.sync_feeds([WORLD])
    assert [feed.slug for feed in store.feeds()] == ["world"]
    clock.forward(hours=1)
    store.sync_feeds([TECH, WORLD])
    assert store.feeds()[0] == tech
    store.sync_feeds([])
    assert store.feeds() == []


def test_append_numbers_events(opened: Opened, clock: Clock) -> None:
    """Sequence numbers go on; cursor, members and time move with them."""
    store = opened()
    one, two, three = with_stories(store, "one", "two", "three")
    clock.forward(minutes=1)
    state = store.append("world", enter(one, two), cursor=2, members=b"a")
    assert (state.seq, state.cursor, state.members, state.updated) == (2, 2, b"a", clock.at)
    state = store.append("world", enter(three), cursor=3, members=b"b")
    assert (state.seq, state.cursor, state.members) == (3, 3, b"b")
    assert store.feeds()[1] == state
    assert [item.seq for item in store.window("world", 10)] == [3, 2, 1]
    assert store.window("tech", 10) == []
    assert store.integrity() == []


def test_updated_never_goes_back(opened: Opened, clock: Clock) -> None:
    """Not even when the clock does; without events only the cursor moves."""
    store = opened()
    one, two = with_stories(store, "one", "two")
    store.append("world", enter(one), cursor=1, members=b"")
    at = clock.at
    clock.forward(hours=-5)
    assert store.append("world", enter(two), cursor=2, members=b"").updated == at
    clock.forward(days=5)
    state = store.append("world", [], cursor=9, members=b"")
    assert (state.updated, state.cursor, state.seq) == (at, 9, 2)


def test_placements_follow_the_log(opened: Opened, clock: Clock) -> None:
    """Update keeps the place, leave and takedown free it, a later enter takes a new one."""
    store = opened()
    one, two, three = with_stories(store, "one", "two", "three")
    store.append("world", enter(one, two, three), cursor=0, members=b"")
    store.append(
        "world",
        [
            event(EventKind.UPDATE, one, 2),
            event(EventKind.LEAVE, two, 1),
            event(EventKind.TAKEDOWN, three, 1),
        ],
        cursor=0,
        members=b"",
    )
    assert _revisions(store, one, two, three) == {one: 2}
    assert store.placements("tech", [one]) == {}
    assert [(item.story_id, item.seq) for item in store.window("world", 9)] == [(one, 1)]
    store.append("world", enter(two), cursor=0, members=b"")
    assert [(item.story_id, item.seq) for item in store.window("world", 9)] == [(two, 7), (one, 1)]


def _revisions(store: Store, *ids: int) -> dict[int, int]:
    return {number: each.revision for number, each in store.placements("world", ids).items()}


def test_many_events_of_one_story_at_once(store: Store) -> None:
    """The last word counts, whatever the order in one batch."""
    one, two, three = with_stories(store, "one", "two", "three")
    store.append("world", enter(three), cursor=0, members=b"")
    store.append(
        "world",
        [
            *enter(one, two),
            event(EventKind.UPDATE, one, 2),
            event(EventKind.LEAVE, two),
            event(EventKind.UPDATE, two, 9),
            event(EventKind.LEAVE, three),
            event(EventKind.ENTER, three, 5),
        ],
        cursor=0,
        members=b"",
    )
    assert _revisions(store, one, two, three) == {one: 2, three: 5}
    assert store.integrity() == []


def test_a_feed_that_is_none(store: Store) -> None:
    """The log of an unknown feed is refused."""
    with pytest.raises(StoreError, match="no feed nowhere"):
        store.append("nowhere", [], cursor=0, members=b"")


def test_window_and_members(opened: Opened, clock: Clock) -> None:
    """The newest by placement: article, source, entry time, and who else carried the story."""
    store = opened()
    store.sync_sources([*sources("a", title="A"), Source(url="file:///x.xml"), *sources("c")])
    store.sync_feeds([WORLD])
    stored(store, "a", "one")
    [one] = linked(store)
    claim_file, claim_c = store.claim_due(9, TTL)
    store.record([poll(claim_file, "copy"), poll(claim_c, "copy")])
    join(store, one, *(each.article.id for each in store.unlinked(10)), lead=one)
    entered = clock.forward(minutes=3)
    store.append("world", enter(one), cursor=0, members=b"")
    [item] = store.window("world", 10)
    assert (item.seq, item.story_id, item.published_id) == (1, one, f"urn:test:{one}")
    assert (item.entered_at, item.article.entry.guid) == (entered, "one")
    assert (item.article.story_id, item.source.title) == (one, "A")
    assert item.source.url == "https://a.example/feed"
    assert {(each.source.url, each.source.title) for each in item.also} == {
        ("", f"Source {claim_file.source_id}"),
        ("https://c.example/feed", "c.example"),
    }
    [member] = store.members("world", 10)
    assert member == store.changed_stories(0, 10)[0]
    assert len(member.source_ids) == 3


def test_window_is_limited(store: Store) -> None:
    """`limit` counts from the newest placement."""
    ids = with_stories(store, *"abcde")
    store.append("world", enter(*ids), cursor=0, members=b"")
    assert [item.story_id for item in store.window("world", 2)] == [ids[4], ids[3]]
    assert [each.story_id for each in store.members("world", 2)] == [ids[4], ids[3]]


def test_mark_rendered(store: Store) -> None:
    """What the outlet holds is remembered, and only of that feed."""
    store.sync_feeds([WORLD, TECH])
    store.mark_rendered("world", 7, b"digest")
    tech, world = store.feeds()
    assert (world.rendered, world.rendered_seq) == (b"digest", 7)
    assert (tech.rendered, tech.rendered_seq) == (b"", 0)


def test_articles_of_some_sources(opened: Opened, clock: Clock) -> None:
    """The newest by date, of all sources or of these."""
    store = opened()
    store.sync_sources(sources("a", "b"))
    a, b = (state.id for state in store.sources())
    stored(store, "a", "one")
    clock.forward(hours=1)
    stored(store, "b", "two")
    clock.forward(hours=1)
    stored(store, "a", "three")
    assert [each.entry.guid for each in store.articles(None, 2)] == ["three", "two"]
    assert [each.entry.guid for each in store.articles([a], 9)] == ["three", "one"]
    assert [each.entry.guid for each in store.articles([b, a], 9)] == ["three", "two", "one"]
    assert store.articles([], 9) == []

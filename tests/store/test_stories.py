"""Linking: stories, their public ids, and the numbers of their changes."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from feeds.errors import StoreError
from feeds.models import Category, Claim, Event, EventKind, Poll, StoryPlan
from feeds.store import Store, stories
from tests.databases import Clock, Opened
from tests.store.material import (
    TTL,
    change,
    claimed,
    digest,
    found,
    join,
    keys,
    linked,
    new,
    own_story,
    poll,
    sources,
    stored,
)


def test_unlinked_oldest_first(store: Store) -> None:
    """What linking has not seen, with its keys and its source; each until it is linked."""
    store.sync_sources(sources("a"))
    stored(store, "a", "one", "two", "three", shared=True)
    batch = store.unlinked(2)
    ids = [each.article.id for each in batch]
    assert ids == sorted(ids)
    assert len(ids) == 2
    name = batch[0].article.entry.guid
    assert name is not None
    assert set(batch[0].keys) == set(keys(name, shared=True))
    assert batch[0].source_url == store.sources()[0].url
    found(store, *ids)
    assert len(store.unlinked(10)) == 1


def test_sharing_finds_linked_articles(store: Store) -> None:
    """By shared keys only; not what is unlinked. What a removed source left counts: it was
    published."""
    store.sync_sources(sources("a", "b"))
    stored(store, "a", "one", shared=True)
    asked = [key.digest for key in keys("one")]
    assert store.sharing(asked) == []
    [number] = linked(store)
    source = store.sources()[0].id
    assert sorted(store.sharing(asked)) == sorted((key, number, source) for key in asked[1:])
    assert store.sharing(asked[:1]) == [], "this key is not of global form"
    store.sync_sources(sources("b"))
    assert len(store.sharing(asked)) == 2


def test_a_second_article_joins(opened: Opened) -> None:
    """It touches its story, whose lead stays."""
    store = opened()
    store.sync_sources(sources("a", "b"))
    stored(store, "a", "one")
    stored(store, "b", "two")
    one, two = (each.article.id for each in store.unlinked(10))
    found(store, one)
    [before] = store.changed_stories(0, 10)
    assert (before.lead_id, before.best_id, before.change) == (one, one, 1)
    join(store, before.story_id, two, lead=one)
    [after] = store.changed_stories(before.change, 10)
    assert (after.story_id, after.lead_id) == (before.story_id, one)
    assert after.source_ids == tuple(state.id for state in store.sources())
    assert {article.story_id for article in store.articles(None, 10)} == {before.story_id}
    assert store.integrity() == []


def test_an_unpublished_story_can_be_taken_back(store: Store) -> None:
    """Its articles go elsewhere, another leads, and the story is no more; a published one stays."""
    store.sync_sources(sources("a", "b", "c"))
    store.sync_feeds([Category(slug="all", title="All")])
    for name in "abc":
        stored(store, name, f"of {name}")
    a, b, c = linked(store)
    stories_of = {each.id: each.story_id for each in store.articles(None, 9)}
    first, second, third = stories_of[a], stories_of[b], stories_of[c]
    assert first is not None
    assert second is not None
    assert third is not None
    enter = Event(story_id=third, kind=EventKind.ENTER, article_id=c, revision=1)
    store.append("all", [enter], cursor=0, members=b"")
    plan = replace(own_story(b), story_id=first, members=(b,), emptied=(second,), twins=())
    store.link([plan], [a, b], {})
    assert {each.story_id for each in store.changed_stories(0, 9)} == {first, third}
    overtaken = replace(own_story(a), story_id=third, members=(a,), opened=False)
    store.link([overtaken], [a], {})
    assert {each.id: each.story_id for each in store.articles(None, 9)}[a] == first, "overtaken"
    twin = replace(own_story(b), story_id=first, members=(), twins=(third,))
    store.link([twin], [], {})
    assert {e.story_id: e.twin_id for e in store.changed_stories(0, 9)} == {
        first: None,
        third: first,
    }
    assert store.integrity() == []


def test_public_ids_are_unique(store: Store) -> None:
    """The second story that wants an id gets its fallback, in one batch or in two (P13)."""
    store.sync_sources(sources("a"))
    store.sync_feeds([])
    stored(store, "a", *"abcd")
    ids = [each.article.id for each in store.unlinked(10)]

    def wants(number: int, fallback: str) -> StoryPlan:
        return replace(own_story(number), published_id="tag:same", fallback_id=fallback)

    store.link([wants(ids[0], "f0"), wants(ids[1], "f1")], ids[:2], {})
    store.link([wants(ids[2], "f2"), wants(ids[3], "f2")], ids[2:], {})
    names = published_ids(store)
    assert names[:3] == ["tag:same", "f1", "f2"]
    assert names[3] not in names[:3]


def published_ids(store: Store) -> list[str]:
    """Of all stories, oldest first, as a feed shows them."""
    store.sync_feeds([Category(slug="ids", title="Ids")])
    changes = store.changed_stories(0, 100)
    events = [
        Event(story_id=each.story_id, kind=EventKind.ENTER, article_id=each.lead_id, revision=1)
        for each in sorted(changes, key=lambda each: each.story_id)
    ]
    store.append("ids", events, cursor=0, members=b"")
    return [item.published_id for item in reversed(store.window("ids", 100))]


def test_a_revision_touches_its_story(opened: Opened, clock: Clock) -> None:
    """An edited lead gives its story new dates and a new change; its ids stay."""
    store = opened()
    store.sync_sources(sources("a"))
    stored(store, "a", "one")
    [number] = linked(store)
    [before] = store.changed_stories(0, 10)
    clock.forward(hours=2)
    claim = claimed(store, "a")
    earlier = clock.at - timedelta(days=1)
    store.record([poll(claim, changed=(change(number, "one", claim, published=earlier),))])
    store.link([], [number], {})
    [after] = store.changed_stories(before.change, 10)
    assert (after.story_id, after.revision) == (before.story_id, 2)
    assert (after.published, after.updated) == (earlier, clock.at)
    assert published_ids(store) == [f"urn:test:{number}"]


def test_changes_come_in_order(store: Store) -> None:
    """Each touch has the next number; `after` and `limit` page through them."""
    store.sync_sources(sources("a"))
    stored(store, "a", *"abcdef")
    linked(store)
    seen: list[int] = []
    while page := store.changed_stories(seen[-1] if seen else 0, 4):
        seen += [each.change for each in page]
    assert seen == [1, 2, 3, 4, 5, 6]
    assert store.last_change() == 6


@pytest.mark.parametrize("many", [False, True])
def test_recent_stories(opened: Opened, clock: Clock, *, many: bool) -> None:
    """The newest stories of some sources, by their lead's date, oldest change first, whichever
    of the two ways is taken (a few sources, or many)."""
    store = opened()
    store.sync_sources(sources("a", "b", *(f"x{n}" for n in range(3))))
    a, b, *others = (state.id for state in store.sources())
    for name, days in (("old", 9), ("new", 1), ("middle", 5)):
        claim = claimed(store, "a")
        at = clock.at - timedelta(days=days)
        store.record([poll(claim, new=(new(name, claim, published=at),))])
        linked(store)
        clock.forward(hours=1)
    stored(store, "b", "theirs")
    [batch] = store.unlinked(10)
    mine = store.articles([a], 10)
    titles = {article.story_id: article.entry.guid for article in mine}
    middle = next(each for each in mine if each.entry.guid == "middle")
    assert middle.story_id is not None
    join(store, middle.story_id, batch.article.id, lead=middle.id)
    asked = [a, *(range(10_000, 10_000 + stories.FEW) if many else ())]
    assert [titles[each.story_id] for each in store.recent_stories(asked, 2)] == ["new", "middle"]
    assert [titles[each.story_id] for each in store.recent_stories(asked, 9)] == [
        "old",
        "new",
        "middle",
    ]
    assert [titles[each.story_id] for each in store.recent_stories(None, 1)] == ["new"]
    theirs = [b, *asked[1:]]
    assert [titles[each.story_id] for each in store.recent_stories(theirs, 9)] == ["middle"]
    assert store.recent_stories(others, 9) == []
    assert store.recent_stories([], 9) == []


def test_linking_nothing(store: Store) -> None:
    """An empty batch, and an article that is not there, change nothing."""
    store.link([], [], {})
    assert store.last_change() == 0
    store.link([own_story(77)], [77], {})
    assert store.changed_stories(0, 10) == []
    assert store.sharing([digest("x")]) == []


@pytest.mark.slow
def test_linking_beside_recording(store: Store) -> None:
    """Leads that move rank the other articles of their stories anew, while the sources of all of
    them are recorded: neither waits for the other in a circle."""
    names = [f"story {n}" for n in range(30)]
    store.sync_sources(sources("a", "b", "c"))
    for name in ("a", "b", "c"):
        stored(store, name, *names)
    founding = store.unlinked(len(names))
    found(store, *(each.article.id for each in founding))
    there = {each.entry.guid: each for each in store.articles(None, 1000) if each.story_id}
    joining = store.unlinked(1000)
    assert len(joining) == 2 * len(names)
    for each in joining:
        lead = there[each.article.entry.guid]
        assert lead.story_id is not None
        join(store, lead.story_id, each.article.id, lead=lead.id)
    ended, troubles = threading.Event(), list[Exception]()
    linker = threading.Thread(target=_link_until, args=(store, ended, troubles))
    linker.start()
    try:
        for number in range(40):
            store.make_due()
            claims = store.claim_due(3, TTL)
            store.record([_edited(store, claim, names, number) for claim in claims])
    finally:
        ended.set()
        linker.join()
    assert troubles == []
    assert store.integrity() == []


def _link_until(store: Store, ended: threading.Event, troubles: list[Exception]) -> None:
    while not ended.is_set():
        try:
            store.link([], [each.article.id for each in store.unlinked(1000)], {})
        except StoreError as error:
            troubles.append(error)
            return


def _edited(store: Store, claim: Claim, names: list[str], number: int) -> Poll:
    """A poll that finds each article edited and redated."""
    found = store.known(claim.source_id, [key.digest for name in names for key in keys(name)])
    at = claim.until - TTL - timedelta(minutes=number)
    edits = tuple(
        replace(
            change(known.article_id, "edited", claim, keys=()),
            content_digest=digest(f"edit {number}"),
            published=at,
        )
        for known in found
    )
    return poll(claim, changed=edits)

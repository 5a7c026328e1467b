"""Lists of articles, page by page, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from feeds.models import Category, Chosen, Event, EventKind, Held, Listed
from feeds.store import Store
from tests.store.material import claimed, keys, linked, new, poll, sources

COUNT = 23
SAME = 5
"""Of them, with the same date each time."""


@pytest.fixture
def filled(store: Store) -> Store:
    store.sync_sources(sources("a", "b"))
    store.sync_feeds([Category(slug="world", title="World"), Category(slug="none", title="None")])
    for name in ("a", "b"):
        claim = claimed(store, name)
        made = [
            replace(one, published=one.published - timedelta(hours=number // SAME))
            for number in range(COUNT)
            for one in [new(f"{name}{number}", claim)]
        ]
        store.record([poll(claim, new=tuple(made))])
    linked(store)
    return store


def pages(store: Store, chosen: Chosen, limit: int) -> list[list[Listed]]:
    found: list[list[Listed]] = []
    after = None
    while some := store.listed(chosen, after, limit):
        found.append(some)
        last = some[-1].article
        after = last.published, last.id
    return found


@pytest.mark.parametrize("limit", [1, SAME, 7, 2 * COUNT, 1000])
def test_every_one_once(filled: Store, limit: int) -> None:
    """Newest first, whatever the pages' length, also where many have the same date."""
    found = [each.article for page in pages(filled, Chosen(), limit) for each in page]
    assert len(found) == len({each.id for each in found}) == 2 * COUNT
    assert found == sorted(found, key=lambda each: (each.published, each.id), reverse=True)
    assert found == filled.articles(None, 1000)


def test_what_comes_meanwhile(filled: Store) -> None:
    """Shifts no page: nothing is shown twice, nothing passed over."""
    first = filled.listed(Chosen(), None, 10)
    filled.make_due()
    claim = claimed(filled, "a")
    filled.record([poll(claim, new=(new("late", claim),))])
    last = first[-1].article
    second = filled.listed(Chosen(), (last.published, last.id), 1000)
    names = [each.article.entry.guid for each in (*first, *second)]
    assert len(names) == len(set(names)) == 2 * COUNT
    assert "late" not in names


def test_of_a_source_a_feed_a_time(filled: Store) -> None:
    """Each alone, and together."""
    every = filled.articles(None, 1000)
    one = every[0].source_id
    mine = [each for each in every if each.source_id == one]
    found = [each.article for page in pages(filled, Chosen(source_id=one), 4) for each in page]
    assert found == mine
    shown = mine[3:9]
    events = [
        Event(story_id=each.story_id or 0, kind=EventKind.ENTER, article_id=each.id, revision=1)
        for each in shown
    ]
    filled.append("world", events, cursor=1, members=b"")
    told = [each.article for page in pages(filled, Chosen(feed="world"), 4) for each in page]
    assert told == shown
    assert filled.listed(Chosen(feed="none")) == []
    before = shown[-1].published
    early = filled.listed(Chosen(source_id=one, before=before), None, 1000)
    assert [each.article for each in early] == [each for each in mine if each.published < before]
    assert filled.listed(Chosen(source_id=99)) == []


def test_how_they_stand(filled: Store) -> None:
    """What was taken down for ever is told from what is not kept any longer, and both from what
    stands."""
    down, *others = (each for each in filled.articles(None, 1000))
    filled.take_down(keys(str(down.entry.guid)), "by name")
    found = {each.article.id: each for each in filled.listed(Chosen(), None, 1000)}
    assert found[down.id].held is Held.REMOVED
    assert found[down.id].barred
    assert not found[down.id].article.entry.title
    assert all(found[each.id] == Listed(article=found[each.id].article) for each in others)

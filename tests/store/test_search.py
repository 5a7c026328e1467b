"""Full-text search of what a feed shows, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from feeds.models import Category, Entry, Event, EventKind, Person, Term
from feeds.store import Store
from tests.store.material import change, claimed, keys, linked, new, poll, sources

WORLD = Category(slug="world", title="World")


@pytest.fixture
def filled(store: Store) -> Store:
    store.sync_sources(sources("a"))
    store.sync_feeds([WORLD, Category(slug="other", title="Other")])
    claim = claimed(store, "a")
    texts = {
        "one": Entry(title="The late ferry", content="<p>Nobody was <b>surp</b>rised.</p>"),
        "two": Entry(title="Čapek's robots", summary="A ferry, too", terms=(Term(term="drama"),)),
        "three": Entry(title="日本語のニュース", authors=(Person(name="Ada O'Hara"),)),
    }
    made = [replace(new(n, claim), entry=replace(e, guid=n)) for n, e in texts.items()]
    store.record([poll(claim, new=tuple(made))])
    linked(store)
    enter(store, "world")
    assert store.index_texts() == 3
    assert store.index_texts() == 0
    return store


def enter(store: Store, slug: str) -> None:
    events = [
        Event(story_id=a.story_id or 0, kind=EventKind.ENTER, article_id=a.id, revision=1)
        for a in sorted(store.articles(None, 10), key=lambda each: each.id)
    ]
    store.append(slug, events, cursor=1, members=b"")


def found(store: Store, query: str, slug: str = "world") -> set[str | None]:
    return {item.article.entry.guid for item in store.find(slug, query)}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("ferry", {"one", "two"}),
        ("FERRY late", {"one"}),
        ("surpr", {"one"}),  # a word that markup parts is one
        ("drama", {"two"}),
        ("ada", {"three"}),
        ("日本語のニュース", {"three"}),
        ("ferr", {"one", "two"}),
        ("ferry nothing", set()),
        ("", set()),
        ("\" OR 1=1 --", set()),
        ("ferry) OR (drama", set()),
        ("ferry NOT late", set()),
        ("title:ferry*", set()),
        ("'", set()),
        ("a" * 5000, set()),
        ("\x00 ferry \ud800", {"one", "two"}),
    ],
)  # fmt: skip
def test_find(filled: Store, query: str, names: set[str]) -> None:
    """All words, the last as a beginning; signs of a query language mean nothing."""
    assert found(filled, query) == names
    assert found(filled, query, "other") == set()


def test_edits_and_takedowns(filled: Store) -> None:
    """What is told now is found, what was told no more; what is gone is not."""
    filled.make_due()
    [one] = [each for each in filled.articles(None, 9) if each.entry.guid == "one"]
    claim = claimed(filled, "a")
    edited = change(one.id, "one", claim, entry=Entry(guid="one", title="The punctual bus"))
    filled.record([poll(claim, changed=(edited,))])
    linked(filled)
    assert filled.index_texts() == 1
    assert found(filled, "punctual") == {"one"}
    assert found(filled, "late") == set()
    filled.take_down(keys("two"), "two")
    linked(filled)
    filled.index_texts()
    assert found(filled, "drama") == set()

"""Reading only what is new: the store ends as if all had been read, whatever a source shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aggregator.deliveries import pushed
from aggregator.identity.urls import UrlRules, default_rules
from aggregator.read.reader import read
from feeds.models import Article, Document, Hop, KnownItems, Poll, Source
from feeds.store import Store, open_store
from tests.aggregator.test_poll import URL, Canned, ok, poller
from tests.databases import Clock
from tests.flows.command import rss
from tests.store.material import TTL

Item = tuple[str | None, str | None, str, str | None]
"""guid, link, text, day"""
ITEMS = st.tuples(
    st.sampled_from([None, "1", "2", "http://a.test/x"]),
    st.sampled_from([None, "/", "/x", "/y"]),
    st.sampled_from(["one", "two"]),
    st.sampled_from([None, "19", "20"]),
)


def xml(items: list[Item], link: str) -> bytes:
    """RSS of these items, of a site at that path."""

    def one(guid: str | None, path: str | None, text: str, day: str | None) -> str:
        return (
            "<item>"
            + (f"<guid isPermaLink='false'>{guid}</guid>" if guid else "")
            + (f"<link>http://a.test{path}</link>" if path else "")
            + f"<title>{text}</title>"
            + (f"<pubDate>Fri, {day} Nov 2020 10:00:00 GMT</pubDate>" if day else "")
            + "</item>"
        )

    return (
        f"<rss version='2.0'><channel><title>T</title><link>http://a.test{link}</link>"
        f"{''.join(one(*item) for item in items)}</channel></rss>"
    ).encode()


class Polled:
    """A source of a store of its own, polled with one body after another."""

    def __init__(self, *, incremental: bool = True, rules: UrlRules | None = None) -> None:
        self.clock = Clock()
        self.store: Store = open_store("sqlite://", now=self.clock)
        self.store.sync_sources([Source(url=URL)])
        self.left_out = 0
        """Entries that the last poll did not read."""
        self.readings = 0
        self.poller = replace(
            poller(Canned(ok(b""))),
            archive=self.store.archive,
            seen=self.store.seen if incremental else lambda _source: b"",
            now=self.store.now,
            read=self._read,
            rules=rules or default_rules(),
        )

    def _read(
        self, body: bytes, url: str, content_type: str | None, known: KnownItems | None
    ) -> Document:
        document = read(body, url, content_type, known)
        self.left_out = sum(not each.read for each in document.shown)
        self.readings += 1
        return document

    def poll(self, body: bytes, **answer: Any) -> Poll:
        self.clock.forward(hours=1)
        self.store.make_due()
        [claim] = self.store.claim_due(1, TTL)
        found = replace(self.poller, fetcher=Canned(replace(ok(body), **answer)))(claim)
        self.store.record([found])
        return found

    def push(self, body: bytes) -> Poll:
        """The same, brought by a hub."""
        self.clock.forward(hours=1)
        claim = self.store.claim_one(URL, TTL)
        assert claim is not None
        found = pushed(self.poller.given(claim, ok(body), "WebSub"))
        self.store.record([found])
        return found

    def take(self, way: str, body: bytes) -> Poll:
        """It comes as a whole, as the answer to A-IM, or from a hub."""
        if way == "push":
            return self.push(body)
        return self.poll(body, status=226 if way == "delta" else 200)

    def articles(self) -> list[Article]:
        return sorted(self.store.articles(None, 1000), key=lambda article: article.id)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["whole", "whole", "delta", "push"]),
            st.lists(ITEMS, max_size=5),
            st.sampled_from(["/", "/", "/x"]),
        ),
        min_size=2,
        max_size=5,
    )
)
@example(  # one of two that share a link moves, the other is not read again
    [
        ("whole", [(None, "/y", "two", "19"), ("2", "/y", "one", "20")], "/"),
        ("whole", [(None, "/x", "two", "19"), ("2", "/y", "one", "20")], "/"),
    ]
)
def test_the_store_ends_as_if_all_had_been_read(shown: list[tuple[str, list[Item], str]]) -> None:
    """Repeated guids, shared links, links of the site itself, undated items, edits, moves within
    the document, items that come and go, parts that come between whole documents: every article is
    the same, down to its revision."""
    full, incremental = Polled(incremental=False), Polled()
    for way, items, link in shown:
        body = xml(items, link)
        full.take(way, body)
        incremental.take(way, body)
        assert incremental.articles() == full.articles()
    full.store.close()
    incremental.store.close()


@pytest.fixture
def polled() -> Polled:
    return Polled()


def test_only_what_is_new_is_read(polled: Polled) -> None:
    """A new first item among known ones, an edit, and a header that moved on."""
    polled.poll(rss("b", "c", "d"))
    poll = polled.poll(rss("a", "b", "c", "d"))
    assert ([each.entry.guid for each in poll.new], poll.changed) == (["a"], ())
    assert polled.left_out == 3
    poll = polled.poll(rss("a", "b", "c", "d").replace(b"Text of c", b"Text of c, mended"))
    assert (len(poll.new), [each.entry.guid for each in poll.changed]) == (0, ["c"])
    assert polled.left_out == 3
    poll = polled.poll(rss("a", "b", "c", "d", title="Another").replace(b"of c", b"of c, mended"))
    assert (poll.new, polled.left_out) == ((), 3)
    assert poll.facts is not None
    assert poll.facts.title == "Another"


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.replace(b"<link>http://a.test/<", b"<link>http://b.test/<"),
        lambda body: body.replace(b"<rss ", b"<rss xml:base='http://b.test/' "),
        lambda body: b"<!DOCTYPE rss>" + body,
        lambda body: body.replace(b"</rss>", b"<"),
    ],
)
def test_another_frame_is_read_whole(polled: Polled, change: Callable[[bytes], bytes]) -> None:
    """The feed's link, which bases relative ones; a tag around the items; a DTD; broken XML."""
    polled.poll(rss("a", "b"))
    polled.poll(change(rss("a", "b")))
    assert polled.left_out == 0


def test_after_an_error_all_is_read(polled: Polled) -> None:
    """As after a fresh start: what the error left undone is done."""
    polled.poll(rss("a", "b"))
    polled.poll(b"no feed")
    polled.poll(rss("a", "b", "c"))
    assert polled.left_out == 0
    polled.poll(rss("a", "b", "c", "d"))
    assert polled.left_out == 3
    polled.store.make_due(fresh=True)
    polled.poll(rss("a", "b", "c", "d"))
    assert polled.left_out == 0


def test_other_rules_of_urls_read_all(polled: Polled) -> None:
    """Keys are made by the operator's rules; new rules make new keys."""
    polled.poll(rss("a", "b"))
    rules = replace(default_rules(), hosts={"a.test": default_rules().params})
    polled.poller = replace(polled.poller, rules=rules)
    polled.poll(rss("a", "b", "c"))
    assert polled.left_out == 0


def test_the_same_bytes_touch_no_reader(polled: Polled) -> None:
    """E8: a body that hashes as last time costs that hash."""
    polled.poll(rss("a"))
    before = polled.readings
    assert polled.poll(rss("a")).outcome == "same"
    assert polled.readings == before


def test_what_is_kept_is_bounded(polled: Polled) -> None:
    """2,000 places of 24 bytes; an item beyond them is read each time and no new article."""
    names = [str(number) for number in range(2100)]
    polled.poll(rss(*names))
    [state] = polled.store.sources()
    assert len(polled.store.seen(state.id)) == 2000 * 24 + 16
    poll = polled.poll(rss("new", *names))
    assert (len(poll.new), len(poll.changed), polled.left_out) == (1, 0, 2000)


def test_nothing_is_written_where_nothing_moved(polled: Polled) -> None:
    """A document that only counts its build date up leaves what is kept as it is."""
    polled.poll(rss("a", "b"))
    assert polled.poll(rss("a", "b", title="Other")).seen is None


def test_a_part_is_not_what_was_shown_last(polled: Polled) -> None:
    """A delta and a delivery show a few items; the next whole document is known all the same. One
    that edits an article makes it be read: it may still show the article as it was."""
    polled.poll(rss("a", "b"))
    polled.poll(rss("c"), status=226)
    polled.push(rss("d"))
    polled.poll(rss("a", "b", "c", "d"))
    assert polled.left_out == 2
    polled.push(rss("a").replace(b"Text of a", b"Text of a, mended"))
    poll = polled.poll(rss("a", "b", "c"))
    assert ([each.entry.guid for each in poll.changed], polled.left_out) == (["a"], 0)


def hops(*pairs: tuple[str, int]) -> tuple[Hop, ...]:
    return tuple(Hop(url=url, status=status) for url, status in pairs)


def test_articles_that_are_not_read_prove_a_move(polled: Polled) -> None:
    """E21: the redirect was a temporary one, so that the document's frame is the same: then it says
    that it is permanent, and the title is another. Its articles are ours, read or not."""
    there = "http://b.test/feed"
    polled.poll(rss("a", "b"), url=there, hops=hops((URL, 302), (there, 200)))
    moved = hops((URL, 301), (there, 200))
    polled.poll(rss("a", "b", title="Another"), url=there, hops=moved)
    [state] = polled.store.sources()
    assert polled.left_out == 2
    assert state.move is not None
    assert (state.move.seen, state.move.proven) == (1, True)


def test_an_unproven_move_is_read_whole(polled: Polled) -> None:
    """Articles of the time before the redirect are its proof, so each is looked at."""
    there = "http://b.test/feed"
    moved = hops((URL, 301), (there, 200))
    polled.poll(rss("a", "b"))
    polled.poll(rss("x", title="Parked"), url=there, hops=moved)
    polled.poll(rss("y", "x", title="Parked"), url=there, hops=moved)
    assert polled.left_out == 0
    polled.poll(rss("y", "x", "a", title="Parked"), url=there, hops=moved)
    [state] = polled.store.sources()
    assert state.move is not None
    assert state.move.proven
    polled.poll(rss("z", "y", "x", "a", title="Parked"), url=there, hops=moved)
    assert polled.left_out == 3


@example(["1", "1", None])
@given(st.lists(st.sampled_from(["1", "2", None]), min_size=1, max_size=4))
@settings(max_examples=20, deadline=None)
def test_json_feeds_alike(guids: list[str | None]) -> None:
    """JSON Feed item by item: a new one in front, the others known."""

    def feed(*ids: str | None) -> bytes:
        items = [{"id": i, "title": f"t{i}", "url": f"http://a.test/{i}"} for i in ids]
        return json.dumps(
            {"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": items}
        ).encode()

    full, incremental = Polled(incremental=False), Polled()
    for body in (feed(*guids), feed("new", *guids), feed(*reversed(guids))):
        full.poll(body)
        incremental.poll(body)
        assert incremental.articles() == full.articles()
    full.store.close()
    incremental.store.close()

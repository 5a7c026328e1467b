"""The same story from many sources is published once."""

from __future__ import annotations

import random
import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from aggregator.stories import link
from aggregator.stories.link import TOGETHER
from aggregator.stories.partition import NEAREST
from aggregator.stories.plans import House
from feeds.models import Category, Unlinked
from feeds.store import open_store
from tests.databases import Clock, Opened
from tests.likeness.changes import Outlet, wire
from tests.likeness.material import Piece, story
from tests.publisher.making import ATOM
from tests.store.material import TTL
from tests.stories.newsroom import ALL, Newsroom, Post, post, prose


@pytest.fixture
def room(opened: Opened, clock: Clock) -> Newsroom:
    return Newsroom(opened(), clock)


def copy_of(piece: Piece, name: str, clock: Clock, **more: Any) -> Post:
    text = "".join(f"<p>{each}</p>" for each in piece.paragraphs)
    one = post(piece.title, text, guid=f"{name}-1", link=f"https://{name}.example/1", at=clock())
    return replace(one, **more)


def test_a_wire_story(room: Newsroom) -> None:
    """Three outlets, as wire copy comes: one item, with the others named as links."""
    rng = random.Random(5)
    piece = story(rng, 6)
    for name in "abc":
        room.show(name, copy_of(wire(rng, piece, Outlet(rng)), name, room.clock))
    room.round()
    [item] = room.items()
    assert len(item.also) == 2
    entry = etree.fromstring(room.outlet.files["all/atom.xml"].body).find(f"{ATOM}entry")
    assert entry is not None
    related = [e.attrib for e in entry.findall(f"{ATOM}link") if e.get("rel") == "related"]
    assert {each["href"] for each in related} == {each.link for each in item.also}
    assert all(each["title"] for each in related)


def test_another_source_catches_up(room: Newsroom) -> None:
    """A late copy is named, and nothing is sent again; the feed's time stands."""
    piece = story(random.Random(6), 6)
    room.show("a", copy_of(piece, "a", room.clock))
    room.round()
    [before] = [state for state in room.store.feeds() if state.slug == "all"]
    room.show("b", copy_of(piece, "b", room.clock))
    room.round(hours=5)
    [item] = room.items()
    [after] = [state for state in room.store.feeds() if state.slug == "all"]
    assert (after.seq, after.updated) == (before.seq, before.updated)
    assert [each.source.url for each in item.also] == [room.url("b")]


def test_outside_the_window(room: Newsroom) -> None:
    """The same text a week later is told again: a yearly notice is news each year."""
    piece = story(random.Random(7), 6)
    room.show("a", copy_of(piece, "a", room.clock))
    room.round()
    room.clock.forward(days=7)
    room.show("b", copy_of(piece, "b", room.clock))
    room.round()
    assert len(room.items()) == 2


def test_the_lead_and_upgrades(opened: Opened, clock: Clock) -> None:
    """Among what is there the operator's preference leads, else the fullest; a much longer copy
    that comes later takes its place only where the category says so."""
    fuller = Category(slug="fuller", title="Fuller", upgrade=True, also_line=True)
    room = Newsroom(
        opened(), clock, (ALL, fuller), of={"a": "fuller", "b": "fuller", "c": "fuller"}
    )
    piece = story(random.Random(8), 9)
    short = replace(piece, paragraphs=piece.paragraphs[:3])
    room.show("a", copy_of(short, "a", clock))
    room.show("b", copy_of(replace(short, title="The better headline of b"), "b", clock))
    room.house = House(preference={room.url("b"): 1})
    room.round()
    assert room.titles() == room.titles("fuller") == ["The better headline of b"]
    room.house = House()
    room.show("c", copy_of(replace(piece, title="All of it, says c"), "c", clock))
    room.round()
    assert room.titles() == ["The better headline of b"]
    assert room.titles("fuller") == ["All of it, says c"]
    assert room.sent("fuller") == 1
    body = room.outlet.files["fuller/rss.xml"].body.decode()
    assert "Also reported by" in body
    assert "Also reported by" not in room.outlet.files["all/rss.xml"].body.decode()


def test_hold(opened: Opened, clock: Clock) -> None:
    """A category may wait for more copies; the best of them is shown."""
    held = Category(slug="held", title="Held", hold=600.0)
    room = Newsroom(opened(), clock, (ALL, held), of={"a": "held", "b": "held"})
    piece = story(random.Random(9), 9)
    room.show("a", copy_of(replace(piece, paragraphs=piece.paragraphs[:4]), "a", clock))
    room.round(minutes=1)
    room.show("b", copy_of(replace(piece, title="All of it"), "b", clock))
    room.round(minutes=5)
    assert (len(room.items()), room.items("held")) == (1, [])
    room.round(minutes=6)
    assert room.titles("held") == ["All of it"]


def test_two_published_stories_join(room: Newsroom) -> None:
    """The third copy shows that two are one: nothing is sent again, the younger stays as it was."""
    piece = story(random.Random(10), 12)
    front, back = piece.paragraphs[:7], piece.paragraphs[5:]
    room.show(
        "a", copy_of(replace(piece, title="The front of it", paragraphs=front), "a", room.clock)
    )
    room.show(
        "b", copy_of(replace(piece, title="The rest of it", paragraphs=back), "b", room.clock)
    )
    room.round()
    assert len(room.items()) == 2
    one, two = (each.id for each in room.store.articles(None, 9))
    room.store.rule(one, two, together=True)
    room.link()
    room.publish()
    assert len(room.items()) == 2
    assert room.sent() == 2
    changes = {each.story_id: each.twin_id for each in room.store.changed_stories(0, 9)}
    assert sorted(changes.values(), key=str) == [min(changes), None]
    # The operator takes it back: both go on by themselves, and again nothing is sent twice.
    room.store.rule(one, two, together=False)
    room.link()
    room.publish()
    changes = {each.story_id: each.twin_id for each in room.store.changed_stories(0, 9)}
    assert list(changes.values()) == [None, None]
    assert len(room.items()) == 2
    assert room.sent() == 2


def test_the_operator_splits(room: Newsroom) -> None:
    """An article that was never shown gets an item of its own; what was sent stays."""
    piece = story(random.Random(11), 6)
    for name in "ab":
        room.show(name, copy_of(piece, name, room.clock))
    room.round()
    [item] = room.items()
    other = next(a.id for a in room.store.articles(None, 9) if a.id != item.article.id)
    room.store.rule(item.article.id, other, together=False)
    room.link()
    room.publish()
    assert {each.article.id for each in room.items()} == {item.article.id, other}
    assert item.published_id in {each.published_id for each in room.items()}
    assert room.sent() == 2


def test_hijack(room: Newsroom) -> None:
    """A source that copies another's id and link under a text of its own changes nothing of the
    other's, whichever came first."""
    for first in ("own", "evil"):
        guid, link = f"tag:own.example,2026:{first}", f"https://own.example/{first}"
        own = post(f"A true story, {first}", prose(1 + len(first)), guid=guid, link=link)
        evil = replace(own, title="Buy pills", text=prose(40 + len(first)))
        shown = {"own": own, "evil": evil}
        second = "evil" if first == "own" else "own"
        room.show(second)
        room.show(first, shown[first])
        room.round()
        room.show(second, shown[second])
        room.round()
        mine = [i for i in room.items() if i.article.entry.title == own.title]
        assert [each.published_id for each in mine] == [guid]
        assert mine[0].also == ()
        room.documents.clear()


def test_a_crowd(room: Newsroom) -> None:
    """So many copies are no story any more: only ids and links tie them, and it is told."""
    text = prose(3)
    for at in range(26):
        posts = [
            post(f"Number {n}", text, guid=f"{at}-{n}", link=f"https://s{at}.example/{n}")
            for n in range(20)
        ]
        room.show(f"s{at}", *posts)
    room.round()
    assert room.alerts


def test_many_copies_at_once(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a batch that is all copies, the texts to compare with are read a few at a time; each
    finds its story as if they were read together."""
    other = Newsroom(open_store("sqlite:///:memory:", now=room.clock), room.clock)
    asked = _firsts_of(room, monkeypatch)
    at_once = _firsts_of(other, monkeypatch)
    for each in (room, other):
        _carry(each, "ab")
        each.poll()
        each.link()
        _carry(each, "cd")
        each.poll("c", "d")
    room.link()
    monkeypatch.setattr(link, "TOGETHER", 10_000)
    other.link()
    assert 0 < max(asked) <= NEAREST * TOGETHER < max(at_once)
    assert room.groups() == other.groups()
    assert sum(len(group) == 4 for group in room.groups()) > TOGETHER
    other.store.close()


def _carry(room: Newsroom, names: str) -> None:
    """Each source has the same stories, with a credit of its own."""
    rng = random.Random(14)
    pieces = [story(rng, 6) for _ in range(TOGETHER + 10)]
    for name in names:
        told = [replace(p, paragraphs=(*p.paragraphs, f"Seen in {name}.")) for p in pieces]
        posts = [
            copy_of(one, name, room.clock, guid=f"{name}{n}", link=f"https://{name}.example/{n}")
            for n, one in enumerate(told)
        ]
        room.show(name, *posts)


def _firsts_of(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many articles were read at once, each time."""
    asked: list[int] = []
    read = room.store.firsts

    def firsts(ids: Collection[int]) -> list[Unlinked]:
        asked.append(len(ids))
        return read(ids)

    monkeypatch.setattr(room.store, "firsts", firsts)
    return asked


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_order_of_arrival(data: st.DataObject) -> None:
    """The same documents, polled and linked in any order, part into the same stories."""
    found = []
    for _ in range(2):
        clock = Clock()
        store = open_store("sqlite:///:memory:", now=clock)
        room = Newsroom(store, clock)
        names = _documents(room)
        found.append(_arrived(room, data.draw(st.permutations(names)), data))
        store.close()
    assert found[0] == found[1]


@pytest.mark.slow
def test_any_order_on_both_databases(opened: Opened, clock: Clock) -> None:
    """Two orders, two databases: one partition."""
    room = Newsroom(opened(), clock)
    names = _documents(room)
    for name in reversed(names):
        room.poll(name)
        room.link()
    other = Newsroom(open_store("sqlite:///:memory:", now=clock), clock)
    for name in _documents(other):
        other.poll(name)
    other.link()
    assert room.groups() == other.groups()
    assert len(room.groups()) < sum(map(len, room.groups()))
    other.store.close()


def _documents(room: Newsroom) -> list[str]:
    """Six sources of which some carry the same stories, changed on their way."""
    rng = random.Random(12)
    pieces = [story(rng, 8) for _ in range(4)]
    names = list("abcdef")
    for number, name in enumerate(names):
        posts = []
        for at, piece in enumerate(pieces):
            if (number + at) % 3 == 0:
                continue
            told = wire(rng, piece, Outlet(rng)) if number else piece
            told = replace(told, paragraphs=told.paragraphs[: 4 + (number * at) % 5])
            when = room.clock() - timedelta(minutes=rng.randrange(600))
            link = f"https://{name}.example/{at}"
            posts.append(copy_of(told, name, room.clock, guid=f"{name}{at}", link=link, at=when))
        room.show(name, *posts)
    return names


def _arrived(room: Newsroom, names: list[str], data: st.DataObject) -> object:
    for name in names:
        room.poll(name)
        if data.draw(st.booleans()):
            room.link()
    room.link()
    return room.groups()


@pytest.mark.slow
def test_parallel_polls(opened: Opened, clock: Clock) -> None:
    """Sources that carry the same stories in different orders are polled at once, while linking and
    publishing go on: nobody waits in a circle, and the partition is as if they had come in turn."""
    room, calm = (
        Newsroom(opened(), clock),
        Newsroom(open_store("sqlite:///:memory:", now=clock), clock),
    )
    names = _documents(room)
    for name in _documents(calm):
        calm.poll(name)
    calm.link()
    urls = list(room.documents)
    room.store.make_due(urls)
    claims = room.store.claim_due(len(urls), TTL)
    ended = threading.Event()

    def link() -> None:
        while not ended.is_set():
            room.link()

    linker = threading.Thread(target=link)
    linker.start()
    with ThreadPoolExecutor(len(names)) as pool:
        polls = list(pool.map(room.poller, claims))
        done = list(pool.map(lambda poll: room.store.record([poll]), polls))
    ended.set()
    linker.join()
    room.link()
    room.publish()
    assert all(each.new for [each] in done)
    assert room.groups() == calm.groups()
    assert room.store.integrity() == []
    calm.store.close()

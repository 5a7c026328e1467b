"""The partition: well defined, and a function of the set alone; what it means for stories."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aggregator.stories.partition import order, partition
from aggregator.stories.plans import House, choose, plans
from feeds.models import Edge, Knot, Member, Ruling, StoryState, Tie
from tests.publisher.making import AT


def member(number: int, **more: Any) -> Member:
    values: dict[str, Any] = {
        "id": number,
        "source_id": number,
        "source_url": f"https://s{number}.example/rss",
        "link": f"https://s{number}.example/{number}",
        "guid": f"g{number}",
        "origin": None,
        "key": number.to_bytes(16, "big"),
        "published": AT + timedelta(minutes=number),
        "first_seen": AT + timedelta(minutes=number),
        "words": 100,
        "story_id": None,
    }
    return Member(**(values | more))


def edge(one: int, other: int, tie: Tie = Tie.TEXT) -> Edge:
    return Edge(low=min(one, other), high=max(one, other), tie=tie)


def ruling(one: int, other: int, *, together: bool) -> Ruling:
    return Ruling(low=min(one, other), high=max(one, other), together=together)


def knot(*members: Member, edges: tuple[Edge, ...] = (), **more: Any) -> Knot:
    return Knot(members=members, edges=edges, **more)


def ids(groups: list[list[Member]]) -> list[list[int]]:
    return [[each.id for each in group] for group in groups]


def test_nothing_chains() -> None:
    """Each member matches its anchor: what only matches a member becomes an anchor itself."""
    found = partition(knot(*map(member, (1, 2, 3)), edges=(edge(1, 2), edge(2, 3))))
    assert ids(found) == [[1, 2], [3]]


def test_the_earliest_anchor() -> None:
    """Of two that it matches, it joins the earlier one."""
    found = partition(knot(*map(member, (1, 2, 3)), edges=(edge(1, 3), edge(2, 3))))
    assert ids(found) == [[1, 3], [2]]


def test_rulings() -> None:
    """A merge brings those that match the merged one; a split holds against edges."""
    members = tuple(map(member, (1, 2, 3)))
    merged = knot(*members, edges=(edge(2, 3),), rulings=(ruling(1, 2, together=True),))
    assert ids(partition(merged)) == [[1, 2, 3]]
    split = knot(*members, edges=(edge(1, 2), edge(1, 3)), rulings=(ruling(1, 3, together=False),))
    assert ids(partition(split)) == [[1, 2], [3]]


def test_a_crowd() -> None:
    """There only ids and links tie."""
    edges = (edge(1, 2), edge(1, 3, Tie.ID))
    found = partition(knot(*map(member, (1, 2, 3)), edges=edges, crowded=True))
    assert ids(found) == [[1, 3], [2]]


PAIRS = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)).filter(lambda p: p[0] != p[1]))


@given(PAIRS, st.randoms(use_true_random=False))
def test_the_set_alone(pairs: list[tuple[int, int]], rng: random.Random) -> None:
    """Whatever order members and edges come in; each has an edge with its anchor."""
    members, edges = [member(n) for n in range(1, 10)], [edge(*pair) for pair in pairs]
    found = partition(knot(*members, edges=tuple(edges)))
    rng.shuffle(members)
    rng.shuffle(edges)
    assert partition(knot(*members, edges=tuple(edges))) == found
    there = {(each.low, each.high) for each in edges}
    for anchor, *others in found:
        assert all(order(anchor) < order(other) for other in others)
        assert all((min(anchor.id, o.id), max(anchor.id, o.id)) in there for o in others)
    assert sorted(each.id for group in found for each in group) == list(range(1, 10))


def test_the_lead() -> None:
    """The operator's preference, else the originator, else the fullest, else the first seen."""
    planet = member(2, link="https://s1.example/1", words=900)
    members = [planet, member(1, words=50), member(3, words=500), member(4, words=500)]
    assert choose(members, House()).id == 1, "the planet points at it"
    assert choose(members[2:], House()).id == 3
    assert choose([planet, member(3)], House()).id == 3, "at home"
    assert choose(members, House(preference={"https://s4.example/rss": 1})).id == 4
    told = member(5, origin="https://s4.example/rss")
    assert choose([*members[2:], told], House()).id == 4, "an origin that the entry names"


def test_a_new_story() -> None:
    """Of all of a group."""
    [plan] = plans(knot(member(1), member(2), edges=(edge(1, 2),)), House())
    assert (plan.story_id, plan.members, plan.lead_id) == (None, (1, 2), 1)


def test_a_late_copy_joins() -> None:
    """The published story takes it on, and keeps its lead, though the copy is fuller."""
    state = StoryState(id=7, lead_id=1, opened=True)
    late = knot(member(1, story_id=7), member(2, words=900), edges=(edge(1, 2),), stories=(state,))
    [plan] = plans(late, House())
    assert (plan.story_id, plan.members, plan.lead_id, plan.best_id) == (7, (2,), 1, 2)
    [before] = plans(replace(late, stories=(replace(state, opened=False),)), House())
    assert before.lead_id == 2, "not published yet: the fullest leads"


def test_two_published_stories_join() -> None:
    """The older lives on, the younger stays where it stands."""
    states = (StoryState(id=7, lead_id=1, opened=True), StoryState(id=8, lead_id=2, opened=True))
    both = (member(1, story_id=7), member(2, story_id=8))
    edges = (edge(1, 2), edge(1, 3))
    [plan] = plans(knot(*both, member(3), edges=edges, stories=states), House())
    assert (plan.story_id, plan.members, plan.twins) == (7, (3,), (8,))
    closed = (states[0], replace(states[1], twin_id=7))
    assert plans(knot(*both, edges=edges, stories=closed), House()) == []
    parted = knot(*both, stories=closed, rulings=(Ruling(low=1, high=2, together=False),))
    [plan] = plans(parted, House())
    assert (plan.story_id, plan.members, plan.freed) == (8, (), True)


def test_an_unpublished_story_joins() -> None:
    """Its articles move, and it is no more."""
    states = (StoryState(id=7, lead_id=1, opened=True), StoryState(id=8, lead_id=2, opened=False))
    both = (member(1, story_id=7), member(2, story_id=8))
    [plan] = plans(knot(*both, edges=(edge(1, 2),), stories=states), House())
    assert (plan.story_id, plan.members, plan.emptied) == (7, (2,), (8,))


def test_history_does_not_split() -> None:
    """An article that comes before the anchor takes one member with it; the others, though they
    match it no more, stay in what was published. Before that, the partition holds."""
    state = StoryState(id=7, lead_id=2, opened=True)
    three = (member(1), member(2, story_id=7), member(3, story_id=7))
    edges = (edge(1, 2), edge(2, 3))
    [plan] = plans(knot(*three, edges=edges, stories=(state,)), House())
    assert (plan.story_id, plan.members) == (7, (1,))
    unpublished = knot(*three, edges=edges, stories=(replace(state, opened=False),))
    found = plans(unpublished, House())
    assert {(plan.story_id, plan.members) for plan in found} == {(7, (1,)), (None, (3,))}


def test_the_operator_splits() -> None:
    """Even what was published: who is parted from the lead gets a story of its own."""
    state = StoryState(id=7, lead_id=1, opened=True)
    parted = knot(
        member(1, story_id=7),
        member(2, story_id=7),
        edges=(edge(1, 2),),
        rulings=(ruling(1, 2, together=False),),
        stories=(state,),
    )
    [plan] = plans(parted, House())
    assert (plan.story_id, plan.members, plan.lead_id) == (None, (2,), 2)

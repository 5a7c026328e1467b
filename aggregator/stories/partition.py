"""How articles that hang together part into stories. Pure, and a function of the set alone.

In one order, the first is an anchor; each next joins the earliest anchor that it has an edge with,
else becomes one. So every member tells the same as its anchor, and nothing chains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from feeds.models import Edge, Knot, Member, Ruling, Tie
from feeds.protocols import Order

CROWD = 500
"""Members above which only ids and URLs tie."""


NEAREST = 2
"""Edges of a member that count, those to the earliest: of many copies not each has to be compared
with each. Its anchor is among them, unless four earlier ones that it is like are all members of
stories whose anchors it is not like."""


@dataclass(slots=True)
class _Group:
    anchors: list[int]
    """Its first member, and whom the operator put beside it."""
    members: list[Member] = field(default_factory=list)


def order(member: Member) -> Order:
    return member.published, member.source_url, member.key, member.id


def partition(knot: Knot) -> list[list[Member]]:
    """Groups, each with its anchor first."""
    ties = _neighbours([e for e in knot.edges if e.tie is not Tie.TEXT or not knot.crowded])
    together = _neighbours([ruling for ruling in knot.rulings if ruling.together])
    apart = _neighbours([ruling for ruling in knot.rulings if not ruling.together])
    groups: list[_Group] = []
    ordered = sorted(knot.members, key=order)
    ranks = {member.id: rank for rank, member in enumerate(ordered)}
    for member in ordered:
        strangers = apart.get(member.id, frozenset())
        free = [g for g in groups if strangers.isdisjoint(each.id for each in g.members)]
        bound = together.get(member.id, frozenset())
        if ruled := [g for g in free if not bound.isdisjoint(each.id for each in g.members)]:
            ruled[0].anchors.append(member.id)
            ruled[0].members.append(member)
            continue
        ours = _nearest(ties.get(member.id, frozenset()), ranks, member.id)
        joined = next((g for g in free if not ours.isdisjoint(g.anchors)), None)
        if joined is None:
            groups.append(joined := _Group([member.id]))
        joined.members.append(member)
    return [group.members for group in groups]


def _nearest(others: frozenset[int], ranks: Mapping[int, int], member: int) -> frozenset[int]:
    earlier = [other for other in others if other in ranks and ranks[other] < ranks[member]]
    return frozenset(sorted(earlier, key=ranks.__getitem__)[:NEAREST])


def _neighbours(pairs: Sequence[Edge | Ruling]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    for pair in pairs:
        found.setdefault(pair.low, set()).add(pair.high)
        found.setdefault(pair.high, set()).add(pair.low)
    return {number: frozenset(others) for number, others in found.items()}

"""Permanent redirects: when the address that a source is requested at is changed (E20-E22). Pure.

A redirect is adopted late and on evidence: a parked domain, a captive portal or a misconfigured
server answers 301 too, and whoever adopts at once follows them for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from urllib.parse import urlsplit

from feeds.models import Hop, Move, SourceState

SIGHTINGS = 3
"""Polls in a row that were led to the same address."""
DAYS = timedelta(days=2)
"""Between the first and the last of them."""
PERMANENT = (301, 308)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """What a successful poll says of its source's address."""

    move: Move | None = None
    adopt: str | None = None
    why: str = ""


def permanent_target(hops: Sequence[Hop]) -> str | None:
    """Where the permanent hops at the start of a chain lead; those after a temporary one don't
    count (E22). None when the first hop is no permanent redirect."""
    target = None
    for hop, following in pairwise(hops):
        if hop.status not in PERMANENT:
            break
        target = following.url
    return target


def sighted(
    state: SourceState, hops: Sequence[Hop], at: datetime, *, same: bool, credentials: bool
) -> Moving:
    """`same`: the document there is the one that the source showed before the redirect did (ids,
    title, or the very bytes). `credentials`: the source has some, for its own host (E32)."""
    target = permanent_target(hops)
    if target is None or target == state.fetch_url:
        return Moving()
    seen = state.move
    if seen is None or seen.to != target:
        move = Move(to=target, since=at, proven=same or state.last_success_at is None)
    else:
        move = replace(seen, seen=seen.seen + 1, proven=seen.proven or same)
    if move.seen < SIGHTINGS or at - move.since < DAYS or objection(state, move, credentials):
        return Moving(move=move)
    days = (at - move.since).days
    return Moving(adopt=target, why=f"permanent redirect, seen {move.seen} times in {days} days")


def objection(state: SourceState, move: Move, credentials: bool = False) -> str | None:
    """Why this move is not adopted however often it is seen; None when nothing speaks against."""
    before, after = urlsplit(state.fetch_url), urlsplit(move.to)
    if not move.proven:
        return "the document there shares neither ids nor title with what the source showed"
    if move.to == state.refused_move:
        return "the operator undid it"
    if (before.scheme, after.scheme) == ("https", "http"):
        return "it leads from https to http"
    if credentials and before.hostname != after.hostname:
        return "the source has credentials, which go to its own host only"
    return None

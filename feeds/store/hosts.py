"""Hosts: when each wakes, rests, and how many requests to it are under way (E19, E29).

One row a host, the queue of claim_due. Whoever makes a request locks it first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.store.codec import EPOCH, Moment
from feeds.store.ready import Many
from feeds.store.sql import among_given, chunks, insert_missing, packed
from feeds.store.tables import errand, host, source

AGAIN = timedelta(milliseconds=200)
"""When to ask again while another request is under way: nobody knows when that one ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLimit:
    """How many requests at once to one host, and how long after each begins or ends (E19)."""

    per_host: int = 1
    delay: timedelta = timedelta(seconds=1)
    whole_host_waits: bool = False
    """Whether a Retry-After is for all sources of its host (E12), or for the one that was told."""


def host_of(url: str) -> str:
    """The lower-cased host name, any port (E19); a local file is a host of its own."""
    parts = urlsplit(url)
    return url if parts.scheme == "file" else (parts.hostname or url)


def add_hosts(connection: Connection, names: Iterable[str]) -> None:
    insert_missing(connection, host, [{"name": n, "next_allowed": EPOCH} for n in sorted(names)])


def refresh_hosts(connection: Connection, names: Iterable[str]) -> None:
    """Each host wakes with the first of its sources. Locked in order of name, against deadlock."""
    dialect = connection.dialect.name
    lock, wake = _waking(dialect)
    for some in chunks(sorted(set(names)), 1000):
        named = {"names": packed(dialect, some)}
        if dialect == "postgresql":
            connection.execute(lock, named).all()
        connection.execute(wake, named)


@cache
def _waking(dialect: str) -> tuple[Any, Any]:
    """Lock these hosts in order; and wake them. SQLite has one that writes, and no such locks."""
    these = among_given(dialect, host.c.name, "names")
    least = (
        sa.select(sa.func.min(source.c.wake)).where(source.c.host == host.c.name).scalar_subquery()
    )
    lock = sa.select(host.c.name).where(these).order_by(host.c.name)
    return lock.with_for_update(key_share=True), sa.update(host).where(these).values(wake=least)


def rest_hosts(
    connection: Connection,
    since: Mapping[str, datetime],
    rule: HostLimit,
    told: Mapping[str, datetime] | None = None,
) -> None:
    """A request to these hosts began or ended then: the delay starts. `told`: those that want to be
    left alone until then."""
    rows = [
        {"its": name, "until": max(at + rule.delay, (told or {}).get(name, at))}
        for name, at in sorted(since.items())
        if not name.startswith("file:")
    ]
    _REST(connection, rows)


_UNTIL = sa.bindparam("until", type_=Moment)
_REST = Many(
    sa.update(host)
    .where(host.c.name == sa.bindparam("its"), host.c.next_allowed < _UNTIL)
    .values(next_allowed=_UNTIL)
)


# Not `source` itself, which an enclosing query may have, and would then be correlated with.
_CLAIMED = source.alias("claimed")


def running(name: sa.ColumnElement[str], now: datetime) -> sa.ColumnElement[int]:
    """How many requests to that host are under way: claims and errands."""
    claims = (
        sa.select(sa.func.count())
        .where(_CLAIMED.c.host == name, _CLAIMED.c.claim_until > now)
        .correlate(host)
        .scalar_subquery()
    )
    errands = (
        sa.select(sa.func.count())
        .where(errand.c.host == name, errand.c.until > now)
        .correlate(host)
        .scalar_subquery()
    )
    return claims + errands


def first_end(name: sa.ColumnElement[str], now: datetime) -> sa.ColumnElement[datetime]:
    """When the first claim on that host runs out; an errand is asked after again soon."""
    least = sa.func.min(_CLAIMED.c.claim_until)
    query = sa.select(least).where(_CLAIMED.c.host == name, _CLAIMED.c.claim_until > now)
    soon = sa.literal(now + AGAIN, host.c.next_allowed.type)
    return sa.func.coalesce(query.correlate(host).scalar_subquery(), soon)

"""Errands: requests that are no polls (discovery, hubs, a redirect's next hop) share the host's
budget with polls (E29). Exact over any number of workers: whoever asks locks the host's row.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from feeds.models import Turn
from feeds.store.engine import Database
from feeds.store.sources import add_hosts, host_of
from feeds.store.tables import errand, host, source

if TYPE_CHECKING:
    from feeds.store.claims import HostLimit

AGAIN = timedelta(milliseconds=200)
"""When to ask again while another request is under way: nobody knows when that one ends."""


def turn(database: Database, url: str, ttl: timedelta, rule: HostLimit) -> Turn | datetime:
    name = host_of(url)
    with database.write() as connection:
        now = database.now(connection)
        add_hosts(connection, [name])
        lock = sa.select(host.c.next_allowed).where(host.c.name == name).with_for_update()
        allowed: datetime = connection.execute(lock).scalar_one()
        if allowed > now:
            return allowed
        if not connection.execute(sa.select(running(sa.literal(name), now))).scalar_one() < (
            rule.per_host
        ):
            return now + AGAIN
        # Those whose process died have run out; nobody else clears them away.
        connection.execute(sa.delete(errand).where(errand.c.host == name, errand.c.until <= now))
        made = sa.insert(errand).values(host=name, until=now + ttl).returning(errand.c.id)
        number = connection.execute(made).scalar_one()
        _delay(connection, name, now, rule)
        return Turn(id=number, host=name, until=now + ttl)


def end_turn(database: Database, ended: Turn, rule: HostLimit) -> None:
    with database.write() as connection:
        lock = sa.select(host.c.name).where(host.c.name == ended.host).with_for_update()
        connection.execute(lock).all()
        connection.execute(sa.delete(errand).where(errand.c.id == ended.id))
        _delay(connection, ended.host, database.now(connection), rule)


def _delay(connection: sa.Connection, name: str, now: datetime, rule: HostLimit) -> None:
    until = now + rule.delay
    connection.execute(
        sa.update(host)
        .where(host.c.name == name, host.c.next_allowed < until)
        .values(next_allowed=until)
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

"""Errands: requests that are no polls (discovery, hubs, a redirect's next hop) share the host's
budget with polls (E29). Exact over any number of workers: whoever asks locks the host's row.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from feeds.models import Turn
from feeds.store.engine import Database
from feeds.store.hosts import AGAIN, HostLimit, add_hosts, host_of, rest_hosts, running
from feeds.store.tables import errand, host


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
        rest_hosts(connection, {name: now}, rule)
        return Turn(id=number, host=name, until=now + ttl)


def end_turn(database: Database, ended: Turn, rule: HostLimit) -> None:
    with database.write() as connection:
        lock = sa.select(host.c.name).where(host.c.name == ended.host).with_for_update()
        connection.execute(lock).all()
        connection.execute(sa.delete(errand).where(errand.c.id == ended.id))
        rest_hosts(connection, {ended.host: database.now(connection)}, rule)

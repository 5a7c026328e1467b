"""Who is told of what we publish: one row a subscription, no queue (P34)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import Asked, Subscriber
from feeds.store.engine import Database
from feeds.store.sql import among, insert_missing
from feeds.store.tables import subscriber

MOST = 10_000
"""Subscribers of one document."""
WAITING = 1000
"""Not confirmed yet, of all: whoever asks for more has to wait."""
_COLUMNS = tuple(
    subscriber.c[name]
    for name in (
        *("id", "topic", "callback", "ping", "secret", "asked"),
        *("lease_until", "delivered", "tries", "error"),
    )
)


def ask(database: Database, topic: str, callback: str, asked: Asked) -> bool:
    """Keep what is asked until the callback has been asked; False when there are too many."""
    with database.write() as connection:
        now = database.now(connection)
        here = (subscriber.c.topic == topic) & (subscriber.c.callback == callback)
        known = connection.execute(sa.select(subscriber.c.id).where(here)).scalar()
        if known is None:
            if not asked.subscribe or _too_many(connection, topic):
                return not asked.subscribe
            values = {"topic": topic, "callback": callback, "ping": False}
            connection.execute(sa.insert(subscriber).values(asked=asked, next_at=now, **values))
        else:
            values = {"asked": asked, "next_at": now, "tries": 0}
            connection.execute(sa.update(subscriber).where(here).values(values))
    return True


def _too_many(connection: Connection, topic: str) -> bool:
    count = sa.select(sa.func.count()).select_from(subscriber)
    of_topic = connection.execute(count.where(subscriber.c.topic == topic)).scalar() or 0
    new = subscriber.c.lease_until.is_(None) & ~subscriber.c.ping
    return of_topic >= MOST or (connection.execute(count.where(new)).scalar() or 0) >= WAITING


def due(database: Database, limit: int, skip: Collection[int]) -> list[Subscriber]:
    """Those that are to be asked or told now, longest due first; leases that are over end here."""
    with database.write() as connection:
        now = database.now(connection)
        over = subscriber.c.lease_until < now
        # Nothing asked: it did not renew in time.
        connection.execute(sa.delete(subscriber).where(over, subscriber.c.asked.is_(None)))
        query = sa.select(*_COLUMNS).where(
            subscriber.c.next_at <= now, ~among(connection, subscriber.c.id, sorted(skip))
        )
        rows = connection.execute(query.order_by(subscriber.c.next_at).limit(limit)).all()
    return [Subscriber(**row._mapping) for row in rows]


def queue(database: Database) -> tuple[int, int]:
    """(how many are to be asked or told, of how many that failed lately)"""
    query = sa.select(
        sa.func.count(subscriber.c.next_at),
        sa.func.count(sa.case((subscriber.c.tries > 0, 1))),
    )
    with database.read() as connection:
        waiting, failing = connection.execute(query).one()
    return waiting, failing


def listed(database: Database, limit: int) -> list[Subscriber]:
    """By topic."""
    query = sa.select(*_COLUMNS).order_by(subscriber.c.topic, subscriber.c.id).limit(limit)
    with database.read() as connection:
        return [Subscriber(**row._mapping) for row in connection.execute(query).all()]


def next_due(database: Database) -> datetime | None:
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.min(subscriber.c.next_at))).scalar()


def changed(database: Database, topics: Collection[str]) -> int:
    """There is something new of these documents: who has them is told now, but for those that are
    to be tried again later."""
    with database.write() as connection:
        there = subscriber.c.lease_until.is_not(None) | subscriber.c.ping
        statement = sa.update(subscriber).where(
            among(connection, subscriber.c.topic, sorted(topics)),
            there,
            subscriber.c.tries == 0,
            subscriber.c.next_at.is_(None),
        )
        return connection.execute(statement.values(next_at=database.now(connection))).rowcount


def save(
    database: Database, before: Subscriber, after: Subscriber, next_at: datetime | None
) -> None:
    """How it stands after it was asked or told; nothing of what was asked for meanwhile is lost."""
    values: dict[str, Any] = {
        "secret": after.secret,
        "lease_until": after.lease_until,
        "delivered": after.delivered,
        "tries": after.tries,
        "error": after.error,
        "next_at": next_at,
    }
    with database.write() as connection:
        here = subscriber.c.id == before.id
        now = connection.execute(sa.select(subscriber.c.asked).where(here)).scalar()
        if now == before.asked:
            values["asked"] = after.asked
        else:
            values["next_at"] = database.now(connection)
        connection.execute(sa.update(subscriber).where(here).values(values))


def remove(database: Database, number: int) -> None:
    with database.write() as connection:
        connection.execute(sa.delete(subscriber).where(subscriber.c.id == number))


def counts(database: Database) -> dict[str, int]:
    """Confirmed subscribers by topic."""
    query = sa.select(subscriber.c.topic, sa.func.count()).where(
        subscriber.c.lease_until.is_not(None)
    )
    with database.read() as connection:
        rows = connection.execute(query.group_by(subscriber.c.topic)).all()
    return {row[0]: row[1] for row in rows}


def sync_pings(database: Database, hubs: Collection[str], topics: Iterable[str]) -> None:
    """Make the store know just these hubs, for these documents."""
    wanted = {(topic, hub) for topic in topics for hub in hubs}
    with database.write() as connection:
        query = sa.select(subscriber.c.id, subscriber.c.topic, subscriber.c.callback)
        rows = connection.execute(query.where(subscriber.c.ping)).all()
        known = {(row.topic, row.callback): row.id for row in rows}
        old = [number for pair, number in known.items() if pair not in wanted]
        if old:
            connection.execute(sa.delete(subscriber).where(among(connection, subscriber.c.id, old)))
        new = [
            {"topic": topic, "callback": hub, "ping": True}
            for topic, hub in sorted(wanted - known.keys())
        ]
        insert_missing(connection, subscriber, new)

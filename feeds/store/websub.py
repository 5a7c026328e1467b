"""WebSub subscriptions and deliveries. Judged elsewhere; here they are kept, and found again.

The web process verifies and delivers while the engine asks hubs: each change is written only
over the row that it was decided on (`amend`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import Delivery, Receipt, Schedule, SourceState, Standing, Subscription
from feeds.store.engine import Database
from feeds.store.hosts import refresh_hosts
from feeds.store.sources import STATE, state_of
from feeds.store.sql import insert_missing
from feeds.store.tables import delivery, source, subscription

_FIELDS = tuple(each.name for each in fields(Subscription))
_COLUMNS = tuple(subscription.c[name] for name in _FIELDS)
_TIMES = ("asked_at", "verified_at", "lease_until", "next_at")
_DIGEST = 16
RECENT = 128
"""Deliveries of a source by which a replay is known: 2 KB a row at the most."""
WAITING = 16
"""Deliveries of one source that may wait to be read …"""
WAITING_BYTES = 256_000_000
"""… and bytes of all: the disk is not a hub's to fill."""

_POLLED = sa.and_(source.c.active, ~source.c.paused, ~source.c.retired)
_AT_REST = sa.and_(
    _POLLED, ~source.c.forced, source.c.claim_until.is_(None), source.c.error_kind.is_(None)
)
"""Neither being polled, nor asked for by the operator, nor in trouble."""
_TOPIC = sa.func.coalesce(source.c.self_link, source.c.fetch_url)


def _of(row: Any) -> Subscription:
    values = {name: getattr(row, name) for name in _FIELDS}
    return Subscription(**values | {"state": Standing(row.state)})


def _row(value: Subscription) -> dict[str, Any]:
    return {name: getattr(value, name) for name in _FIELDS} | {"state": str(value.state)}


# --- finding


def unsubscribed(database: Database, limit: int) -> list[SourceState]:
    none = ~sa.exists().where(subscription.c.source_id == source.c.id)
    query = sa.select(*STATE).where(
        source.c.hub.is_not(None), _POLLED, source.c.fetch_url.like("http%"), none
    )
    with database.read() as connection:
        rows = connection.execute(query.order_by(source.c.id).limit(limit)).all()
    return [state_of(row) for row in rows]


def strays(database: Database, base: str, limit: int) -> list[Subscription]:
    other = sa.or_(
        ~_POLLED,
        source.c.hub.is_(None),
        source.c.hub != subscription.c.hub,
        subscription.c.topic != _TOPIC,
        subscription.c.base != base,
    )
    query = (
        sa.select(*_COLUMNS)
        .join(source, source.c.id == subscription.c.source_id)
        .where(subscription.c.state != str(Standing.ENDING), other)
        .order_by(subscription.c.source_id)
        .limit(limit)
    )
    with database.read() as connection:
        return [_of(row) for row in connection.execute(query).all()]


def due(database: Database, limit: int) -> list[Subscription]:
    """One of each hub: a batch that is asked at once asks no hub twice."""
    with database.read() as connection:
        now = database.now(connection)
        place = sa.func.row_number().over(
            partition_by=subscription.c.hub,
            order_by=(subscription.c.next_at, subscription.c.source_id),
        )
        ranked = (
            sa.select(*_COLUMNS, place.label("place"))
            .where(subscription.c.next_at <= now)
            .subquery()
        )
        query = sa.select(ranked).where(ranked.c.place == 1)
        query = query.order_by(ranked.c.next_at, ranked.c.source_id).limit(limit)
        return [_of(row) for row in connection.execute(query).all()]


def by_token(database: Database, token: str) -> Subscription | None:
    with database.read() as connection:
        query = sa.select(*_COLUMNS).where(subscription.c.token == token)
        row = connection.execute(query).one_or_none()
    return None if row is None else _of(row)


# --- changing


def begin(database: Database, value: Subscription) -> None:
    with database.write() as connection:
        insert_missing(connection, subscription, [_row(value) | {"recent": b""}])


def amend(database: Database, before: Subscription, after: Subscription | None) -> bool:
    """On the way the source learns whether it is pushed, and until when."""
    with database.write() as connection:
        lock = sa.select(*_COLUMNS).where(subscription.c.source_id == before.source_id)
        row = connection.execute(lock.with_for_update()).one_or_none()
        if row is None or _of(row) != before:
            return False
        here = subscription.c.source_id == before.source_id
        if after is None:
            connection.execute(sa.delete(subscription).where(here))
        else:
            connection.execute(sa.update(subscription).where(here).values(_row(after)))
        _push(connection, before.source_id, after, database.now(connection))
        return True


def _push(
    connection: Connection, source_id: int, after: Subscription | None, now: datetime
) -> None:
    """A push that ends leaves the moment when it did, which `push_over` finds."""
    statement = sa.update(source).where(source.c.id == source_id)
    if after is not None and after.state == Standing.VERIFIED:
        connection.execute(statement.values(push_until=after.lease_until))
    else:
        connection.execute(statement.where(source.c.push_until > now).values(push_until=now))


def rest_hub(database: Database, hub: str, until: datetime) -> None:
    with database.write() as connection:
        connection.execute(
            sa.update(subscription)
            .where(subscription.c.hub == hub, subscription.c.next_at < until)
            .values(next_at=until)
        )


# --- when the push begins, and when it is over


def push_early(database: Database, limit: int, net: timedelta) -> list[SourceState]:
    times = (source.c.next_due, source.c.last_polled_at)
    due, polled = (sa.type_coerce(each, sa.BigInteger) for each in times)
    with database.read() as connection:
        now = database.now(connection)
        query = sa.select(*STATE).where(
            source.c.push_until > now,
            source.c.next_due < source.c.push_until,
            due < polled + net // timedelta(microseconds=1),
            _AT_REST,
        )
        rows = connection.execute(query.order_by(source.c.id).limit(limit)).all()
    return [state_of(row) for row in rows]


def plan_push(database: Database, state: SourceState, schedule: Schedule) -> None:
    with database.write() as connection:
        now = database.now(connection)
        same = sa.and_(source.c.id == state.id, source.c.last_polled_at == state.last_polled_at)
        row = connection.execute(
            sa.select(source.c.host)
            .where(same, source.c.push_until > now, source.c.next_due < schedule.due, _AT_REST)
            .with_for_update(key_share=True)
        ).one_or_none()
        if row is None:
            return
        values = {"next_due": schedule.due, "wake": schedule.due, "reason": schedule.reason}
        connection.execute(sa.update(source).where(source.c.id == state.id).values(values))
        refresh_hosts(connection, [row.host])


def push_over(database: Database, limit: int) -> list[SourceState]:
    with database.write() as connection:
        now = database.now(connection)
        query = sa.select(*STATE).where(source.c.push_until <= now)
        rows = connection.execute(query.order_by(source.c.push_until).limit(limit)).all()
        lapsed = sa.update(subscription).where(
            subscription.c.source_id.in_([row.id for row in rows]),
            subscription.c.state == str(Standing.VERIFIED),
            subscription.c.lease_until <= now,
        )
        connection.execute(lapsed.values(state=str(Standing.LAPSED)))
        return [state_of(row) for row in rows]


def end_push(database: Database, source_id: int, when: datetime) -> None:
    """Nothing but the end is written when it was verified anew meanwhile."""
    with database.write() as connection:
        now = database.now(connection)
        over = sa.and_(source.c.id == source_id, source.c.push_until <= now)
        row = connection.execute(
            sa.select(
                source.c.host,
                source.c.next_due,
                source.c.claim_until,
                sa.and_(_POLLED).label("polled"),
            )
            .where(over)
            .with_for_update(key_share=True)
        ).one_or_none()
        if row is None:
            return
        values: dict[str, Any] = {"push_until": None}
        if row.next_due is not None and when < row.next_due:
            values |= {"next_due": when, "reason": "its push is over"}
            if row.polled and row.claim_until is None:
                values["wake"] = when
        connection.execute(sa.update(source).where(source.c.id == source_id).values(values))
        if "wake" in values:
            refresh_hosts(connection, [row.host])


def forget(database: Database) -> None:
    with database.write() as connection:
        now = database.now(connection)
        pushed = sa.update(source).where(source.c.push_until > now)
        connection.execute(pushed.values(push_until=now))
        connection.execute(sa.delete(delivery))
        connection.execute(sa.delete(subscription))


def turned(connection: Connection, now: datetime, step: timedelta) -> None:
    """The clock was set back: what was asked and leased in the time that never came is moved."""
    ahead = sa.or_(subscription.c.verified_at > now, subscription.c.asked_at > now)
    query = sa.select(*_COLUMNS).where(ahead).order_by(subscription.c.source_id)
    for row in connection.execute(query.with_for_update()).all():
        times = {name: getattr(row, name) for name in _TIMES}
        moved = replace(_of(row), **{name: at and at - step for name, at in times.items()})
        here = subscription.c.source_id == row.source_id
        connection.execute(sa.update(subscription).where(here).values(_row(moved)))
        _push(connection, row.source_id, moved, now)


# --- deliveries


def put(database: Database, value: Subscription, content_type: str | None, body: bytes) -> Receipt:
    digest = blake2b(body, digest_size=_DIGEST).digest()
    with database.write() as connection:
        lock = sa.select(subscription.c.recent).where(subscription.c.token == value.token)
        recent = connection.execute(lock.with_for_update()).scalar_one_or_none()
        if recent is None or digest in _split(recent):
            return Receipt.REPLAYED
        if not _room(connection, value.source_id, len(body)):
            return Receipt.FULL
        kept = (recent + digest)[-RECENT * _DIGEST :]
        connection.execute(
            sa.update(subscription)
            .where(subscription.c.source_id == value.source_id)
            .values(recent=kept)
        )
        row = {
            "source_id": value.source_id,
            "at": database.now(connection),
            "content_type": content_type,
            "body": body,
        }
        connection.execute(sa.insert(delivery).values(row))
    return Receipt.KEPT


def _split(packed: bytes) -> set[bytes]:
    return {packed[at : at + _DIGEST] for at in range(0, len(packed), _DIGEST)}


def _room(connection: Connection, source_id: int, more: int) -> bool:
    length = sa.func.coalesce(sa.func.sum(sa.func.length(delivery.c.body)), 0)
    mine = sa.func.count().filter(delivery.c.source_id == source_id)
    row = connection.execute(sa.select(length, mine).select_from(delivery)).one()
    return bool(row[0] + more <= WAITING_BYTES and row[1] < WAITING)


def waiting(database: Database, limit: int, skip: Collection[int]) -> list[Delivery]:
    with database.read() as connection:
        first = sa.select(sa.func.min(delivery.c.id)).group_by(delivery.c.source_id)
        if skip:
            first = first.where(delivery.c.source_id.not_in(skip))
        query = (
            sa.select(delivery, source.c.url, source.c.fetch_url, subscription.c.topic)
            .join(source, source.c.id == delivery.c.source_id)
            .outerjoin(subscription, subscription.c.source_id == delivery.c.source_id)
            .where(delivery.c.id.in_(first))
            .order_by(delivery.c.id)
            .limit(limit)
        )
        rows = connection.execute(query).all()
    return [_delivery(row) for row in rows]


def _delivery(row: Any) -> Delivery:
    names = ("id", "source_id", "url", "at", "content_type", "body")
    values = {name: getattr(row, name) for name in names}
    return Delivery(**values, topic=row.topic or row.fetch_url)


def done(database: Database, delivery_id: int) -> None:
    with database.write() as connection:
        connection.execute(sa.delete(delivery).where(delivery.c.id == delivery_id))

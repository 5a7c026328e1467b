"""A clock that was set back: what the time that never came had planned is moved to this one.

Whoever claims asks the clock of the database, and a plan made by a clock that ran a day ahead
would rest for a day. What a source was told in that time is moved back by as much as the clock
was; claims and rests of hosts can't last longer than a new one would. Should it have been the right
clock (a machine without one starts in the past, and is set right when it finds the network),
what was moved is moved on again before anything is asked early (E15).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import Turned
from feeds.store import websub
from feeds.store.codec import Moment
from feeds.store.engine import Database
from feeds.store.hosts import HostLimit, refresh_hosts
from feeds.store.sql import among
from feeds.store.tables import errand, host, source

SLACK = timedelta(seconds=2)
"""Steps that are not worth a look: nothing rests longer for them."""


def turn_back(database: Database, ttl: timedelta, rule: HostLimit) -> Turned | None:
    """By how much the clock was set back, and what was moved; None when all is well.

    `ttl`: of claims. One look at each source's row: for every few seconds, not for every claim.
    """
    with database.read() as connection:
        now = database.now(connection)
        found = (_ahead(connection, now), _strays(connection, now, ttl, rule))
    if not any(found):
        return None
    with database.write() as connection:
        now = database.now(connection)
        step = _ahead(connection, now)
        due = _move(connection, now, step)
        ids = set(due) | _shorten(connection, now + ttl) | _wake_new(connection, now)
        if step is not None:
            websub.turned(connection, now, step)
        names = sa.select(source.c.host).where(among(connection, source.c.id, ids)).distinct()
        refresh_hosts(connection, connection.execute(names).scalars())
        rests = _rest(connection, now, step, rule)
    return Turned(step=step or timedelta(0), due=due, rests=rests)


def turn_on(database: Database, turned: Turned) -> int:
    """The clock was set right again: each plan that was moved, and has not been followed since, is
    what it was. How many sources that were."""
    with database.write() as connection:
        columns = (source.c.id, source.c.host, *(source.c[name] for name in (*_PLANS, *_HISTORY)))
        query = sa.select(*columns).where(among(connection, source.c.id, turned.due))
        query = query.order_by(source.c.id).with_for_update(key_share=True)
        rows = [
            row
            for row in connection.execute(query).all()
            if row.next_due == turned.due[row.id] and row.claim_until is None
        ]
        if rows:
            statement = sa.update(source).where(source.c.id == sa.bindparam("key"))
            moved = [{"key": row.id} | _moved_on(row, turned.step) for row in rows]
            connection.execute(statement, moved)
            refresh_hosts(connection, {row.host for row in rows})
        for name, until in sorted(turned.rests.items()):
            connection.execute(
                sa.update(host)
                .where(host.c.name == name, host.c.next_allowed == until)
                .values(next_allowed=until + turned.step)
            )
        return len(rows)


def _moved_on(row: Any, step: timedelta) -> dict[str, datetime | None]:
    """Plans, and of what is told only that poll itself: the rest may not have been moved."""
    plans = {name: (at := getattr(row, name)) and at + step for name in _PLANS}
    told = {name: getattr(row, name) for name in _HISTORY}
    polled = row.last_polled_at
    return plans | {name: at + step if at and at == polled else at for name, at in told.items()}


def _ahead(connection: Connection, now: datetime) -> timedelta | None:
    """By how much the newest poll is younger than now."""
    newest = connection.execute(sa.select(sa.func.max(source.c.last_polled_at))).scalar()
    return newest - now if newest is not None and newest > now + SLACK else None


def _strays(connection: Connection, now: datetime, ttl: timedelta, rule: HostLimit) -> bool:
    """From the time ahead: claims and turns of a worker that was killed, rests of hosts, new
    sources."""
    claims = sa.exists().where(source.c.claim_until > now + ttl + SLACK)
    turns = sa.exists().where(errand.c.until > now + ttl + SLACK)
    rests: Any = sa.exists().where(host.c.next_allowed > now + rule.delay + SLACK)
    if rule.whole_host_waits:  # A host may well have asked for days.
        rests = sa.false()
    new = sa.exists().where(_late(now))
    return bool(connection.execute(sa.select(sa.or_(claims, turns, rests, new))).scalar_one())


def _late(now: datetime) -> Any:
    """Of sources that were never polled: due later than at once, as only a clock ahead says."""
    never = sa.and_(source.c.last_polled_at.is_(None), source.c.claim_until.is_(None))
    return sa.and_(never, source.c.next_due > now + SLACK)


def _rest(
    connection: Connection, now: datetime, step: timedelta | None, rule: HostLimit
) -> dict[str, datetime]:
    """Hosts rest for no more than their delay; where a Retry-After is the whole host's, for as
    much less as the clock was set back: these, and until when."""
    until = now + rule.delay
    long = host.c.next_allowed > until
    if not rule.whole_host_waits:
        connection.execute(sa.update(host).where(long).values(next_allowed=until))
    elif step is not None:
        rows = connection.execute(sa.select(host.c.name, host.c.next_allowed).where(long)).all()
        moved = {row.name: max(until, row.next_allowed - step) for row in rows}
        named = sa.update(host).where(host.c.name == sa.bindparam("its"))
        if moved:
            connection.execute(
                named.values(next_allowed=sa.bindparam("until", type_=Moment)),
                [{"its": name, "until": at} for name, at in moved.items()],
            )
        return moved
    return {}


_PLANS = ("next_due", "not_before", "fresh_until", "wake", "claim_until")
_HISTORY = (
    *("first_polled_at", "last_polled_at", "last_success_at", "last_new_at"),
    *("error_at", "failing_since"),
)


def _move(connection: Connection, now: datetime, step: timedelta | None) -> dict[int, datetime]:
    """Sources that were polled in the time ahead: their plans, and what is told of it. When each
    is due now."""
    if step is None:
        return {}
    columns = (source.c.id, *(source.c[name] for name in (*_PLANS, *_HISTORY)))
    query = sa.select(*columns).where(source.c.last_polled_at > now).order_by(source.c.id)
    rows = connection.execute(query.with_for_update(key_share=True)).all()
    statement = sa.update(source).where(source.c.id == sa.bindparam("key"))
    moved = [{"key": row.id} | _moved(row, now, step) for row in rows]
    if moved:
        connection.execute(statement, moved)
    return {row.id: row.next_due - step for row in rows if row.next_due is not None}


def _moved(row: Any, now: datetime, step: timedelta) -> dict[str, datetime | None]:
    plans = {name: getattr(row, name) for name in _PLANS}
    told = {name: getattr(row, name) for name in _HISTORY}
    moved = {name: at and at - step for name, at in plans.items()}
    return moved | {name: at - step if at and at > now else at for name, at in told.items()}


def _shorten(connection: Connection, until: datetime) -> set[int]:
    """Claims and turns. An errand's lasts no longer than a claim."""
    connection.execute(sa.update(errand).where(errand.c.until > until).values(until=until))
    query = sa.select(source.c.id).where(source.c.claim_until > until).order_by(source.c.id)
    ids = set(connection.execute(query.with_for_update(key_share=True)).scalars())
    if ids:
        statement = sa.update(source).where(among(connection, source.c.id, ids))
        connection.execute(statement.values(claim_until=until, wake=until))
    return ids


def _wake_new(connection: Connection, now: datetime) -> set[int]:
    query = sa.select(source.c.id).where(_late(now)).order_by(source.c.id)
    ids = set(connection.execute(query.with_for_update(key_share=True)).scalars())
    if ids:
        statement = sa.update(source).where(among(connection, source.c.id, ids))
        wake = sa.case((source.c.wake.is_(None), None), else_=sa.literal(now, Moment))
        connection.execute(statement.values(next_due=now, wake=wake))
    return ids

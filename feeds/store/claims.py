"""Claims: who may poll what, and when. Per-host limits hold over any number of workers.

`source.wake` is when a source may next be claimed, `host.wake` the least of its sources', so
that what is due is the head of one index, whatever the store holds. Whoever claims locks the
host's row first; counting its claimed sources then is exact, and is the host's lease.
On PostgreSQL claiming never waits for a lock (SKIP LOCKED), so it is in no deadlock.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import Claim
from feeds.store.codec import Moment
from feeds.store.engine import Database
from feeds.store.hosts import HostLimit, first_end, refresh_hosts, rest_hosts, running
from feeds.store.sources import STATE, state_of
from feeds.store.sql import among, chunks, greatest
from feeds.store.tables import host, source


def claim_due(
    database: Database,
    limit: int,
    ttl: timedelta,
    urls: Collection[str] | None,
    rule: HostLimit,
) -> list[Claim]:
    """One transaction. A pass takes one source a host; with `per_host` > 1 it may take more."""
    claims: list[Claim] = []
    with database.write() as connection:
        while len(claims) < limit:
            now = database.now(connection)
            found = _due(connection, now, limit - len(claims), urls, rule)
            taken = _take(connection, found, now, ttl, rule)
            claims += taken
            if not taken or rule.per_host == 1:
                break
    return claims


def _open(now: datetime, rule: HostLimit) -> tuple[Any, ...]:
    return host.c.next_allowed <= now, running(host.c.name, now) < rule.per_host


def _due(
    connection: Connection,
    now: datetime,
    limit: int,
    urls: Collection[str] | None,
    rule: HostLimit,
) -> dict[str, int]:
    """Host → its most overdue source, most overdue hosts first; their rows are locked."""
    if urls is not None:
        return _due_among(connection, now, limit, urls, rule)
    first = (
        sa.select(source.c.id)
        .where(source.c.host == host.c.name, source.c.wake <= now)
        .order_by(source.c.wake, source.c.id)
        .limit(1)
        .scalar_subquery()
    )
    query = (
        sa.select(host.c.name, first.label("first"))
        .where(host.c.wake <= now, *_open(now, rule))
        .order_by(host.c.wake)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True, of=host)
    )
    return {row.name: row.first for row in connection.execute(query).all() if row.first}


def _due_among(
    connection: Connection,
    now: datetime,
    limit: int,
    urls: Collection[str],
    rule: HostLimit,
) -> dict[str, int]:
    rank = sa.func.row_number().over(
        partition_by=source.c.host, order_by=(source.c.wake, source.c.id)
    )
    ranked = (
        sa.select(source.c.host, source.c.id, source.c.wake, rank.label("rank"))
        .where(among(connection, source.c.url, urls), source.c.wake <= now)
        .subquery()
    )
    query = (
        sa.select(host.c.name, ranked.c.id)
        .join(ranked, ranked.c.host == host.c.name)
        .where(ranked.c.rank == 1, *_open(now, rule))
        .order_by(ranked.c.wake, ranked.c.id)
        .limit(limit)
    )
    found = {row.name: row.id for row in connection.execute(query).all()}
    lock = sa.select(host.c.name).where(host.c.name.in_(found), host.c.next_allowed <= now)
    lock = lock.with_for_update(key_share=True, skip_locked=True)
    ours = set(connection.execute(lock).scalars())
    return {name: first for name, first in found.items() if name in ours}


def _take(
    connection: Connection,
    found: dict[str, int],
    now: datetime,
    ttl: timedelta,
    rule: HostLimit,
) -> list[Claim]:
    """Claim these sources, as far as nobody did since they were found."""
    if not found:
        return []
    # Seen again, now that the hosts are locked: another worker may have committed meanwhile.
    full = sa.select(host.c.name).where(
        host.c.name.in_(found), running(host.c.name, now) >= rule.per_host
    )
    closed = set(connection.execute(full).scalars())
    wanted = [number for name, number in found.items() if name not in closed]
    lock = (
        sa.select(*STATE, source.c.host, source.c.claim_no, source.c.forced)
        .where(source.c.id.in_(wanted), source.c.wake <= now)
        .with_for_update(key_share=True, skip_locked=True)
    )
    rows = {row.id: row for row in connection.execute(lock).all()}
    if not rows:
        return []
    until = now + ttl
    connection.execute(
        sa.update(source)
        .where(source.c.id.in_(rows))
        .values(claim_no=source.c.claim_no + 1, claim_until=until, wake=until, forced=False)
    )
    hosts = {row.host for row in rows.values()}
    refresh_hosts(connection, hosts)
    rest_hosts(connection, dict.fromkeys(hosts, now), rule)
    return [_claim(rows[number], until) for number in wanted if number in rows]


def _claim(row: Any, until: datetime) -> Claim:
    return Claim(
        source_id=row.id,
        number=row.claim_no + 1,
        until=until,
        state=state_of(row),
        forced=row.forced,
    )


def claim_one(database: Database, url: str, ttl: timedelta) -> Claim | None:
    """For a document that is in hand: due or not, and whatever its host's limits. None while it is
    being polled, or when it is not to be polled at all."""
    with database.write() as connection:
        now = database.now(connection)
        lock = (
            sa.select(*STATE, source.c.host, source.c.claim_no, source.c.forced)
            .where(source.c.url == url, source.c.active, ~source.c.retired)
            .where(sa.or_(source.c.claim_until.is_(None), source.c.claim_until <= now))
            .with_for_update(skip_locked=True)
        )
        row = connection.execute(lock).one_or_none()
        if row is None:
            return None
        until = now + ttl
        values = {"claim_no": source.c.claim_no + 1, "claim_until": until, "wake": until}
        connection.execute(sa.update(source).where(source.c.id == row.id).values(values))
        refresh_hosts(connection, [row.host])
        return _claim(row, until)


def release(database: Database, claims: Sequence[Claim]) -> None:
    """As if they had never been claimed, but for the host's delay."""
    rows = [
        {"key": c.source_id, "number": c.number, "again": c.forced}
        for c in sorted(claims, key=lambda claim: claim.source_id)
    ]
    if not rows:
        return
    resting = sa.or_(source.c.paused, source.c.retired, ~source.c.active)
    statement = (
        sa.update(source)
        .where(
            source.c.id == sa.bindparam("key"),
            source.c.claim_no == sa.bindparam("number"),
            source.c.claim_until.is_not(None),
        )
        .values(
            claim_until=None,
            forced=sa.or_(source.c.forced, sa.bindparam("again", type_=sa.Boolean)),
            wake=sa.case((resting, None), else_=source.c.next_due),
        )
    )
    with database.write() as connection:
        connection.execute(statement, rows)
        ids = [row["key"] for row in rows]
        hosts = sa.select(source.c.host).where(among(connection, source.c.id, ids)).distinct()
        refresh_hosts(connection, connection.execute(hosts).scalars())


def make_due(database: Database, urls: Collection[str] | None, *, fresh: bool) -> int:
    """Rows change in order of id. A source that is being polled now is left to that poll."""
    with database.write() as connection:
        now = database.now(connection)
        query = sa.select(source.c.id, source.c.host).where(
            source.c.active,
            ~source.c.paused,
            # One that is gone is tried when the operator names it.
            sa.true() if urls is not None else ~source.c.retired,
            sa.or_(source.c.not_before.is_(None), source.c.not_before <= now),
            sa.or_(source.c.claim_until.is_(None), source.c.claim_until <= now),
        )
        if urls is not None:
            query = query.where(among(connection, source.c.url, urls))
        rows = connection.execute(query.order_by(source.c.id).with_for_update(key_share=True)).all()
        due = sa.case((source.c.next_due < now, source.c.next_due), else_=sa.literal(now, Moment))
        values: dict[str, Any] = {"forced": True, "next_due": due, "wake": due}
        if fresh:
            values |= {"validators": None, "body_digest": None}
        for some in chunks([row.id for row in rows]):
            statement = sa.update(source).where(source.c.id.in_(some)).values(values)
            connection.execute(statement)
        refresh_hosts(connection, {row.host for row in rows})
        return len(rows)


def next_claimable(
    database: Database, urls: Collection[str] | None, rule: HostLimit
) -> datetime | None:
    """Of hosts that are due, when they let us; of the others, when they wake."""
    with database.read() as connection:
        now = database.now(connection)
        wake = host.c.wake if urls is None else sa.func.min(source.c.wake)
        free = sa.case(
            (running(host.c.name, now) >= rule.per_host, first_end(host.c.name, now)), else_=wake
        )
        if urls is None:
            return _earliest(
                connection,
                sa.select(greatest(connection, host.c.wake, host.c.next_allowed, free)).where(
                    host.c.wake <= now
                ),
                sa.select(sa.func.min(host.c.wake)).where(host.c.wake > now),
            )
        allowed = greatest(connection, wake, host.c.next_allowed, free)
        query = (
            sa.select(allowed)
            .join(source, source.c.host == host.c.name)
            .where(among(connection, source.c.url, urls), source.c.wake.is_not(None))
            .group_by(host.c.name, host.c.next_allowed)
        )
        return _earliest(connection, query)


def _earliest(connection: Connection, *queries: Any) -> datetime | None:
    moments = [each for query in queries for each in connection.execute(query).scalars()]
    return min((each for each in moments if each is not None), default=None)

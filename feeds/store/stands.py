"""How all sources stand, counted by the database: whoever looks once a minute must not read
100,000 rows."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from feeds.models import Stands
from feeds.store.engine import Database
from feeds.store.tables import source

_STATE = sa.case(
    (source.c.retired, "retired"),
    (source.c.paused, "paused"),
    (sa.and_(source.c.error_kind == "rate-limited", source.c.failures == 0), "waiting"),
    (source.c.error_kind == "blocked", "blocked"),
    (source.c.error_kind.is_not(None), "failing"),
    (source.c.last_success_at.is_not(None), "ok"),
    else_="new",
)
"""As config.standing.word has it, but for what is quiet."""
_POLLED = source.c.last_polled_at.is_not(None) & sa.not_(source.c.paused)


def counted(database: Database) -> Stands:
    with database.read() as connection:
        now = database.now(connection)
        waits = (
            source.c.next_due.is_not(None)
            & sa.not_(source.c.paused)
            & sa.not_(source.c.retired)
            & (source.c.claim_until.is_(None) | (source.c.claim_until < now))
        )
        query = (
            sa.select(
                _STATE.label("state"),
                sa.func.count().label("all"),
                sa.func.count(sa.case((_POLLED, 1))).label("polled"),
                sa.func.sum(source.c.held).label("held"),
                sa.func.min(sa.case((waits, source.c.next_due))).label("due"),
            )
            .where(source.c.active)
            .group_by(_STATE)
        )
        rows = connection.execute(query).all()
    return Stands(
        states={row.state: row.all for row in rows},
        polled=sum(row.polled for row in rows),
        held=sum(int(row.held) for row in rows),
        oldest_due=min((row.due for row in rows if row.due is not None), default=None),
    )


def lasting(database: Database, since: datetime) -> dict[int, str]:
    """The sources that fail or are blocked since before then, or are retired: how each stands."""
    began = sa.func.coalesce(
        source.c.failing_since, source.c.error_at, type_=source.c.error_at.type
    )
    query = (
        sa.select(source.c.id, _STATE)
        .where(
            source.c.active,
            _POLLED,
            source.c.retired | (_STATE.in_(("failing", "blocked")) & (began < since)),
        )
        .order_by(source.c.position, source.c.id)
    )
    with database.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def holding(database: Database) -> dict[int, int]:
    """By source: how many articles the flood guard holds."""
    query = (
        sa.select(source.c.id, source.c.held)
        .where(source.c.active, source.c.held > 0)
        .order_by(source.c.position, source.c.id)
    )
    with database.read() as connection:
        return {row.id: row.held for row in connection.execute(query)}


def rhythms(database: Database, since: datetime) -> list[tuple[int, bytes]]:
    """Of the sources that are polled, answer, and have had nothing new since then."""
    query = sa.select(source.c.id, source.c.rhythm).where(
        source.c.active,
        _STATE == "ok",
        source.c.rhythm.is_not(None),
        source.c.last_new_at < since,
    )
    with database.read() as connection:
        return [(row.id, row.rhythm) for row in connection.execute(query)]

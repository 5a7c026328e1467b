"""How many read a feed: a number a day and kind of reader, no addresses."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from feeds.store.engine import Database
from feeds.store.sql import greatest, inserting
from feeds.store.tables import reader

KEPT = 400
"""Days."""


def count(database: Database, day: int, rows: Sequence[tuple[str, str, int]]) -> None:
    """(slug, kind of reader, how many at least), of a day (since 1970)."""
    if not rows:
        return
    with database.write() as connection:
        statement = inserting(connection.dialect.name, reader)
        most = greatest(connection, reader.c.count, statement.excluded["count"])
        statement = statement.on_conflict_do_update(
            index_elements=["slug", "day", "agent"], set_={"count": most}
        )
        values = [{"slug": s, "day": day, "agent": a, "count": n} for s, a, n in rows]
        connection.execute(statement, values)
        connection.execute(sa.delete(reader).where(reader.c.day < day - KEPT))


def of_days(database: Database, first: int, last: int) -> dict[str, dict[str, int]]:
    """By slug and kind of reader: the most of one of these days."""
    query = (
        sa.select(reader.c.slug, reader.c.agent, sa.func.max(reader.c.count))
        .where(reader.c.day.between(first, last))
        .group_by(reader.c.slug, reader.c.agent)
    )
    found: dict[str, dict[str, int]] = {}
    with database.read() as connection:
        for slug, agent, most in connection.execute(query).all():
            found.setdefault(slug, {})[agent] = most
    return found

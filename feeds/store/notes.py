"""What one process says and others show: last words by name, and counts by the hour."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.store.engine import Database
from feeds.store.ready import Many
from feeds.store.sql import inserting, upsert
from feeds.store.tables import note, tally

KEPT = 24 * 60
"""Hours."""


def put(database: Database, name: str, value: str) -> None:
    with database.write() as connection:
        at = database.now(connection)
        upsert(connection, note, [{"name": name, "value": value, "at": at}])


def get(database: Database, name: str) -> tuple[str, datetime] | None:
    query = sa.select(note.c.value, note.c.at).where(note.c.name == name)
    with database.read() as connection:
        found = connection.execute(query).one_or_none()
    return None if found is None else (found.value, found.at)


def count(connection: Connection, now: datetime, counts: Mapping[str, int]) -> None:
    """So many more in this hour, by name; what is too old goes."""
    hour = int(now.timestamp() // 3600)
    # In the order of the names: against deadlock.
    rows = [{"hour": hour, "name": name, "value": n} for name, n in sorted(counts.items()) if n]
    if not rows:
        return
    _counting(connection.dialect.name)(connection, rows)
    connection.execute(_TOO_OLD, {"hour": hour - KEPT})


@cache
def _counting(dialect: str) -> Many:
    statement = inserting(dialect, tally)
    return Many(
        statement.on_conflict_do_update(
            index_elements=["hour", "name"],
            set_={"value": tally.c.value + statement.excluded["value"]},
        )
    )


_TOO_OLD = sa.delete(tally).where(tally.c.hour < sa.bindparam("hour"))


def hours(database: Database, first: int) -> dict[tuple[int, str], int]:
    """From that hour on."""
    with database.read() as connection:
        rows = connection.execute(sa.select(tally).where(tally.c.hour >= first)).all()
    return {(row.hour, row.name): row.value for row in rows}

"""Numbers that only grow, by name."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.store.engine import Database
from feeds.store.sql import insert_missing
from feeds.store.tables import counter

CHANGE = "change"
"""Of stories: the last one that was given to a change."""
STORY = "story"
"""The last story's id."""
CONFIGURATION = "configuration"
"""Of the configured sources: another one whenever some were added, altered or taken away."""


def take(connection: Connection, name: str, count: int = 1) -> int:
    """Take `count` numbers; the last one before them. Its row stays locked until the end, so
    that no reader ever sees a number before a smaller one."""
    insert_missing(connection, counter, [{"name": name, "value": 0}])
    statement = (
        sa.update(counter)
        .where(counter.c.name == name)
        .values(value=counter.c.value + count)
        .returning(counter.c.value)
    )
    last: int = connection.execute(statement).scalar_one()
    return last - count


def last(database: Database, name: str) -> int:
    """The last one that was taken; 0 for none."""
    with database.read() as connection:
        query = sa.select(counter.c.value).where(counter.c.name == name)
        return connection.execute(query).scalar() or 0

"""Statements for many rows, as SQLAlchemy would execute them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from feeds.errors import StoreError
from feeds.store import open_store
from feeds.store.codec import VALIDATORS, Moment
from feeds.store.engine import Database
from feeds.store.ready import Many
from feeds.store.sql import among, among_given, packed

TABLE = sa.Table(
    "rows_of_a_test",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("at", Moment),
    sa.Column("held", VALIDATORS),
    sa.Column("done", sa.Boolean),
)
AT = datetime(2026, 11, 26, 18, 30, 0, 123456, tzinfo=UTC)
INSERT = Many(sa.insert(TABLE))
MARK = Many(
    sa.update(TABLE)
    .where(TABLE.c.id == sa.bindparam("its"))
    .values(done=True, name=sa.bindparam("called"))
)


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "name": f"n{number}", "at": AT, "held": None, "done": False} | more


@pytest.fixture
def database(store_url: str) -> Database:
    open_store(store_url).close()
    database = Database(store_url)
    with database.write() as connection:
        TABLE.create(connection)
    return database


def names(database: Database) -> list[tuple[Any, ...]]:
    with database.read() as connection:
        query = sa.select(TABLE.c.id, TABLE.c.name, TABLE.c.at, TABLE.c.done)
        return [tuple(each) for each in connection.execute(query.order_by(TABLE.c.id)).all()]


def test_many(database: Database) -> None:
    """Values go through their types; what the statement says itself is said for each row; of no
    rows nothing is made."""
    with database.write() as connection:
        INSERT(connection, [])
        INSERT(connection, [row(1), row(2, name=None, at=None), row(3, name='"%s" :x ?')])
        MARK(connection, [{"its": 2, "called": "two"}, {"its": 3, "called": "%(three)s"}])
    assert names(database) == [
        (1, "n1", AT, False),
        (2, "two", None, True),
        (3, "%(three)s", AT, True),
    ]
    database.close()


@pytest.mark.parametrize("bad", [{"at": datetime(2026, 1, 1)}, {"id": "no"}])  # noqa: DTZ001
def test_a_bad_value(database: Database, bad: dict[str, Any]) -> None:
    """A StoreError, and nothing of the transaction is written."""
    with pytest.raises(StoreError), database.write() as connection:
        INSERT(connection, [row(1), row(2, **bad)])
    assert names(database) == []
    database.close()


def test_a_missing_value(database: Database) -> None:
    """No null in its place."""
    with pytest.raises(StoreError), database.write() as connection:
        MARK(connection, [{"its": 1}])
    database.close()


def test_among(database: Database) -> None:
    """A statement made once finds what one made for its values finds."""
    numbers = [3, 5, 70_000]
    with database.write() as connection:
        INSERT(connection, [row(number) for number in (*numbers, 4)])
        dialect = connection.dialect.name
        query = sa.select(TABLE.c.id).order_by(TABLE.c.id)
        here = query.where(among_given(dialect, TABLE.c.id, "these"))
        for some in (numbers, [], [4, 4, 9]):
            given = connection.execute(here, {"these": packed(dialect, some)}).scalars().all()
            told = query.where(among(connection, TABLE.c.id, some))
            assert given == connection.execute(told).scalars().all()
            assert given == sorted(set(some) - {9})
    database.close()

"""Statements that are compiled once, executed as SQLAlchemy would."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa

from feeds.errors import CorruptStore, StoreError
from feeds.models import Validators
from feeds.store import open_store
from feeds.store.codec import VALIDATORS, Moment
from feeds.store.engine import Database, driver
from feeds.store.ready import Asking, Many
from feeds.store.sql import among, among_given, packed

TABLE = sa.Table(
    "rows_of_a_test",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("at", Moment),
    sa.Column("held", VALIDATORS),
    sa.Column("done", sa.Boolean),
    sa.Column("part", sa.Float, server_default="0.25"),
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


NAMED = Asking(
    lambda name: (
        sa.select(TABLE)
        .where(among_given(name, TABLE.c.name, "names"), ~TABLE.c.done, TABLE.c.id > 0)
        .order_by(TABLE.c.id)
        .limit(sa.bindparam("most"))
    )
)
HELD = Validators(etag='"ä%s"', url="https://example.org/")


def asked(database: Database, *names: str, most: int = 10) -> list[tuple[Any, ...]]:
    with database.asking() as connection:
        names_given = packed(connection.dialect.name, names)
        rows = NAMED(connection, names=names_given, most=most)
    assert all(row.part == 0.25 for row in rows)
    return [(row.id, row.name, row.at, row.held, row.done) for row in rows]


def test_asking(database: Database) -> None:
    """Rows as SQLAlchemy gives them, by name; what the statement says itself needs no giving."""
    with database.write() as connection:
        odd = "%(odd)s :x ? '"
        INSERT(connection, [row(1), row(2, name=odd, at=None, held=HELD), row(3, done=True)])
        inside = NAMED(connection, names=packed(connection.dialect.name, ["n1"]), most=1)
        assert [each.id for each in inside] == [1], "what the transaction itself has written"
    wanted = [(1, "n1", AT, None, False), (2, odd, None, HELD, False)]
    assert asked(database, "n1", "n3", odd) == wanted
    assert asked(database, "n1", odd, most=1) == wanted[:1]
    assert asked(database) == []
    with database.read() as connection:
        every = connection.execute(sa.select(TABLE).order_by(TABLE.c.id)).all()
    assert [tuple(each)[:-1] for each in every[:2]] == wanted
    database.close()


def test_asking_what_is_not_there(database: Database) -> None:
    """In the store's own words, and the next question is answered."""
    table = sa.Table("nowhere", sa.MetaData(), sa.Column("id", sa.Integer))
    nowhere = Asking(lambda _: sa.select(table.c.id).where(table.c.id == sa.bindparam("secret")))
    for _ in range(20):  # more often than there are connections
        with pytest.raises(StoreError, match="nowhere") as caught, database.asking() as connection:
            nowhere(connection, secret=4711)
        assert "4711" not in str(caught.value)
    assert asked(database) == []
    database.close()
    with pytest.raises(StoreError, match="closed"):
        asked(database)


def test_a_row_that_is_damaged(tmp_path: Path) -> None:
    """What SQLite finds only while rows are fetched is said in the store's words, too."""
    database = Database(f"sqlite:///{tmp_path}/f.db")
    with database.write() as connection:
        TABLE.create(connection)
        INSERT(connection, [row(number, name="n" * 3000) for number in range(1, 30)])
    database.close()
    file = tmp_path / "f.db"
    with closing(driver.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    pages = bytearray(file.read_bytes())
    pages[-4096:] = b"\xff" * 4096
    file.write_bytes(pages)
    database = Database(f"sqlite:///{tmp_path}/f.db")
    with pytest.raises(CorruptStore, match="malformed"):
        asked(database, "n" * 3000, most=100)
    database.close()


def test_a_connection_that_broke(empty_postgres: str) -> None:
    """It is told once, and not used again."""
    database = Database(empty_postgres)
    with database.write() as connection:
        TABLE.create(connection)
        INSERT(connection, [row(1)])
    with database.asking() as connection:
        pid = cast(Any, connection.connection.driver_connection).info.backend_pid
        with database.write() as other:
            other.execute(sa.select(sa.func.pg_terminate_backend(pid)))
        with pytest.raises(sa.exc.DBAPIError) as caught:
            NAMED(connection, names=["n1"], most=1)
        assert caught.value.connection_invalidated
    assert asked(database, "n1") == [(1, "n1", AT, None, False)]
    database.close()

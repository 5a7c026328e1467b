"""The few statements that SQLAlchemy Core does not write alike for both databases."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import ColumnElement

from feeds.store.ready import Many

T = TypeVar("T")


def chunks(values: Sequence[T], size: int = 5000) -> Iterator[Sequence[T]]:
    """Pieces of at most `size`: SQLite binds 32,766 values to a statement, PostgreSQL 65,535."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def among(
    connection: Connection, column: ColumnElement[Any], values: Collection[Any]
) -> ColumnElement[bool]:
    """`column IN values` for any number of texts or integers, as one bound parameter."""
    dialect = connection.dialect.name
    return _among(dialect, column, packed(dialect, values))


def among_given(dialect: str, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """The same in a statement that is made once: `name` is what `packed` makes of the values."""
    return _among(dialect, column, sa.bindparam(name))


def packed(dialect: str, values: Collection[Any]) -> Any:
    return list(values) if dialect == "postgresql" else json.dumps(list(values))


def _among(dialect: str, column: ColumnElement[Any], given: Any) -> ColumnElement[bool]:
    if dialect == "postgresql":
        return column == sa.func.any(sa.cast(given, postgresql.ARRAY(column.type)))
    each = sa.func.json_each(given).table_valued("value")
    return column.in_(sa.select(each.c.value))


def inserting(dialect: str, table: sa.Table) -> Any:
    """INSERT with the dialect's ON CONFLICT."""
    module: Any = postgresql if dialect == "postgresql" else sqlite
    return module.insert(table)


def insert_missing(connection: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Those rows that are there already stay as they are."""
    if rows:
        _missing(connection.dialect.name, table)(connection, rows)


@cache
def _missing(dialect: str, table: sa.Table) -> Many:
    return Many(inserting(dialect, table).on_conflict_do_nothing())


def upsert(connection: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Each row takes the place of the one with its primary key. Rows have all columns."""
    if rows:
        _upserting(connection.dialect.name, table, tuple(rows[0]))(connection, rows)


@cache
def _upserting(dialect: str, table: sa.Table, names: tuple[str, ...]) -> Many:
    statement = inserting(dialect, table)
    keys = [column.name for column in table.primary_key]
    rest = {name: statement.excluded[name] for name in names if name not in keys}
    return Many(statement.on_conflict_do_update(index_elements=keys, set_=rest))


def least(connection: Connection, *values: Any) -> ColumnElement[Any]:
    """Of values none of which is null."""
    name = "least" if connection.dialect.name == "postgresql" else "min"
    function: ColumnElement[Any] = getattr(sa.func, name)(*values, type_=values[0].type)
    return function


def greatest(connection: Connection, *values: Any) -> ColumnElement[Any]:
    name = "greatest" if connection.dialect.name == "postgresql" else "max"
    function: ColumnElement[Any] = getattr(sa.func, name)(*values, type_=values[0].type)
    return function


def one_at_a_time(connection: Connection, name: str) -> None:
    """Until the end of the transaction; SQLite has but one that writes."""
    if connection.dialect.name == "postgresql":
        key = sa.func.hashtext(f"feedmill-{name}")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))

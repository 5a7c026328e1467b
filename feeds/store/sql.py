"""The few statements that SQLAlchemy Core does not write alike for both databases."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import ColumnElement

T = TypeVar("T")


def chunks(values: Sequence[T], size: int = 5000) -> Iterator[Sequence[T]]:
    """Pieces of at most `size`: SQLite binds 32,766 values to a statement, PostgreSQL 65,535."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def among(
    connection: Connection, column: ColumnElement[Any], values: Collection[Any]
) -> ColumnElement[bool]:
    """`column IN values` for any number of texts or integers, as one bound parameter."""
    if connection.dialect.name == "postgresql":
        array = sa.cast(list(values), postgresql.ARRAY(column.type))
        return column == sa.func.any(array)
    each = sa.func.json_each(json.dumps(list(values))).table_valued("value")
    return column.in_(sa.select(each.c.value))


def inserting(connection: Connection, table: sa.Table) -> Any:
    """INSERT with the dialect's ON CONFLICT."""
    module: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    return module.insert(table)


def insert_missing(connection: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Those rows that are there already stay as they are."""
    if rows:
        connection.execute(inserting(connection, table).on_conflict_do_nothing(), rows)


def upsert(connection: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Each row takes the place of the one with its primary key. Rows have all columns."""
    if not rows:
        return
    statement = inserting(connection, table)
    keys = [column.name for column in table.primary_key]
    rest = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), rows)


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

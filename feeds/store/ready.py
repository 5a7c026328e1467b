"""Statements that are compiled once, and executed past what SQLAlchemy does around each: a question
of one row costs it twenty times what it costs the driver.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.pool import PoolProxiedConnection


class Many:
    """A statement that returns nothing, executed for many rows: compiled once for the names that
    these have, and past SQLAlchemy's parameters, which cost three times as much for each row."""

    def __init__(self, statement: Any) -> None:
        """An insert, update or delete without defaults of its own; to be made once."""
        self._statement = statement
        self._ready: dict[tuple[str, tuple[str, ...]], _Ready] = {}

    def __call__(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """All rows have the names of the first."""
        if not rows:
            return
        key = connection.dialect.name, tuple(rows[0])
        if (ready := self._ready.get(key)) is None:
            ready = self._ready[key] = _ready(self._statement, connection.dialect, key[1])
        try:
            values = [ready.values(row) for row in rows]
        except Exception as error:  # as SQLAlchemy would say it
            raise sa.exc.StatementError(str(error), ready.text, None, error) from error
        connection.exec_driver_sql(ready.text, values)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A compiled statement. `plans`: of each parameter its name, and what its value goes
    through; `own`: those that it says itself."""

    text: str
    plans: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    own: dict[str, Any]
    positional: bool

    def values(self, row: dict[str, Any]) -> Any:
        row = row | self.own if self.own else row
        given = [
            row[name] if through is None else through(row[name]) for name, through in self.plans
        ]
        if self.positional:
            return tuple(given)
        return dict(zip((name for name, _ in self.plans), given, strict=True))


def _ready(
    statement: Any, dialect: sa.Dialect, names: tuple[str, ...] | None, *, many: bool = True
) -> _Ready:
    """`names`: of the columns that are written."""
    compiled = statement.compile(
        dialect=dialect, column_keys=names and list(names), for_executemany=many
    )
    order = compiled.positiontup if compiled.positional else list(compiled.binds)
    through = {
        name: compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
        for name in order
    }
    plans = tuple((name, through[name]) for name in order)
    said = [
        name for name in order if name not in (names or ()) and not compiled.binds[name].required
    ]
    own = {name: compiled.binds[name].value for name in said}
    return _Ready(str(compiled), plans, own, compiled.positional)


class OnDriver(Protocol):
    """What both SQLAlchemy's Connection and Driver are."""

    @property
    def connection(self) -> PoolProxiedConnection: ...
    @property
    def dialect(self) -> sa.Dialect: ...


@dataclass(frozen=True, slots=True)
class Driver:
    """A connection of the driver's, in no transaction: each question sees what is committed."""

    connection: PoolProxiedConnection
    dialect: sa.Dialect


class Asking:
    """A SELECT that is asked often, for few rows."""

    def __init__(self, statement: Callable[[str], sa.Select[Any]]) -> None:
        """To be made once. `statement`: for the name of a dialect."""
        self._statement = statement
        self._ready: dict[str, _Question] = {}

    def __call__(self, on: OnDriver, **given: Any) -> list[Any]:
        """Its rows, which know the names of their columns. `given` has all of its parameters.
        Raises SQLAlchemy's errors."""
        name = on.dialect.name
        if (ready := self._ready.get(name)) is None:
            ready = self._ready[name] = _question(self._statement(name), on.dialect)
        description, rows = executed(on, ready.text, ready.given(given))
        if ready.through is None:
            ready.look(description, on.dialect)
        return ready.rows(rows)


@dataclass(slots=True)
class _Question:
    """A compiled SELECT. `through`: what the value of a column goes through, by its place; None
    until the driver's types of the columns have been seen."""

    text: str
    given: Callable[[dict[str, Any]], Any]
    row: Any
    types: Sequence[sa.types.TypeEngine[Any]]
    through: tuple[tuple[int, Callable[[Any], Any]], ...] | None = None

    def look(self, description: Sequence[Sequence[Any]], dialect: sa.Dialect) -> None:
        found = (
            (at, kind.dialect_impl(dialect).result_processor(dialect, column[1]))
            for at, (kind, column) in enumerate(zip(self.types, description, strict=True))
        )
        self.through = tuple((at, through) for at, through in found if through is not None)

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Any]:
        rows = []
        for each in found:
            values = list(each)
            for at, through in self.through or ():
                values[at] = through(values[at])
            rows.append(self.row(values))
        return rows


def _question(statement: sa.Select[Any], dialect: sa.Dialect) -> _Question:
    ready = _ready(statement, dialect, None, many=False)
    columns = statement.selected_columns
    return _Question(
        text=ready.text,
        given=ready.values,
        row=cast(Any, namedtuple("Row", [str(column.key) for column in columns]))._make,
        types=[column.type for column in columns],
    )


def executed(on: OnDriver, text: str, given: Any = ()) -> tuple[Any, list[Any]]:
    """The driver's description of the columns, and the rows. Raises SQLAlchemy's errors; and what
    is broken is not used again, as it has it."""
    connection, dialect = on.connection, on.dialect
    cursor = connection.cursor()
    try:
        cursor.execute(text, given)
        return cursor.description, list(cursor.fetchall())
    except Exception as error:
        base = dialect.loaded_dbapi.Error
        gone = isinstance(error, base) and dialect.is_disconnect(error, connection, cursor)
        if gone:
            connection.invalidate(error)
        raise sa.exc.DBAPIError.instance(
            text, None, error, base, connection_invalidated=gone, dialect=dialect
        ) from error
    finally:
        cursor.close()

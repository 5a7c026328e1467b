"""The statements of feeds.store.fresh, made of the revisions; a test compares.

    python -m feeds.store.migrations.fresh

`make reference` writes them to fresh.sql beside this file.
"""

from __future__ import annotations

import sys

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.store.engine import Database
from feeds.store.fresh import END
from feeds.store.schema import run


def statements(connection: Connection) -> str:
    """Of a database as it is: its schema, and the rows that are there from the start."""
    listed = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
    found = connection.exec_driver_sql(listed).all()
    virtual = [row.name for row in found if row.sql.startswith("CREATE VIRTUAL TABLE")]
    # SQLite makes its own, and those of the search.
    made = ("sqlite_", *(f"{name}_" for name in virtual))
    own = [row for row in found if not row.name.startswith(made)]
    rows = [
        _insert(row.name, tuple(each))
        for row in own
        if row.type == "table" and row.name not in virtual
        for each in connection.execute(sa.select(sa.text("*")).select_from(sa.table(row.name)))
    ]
    return "".join(f"{each}{END}" for each in (*(row.sql for row in own), *rows))


def _insert(table: str, values: tuple[object, ...]) -> str:
    told = ", ".join(map(repr, values))  # texts and numbers, without quotes in them
    return f"INSERT INTO {table} VALUES ({told})"  # noqa: S608


def main() -> None:
    with Database("sqlite://").write() as connection:
        run(connection)
        sys.stdout.write(statements(connection))


if __name__ == "__main__":
    main()

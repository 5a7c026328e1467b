"""An empty SQLite database becomes ours by the statements that all revisions come to.

Alembic would cost each first start 7 MB for as long as the process lives.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import Connection

from feeds.store.engine import driver

FILE = Path(__file__).parent / "migrations" / "fresh.sql"
_SINCE = (3, 43)
"""SQLite's version from which on the search is as it stands there (revision 0007)."""
END = ";\n\n"
"""Of each statement."""


def create(connection: Connection) -> bool:
    """Whether it could be done: not on PostgreSQL, nor by an older SQLite."""
    if connection.dialect.name != "sqlite" or tuple(driver.sqlite_version_info) < _SINCE:
        return False
    for statement in FILE.read_text(encoding="utf-8").split(END):
        if statement.strip():
            connection.exec_driver_sql(statement)
    return True

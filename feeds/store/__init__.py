"""Where everything is kept: SQLAlchemy Core on SQLite and PostgreSQL, behind one Store.

engine    connections, transactions, the clock        schema      migrations, versions
tables    what the rows mean                          backup      copies, integrity
sources · claims · records (outcome) · articles · stories · feeds · locks
"""

from feeds.store.store import Store, open_for_migration, open_store

__all__ = ["Store", "open_for_migration", "open_store"]

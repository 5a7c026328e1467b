"""Tokens of those who may read private feeds: only their digests are kept."""

from __future__ import annotations

import sqlalchemy as sa

from feeds.models import Token
from feeds.store.engine import Database
from feeds.store.tables import token

_COLUMNS = tuple(token.c[name] for name in ("digest", "feed", "label", "created_at"))


def add(database: Database, digest: bytes, feed: str | None, label: str) -> None:
    with database.write() as connection:
        now = database.now(connection)
        values = {"digest": digest, "feed": feed, "label": label, "created_at": now}
        connection.execute(sa.insert(token).values(values))


def standing(database: Database) -> list[Token]:
    """Those that are not revoked, oldest first."""
    query = sa.select(*_COLUMNS).where(token.c.revoked_at.is_(None))
    with database.read() as connection:
        rows = connection.execute(query.order_by(token.c.created_at, token.c.label)).all()
    return [Token(**row._mapping) for row in rows]


def revoke(database: Database, digest: bytes) -> None:
    with database.write() as connection:
        now = database.now(connection)
        here = token.c.digest == digest
        connection.execute(sa.update(token).where(here).values(revoked_at=now))

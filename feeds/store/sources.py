"""Sources: how they stand."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import sqlalchemy as sa

from feeds.models import SourceInfo, SourceState
from feeds.store.engine import Database
from feeds.store.tables import source

_FIELDS = tuple(each.name for each in fields(SourceState))
STATE = tuple(source.c[name] for name in _FIELDS)
INFO = tuple(
    source.c[name]
    for name in ("id", "url", "host", "public", "name", "title", "link", "last_new_at")
)


def state_of(row: Any) -> SourceState:
    """A row that begins with the columns STATE."""
    return SourceState(**dict(zip(_FIELDS, row, strict=False)))


def info_of(row: Any) -> SourceInfo:
    """A row with the columns INFO."""
    fallback = row.host if row.public else f"Source {row.id}"
    return SourceInfo(
        id=row.id,
        url=row.url if row.public else "",
        title=row.name or row.title or fallback,
        link=row.link,
        updated=row.last_new_at,
    )


def states(database: Database) -> list[SourceState]:
    query = sa.select(*STATE).where(source.c.active).order_by(source.c.position, source.c.id)
    with database.read() as connection:
        return [state_of(row) for row in connection.execute(query).all()]


def infos(database: Database) -> list[SourceInfo]:
    query = (
        sa.select(*INFO)
        .where(source.c.active, source.c.public)
        .order_by(source.c.position, source.c.id)
    )
    with database.read() as connection:
        return [info_of(row) for row in connection.execute(query).all()]


def categories(database: Database) -> dict[int, tuple[str, ...]]:
    query = (
        sa.select(source.c.id, source.c.categories)
        .where(source.c.active)
        .order_by(source.c.position, source.c.id)
    )
    with database.read() as connection:
        return {row.id: row.categories for row in connection.execute(query).all()}

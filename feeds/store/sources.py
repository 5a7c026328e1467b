"""Sources: how they stand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from functools import cache
from typing import Any

import sqlalchemy as sa

from feeds.models import Brief, SourceInfo, SourceState
from feeds.store.codec import WORDS, Moment
from feeds.store.engine import Database
from feeds.store.sql import among
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


def numbers(database: Database) -> dict[str, int]:
    query = (
        sa.select(source.c.url, source.c.id)
        .where(source.c.active)
        .order_by(source.c.position, source.c.id)
    )
    with database.read() as connection:
        return {row.url: row.id for row in connection.execute(query)}


_BRIEF = tuple(
    # Moments as they lie there: of 100,000 sources, whoever looks wants those of a page.
    sa.type_coerce(source.c[name], sa.BigInteger()).label(name)
    if isinstance(source.c[name].type, Moment)
    else source.c[name]
    for name in Brief._fields
)


def briefs(database: Database) -> list[Brief]:
    query = sa.select(*_BRIEF).where(source.c.active).order_by(source.c.position, source.c.id)
    with database.read() as connection:
        rows = connection.execute(query).cursor.fetchall()  # as they lie there: half of the time
    return list(map(Brief._make, rows))


def states_of(database: Database, ids: Collection[int]) -> list[SourceState]:
    """In order of their numbers; also of those that are configured no more."""
    with database.read() as connection:
        query = sa.select(*STATE).where(among(connection, source.c.id, ids)).order_by(source.c.id)
        return [state_of(row) for row in connection.execute(query).all()]


def due(database: Database, urls: Collection[str] | None) -> set[str]:
    """Of those that are active and not paused; retired ones only where `urls` names them."""
    with database.read() as connection:
        query = sa.select(source.c.url).where(
            source.c.active,
            sa.not_(source.c.paused),
            source.c.next_due <= database.now(connection),
        )
        if urls is None:
            query = query.where(sa.not_(source.c.retired))
        else:
            query = query.where(among(connection, source.c.url, urls))
        return set(connection.execute(query).scalars())


def infos(database: Database) -> list[SourceInfo]:
    """Without `updated`: no list has it, and 100,000 moments take half a second."""
    columns = (sa.null().label(each.name) if each.name == "last_new_at" else each for each in INFO)
    query = (
        sa.select(*columns)
        .where(source.c.active, source.c.public)
        .order_by(source.c.position, source.c.id)
    )
    with database.read() as connection:
        return [info_of(row) for row in connection.execute(query).all()]


def categories(database: Database) -> dict[int, tuple[str, ...]]:
    query = (
        sa.select(source.c.id, sa.type_coerce(source.c.categories, sa.LargeBinary()))
        .where(source.c.active)
        .order_by(source.c.position, source.c.id)
    )
    read = cache(WORDS.decoded)
    with database.read() as connection:  # many sources, of few different sets of them
        return {number: read(bytes(words)) for number, words in connection.execute(query)}

"""Lists of articles, page by page: each begins where the one before ended (keyset), so that the
hundredth costs what the first does, and nothing is shown twice when new ones come."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from feeds.models import Chosen, Held, Listed
from feeds.store.articles import COLUMNS, article_of
from feeds.store.bars import barred_among
from feeds.store.codec import unpack
from feeds.store.engine import Database
from feeds.store.tables import article, placement


def listed(
    database: Database, chosen: Chosen, after: tuple[datetime, int] | None, limit: int
) -> list[Listed]:
    """By published, newest first; `after`: (published, id) of the last one of the page before."""
    query = sa.select(*COLUMNS, article.c.standing, article.c.key_set).where(*fitting(chosen))
    if chosen.feed is not None:
        query = query.join(placement, placement.c.story_id == article.c.story_id)
        query = query.where(placement.c.slug == chosen.feed)
    if after is not None:
        at, number = after
        same = sa.and_(article.c.published == at, article.c.id < number)
        query = query.where(article.c.published <= at, sa.or_(article.c.published < at, same))
    query = query.order_by(article.c.published.desc(), article.c.id.desc()).limit(limit)
    with database.read() as connection:
        rows = connection.execute(query).all()
        keys = {row.id: _digests(row) for row in rows if row.standing == Held.REMOVED}
        barred = barred_among(connection, {each for some in keys.values() for each in some})
    return [
        Listed(
            article=article_of(row),
            held=Held(row.standing),
            barred=not barred.isdisjoint(keys.get(row.id, ())),
        )
        for row in rows
    ]


def fitting(chosen: Chosen) -> list[Any]:
    """What an article has to fulfil, but for its feed."""
    found = []
    if chosen.source_id is not None:
        found.append(article.c.source_id == chosen.source_id)
    if chosen.before is not None:
        found.append(article.c.published < chosen.before)
    return found


def _digests(row: Any) -> set[bytes]:
    return {key.digest for key in unpack(row.key_set)}

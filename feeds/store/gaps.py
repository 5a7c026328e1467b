"""Gaps of sources: since when items may be missing, and which older page is read next."""

from __future__ import annotations

import sqlalchemy as sa

from feeds.models import Gap
from feeds.store.engine import Database
from feeds.store.tables import source


def gaps(database: Database, limit: int) -> list[Gap]:
    query = (
        sa.select(
            source.c.id.label("source_id"),
            source.c.url.label("source_url"),
            source.c.gap_since.label("since"),
            source.c.gap_url.label("page"),
            source.c.gap_pages.label("pages"),
        )
        .where(source.c.gap_url.is_not(None), source.c.active, ~source.c.paused)
        .order_by(source.c.id)
        .limit(limit)
    )
    with database.read() as connection:
        return [Gap(**row._mapping) for row in connection.execute(query).all()]


def next_page(database: Database, gap: Gap, url: str | None) -> None:
    here = source.c.id == gap.source_id, source.c.gap_url == gap.page
    with database.write() as connection:
        values = {"gap_url": url, "gap_pages": gap.pages - 1 if url else 0}
        connection.execute(sa.update(source).where(*here).values(values))

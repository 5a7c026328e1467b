"""What articles were: revisions before they were edited, and by what they were known again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import ChangedArticle, Rebinding, Revision
from feeds.store.engine import Database
from feeds.store.sql import among, insert_missing
from feeds.store.tables import article, rebinding, revision

KEPT = 10
"""Of each article, the first included; the last one is the article itself."""


def keep(connection: Connection, edits: Sequence[tuple[Any, ChangedArticle]], at: datetime) -> None:
    """(row of `article`, change) pairs, in order of article. The first entry is always kept, by
    which stories are told; the others when something new is said."""
    rows = [
        {
            "article_id": row.id,
            "number": row.revision,
            "at": row.first_seen if row.revision == 1 else row.updated,
            "entry": row.entry,
        }
        for row, change in edits
        if row.content_digest != change.content_digest and (change.significant or row.revision == 1)
    ]
    insert_missing(connection, revision, rows)
    many = [row.id for row, _ in edits if row.revision >= KEPT]
    if many:
        old = sa.delete(revision).where(
            among(connection, revision.c.article_id, many),
            revision.c.number > 1,
            revision.c.number
            <= sa.select(article.c.revision - KEPT + 2)
            .where(article.c.id == revision.c.article_id)
            .scalar_subquery(),
        )
        connection.execute(old)
    again = [
        {
            "article_id": row.id,
            "at": at,
            "rule": change.rule,
            "before": change.was,
            "after": change.entry.guid,
        }
        for row, change in edits
        if change.rule is not None
    ]
    if again:
        connection.execute(sa.insert(rebinding), again)


def of(database: Database, article_id: int) -> list[Revision]:
    """What is kept of an article, as it stands now last."""
    with database.read() as connection:
        query = sa.select(revision.c.number, revision.c.at, revision.c.entry)
        query = query.where(revision.c.article_id == article_id).order_by(revision.c.number)
        found = [Revision(**row._mapping) for row in connection.execute(query).all()]
        now = sa.select(
            article.c.revision, article.c.updated, article.c.first_seen, article.c.entry
        ).where(article.c.id == article_id)
        row = connection.execute(now).one_or_none()
    if row is not None and all(each.number != row.revision for each in found):
        at = row.first_seen if row.revision == 1 else row.updated
        found.append(Revision(number=row.revision, at=at, entry=row.entry))
    elif row is not None and found and found[-1].entry != row.entry:
        # Edited since, without saying anything new.
        found.append(Revision(number=row.revision, at=row.updated, entry=row.entry, minor=True))
    return found


def rebindings(database: Database, article_id: int) -> list[Rebinding]:
    """Oldest first."""
    query = sa.select(*(rebinding.c[name] for name in ("at", "rule", "before", "after"))).where(
        rebinding.c.article_id == article_id
    )
    with database.read() as connection:
        rows = connection.execute(query.order_by(rebinding.c.id)).all()
    return [Rebinding(**row._mapping) for row in rows]

"""Full-text search of stories, by what their lead article says. Indexed behind recording, not
within it: FTS5 costs seven eighths of the rows that are written in a second.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import Chosen, FeedItem
from feeds.store.articles import COLUMNS
from feeds.store.engine import Database
from feeds.store.feeds import items_of, quarantined
from feeds.store.listed import fitting
from feeds.store.sql import inserting
from feeds.store.tables import article, counter, placement, story
from feeds.store.ties import NORMAL
from feeds.text import plain_text, xml_safe

CURSOR = "search"
LONGEST = 50_000
"""Characters of a text that are indexed: more than any column of a newspaper has."""
WORDS = 12
"""Of a query, that are looked for."""
_WORD = re.compile(r"\w+")


def index(database: Database, limit: int) -> int:
    """Take in the stories that have changed since, oldest change first; how many."""
    with database.read() as connection:
        after = connection.execute(
            sa.select(counter.c.value).where(counter.c.name == CURSOR)
        ).scalar()
        query = (
            sa.select(story.c.id, story.c.change, story.c.gone, article.c.entry)
            .outerjoin(
                article, sa.and_(article.c.id == story.c.lead_id, article.c.standing == NORMAL)
            )
            .where(story.c.change > (after or 0))
            .order_by(story.c.change)
            .limit(limit)
        )
        rows = connection.execute(query).all()
    if not rows:
        return 0
    texts = [
        (row.id, row.entry.title, _body(row.entry))
        for row in rows
        if row.entry is not None and row.gone is None
    ]
    with database.write() as connection:
        _replace(connection, [row.id for row in rows], texts)
        statement = inserting(connection.dialect.name, counter).values(
            name=CURSOR, value=rows[-1].change
        )
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["name"], set_={"value": statement.excluded.value}
            )
        )
    return len(rows)


def _body(entry: Any) -> str:
    html = max(entry.content or "", entry.summary or "", key=len)
    authors = " ".join(one.name for one in entry.authors)
    terms = " ".join(one.term for one in entry.terms)
    # PostgreSQL's texts have no NUL, and its tsvector a megabyte at the most.
    return xml_safe(f"{plain_text(html[: 4 * LONGEST])[:LONGEST]} {authors} {terms}")


def _replace(
    connection: Connection, ids: Sequence[int], texts: Sequence[tuple[int, str, str]]
) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(
            sa.text("DELETE FROM story_text WHERE story_id = ANY(:ids)"), {"ids": list(ids)}
        )
        statement = sa.text(
            "INSERT INTO story_text (story_id, words) VALUES (:id,"
            " setweight(to_tsvector('simple', :title), 'A') || to_tsvector('simple', :body))"
        )
    else:
        connection.execute(
            sa.text("DELETE FROM story_text WHERE rowid = :id"), [{"id": each} for each in ids]
        )
        statement = sa.text(
            "INSERT INTO story_text (rowid, title, body) VALUES (:id, :title, :body)"
        )
    if texts:
        rows = [{"id": i, "title": xml_safe(title), "body": body} for i, title, body in texts]
        connection.execute(statement, rows)


def find(
    database: Database,
    slug: str,
    query: str,
    limit: int,
    chosen: Chosen | None = None,
    below: int | None = None,
) -> list[FeedItem]:
    """Stories of the feed that have all these words (the last may be the beginning of one), newest
    placement first. `chosen`: beside its feed; `below`: the number of the last one of the page
    before."""
    words = _WORD.findall(query)[:WORDS]
    if not words:
        return []
    with database.read() as connection:
        found = (
            sa.select(
                *(placement.c[name] for name in ("seq", "event", "entered_at")),
                story.c.published_id,
                *COLUMNS,
            )
            .select_from(placement)
            .join(story, story.c.id == placement.c.story_id)
            .join(article, article.c.id == placement.c.article_id)
            .where(placement.c.slug == slug, ~quarantined(), _has(connection, words))
            .where(*([] if chosen is None else fitting(chosen)))
            .where(*([] if below is None else [placement.c.seq < below]))
            .order_by(placement.c.seq.desc())
            .limit(limit)
        )
        return items_of(connection, connection.execute(found).all())


def _has(connection: Connection, words: Sequence[str]) -> Any:
    if connection.dialect.name == "postgresql":
        text = " & ".join([*words[:-1], f"{words[-1]}:*"])
        matching = sa.text(
            "SELECT story_id FROM story_text WHERE words @@ to_tsquery('simple', :words)"
        ).bindparams(words=text)
    else:
        text = " ".join([*(f'"{each}"' for each in words[:-1]), f'"{words[-1]}"*'])
        matching = sa.text(
            "SELECT rowid AS story_id FROM story_text WHERE story_text MATCH :words"
        ).bindparams(words=text)
    ids = matching.columns(sa.column("story_id", sa.BigInteger)).subquery()
    return placement.c.story_id.in_(sa.select(ids.c.story_id))

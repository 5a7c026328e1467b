"""Stories: articles get theirs here, and each touch gives a story the next number of change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import Link, StoryChange, Unlinked
from feeds.store import counters
from feeds.store.articles import COLUMNS, article_of
from feeds.store.codec import unpack
from feeds.store.engine import Database
from feeds.store.sql import among, chunks
from feeds.store.tables import article, identity, source, story

_UNLINKED = (*COLUMNS, article.c.key_set, source.c.url)
# So many sources are asked one by one for their newest; for more, the newest stories are gone
# through until enough are theirs.
FEW = 200


def _unlinked(rows: Iterable[Any]) -> list[Unlinked]:
    return [
        Unlinked(article=article_of(row), keys=unpack(row.key_set), source_url=row.url)
        for row in rows
    ]


def unlinked(database: Database, limit: int) -> list[Unlinked]:
    query = (
        sa.select(*_UNLINKED)
        .join(source, source.c.id == article.c.source_id)
        .where(sa.text("NOT linked"))  # as the partial index has it, word for word
        .order_by(article.c.id)
        .limit(limit)
    )
    with database.read() as connection:
        return _unlinked(connection.execute(query).all())


def sharing(database: Database, digests: Collection[bytes]) -> list[Unlinked]:
    """By id, each once."""
    found: dict[int, Any] = {}
    with database.read() as connection:
        for some in chunks(sorted(set(digests))):
            query = (
                sa.select(*_UNLINKED)
                .join(identity, identity.c.article_id == article.c.id)
                .join(source, source.c.id == article.c.source_id)
                .where(identity.c.key.in_(some), identity.c.shared)
                .where(source.c.active, article.c.story_id.is_not(None))
            )
            found |= {row.id: row for row in connection.execute(query).all()}
    return _unlinked(found[number] for number in sorted(found))


# --- linking


@dataclass(slots=True)
class _Touched:
    """A story while a batch is being linked."""

    id: int
    lead_id: int
    published: datetime
    updated: datetime
    change: int = 0
    published_id: str = ""  # of a new one
    moved: bool = False


def link(database: Database, links: Sequence[Link]) -> None:
    """In one transaction, in the order of `links`; an article that has a story keeps it."""
    if not links:
        return
    with database.write() as connection:
        # Its row stays locked: select's cursor relies on it.
        change = counters.take(connection, counters.CHANGE, len(links))
        found = _articles(connection, [each.article_id for each in links])
        touched = _stories(connection, links, found)
        ids = _ids_taken(connection, links)
        rows: dict[int, dict[str, Any]] = {}
        new: dict[int, _Touched] = {}
        for each in links:
            if (row := found.get(each.article_id)) is None:
                continue
            story_id = row.story_id or each.story_id or row.id
            if (one := touched.get(story_id)) is None:
                one = touched[story_id] = _Touched(row.id, row.id, row.published, row.updated)
                one.published_id = _free(each, ids)
                new[story_id] = one
            if each.leads and row.story_id is None:
                one.lead_id = row.id
            if one.lead_id == row.id:
                one.moved |= one.published != row.published
                one.published, one.updated = row.published, row.updated
            change += 1
            one.change = change
            rows[row.id] = {"number": row.id, "its": one.id}
        if not rows:
            return
        _write(connection, list(touched.values()), new, list(rows.values()))


def _articles(connection: Connection, ids: Collection[int]) -> dict[int, Any]:
    """Those articles, locked; and with them, in one order of id as `record` has it, the others of
    their stories, which a moved lead ranks anew: locked later, PostgreSQL met deadlocks."""
    mine = among(connection, article.c.id, ids)
    theirs = sa.select(article.c.story_id).where(mine, article.c.story_id.is_not(None))
    known = connection.execute(theirs).scalars().all()
    query = (
        sa.select(article.c.id, article.c.story_id, article.c.published, article.c.updated)
        .where(sa.or_(mine, among(connection, article.c.story_id, known)) if known else mine)
        .order_by(article.c.id)
        .with_for_update(key_share=True)
    )
    return {row.id: row for row in connection.execute(query).all()}


def _stories(
    connection: Connection, links: Sequence[Link], found: dict[int, Any]
) -> dict[int, _Touched]:
    wanted = {row.story_id for row in found.values()} | {each.story_id for each in links}
    query = sa.select(
        story.c.id, story.c.lead_id, story.c.published, story.c.updated, story.c.change
    ).where(among(connection, story.c.id, wanted - {None}))
    return {row.id: _Touched(*row) for row in connection.execute(query).all()}


def _ids_taken(connection: Connection, links: Sequence[Link]) -> set[str]:
    wanted = {each.published_id for each in links} | {each.fallback_id for each in links}
    taken: set[str] = set()
    for some in chunks(sorted(wanted)):
        query = sa.select(story.c.published_id).where(story.c.published_id.in_(some))
        taken |= set(connection.execute(query).scalars())
    return taken


def _free(each: Link, taken: set[str]) -> str:
    """P13: the publisher's id, unless another story has it already."""
    last = f"{each.fallback_id}#{each.article_id}"
    chosen = next((i for i in (each.published_id, each.fallback_id) if i not in taken), last)
    taken.add(chosen)
    return chosen


def _write(
    connection: Connection,
    touched: list[_Touched],
    new: dict[int, _Touched],
    rows: list[dict[str, Any]],
) -> None:
    fresh = [_row(one) | {"published_id": one.published_id} for one in new.values()]
    older = [_row(one) | {"key": one.id} for one in touched if one.id not in new and one.change]
    if fresh:
        connection.execute(sa.insert(story), fresh)
    if older:
        connection.execute(sa.update(story).where(story.c.id == sa.bindparam("key")), older)
    ranks = {one.id: one.published for one in touched}
    statement = (
        sa.update(article)
        .where(article.c.id == sa.bindparam("number"))
        .values(story_id=sa.bindparam("its"), linked=True)
    )
    connection.execute(statement, [row | {"ranked": ranks[row["its"]]} for row in rows])
    if moved := [{"its": one.id, "ranked": one.published} for one in touched if one.moved]:
        members = sa.update(article).where(article.c.story_id == sa.bindparam("its"))
        connection.execute(members.values(ranked=sa.bindparam("ranked")), moved)


def _row(one: _Touched) -> dict[str, Any]:
    return {
        "id": one.id,
        "lead_id": one.lead_id,
        "published": one.published,
        "updated": one.updated,
        "change": one.change,
    }


# --- reading

CHANGE = (
    story.c.id.label("story_id"),
    story.c.change,
    story.c.lead_id,
    article.c.revision,
    story.c.published,
    story.c.updated,
)


def changes_of(connection: Connection, rows: Sequence[Any]) -> list[StoryChange]:
    """Rows with the columns CHANGE, in their order, with the sources of each story."""
    ids = [row.story_id for row in rows]
    query = (
        sa.select(article.c.story_id, article.c.source_id)
        .where(among(connection, article.c.story_id, ids))
        .distinct()
        .order_by(article.c.story_id, article.c.source_id)
    )
    sources: dict[int, list[int]] = {}
    for story_id, source_id in connection.execute(query).all():
        sources.setdefault(story_id, []).append(source_id)
    return [
        StoryChange(
            story_id=row.story_id,
            change=row.change,
            lead_id=row.lead_id,
            revision=row.revision,
            published=row.published,
            updated=row.updated,
            source_ids=tuple(sources.get(row.story_id, ())),
        )
        for row in rows
    ]


def _changes_query() -> Any:
    return sa.select(*CHANGE).join(article, article.c.id == story.c.lead_id)


def changed(database: Database, after: int, limit: int) -> list[StoryChange]:
    query = _changes_query().where(story.c.change > after).order_by(story.c.change).limit(limit)
    with database.read() as connection:
        return changes_of(connection, connection.execute(query).all())


def recent(database: Database, source_ids: Collection[int] | None, limit: int) -> list[StoryChange]:
    with database.read() as connection:
        if source_ids is None:
            ids = _newest_of_all(connection, limit)
        else:
            few = len(source_ids) <= FEW
            ids = (_newest_by_source if few else _newest_of)(connection, source_ids, limit)
        query = _changes_query().where(among(connection, story.c.id, ids))
        return changes_of(connection, connection.execute(query.order_by(story.c.change)).all())


def _newest_by_source(connection: Connection, ids: Collection[int], limit: int) -> list[int]:
    """The head of the index for each source, and of these the newest."""
    ranked: dict[int, datetime] = {}
    for number in ids:
        query = (
            sa.select(article.c.story_id, article.c.ranked)
            .where(article.c.source_id == number, article.c.ranked.is_not(None))
            .order_by(article.c.ranked.desc(), article.c.id.desc())
            .limit(limit)
        )
        ranked |= {row.story_id: row.ranked for row in connection.execute(query).all()}
    newest = sorted(((at, number) for number, at in ranked.items()), reverse=True)
    return [number for _, number in newest[:limit]]


def _newest_of_all(connection: Connection, limit: int) -> list[int]:
    query = sa.select(story.c.id).order_by(story.c.published.desc(), story.c.id.desc())
    return list(connection.execute(query.limit(limit)).scalars())


def _newest_of(connection: Connection, ids: Collection[int], limit: int) -> list[int]:
    """Stories from the newest on, until enough are theirs."""
    theirs = sa.exists().where(
        article.c.story_id == story.c.id, among(connection, article.c.source_id, ids)
    )
    query = sa.select(story.c.id).where(theirs)
    query = query.order_by(story.c.published.desc(), story.c.id.desc()).limit(limit)
    return list(connection.execute(query).scalars())

"""Articles that are taken away, held back or let in: by retention, the flood guard, the operator.

What is taken away leaves its keys: while the source shows it, it is known and never comes back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import Entry, EventKind, Held, Key, Retention
from feeds.store import counters, ties
from feeds.store.codec import unpack
from feeds.store.engine import Database
from feeds.store.sql import among, insert_missing
from feeds.store.tables import article, barred, identity, revision, seen, source, story, traced

BATCH = 500
STAY = timedelta(days=30)
"""For which what was taken away is remembered at least, whether it is shown or not."""


def remove(connection: Connection, ids: Collection[int], kind: EventKind, at: datetime) -> None:
    """Take these articles away; `kind`: what feeds say of a story that has none left."""
    if not ids:
        return
    here = among(connection, article.c.id, sorted(ids))
    told = sa.select(article.c.story_id).where(here, article.c.story_id.is_not(None))
    touched = sorted(set(connection.execute(told).scalars()))
    traces = sa.select(traced.c.article_id, traced.c.packed)
    traces = traces.where(among(connection, traced.c.article_id, sorted(ids)))
    ties.drop_traces(connection, connection.execute(traces).all())
    connection.execute(
        sa.delete(revision).where(among(connection, revision.c.article_id, sorted(ids)))
    )
    nothing = {
        "entry": Entry(),
        "standing": int(Held.REMOVED),
        "linked": True,
        "story_id": None,
        "ranked": None,
        "words": 0,
        "updated": at,
    }
    connection.execute(sa.update(article).where(here).values(nothing))
    for number in touched:
        _left(connection, number, kind)


def _left(connection: Connection, story_id: int, kind: EventKind) -> None:
    """A story of which articles were taken away: another leads, or it is gone."""
    rest = (
        sa.select(article.c.id, article.c.published, article.c.updated, article.c.words)
        .where(article.c.story_id == story_id)
        .order_by(article.c.id)
    )
    rows = connection.execute(rest).all()
    one = connection.execute(sa.select(story).where(story.c.id == story_id)).one()
    change = counters.take(connection, counters.CHANGE, 1) + 1
    values: dict[str, Any] = {"change": change}
    if not rows and not one.opened:
        connection.execute(sa.delete(story).where(story.c.id == story_id))
        return
    if not rows:
        values["gone"] = str(kind)
    elif one.lead_id not in {row.id for row in rows}:
        lead = next((row for row in rows if row.id == one.best_id), rows[0])
        values |= {"lead_id": lead.id, "published": lead.published, "updated": lead.updated}
        ranked = sa.update(article).where(article.c.story_id == story_id)
        connection.execute(ranked.values(ranked=lead.published))
    if rows and one.best_id not in {row.id for row in rows}:
        values["best_id"] = values.get("lead_id", one.lead_id)
    connection.execute(sa.update(story).where(story.c.id == story_id).values(values))


# --- takedown


def take_down(database: Database, keys: Sequence[Key], text: str) -> list[int]:
    """Bar these keys for ever, whoever shows them, and take away what has one; its ids."""
    digests = sorted({key.digest for key in keys})
    with database.write() as connection:
        now = database.now(connection)
        insert_missing(connection, barred, [{"key": d, "text": text, "at": now} for d in digests])
        query = (
            sa.select(article.c.id)
            .join(identity, identity.c.article_id == article.c.id)
            .where(identity.c.key.in_(digests), article.c.standing != Held.REMOVED)
        )
        ids = sorted(set(connection.execute(query).scalars()))
        remove(connection, ids, EventKind.TAKEDOWN, now)
    return ids


# --- what the flood guard held


def let_in(database: Database, source_id: int) -> int:
    """Let in what is held of a source; how many."""
    held = article.c.source_id == source_id, article.c.standing == Held.FLOOD
    with database.write() as connection:
        statement = sa.update(article).where(*held).values(standing=int(Held.NO), linked=False)
        count: int = connection.execute(statement).rowcount
        _none_held(connection, source_id)
    return count


def discard(database: Database, source_id: int) -> int:
    """Take away what is held of a source, for good; how many."""
    query = sa.select(article.c.id).where(
        article.c.source_id == source_id, article.c.standing == Held.FLOOD
    )
    with database.write() as connection:
        ids = list(connection.execute(query).scalars())
        remove(connection, ids, EventKind.LEAVE, database.now(connection))
        _none_held(connection, source_id)
    return len(ids)


def _none_held(connection: Connection, source_id: int) -> None:
    connection.execute(sa.update(source).where(source.c.id == source_id).values(held=0))


# --- retention


def expire(database: Database, rules: Iterable[Retention]) -> int:
    """Take away what is too old, or too many, of each source; how many articles."""
    count = 0
    for rule in rules:
        while True:
            with database.write() as connection:
                now = database.now(connection)
                ids = _too_old(connection, rule, now) or _too_many(connection, rule)
                remove(connection, ids, EventKind.LEAVE, now)
            count += len(ids)
            if len(ids) < BATCH:
                break
    return count


def _theirs(rule: Retention) -> Any:
    query = sa.select(article.c.id).where(article.c.source_id == rule.source_id)
    return query.where(article.c.ranked.is_not(None), article.c.standing == Held.NO)


def _too_old(connection: Connection, rule: Retention, now: datetime) -> list[int]:
    if rule.max_age is None:
        return []
    query = _theirs(rule).where(article.c.ranked < now - rule.max_age)
    return list(connection.execute(query.order_by(article.c.ranked).limit(BATCH)).scalars())


def _too_many(connection: Connection, rule: Retention) -> list[int]:
    if rule.max_articles is None:
        return []
    query = _theirs(rule).order_by(article.c.ranked.desc(), article.c.id.desc())
    return list(connection.execute(query.limit(BATCH).offset(rule.max_articles)).scalars())


def forget_removed(database: Database, after: int = 0) -> int | None:
    """Forget the keys of articles that were taken away long ago and that their source shows no
    more: of the next so many by id. The last id that was looked at; None at the end."""
    query = sa.select(article.c.id, article.c.source_id, article.c.key_set, article.c.updated)
    # As the partial index has it, word for word.
    query = query.where(sa.text("standing = 2"), article.c.id > after)
    with database.write() as connection:
        rows = connection.execute(query.order_by(article.c.id).limit(BATCH)).all()
        if not rows:
            return None
        before = database.now(connection) - STAY
        shown = _shown(connection, {row.source_id for row in rows})
        ids = [
            row.id
            for row in rows
            if row.updated < before and not _is_shown(row.key_set, shown.get(row.source_id))
        ]
        if ids:
            for table, column in ((identity, identity.c.article_id), (article, article.c.id)):
                connection.execute(sa.delete(table).where(among(connection, column, ids)))
    return int(rows[-1].id)


def _shown(connection: Connection, source_ids: Collection[int]) -> dict[int, bytes]:
    query = sa.select(seen.c.source_id, seen.c.packed)
    query = query.where(among(connection, seen.c.source_id, sorted(source_ids)))
    return {row.source_id: row.packed for row in connection.execute(query).all()}


def _is_shown(key_set: bytes, packed: bytes | None) -> bool:
    """Whether the source's last document may show it; unknown is yes. What it showed is kept as
    the beginnings of keys (aggregator.identity.seen)."""
    if not packed:
        return True
    return any(key.digest[:8] in packed for key in unpack(key_set))

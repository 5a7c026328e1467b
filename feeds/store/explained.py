"""All that is known of an article, for whoever asks why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import Appearance, ArticleFacts, EventKind, Held, Key
from feeds.store import revisions
from feeds.store.articles import COLUMNS, article_of
from feeds.store.codec import unpack
from feeds.store.engine import Database
from feeds.store.tables import (
    article,
    barred,
    feed_log,
    identity,
    placement,
    seen,
    source,
    story,
)
from feeds.store.ties import edges_of, rulings_of, states_of

MOST = 50
"""Articles that one name is answered with."""


def find(database: Database, keys: Sequence[Key], text: str) -> list[ArticleFacts]:
    """By id; the newest MOST of them."""
    with database.read() as connection:
        ids = _named(connection, [key.digest for key in keys], text)
        found = [_facts(connection, number) for number in sorted(ids)[-MOST:]]
    return [
        ArticleFacts(**one, rebindings=tuple(revisions.rebindings(database, one["article"].id)))
        for one in found
    ]


def _named(connection: Connection, digests: Collection[bytes], text: str) -> set[int]:
    if text.isascii() and text.isdigit() and len(text) < 19:
        query = sa.select(article.c.id).where(article.c.id == int(text))
        if ids := set(connection.execute(query).scalars()):
            return ids
    by_key = sa.select(identity.c.article_id).where(identity.c.key.in_(sorted(digests)))
    ids = set(connection.execute(by_key).scalars())
    published = (
        sa.select(article.c.id)
        .join(story, story.c.id == article.c.story_id)
        .where(story.c.published_id == text)
    )
    return ids | set(connection.execute(published).scalars())


def _facts(connection: Connection, number: int) -> dict[str, Any]:
    more = ("key_set", "standing", "backlog", "linked", "words")
    query = (
        sa.select(*COLUMNS, *(article.c[name] for name in more), source.c.url, seen.c.packed)
        .join(source, source.c.id == article.c.source_id)
        .outerjoin(seen, seen.c.source_id == article.c.source_id)
        .where(article.c.id == number)
    )
    row = connection.execute(query).one()
    keys = unpack(row.key_set)
    state, name, members = None, None, ()
    if row.story_id is not None:
        [state] = states_of(connection, [row.story_id])
        named = sa.select(story.c.published_id).where(story.c.id == row.story_id)
        name = connection.execute(named).scalar()
        theirs = sa.select(article.c.id).where(article.c.story_id == row.story_id)
        members = tuple(connection.execute(theirs.order_by(article.c.id)).scalars())
    return {
        "article": article_of(row),
        "source_url": row.url,
        "keys": keys,
        "held": Held(row.standing),
        "backlog": row.backlog,
        "linked": row.linked,
        "shown": _shown(row.packed, keys),
        "words": row.words,
        "story": state,
        "published_id": name,
        "members": members,
        "twins": {} if state is None else _twins(connection, state.id, state.twin_id),
        "edges": tuple(edges_of(connection, [number])),
        "rulings": tuple(rulings_of(connection, [number])),
        "appearances": _appearances(connection, row.story_id),
        "placed": _placed(connection, row.story_id),
        "barred": _barred(connection, keys),
    }


def _twins(connection: Connection, number: int, older: int | None) -> dict[int, tuple[int, ...]]:
    """From either side: the younger ones name the oldest. No index leads there: only who asks
    pays."""
    first = number if older is None else older
    theirs = (
        sa.select(story.c.id, article.c.id.label("article_id"))
        .join(article, article.c.story_id == story.c.id)
        .where(sa.or_(story.c.id == first, story.c.twin_id == first), story.c.id != number)
    )
    found: dict[int, tuple[int, ...]] = {}
    for row in connection.execute(theirs.order_by(story.c.id, article.c.id)).all():
        found[row.id] = (*found.get(row.id, ()), row.article_id)
    return found


def _shown(packed: bytes | None, keys: Sequence[Key]) -> bool | None:
    if not packed:
        return None
    return any(key.digest[:8] in packed for key in keys)


def _appearances(connection: Connection, story_id: int | None) -> tuple[Appearance, ...]:
    """A log is read by feed: of one story, all of it is gone through. Only who asks pays."""
    if story_id is None:
        return ()
    names = ("slug", "seq", "kind", "article_id", "at")
    query = sa.select(*(feed_log.c[name] for name in names)).where(feed_log.c.story_id == story_id)
    rows = connection.execute(query.order_by(feed_log.c.at, feed_log.c.slug, feed_log.c.seq)).all()
    return tuple(Appearance(**{**row._mapping, "kind": EventKind(row.kind)}) for row in rows)


def _placed(connection: Connection, story_id: int | None) -> tuple[str, ...]:
    if story_id is None:
        return ()
    query = sa.select(placement.c.slug).where(placement.c.story_id == story_id)
    return tuple(connection.execute(query.order_by(placement.c.slug)).scalars())


def _barred(connection: Connection, keys: Sequence[Key]) -> str | None:
    digests = sorted(key.digest for key in keys)
    query = sa.select(barred.c.text).where(barred.c.key.in_(digests)).limit(1)
    text: str | None = connection.execute(query).scalar()
    return text

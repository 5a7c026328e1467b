"""Articles and their keys: written in key order, found by key.

Two sources that carry the same stories in different orders would otherwise take the same index
pages in different orders; sorted, no two transactions can wait for each other.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from itertools import repeat
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import Article, ChangedArticle, Entry, Held, Known, NewArticle, Stored
from feeds.store import revisions
from feeds.store.bars import barred_among
from feeds.store.codec import micros, pack, parts, unpack
from feeds.store.engine import Database
from feeds.store.ready import Asking, Many
from feeds.store.sql import among, among_given, chunks, insert_missing, packed
from feeds.store.tables import article, identity, seen, trace

COLUMNS = tuple(
    article.c[name]
    for name in (
        *("id", "source_id", "story_id", "entry"),
        *("published", "updated", "first_seen", "revision"),
    )
)
_NAMES = tuple(column.name for column in COLUMNS)


def article_of(row: Any) -> Article:
    """A row that has the columns COLUMNS, under their own names."""
    return Article(**{name: getattr(row, name) for name in _NAMES})


# --- writing


def insert(
    connection: Connection, found: Iterable[tuple[int, NewArticle]], empty: Collection[int] = ()
) -> dict[int, int]:
    """Write (source id, article) pairs; those whose very keys the source has are known already
    and passed over. Source id → how many were written. `empty`: sources that have none yet."""
    packed = [(pack(new.keys), source_id, new) for source_id, new in found]
    if not packed:
        return {}
    packed.sort(key=lambda each: each[:2])
    barred = barred_among(connection, {key.digest for _, _, new in packed for key in new.keys})
    seen = _there_already(connection, [each for each in packed if each[1] not in empty])
    rows, counts = [], dict[int, int]()
    for keys, source_id, new in packed:
        if (source_id, keys) in seen:
            continue
        seen.add((source_id, keys))
        if not barred.isdisjoint(key.digest for key in new.keys):
            # Known from now on by its keys, and nothing else of it is kept.
            rows.append(_row(keys, source_id, replace(new, entry=Entry(), held=Held.REMOVED)))
            continue
        counts[source_id] = counts.get(source_id, 0) + 1
        rows.append(_row(keys, source_id, new))
    if rows:
        # By what they are told apart: in order of `rows`, SQLAlchemy would insert them one by one.
        columns = (article.c.source_id, article.c.id, article.c.key_set)
        stored = connection.execute(sa.insert(article).returning(*columns), rows).all()
        _insert_keys(connection, map(tuple, stored))
    return counts


def _row(keys: bytes, source_id: int, new: NewArticle) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "entry": new.entry,
        "key_set": keys,
        "content_digest": new.content_digest,
        "published": new.published,
        "updated": new.updated,
        "first_seen": new.first_seen,
        "revision": 1,
        "backlog": new.backlog,
        "standing": int(new.held),
        # What is held is not linked until it is released.
        "linked": new.held is not Held.NO,
    }


def _there_already(
    connection: Connection, found: Sequence[tuple[bytes, int, NewArticle]]
) -> set[tuple[int, bytes]]:
    """(source id, keys) of stored articles. One key each is looked up, the most specific."""
    if not found:
        return set()
    probes = sorted({keys[-16:] for keys, _, _ in found})
    sources = packed(connection.dialect.name, {source_id for _, source_id, _ in found})
    seen: set[tuple[int, bytes]] = set()
    for count, given in _by_keys(probes):
        rows = _there(count)(connection, sources=sources, **given)
        seen |= {(row.source_id, row.key_set) for row in rows}
    return seen


@cache
def _there(count: int) -> Asking:
    query = (
        sa.select(article.c.source_id, article.c.key_set)
        .join(identity, identity.c.article_id == article.c.id)
        .where(identity.c.key.in_(_keys(count)))
    )
    return Asking(lambda name: query.where(among_given(name, identity.c.source_id, "sources")))


_MANY = 4096
"""Keys that are asked for at once."""


def _by_keys(keys: Sequence[bytes]) -> Iterator[tuple[int, dict[str, bytes]]]:
    """How many `_keys` to ask with, and these. The last stands there again and again, up to a power
    of four: a handful of statements for all."""
    for some in chunks(keys, _MANY):
        count = min(_MANY, 4 ** math.ceil(math.log(len(some), 4)))
        filled = (*some, *repeat(some[-1], count - len(some)))
        yield count, {f"key{at}": key for at, key in enumerate(filled)}


def _keys(count: int) -> list[sa.BindParameter[bytes]]:
    return [sa.bindparam(f"key{at}") for at in range(count)]


def _insert_keys(connection: Connection, found: Iterable[tuple[int, int, bytes]]) -> None:
    rows = sorted(
        (digest, source_id, number, kind, shared)
        for source_id, number, keys in found
        for digest, kind, shared in parts(keys)
    )
    if rows and connection.dialect.name == "sqlite":
        # A hundred rows a document: past SQLAlchemy's parameters, which cost more than the rows.
        names = ", ".join(_IDENTITY)
        statement = f"INSERT OR IGNORE INTO identity ({names}) VALUES (?, ?, ?, ?, ?)"  # noqa: S608
        connection.exec_driver_sql(statement, rows)
        return
    insert_missing(connection, identity, [dict(zip(_IDENTITY, row, strict=True)) for row in rows])


_IDENTITY = ("key", "source_id", "article_id", "kind", "shared")


def update(
    connection: Connection, found: Iterable[tuple[int, ChangedArticle]], at: datetime
) -> dict[int, int]:
    """Write (source id, change) pairs, in order of article; a source changes its own articles
    only. Source id → how many were significant. What stood before is kept as a revision."""
    changes = {change.article_id: (source_id, change) for source_id, change in found}
    if not changes:
        return {}
    rows, counts, keys, kept = [], dict[int, int](), [], []
    for row in _current(connection, changes):
        source_id, change = changes[row.id]
        if row.source_id != source_id:
            continue
        packed = pack((*unpack(row.key_set), *change.keys))
        if packed != row.key_set:
            keys.append((source_id, row.id, packed))
        gone = row.standing == Held.REMOVED
        if change.significant and not gone:
            counts[source_id] = counts.get(source_id, 0) + 1
        if not gone:
            kept.append((row, change))
        rows.append(_change(row, change, packed))
    revisions.keep(connection, kept, at)
    _UPDATE(connection, rows)
    _insert_keys(connection, keys)
    return counts


_UPDATE = Many(sa.update(article).where(article.c.id == sa.bindparam("number")))


_CURRENT = (
    *("id", "source_id", "entry", "key_set", "content_digest", "published", "updated"),
    *("first_seen", "revision", "standing", "linked"),
)


def _current(connection: Connection, ids: Collection[int]) -> Sequence[Any]:
    query = sa.select(*(article.c[name] for name in _CURRENT))
    query = query.where(among(connection, article.c.id, ids))
    return connection.execute(query.order_by(article.c.id).with_for_update(key_share=True)).all()


def _change(row: Any, change: ChangedArticle, keys: bytes) -> dict[str, Any]:
    """What is removed gets its new keys only, by which it stays known."""
    gone = row.standing == Held.REMOVED
    told = change.significant and not gone
    return {
        "number": row.id,
        "entry": row.entry if gone else change.entry,
        "key_set": keys,
        "content_digest": change.content_digest,
        "published": row.published if gone else change.published,
        "updated": change.updated if told else row.updated,
        "revision": row.revision + told,
        "linked": row.linked and (not told or row.standing != Held.NO),
    }


# --- reading

_TOLD = tuple(
    article.c[name]
    for name in (
        *("id", "key_set", "content_digest"),
        *("published", "updated", "first_seen", "revision"),
    )
)
"""What `_known` asks of a row."""
_NUMBER: sa.BindParameter[int] = sa.bindparam("number")
_SEEN = Asking(lambda _: sa.select(seen.c.packed).where(seen.c.source_id == _NUMBER))


@cache
def _holding(count: int) -> Asking:
    """The articles that have one of so many keys."""
    query = (
        sa.select(*_TOLD)
        .join(identity, identity.c.article_id == article.c.id)
        .where(identity.c.key.in_(_keys(count)), identity.c.source_id == _NUMBER)
    )
    return Asking(lambda _: query)


def known(database: Database, source_id: int, digests: Collection[bytes]) -> list[Known]:
    """The articles of this source that have one of these keys, by id."""
    rows: dict[int, Any] = {}
    with database.asking() as connection:
        for count, given in _by_keys(sorted(set(digests))):
            rows |= {row.id: row for row in _holding(count)(connection, number=source_id, **given)}
    return [_known(rows[number]) for number in sorted(rows)]


def _known(row: Any) -> Known:
    return Known(
        article_id=row.id,
        keys=unpack(row.key_set),
        content_digest=row.content_digest,
        published=row.published,
        updated=row.updated,
        first_seen=row.first_seen,
        revision=row.revision,
    )


def stored(
    database: Database,
    source_id: int,
    ids: Collection[int],
    dates: Collection[datetime],
    keys: Collection[int],
) -> list[Stored]:
    """Of this source, by id: these articles, those of these dates, and those whose texts share
    some of these keys."""
    with database.asking() as connection:
        name = connection.dialect.name
        wanted = set(ids)
        if dates:
            moments = packed(name, sorted(map(micros, dates)))
            wanted |= {row.id for row in _DATED(connection, number=source_id, moments=moments)}
        if keys:
            given = packed(name, sorted(keys))
            wanted |= {row.article_id for row in _ALIKE(connection, number=source_id, keys=given)}
        if not wanted:
            return []
        rows = _THESE(connection, number=source_id, ids=packed(name, sorted(wanted)))
    return [Stored(known=_known(row), entry=row.entry) for row in rows]


_STORED = sa.select(*_TOLD, article.c.entry).where(
    article.c.source_id == _NUMBER, article.c.standing != Held.REMOVED
)
_THESE = Asking(
    lambda name: _STORED.where(among_given(name, article.c.id, "ids")).order_by(article.c.id)
)
_NEWEST = Asking(
    lambda _: _STORED.order_by(article.c.published.desc(), article.c.id.desc()).limit(
        sa.bindparam("most")
    )
)
_PUBLISHED = sa.type_coerce(article.c.published, sa.BigInteger())
_DATED = Asking(
    lambda name: sa.select(article.c.id).where(
        article.c.source_id == _NUMBER, among_given(name, _PUBLISHED, "moments")
    )
)


_ENOUGH = 2
"""Keys in common from which a text is looked at."""


_ALIKE = Asking(
    lambda name: (
        sa.select(trace.c.article_id)
        .where(among_given(name, trace.c.key, "keys"), trace.c.source_id == _NUMBER)
        .group_by(trace.c.article_id)
        .having(sa.func.count() >= _ENOUGH)
        .order_by(sa.func.count().desc())
        .limit(100)
    )
)


def archive(database: Database, source_id: int, limit: int) -> list[Stored]:
    """The newest of this source, by published."""
    with database.asking() as connection:
        rows = _NEWEST(connection, number=source_id, most=limit)
    return [Stored(known=_known(row), entry=row.entry) for row in rows]


def seen_by(database: Database, source_id: int) -> bytes:
    """What the last document of this source showed."""
    with database.asking() as connection:
        found = _SEEN(connection, number=source_id)
    return found[0].packed or b"" if found else b""


def newest(database: Database, source_ids: Collection[int] | None, limit: int) -> list[Article]:
    """By published, newest first."""
    with database.read() as connection:
        query = sa.select(*COLUMNS)
        if source_ids is not None:
            query = query.where(among(connection, article.c.source_id, source_ids))
        query = query.order_by(article.c.published.desc(), article.c.id.desc()).limit(limit)
        return [article_of(row) for row in connection.execute(query).all()]


def by_id(database: Database, ids: Collection[int]) -> dict[int, Article]:
    with database.read() as connection:
        query = sa.select(*COLUMNS).where(among(connection, article.c.id, sorted(ids)))
        return {row.id: article_of(row) for row in connection.execute(query).all()}

"""What ties articles: traces of texts while a copy may come, edges, the operator's rulings."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import (
    Edge,
    Entry,
    Knot,
    Member,
    Ruling,
    StoryState,
    Tie,
    Traced,
    Traces,
    Unlinked,
)
from feeds.protocols import Order
from feeds.store.articles import COLUMNS, article_of
from feeds.store.codec import ENTRY, unpack
from feeds.store.engine import Database
from feeds.store.sql import among, chunks, insert_missing, upsert
from feeds.store.tables import (
    article,
    edge,
    identity,
    revision,
    ruling,
    source,
    story,
    trace,
    traced,
)

CROWD = 500
"""Articles that hang together above which only ids and URLs tie them."""
_FORGET = 2000
"""Texts whose traces are taken away in one transaction."""
_ASKED, _ROWS = 10_000, 1000
"""Keys that are asked for at once, rows that are taken at once."""
NORMAL = 0
"""`article.standing` of one that is neither held nor removed."""

FIRST = (
    sa.select(revision.c.entry)
    .where(revision.c.article_id == article.c.id, revision.c.number == 1)
    .scalar_subquery()
)
_FIRST_ENTRY = sa.func.coalesce(FIRST, article.c.entry, type_=ENTRY).label("entry")
_NAMED = tuple(column for column in COLUMNS if column.name != "entry")
UNLINKED = (*_NAMED, _FIRST_ENTRY, article.c.key_set, source.c.url)


def unlinked_of(rows: Iterable[Any]) -> list[Unlinked]:
    """Rows with the columns UNLINKED."""
    return [
        Unlinked(article=article_of(row), keys=unpack(row.key_set), source_url=row.url)
        for row in rows
    ]


def sharing(database: Database, digests: Collection[bytes]) -> list[tuple[bytes, int, int]]:
    """(digest, article id, source id) of linked articles."""
    found = []
    with database.read() as connection:
        for some in chunks(sorted(digests)):
            query = (
                sa.select(identity.c.key, identity.c.article_id, identity.c.source_id)
                .join(article, article.c.id == identity.c.article_id)
                .where(identity.c.key.in_(some), identity.c.shared)
                .where(article.c.story_id.is_not(None), article.c.standing == NORMAL)
            )
            found += [tuple(row) for row in connection.execute(query).all()]
    return found


def firsts(database: Database, ids: Collection[int]) -> list[Unlinked]:
    """These articles as they came, by id."""
    if not ids:
        return []
    with database.read() as connection:
        query = (
            sa.select(*UNLINKED)
            .join(source, source.c.id == article.c.source_id)
            .where(among(connection, article.c.id, sorted(ids)), article.c.standing == NORMAL)
            .order_by(article.c.id)
        )
        return unlinked_of(connection.execute(query).all())


def orders(database: Database, ids: Collection[int]) -> dict[int, Order]:
    if not ids:
        return {}
    with database.read() as connection:
        query = (
            sa.select(article.c.id, article.c.published, article.c.key_set, source.c.url)
            .join(source, source.c.id == article.c.source_id)
            .where(among(connection, article.c.id, sorted(ids)), article.c.standing == NORMAL)
        )
        rows = connection.execute(query).all()
    return {row.id: (row.published, row.url, row.key_set[-16:], row.id) for row in rows}


# --- traces


def tie(database: Database, edges: Sequence[Edge], every: Sequence[Traces]) -> None:
    """Written in key order, against deadlock; what is there already stays."""
    with database.write() as connection:
        now = database.now(connection)
        traces = [each for each in every if each.until >= now]
        rows = [
            (key, each.article_id, each.source_id, each.size)
            for each in traces
            for key in each.keys
        ]
        _insert_traces(connection, sorted(rows))
        kept = [
            {"article_id": each.article_id, "until": each.until, "packed": _packed(each.keys)}
            for each in traces
            if each.keys
        ]
        upsert(connection, traced, kept)
        insert_missing(connection, edge, [_edge_row(each) for each in sorted_edges(edges)])


def _insert_traces(connection: Connection, rows: list[tuple[int, int, int, int]]) -> None:
    """Fifty rows an article: past SQLAlchemy's parameters, which cost more than the rows."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        statement = (
            "INSERT OR IGNORE INTO trace (key, article_id, source_id, size) VALUES (?, ?, ?, ?)"
        )
        connection.exec_driver_sql(statement, rows)
        return
    statement = (
        "INSERT INTO trace (key, article_id, source_id, size)"
        " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::int[])"
        " ON CONFLICT DO NOTHING"
    )
    columns = tuple(map(list, zip(*rows, strict=True)))
    connection.exec_driver_sql(statement, columns)


def _packed(keys: Iterable[int]) -> bytes:
    return array("q", keys).tobytes()


def _unpacked(packed: bytes) -> list[int]:
    keys = array("q")
    keys.frombytes(packed)
    return keys.tolist()


def traced_by(database: Database, keys: Collection[int]) -> Traced:
    """Row by row: a text has fifty keys, and of a text that went round there are many."""
    places: dict[int, tuple[int, int]] = {}
    found = Traced(holders={}, sizes={})
    with database.read() as connection:
        for some in chunks(sorted(keys), _ASKED):
            query = sa.select(
                *(trace.c[name] for name in ("key", "article_id", "source_id", "size"))
            )
            query = query.where(among(connection, trace.c.key, some))
            for rows in connection.execute(query).partitions(_ROWS):
                for key, article_id, source_id, size in rows:
                    if (place := places.get(article_id)) is None:
                        place = places[article_id] = article_id, source_id
                        found.sizes[article_id] = size
                    found.holders.setdefault(key, []).append(place)
    return found


def forget_traces(database: Database) -> None:
    """Those of texts of which no copy is to come any more."""
    while True:
        with database.write() as connection:
            query = sa.select(traced.c.article_id, traced.c.packed)
            query = query.where(traced.c.until < database.now(connection))
            rows = connection.execute(query.order_by(traced.c.until).limit(_FORGET)).all()
            drop_traces(connection, rows)
        if len(rows) < _FORGET:
            return


def drop_traces(connection: Connection, rows: Sequence[Any]) -> None:
    """Of rows of `traced`."""
    if not rows:
        return
    pairs = sorted((key, row.article_id) for row in rows for key in _unpacked(row.packed))
    one = sa.delete(trace).where(
        trace.c.key == sa.bindparam("its"), trace.c.article_id == sa.bindparam("of")
    )
    if pairs:
        connection.execute(one, [{"its": key, "of": number} for key, number in pairs])
    ids = sorted(row.article_id for row in rows)
    connection.execute(sa.delete(traced).where(among(connection, traced.c.article_id, ids)))


# --- edges and rulings


def sorted_edges(edges: Iterable[Edge]) -> list[Edge]:
    return sorted(edges, key=lambda each: (each.low, each.high))


def _edge_row(each: Edge) -> dict[str, Any]:
    return {
        "low": each.low,
        "high": each.high,
        "tie": str(each.tie),
        "contained": each.contained,
        "common": each.common,
        "version": each.version,
    }


def rule(connection: Connection, one: int, other: int, *, together: bool, at: datetime) -> None:
    low, high = sorted((one, other))
    upsert(connection, ruling, [{"low": low, "high": high, "together": together, "at": at}])


def edges(database: Database, ids: Collection[int]) -> list[Edge]:
    if not ids:
        return []
    with database.read() as connection:
        return edges_of(connection, sorted(ids))


def edges_of(connection: Connection, ids: Collection[int]) -> list[Edge]:
    """Those at one of these articles."""
    query = sa.select(edge).where(_at(connection, edge, ids))
    rows = connection.execute(query).all()
    return [Edge(**{**row._mapping, "tie": Tie(row.tie)}) for row in rows]


def rulings_of(connection: Connection, ids: Collection[int]) -> list[Ruling]:
    query = sa.select(ruling.c.low, ruling.c.high, ruling.c.together)
    rows = connection.execute(query.where(_at(connection, ruling, ids))).all()
    return [Ruling(**row._mapping) for row in rows]


def _at(connection: Connection, table: sa.Table, ids: Collection[int]) -> Any:
    return sa.or_(among(connection, table.c.low, ids), among(connection, table.c.high, ids))


# --- knots


def knots(database: Database, ids: Collection[int]) -> list[Knot]:
    """What hangs together with these articles; nothing for those that hang together with none."""
    with database.read() as connection:
        return knots_in(connection, ids)


def knots_in(connection: Connection, ids: Collection[int]) -> list[Knot]:
    """All at once, level by level, and then told apart."""
    edges, rulings = _around(connection, ids)
    found: list[tuple[set[int], bool]] = []
    for part in _components([*edges, *rulings]):
        if part.isdisjoint(ids):
            continue
        crowded = len(part) > CROWD
        if not crowded:
            found.append((part, crowded))
            continue
        named = [each for each in edges if each.tie is not Tie.TEXT and each.low in part]
        ruled = [each for each in rulings if each.low in part]
        parts = [each for each in _components([*named, *ruled]) if not each.isdisjoint(ids)]
        alone = part.intersection(ids).difference(*parts)
        found += [(each, crowded) for each in (*parts, *({number} for number in alone))]
    wanted = {number for part, _ in found for number in part}
    members = {each.id: each for each in members_of(connection, wanted)}
    told = {m.story_id for m in members.values()} - {None}
    states = {state.id: state for state in states_of(connection, told)}
    by_low: dict[int, list[Edge]] = {}
    for each in edges:
        by_low.setdefault(each.low, []).append(each)
    return [
        _knot(part, members, by_low, rulings, states, crowded=crowded) for part, crowded in found
    ]


def _knot(
    part: Collection[int],
    members: dict[int, Member],
    edges: dict[int, list[Edge]],
    rulings: Sequence[Ruling],
    states: dict[int, StoryState],
    *,
    crowded: bool,
) -> Knot:
    ours = [members[number] for number in sorted(part) if number in members]
    there = {each.id for each in ours}
    told = sorted({each.story_id for each in ours if each.story_id is not None})
    return Knot(
        members=tuple(ours),
        edges=tuple(
            edge
            for number in sorted(there)
            for edge in edges.get(number, ())
            if edge.high in there and not (crowded and edge.tie is Tie.TEXT)
        ),
        rulings=tuple(each for each in rulings if each.low in there and each.high in there),
        stories=tuple(states[number] for number in told if number in states),
        crowded=crowded,
    )


def _around(connection: Connection, ids: Collection[int]) -> tuple[list[Edge], list[Ruling]]:
    """Whatever hangs together with these articles."""
    edges: dict[tuple[int, int], Edge] = {}
    rulings: dict[tuple[int, int], Ruling] = {}
    reached, latest = set(ids), set(ids)
    while latest:
        edges |= {(each.low, each.high): each for each in edges_of(connection, latest)}
        rulings |= {(each.low, each.high): each for each in rulings_of(connection, latest)}
        pairs = {*edges, *rulings}
        latest = {number for pair in pairs for number in pair} - reached
        reached |= latest
    return list(edges.values()), list(rulings.values())


def _components(pairs: Iterable[Edge | Ruling]) -> list[set[int]]:
    """What pairs hold together, by the least article of each."""
    parts: dict[int, set[int]] = {}
    for pair in pairs:
        one = parts.setdefault(pair.low, {pair.low})
        other = parts.setdefault(pair.high, {pair.high})
        if one is not other:
            big, small = (one, other) if len(one) >= len(other) else (other, one)
            big |= small
            parts.update(dict.fromkeys(small, big))
    return sorted({id(part): part for part in parts.values()}.values(), key=min)


_MEMBER = (
    *(article.c[name] for name in ("id", "source_id", "key_set", "published", "first_seen")),
    *(article.c[name] for name in ("words", "story_id")),
    _FIRST_ENTRY,
    source.c.url,
)


def members_of(connection: Connection, ids: Collection[int]) -> list[Member]:
    """By id; those that are held or removed are none."""
    query = (
        sa.select(*_MEMBER)
        .join(source, source.c.id == article.c.source_id)
        .where(among(connection, article.c.id, ids), article.c.standing == NORMAL)
        .order_by(article.c.id)
    )
    return [_member(row) for row in connection.execute(query).all()]


def _member(row: Any) -> Member:
    entry: Entry = row.entry
    return Member(
        id=row.id,
        source_id=row.source_id,
        source_url=row.url,
        link=entry.link,
        guid=entry.guid,
        origin=None if entry.origin is None else entry.origin.feed_url or entry.origin.link,
        key=row.key_set[-16:],
        published=row.published,
        first_seen=row.first_seen,
        words=row.words,
        story_id=row.story_id,
    )


def states_of(connection: Connection, ids: Collection[Any]) -> list[StoryState]:
    query = sa.select(story.c.id, story.c.lead_id, story.c.opened, story.c.twin_id)
    query = query.where(among(connection, story.c.id, sorted(ids))).order_by(story.c.id)
    return [StoryState(**row._mapping) for row in connection.execute(query).all()]

"""Published feeds: their logs, what they hold, and how they stand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.errors import StoreError
from feeds.models import (
    Category,
    Entry,
    Event,
    EventKind,
    FeedItem,
    FeedState,
    Placed,
    Sighting,
    SourceInfo,
    StoryChange,
)
from feeds.store.articles import COLUMNS, article_of
from feeds.store.engine import Database
from feeds.store.sources import INFO, info_of
from feeds.store.sql import among, insert_missing, upsert
from feeds.store.stories import CHANGE, changes_of, with_articles
from feeds.store.tables import (
    archive,
    article,
    feed,
    feed_log,
    feed_move,
    placement,
    quarantine,
    source,
    story,
)
from feeds.store.ties import NORMAL

_STATE = tuple(
    feed.c[name]
    for name in (
        *("slug", "cursor", "members", "seq", "updated"),
        *("rendered", "rendered_seq", "sealed", "named"),
    )
)


def sync(database: Database, categories: Sequence[Category]) -> None:
    """A feed that is configured no more keeps its log: should it come back, it goes on."""
    slugs = [category.slug for category in categories]
    with database.write() as connection:
        now = database.now(connection)
        for category in categories:
            if category.was is not None and category.was not in slugs:
                _move(connection, category.was, category.slug)
        connection.execute(
            sa.update(feed).where(feed.c.active, feed.c.slug.not_in(slugs)).values(active=False)
        )
        insert_missing(connection, feed, [_new(slug, now) for slug in slugs])
        rows = [
            {"key": each.slug, "position": at, "private": each.private}
            for at, each in enumerate(categories)
        ]
        if rows:
            statement = sa.update(feed).where(feed.c.slug == sa.bindparam("key"))
            connection.execute(statement.values(active=True), rows)


def _new(slug: str, now: datetime) -> dict[str, Any]:
    return {
        "slug": slug,
        "position": 0,
        "active": True,
        "cursor": 0,
        "members": b"",
        "seq": 0,
        "updated": now,
        "rendered": b"",
        "rendered_seq": 0,
        "sealed": 0,
        "named": slug,
        "private": False,
    }


def _move(connection: Connection, old: str, new: str) -> None:
    """The feed goes on under another slug; nothing happens when there is no old one, or both."""
    rows = connection.execute(sa.select(feed).where(feed.c.slug.in_([old, new]))).all()
    if [row.slug for row in rows] != [old]:
        return
    [row] = rows
    # Everything that names it is rendered anew: `rendered` is of the old addresses.
    connection.execute(sa.insert(feed).values({**row._mapping, "slug": new, "rendered": b""}))
    for table in (feed_log, placement, archive):
        connection.execute(sa.update(table).where(table.c.slug == old).values(slug=new))
    connection.execute(sa.delete(feed).where(feed.c.slug == old))
    connection.execute(sa.update(feed_move).where(feed_move.c.new == old).values(new=new))
    connection.execute(sa.delete(feed_move).where(feed_move.c.old == new))
    upsert(connection, feed_move, [{"old": old, "new": new}])


def former(database: Database) -> tuple[list[str], dict[str, str]]:
    """(slugs of feeds that are configured no more, former slug → the one of today); of none that
    was private (P39)."""
    with database.read() as connection:
        rows = connection.execute(sa.select(feed.c.slug, feed.c.active, feed.c.private)).all()
        moves = connection.execute(sa.select(feed_move.c.old, feed_move.c.new)).all()
    there = {row.slug for row in rows if row.active}
    moved = {row.old: row.new for row in moves if row.new in there and row.old not in there}
    gone = {row.slug for row in rows if not row.active and not row.private}
    return sorted(gone - set(moved)), moved


def states(database: Database) -> list[FeedState]:
    query = sa.select(*_STATE).where(feed.c.active).order_by(feed.c.slug)
    with database.read() as connection:
        return [FeedState(**row._mapping) for row in connection.execute(query).all()]


# --- the log


def append(
    database: Database, slug: str, events: Sequence[Event], *, cursor: int, members: bytes
) -> FeedState:
    """Raises StoreError for a feed that was never configured."""
    with database.write() as connection:
        now = database.now(connection)
        lock = sa.select(*_STATE).where(feed.c.slug == slug).with_for_update(key_share=True)
        row = connection.execute(lock).one_or_none()
        if row is None:
            raise StoreError(f"there is no feed {slug}")
        updated = max(row.updated, now) if events else row.updated
        events = _standing(connection, events)
        numbered = list(enumerate(events, row.seq + 1))
        if numbered:
            connection.execute(
                sa.insert(feed_log), [_log_row(slug, n, event, updated) for n, event in numbered]
            )
            _place(connection, slug, numbered, updated)
        values = {
            "cursor": cursor,
            "members": members,
            "seq": row.seq + len(events),
            "updated": updated,
        }
        connection.execute(sa.update(feed).where(feed.c.slug == slug).values(values))
        return FeedState(**{**row._mapping, **values})


def _log_row(slug: str, seq: int, event: Event, at: datetime) -> dict[str, Any]:
    return {
        "slug": slug,
        "seq": seq,
        "story_id": event.story_id,
        "article_id": event.article_id,
        "revision": event.revision,
        "kind": str(event.kind),
        "at": at,
    }


def _place(
    connection: Connection, slug: str, events: Sequence[tuple[int, Event]], at: datetime
) -> None:
    """What the log says of each story last. One that comes back after leaving enters anew."""
    entered: dict[int, dict[str, Any]] = {}
    updated: dict[int, dict[str, Any]] = {}
    left: set[int] = set()
    for seq, event in events:
        number = event.story_id
        if event.kind is EventKind.ENTER:
            entered[number] = {
                "slug": slug,
                "story_id": number,
                "seq": seq,
                "article_id": event.article_id,
                "revision": event.revision,
                "entered_at": at,
                "event": seq,
            }
            updated.pop(number, None)
            left.discard(number)
        elif event.kind is EventKind.UPDATE:
            shown = {"article_id": event.article_id, "revision": event.revision, "event": seq}
            if number in entered:
                entered[number] |= shown
            elif number not in left:
                updated[number] = shown
        else:
            entered.pop(number, None)
            updated.pop(number, None)
            left.add(number)
    here = placement.c.slug == slug
    if left:
        gone = among(connection, placement.c.story_id, left)
        connection.execute(sa.delete(placement).where(here, gone))
    upsert(connection, placement, list(entered.values()))
    if updated:
        statement = sa.update(placement).where(here, placement.c.story_id == sa.bindparam("its"))
        rows = [{"its": number} | shown for number, shown in updated.items()]
        connection.execute(statement, rows)


def _standing(connection: Connection, events: Sequence[Event]) -> Sequence[Event]:
    """Without those that enter a story which linking has taken back meanwhile. The others are
    published from now on: what they are, they remain."""
    entering = sorted({e.story_id for e in events if e.kind is EventKind.ENTER})
    if not entering:
        return events
    here = among(connection, story.c.id, entering)
    statement = sa.update(story).where(here).values(opened=True).returning(story.c.id)
    there = set(connection.execute(statement).scalars())
    return [e for e in events if e.kind is not EventKind.ENTER or e.story_id in there]


def mark_rendered(database: Database, slug: str, seq: int, digest: bytes) -> None:
    statement = sa.update(feed).where(feed.c.slug == slug).values(rendered=digest, rendered_seq=seq)
    with database.write() as connection:
        connection.execute(statement)


# --- what a feed holds


def placements(database: Database, slug: str, story_ids: Collection[int]) -> dict[int, Placed]:
    with database.read() as connection:
        query = (
            sa.select(
                *(placement.c[name] for name in ("story_id", "article_id", "revision")),
                article.c.revision.label("current"),
                *(article.c[name] for name in ("words", "standing")),
            )
            .join(article, article.c.id == placement.c.article_id)
            .where(
                placement.c.slug == slug, among(connection, placement.c.story_id, sorted(story_ids))
            )
        )
        return {row.story_id: _placed(row) for row in connection.execute(query).all()}


def placed_before(database: Database, slug: str, when: datetime, limit: int) -> dict[int, Placed]:
    query = (
        sa.select(
            *(placement.c[name] for name in ("story_id", "article_id", "revision")),
            article.c.revision.label("current"),
            *(article.c[name] for name in ("words", "standing")),
        )
        .join(article, article.c.id == placement.c.article_id)
        .where(placement.c.slug == slug, article.c.published < when)
        .order_by(article.c.published, article.c.id)
        .limit(limit)
    )
    with database.read() as connection:
        return {row.story_id: _placed(row) for row in connection.execute(query).all()}


def entries(database: Database, ids: Collection[int]) -> dict[int, tuple[Entry, SourceInfo]]:
    with database.read() as connection:
        query = sa.select(article.c.id, article.c.source_id, article.c.entry)
        query = query.where(among(connection, article.c.id, sorted(ids)))
        rows = connection.execute(query).all()
        infos = _infos(connection, {row.source_id for row in rows})
    return {row.id: (row.entry, infos[row.source_id]) for row in rows}


def _placed(row: Any) -> Placed:
    return Placed(
        article_id=row.article_id,
        revision=row.revision,
        current=row.current,
        words=row.words,
        there=row.standing == NORMAL,
    )


def shown_sources(database: Database, slug: str, limit: int) -> set[int]:
    """Of the newest `limit` placements, the sources through which they are shown."""
    query = sa.select(placement.c.article_id)
    newest = _newest(query, slug, limit).subquery()
    query = sa.select(article.c.source_id).join(newest, newest.c.article_id == article.c.id)
    with database.read() as connection:
        return set(connection.execute(query.distinct()).scalars())


def _newest(query: Any, slug: str, limit: int) -> Any:
    return query.where(placement.c.slug == slug).order_by(placement.c.seq.desc()).limit(limit)


def members(database: Database, slug: str, limit: int) -> list[StoryChange]:
    query = (
        sa.select(*CHANGE).select_from(story).join(placement, placement.c.story_id == story.c.id)
    )
    query = with_articles(query)
    with database.read() as connection:
        return changes_of(connection, connection.execute(_newest(query, slug, limit)).all())


def window(database: Database, slug: str, limit: int, since: int | None = None) -> list[FeedItem]:
    placed = ("seq", "event", "entered_at")
    query = (
        sa.select(*(placement.c[name] for name in placed), story.c.published_id, *COLUMNS)
        .select_from(placement)
        .join(story, story.c.id == placement.c.story_id)
        .join(article, article.c.id == placement.c.article_id)
        .where(placement.c.slug == slug, ~quarantined())
        .order_by(placement.c.seq.desc())
    )
    with database.read() as connection:
        if since is None:
            query = query.limit(limit)
        else:
            last = _newest(sa.select(placement.c.seq), slug, 1).offset(limit - 1)
            floor = connection.execute(last).scalar() or 0
            query = query.where(sa.or_(placement.c.seq >= floor, placement.c.event > since))
        return items_of(connection, connection.execute(query).all())


def quarantined() -> Any:
    """Whether the article, as it stands, is kept out of all feeds."""
    return sa.exists().where(
        quarantine.c.article_id == article.c.id, quarantine.c.revision == article.c.revision
    )


def items_of(connection: Connection, rows: Sequence[Any]) -> list[FeedItem]:
    """Rows with `seq`, `event`, `entered_at`, `published_id` and COLUMNS of the article."""
    carried = _carried(connection, {row.story_id: row.id for row in rows})
    ids = {row.source_id for row in rows}
    ids |= {each.source_id for some in carried.values() for each in some}
    infos = _infos(connection, ids)
    return [_item(row, carried.get(row.story_id, []), infos) for row in rows]


def _item(row: Any, carried: Sequence[Any], infos: dict[int, SourceInfo]) -> FeedItem:
    others = {each.source_id: each for each in reversed(carried)}
    return FeedItem(
        seq=row.seq,
        event=row.event,
        story_id=row.story_id,
        published_id=row.published_id,
        entered_at=row.entered_at,
        article=article_of(row),
        source=infos[row.source_id],
        also=tuple(
            Sighting(source=infos[each.source_id], link=each.entry.link, title=each.entry.title)
            for each in carried
            if each.source_id != row.source_id and others[each.source_id] is each
        ),
    )


def _carried(connection: Connection, shown: dict[int, int]) -> dict[int, list[Any]]:
    """Story id → its articles beside the one that is shown, in the order in which they came."""
    query = (
        sa.select(article.c.story_id, article.c.source_id, article.c.entry)
        .where(
            among(connection, article.c.story_id, sorted(shown)),
            ~among(connection, article.c.id, sorted(shown.values())),
            article.c.standing == NORMAL,
        )
        .order_by(article.c.id)
    )
    carried: dict[int, list[Any]] = {}
    for row in connection.execute(query).all():
        carried.setdefault(row.story_id, []).append(row)
    return carried


def _infos(connection: Connection, ids: Collection[int]) -> dict[int, SourceInfo]:
    query = sa.select(*INFO).where(among(connection, source.c.id, ids))
    return {row.id: info_of(row) for row in connection.execute(query).all()}

"""The past of published feeds: what their logs tell, sealed documents, what no feed may show."""

from __future__ import annotations

import gzip
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import ARCHIVE, Deletion, EventKind, FeedItem, Quarantined, RenderedFile
from feeds.store.articles import COLUMNS
from feeds.store.engine import Database
from feeds.store.feeds import items_of, quarantined
from feeds.store.sql import among, upsert
from feeds.store.tables import archive, article, feed, feed_log, quarantine, story
from feeds.store.ties import NORMAL


def told(
    database: Database, slug: str, first: int, last: int
) -> tuple[datetime, list[FeedItem], list[Deletion]]:
    """(time of the last of these events, the stories that they brought or changed and that are
    there yet, those that were taken down since), newest event first. Raises LookupError for events
    that there are not."""
    between = feed_log.c.slug == slug, feed_log.c.seq.between(first, last)
    shown = feed_log.c.kind.in_([EventKind.ENTER, EventKind.UPDATE])
    query = (
        sa.select(
            feed_log.c.seq,
            feed_log.c.seq.label("event"),
            feed_log.c.at.label("entered_at"),
            story.c.published_id,
            *COLUMNS,
        )
        .select_from(feed_log)
        .join(story, story.c.id == feed_log.c.story_id)
        .join(article, article.c.id == feed_log.c.article_id)
        .where(*between, shown, article.c.standing == NORMAL, ~quarantined())
        .order_by(feed_log.c.seq)
    )
    named = sa.select(feed_log.c.story_id).where(*between, shown)
    with database.read() as connection:
        when = connection.execute(sa.select(sa.func.max(feed_log.c.at)).where(*between)).scalar()
        if when is None:
            raise LookupError(f"{slug} has no events {first} to {last}")
        newest = {row.story_id: row for row in connection.execute(query).all()}
        ids = sorted(set(connection.execute(named).scalars()))
        gone = _deletions(connection, slug, among(connection, feed_log.c.story_id, ids))
        rows = sorted(newest.values(), key=lambda row: row.seq, reverse=True)
        there = {each.story_id for each in gone}
        items = items_of(connection, [row for row in rows if row.story_id not in there])
    return when, items, gone


def takedowns(
    database: Database, slug: str, *, after: int = 0, since: datetime | None = None
) -> list[Deletion]:
    wanted = [feed_log.c.seq > after]
    if since is not None:
        wanted.append(feed_log.c.at > since)
    with database.read() as connection:
        return _deletions(connection, slug, *wanted)


def _deletions(connection: Connection, slug: str, *wanted: Any) -> list[Deletion]:
    """Newest first, one of each story."""
    query = (
        sa.select(feed_log.c.story_id, feed_log.c.seq, feed_log.c.at, story.c.published_id)
        .join(story, story.c.id == feed_log.c.story_id)
        # As the partial index has it, word for word.
        .where(feed_log.c.slug == slug, sa.text("kind = 'takedown'"), *wanted)
        .order_by(feed_log.c.seq)
    )
    found = {
        row.story_id: Deletion(
            story_id=row.story_id, published_id=row.published_id, event=row.seq, at=row.at
        )
        for row in connection.execute(query).all()
    }
    return sorted(found.values(), key=lambda each: each.event, reverse=True)


# --- sealed documents


def seal(database: Database, slug: str, number: int, files: Sequence[RenderedFile]) -> None:
    """Keep them for ever; the feed has so many archives from now on."""
    with database.write() as connection:
        _keep(connection, slug, number, files)
        connection.execute(sa.update(feed).where(feed.c.slug == slug).values(sealed=number + 1))


def replace(database: Database, slug: str, number: int, files: Sequence[RenderedFile]) -> None:
    """A takedown is the one cause for which they change."""
    with database.write() as connection:
        _keep(connection, slug, number, files)


def _keep(connection: Connection, slug: str, number: int, files: Sequence[RenderedFile]) -> None:
    rows = [
        {
            "slug": slug,
            "number": number,
            "name": file.path.rpartition("/")[2],
            "packed": gzip.compress(file.body, 6, mtime=0),
            "media_type": file.media_type,
            "modified": file.modified,
        }
        for file in files
    ]
    upsert(connection, archive, rows)


def kept(database: Database, slug: str, number: int) -> list[tuple[str, bytes, str, datetime]]:
    """(name, bytes, media type, modified) of an archive's documents; none for one that is gone."""
    query = sa.select(archive).where(archive.c.slug == slug, archive.c.number == number)
    with database.read() as connection:
        rows = connection.execute(query.order_by(archive.c.name)).all()
    return [(row.name, gzip.decompress(row.packed), row.media_type, row.modified) for row in rows]


def telling(database: Database, slug: str, story_ids: Collection[int]) -> list[int]:
    """The numbers of the archives, sealed or not, that tell of these stories."""
    with database.read() as connection:
        query = sa.select(feed_log.c.seq).where(
            among(connection, feed_log.c.story_id, sorted(story_ids)),
            feed_log.c.slug == slug,
            feed_log.c.kind.in_([EventKind.ENTER, EventKind.UPDATE]),
        )
        return sorted({(seq - 1) // ARCHIVE for seq in connection.execute(query).scalars()})


# --- what no feed may show


def set_apart(database: Database, faults: Sequence[Quarantined]) -> None:
    """Keep these articles out of all feeds, as they stand."""
    with database.write() as connection:
        now = database.now(connection)
        rows = [
            {
                "article_id": each.article_id,
                "revision": each.revision,
                "rule": each.rule,
                "fault": each.fault,
                "at": now,
            }
            for each in faults
        ]
        upsert(connection, quarantine, rows)


def set_apart_now(database: Database) -> list[Quarantined]:
    """Those that are kept out, by article."""
    query = (
        sa.select(*(quarantine.c[n] for n in ("article_id", "revision", "rule", "fault", "at")))
        .join(article, article.c.id == quarantine.c.article_id)
        .where(article.c.revision == quarantine.c.revision)
        .order_by(quarantine.c.article_id)
    )
    with database.read() as connection:
        return [Quarantined(**row._mapping) for row in connection.execute(query).all()]

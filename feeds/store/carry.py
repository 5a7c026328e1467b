"""What a restored database takes over from the one that it replaces, so that nobody is harmed.

Subscribers have seen what was published since the backup: a feed's log goes on behind that, and
its sealed archives stay (P7, P30, P31). Numbers that others know (articles, stories, claims) are
never given twice. What was taken down since stays down, and who may read private feeds stays as it
is. Set-based, in SQL that both databases read: the present state is SQLite's attached database
`live`, or on PostgreSQL copies in temporary tables; `{live}` stands before their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from feeds.models import Held, Key, KeyKind
from feeds.store.engine import Database
from feeds.store.removal import take_down
from feeds.store.tables import article, barred, identity, metadata

KEPT = ("feed", "feed_log", "feed_move", "archive", "counter", "source", "token", "barred")
"""Tables that are looked at."""
_CLAIMS = 1_000_000
"""More claims than can be made while the databases change places."""


def columns(table: str) -> str:
    return ", ".join(f'"{each.name}"' for each in metadata.tables[table].columns)


def statements(live: str, empty: str, *, sqlite: bool) -> Iterator[str]:
    """`live`: what stands before a name of the present state; `empty`: no bytes."""
    for each in _STATEMENTS:
        yield each.format(
            live=live,
            empty=empty,
            claims=_CLAIMS,
            feed=columns("feed"),
            feed_as_new=_new_feed(empty),
            feed_log=columns("feed_log"),
            archive=columns("archive"),
            token=columns("token"),
        )
    yield (_SEQUENCE if sqlite else _SERIAL).format(live=live)


def _new_feed(empty: str) -> str:
    """Its columns, as of one that has a log and has not chosen its stories yet."""
    new = {"cursor": "0", "members": empty, "rendered": empty, "seq": "0", "sealed": "0"}
    return ", ".join(
        new.get(each.name, f'"{each.name}"') for each in metadata.tables["feed"].columns
    )


_STATEMENTS = (
    # --- feeds: those whose log is how the present one began go on behind it
    "INSERT INTO feed ({feed}) SELECT {feed_as_new} FROM {live}feed "
    "WHERE slug NOT IN (SELECT slug FROM feed)",
    "CREATE TEMPORARY TABLE carried AS SELECT now.slug AS slug FROM {live}feed AS now "
    "JOIN feed ON feed.slug = now.slug WHERE now.seq > 0 AND now.seq >= feed.seq "
    "AND NOT EXISTS (SELECT 1 FROM feed_log AS old LEFT JOIN {live}feed_log AS new "
    "ON new.slug = old.slug AND new.seq = old.seq WHERE old.slug = feed.slug "
    "AND (new.seq IS NULL OR new.story_id <> old.story_id OR new.kind <> old.kind "
    "OR new.at <> old.at))",
    "INSERT INTO feed_log ({feed_log}) SELECT {feed_log} FROM {live}feed_log AS new "
    "WHERE new.slug IN (SELECT slug FROM carried) "
    "AND new.seq > (SELECT seq FROM feed WHERE feed.slug = new.slug)",
    "DELETE FROM archive WHERE slug IN (SELECT slug FROM carried)",
    "INSERT INTO archive ({archive}) SELECT {archive} FROM {live}archive "
    "WHERE slug IN (SELECT slug FROM carried)",
    "UPDATE feed SET rendered = {empty}, "
    "seq = (SELECT now.seq FROM {live}feed AS now WHERE now.slug = feed.slug), "
    "sealed = (SELECT now.sealed FROM {live}feed AS now WHERE now.slug = feed.slug), "
    "named = (SELECT now.named FROM {live}feed AS now WHERE now.slug = feed.slug), "
    "rendered_seq = (SELECT now.rendered_seq FROM {live}feed AS now WHERE now.slug = feed.slug), "
    "updated = (SELECT CASE WHEN now.updated > feed.updated THEN now.updated ELSE feed.updated END "
    "FROM {live}feed AS now WHERE now.slug = feed.slug) "
    "WHERE slug IN (SELECT slug FROM carried)",
    "INSERT INTO feed_move (old, new) SELECT old, new FROM {live}feed_move "
    "WHERE old NOT IN (SELECT old FROM feed_move)",
    "DROP TABLE carried",
    # --- numbers
    "INSERT INTO counter (name, value) SELECT name, 0 FROM {live}counter "
    "WHERE name NOT IN (SELECT name FROM counter)",
    "UPDATE counter SET value = (SELECT CASE WHEN now.value > counter.value THEN now.value "
    "ELSE counter.value END FROM {live}counter AS now WHERE now.name = counter.name) "
    "WHERE name IN (SELECT name FROM {live}counter)",
    # Whoever keeps what the sources were looks again.
    "UPDATE counter SET value = value + 1 WHERE name = 'configuration'",
    # A poll that is in hand is of before: its claim must fit no source.
    "UPDATE source SET claim_no = claim_no + {claims} + "
    "(SELECT coalesce(max(now.claim_no), 0) FROM {live}source AS now)",
    # --- who may read, what must not be shown
    "INSERT INTO token ({token}) SELECT {token} FROM {live}token "
    "WHERE digest NOT IN (SELECT digest FROM token)",
    "UPDATE token SET revoked_at = "
    "(SELECT now.revoked_at FROM {live}token AS now WHERE now.digest = token.digest) "
    "WHERE revoked_at IS NULL AND digest IN "
    "(SELECT now.digest FROM {live}token AS now WHERE now.revoked_at IS NOT NULL)",
    'INSERT INTO barred ("key", text, at) SELECT "key", text, at FROM {live}barred '
    'WHERE "key" NOT IN (SELECT "key" FROM barred)',
)
_SEQUENCE = (
    "UPDATE sqlite_sequence SET seq = max(seq, coalesce("
    "(SELECT now.seq FROM {live}sqlite_sequence AS now WHERE now.name = 'article'), 0)) "
    "WHERE name = 'article'"
)
_SERIAL = (
    "SELECT setval(pg_get_serial_sequence('article', 'id'), greatest("
    "(SELECT last FROM {live}article_ids), nextval(pg_get_serial_sequence('article', 'id'))))"
)

FREED = (
    "UPDATE source SET claim_until = NULL, "
    "wake = CASE WHEN paused OR retired OR NOT active THEN NULL ELSE next_due END "
    "WHERE claim_until IS NOT NULL",
    "UPDATE host SET wake = (SELECT min(source.wake) FROM source WHERE source.host = host.name)",
    "DELETE FROM errand",
    # Whoever has logged out since must not be in again; what an engine said was another's word.
    "DELETE FROM login",
    "DELETE FROM note WHERE name IN ('engine', 'applied')",
)
"""Claims, errands and logins of a backup are of those that are gone."""

STRANGE = (
    "SELECT count(*) FROM article JOIN {live}article AS now ON now.id = article.id "
    "WHERE now.source_id <> article.source_id OR now.first_seen <> article.first_seen"
)
"""Articles that share a number and nothing else: the backup is of another installation."""


def free(database: Database) -> None:
    with database.write() as connection:
        for each in FREED:
            connection.execute(sa.text(each))


def strange(database: Database, live: Path) -> bool:
    """Whether the databases, both SQLite's, are of two installations."""
    with _attached(database, live) as connection:
        return bool(connection.exec_driver_sql(STRANGE.format(live="live.")).scalar_one())


def carry(database: Database, live: Path) -> None:
    """Into `database`, which is to replace the SQLite database at `live`."""
    with _attached(database, live) as connection:
        # A row of it must be there to be raised.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            known = connection.exec_driver_sql(
                "SELECT count(*) FROM sqlite_sequence WHERE name = 'article'"
            ).scalar_one()
            if not known:
                connection.exec_driver_sql(
                    "INSERT INTO sqlite_sequence (name, seq) VALUES ('article', 0)"
                )
            for each in statements("live.", "x''", sqlite=True):
                connection.exec_driver_sql(each)
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")


@contextmanager
def _attached(database: Database, live: Path) -> Iterator[sa.Connection]:
    with database.bare() as connection:
        connection.exec_driver_sql("ATTACH DATABASE ? AS live", (str(live),))
        yield connection


def bar_again(database: Database) -> list[int]:
    """Take away what is there although it was taken down; its ids."""
    query = (
        sa.select(barred.c.text, barred.c.key)
        .join(identity, identity.c.key == barred.c.key)
        .join(article, article.c.id == identity.c.article_id)
        .where(article.c.standing != Held.REMOVED)
        .distinct()
    )
    with database.read() as connection:
        rows = connection.execute(query).all()
    gone: list[int] = []
    for row in rows:
        gone += take_down(database, [Key(kind=KeyKind.GUID, digest=row.key)], row.text)
    return gone

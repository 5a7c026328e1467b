"""What operators are told of: a trouble begins once, and ends."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from feeds.models import Happening
from feeds.store.engine import Database
from feeds.store.tables import happening

KEPT = timedelta(days=90)
_COLUMNS = tuple(
    happening.c[name] for name in ("id", "at", "kind", "subject", "text", "over_at", "told")
)


def begin(database: Database, kind: str, subject: str, text: str) -> bool:
    here = (happening.c.kind == kind, happening.c.subject == subject)
    with database.write() as connection:
        query = sa.select(happening.c.id).where(*here, happening.c.over_at.is_(None))
        if connection.execute(query).first() is not None:
            return False
        now = database.now(connection)
        values = {"at": now, "kind": kind, "subject": subject, "text": text, "told": False}
        connection.execute(sa.insert(happening).values(values))
        old = happening.c.at < now - KEPT
        connection.execute(sa.delete(happening).where(old))
    return True


def end(database: Database, kind: str, subject: str) -> bool:
    here = (happening.c.kind == kind, happening.c.subject == subject)
    with database.write() as connection:
        now = database.now(connection)
        done = connection.execute(
            sa.update(happening)
            .where(*here, happening.c.over_at.is_(None))
            .values(over_at=now, told=False)
        )
        return bool(done.rowcount)


def listed(database: Database, limit: int, *, untold: bool = False) -> list[Happening]:
    """Newest first; `untold`: in the order in which they began or ended."""
    query = sa.select(*_COLUMNS)
    if untold:
        last = sa.func.coalesce(happening.c.over_at, happening.c.at)
        query = query.where(sa.not_(happening.c.told)).order_by(last, happening.c.id)
    else:
        query = query.order_by(happening.c.id.desc())
    with database.read() as connection:
        rows = connection.execute(query.limit(limit)).all()
    return [Happening(**row._mapping) for row in rows]


def standing(database: Database) -> list[Happening]:
    """Those that are not over, oldest first."""
    query = sa.select(*_COLUMNS).where(happening.c.over_at.is_(None)).order_by(happening.c.id)
    with database.read() as connection:
        return [Happening(**row._mapping) for row in connection.execute(query).all()]


def tell_no_more(database: Database) -> None:
    """Nobody was to be told of those that are over: whoever names a webhook later wants no past."""
    over = happening.c.over_at.is_not(None) & sa.not_(happening.c.told)
    with database.read() as connection:
        if connection.execute(sa.select(happening.c.id).where(over).limit(1)).first() is None:
            return
    with database.write() as connection:
        connection.execute(sa.update(happening).where(over).values(told=True))


def told(database: Database, one: Happening) -> None:
    """Unless it has changed since."""
    same_end = happening.c.over_at == one.over_at if one.over_at else happening.c.over_at.is_(None)
    with database.write() as connection:
        connection.execute(
            sa.update(happening).where(happening.c.id == one.id, same_end).values(told=True)
        )

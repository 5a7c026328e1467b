"""Who is logged in at the desk: only digests are kept."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from feeds.store.engine import Database
from feeds.store.tables import login

_OFTEN = timedelta(minutes=1)
"""Its use is written down no more often."""


def put(database: Database, digest: bytes, name: str, password: bytes) -> None:
    with database.write() as connection:
        now = database.now(connection)
        values = {"digest": digest, "name": name, "password": password, "used_at": now}
        connection.execute(sa.insert(login).values(values))
        connection.execute(sa.delete(login).where(login.c.used_at < now - timedelta(days=60)))


def get(database: Database, digest: bytes, most: timedelta) -> tuple[str, bytes] | None:
    here = login.c.digest == digest
    with database.read() as connection:
        now = database.now(connection)
        found = connection.execute(sa.select(login).where(here)).one_or_none()
    if found is None or now - found.used_at > most:
        return None
    if now - found.used_at > _OFTEN:
        with database.write() as connection:
            connection.execute(sa.update(login).where(here).values(used_at=now))
    return found.name, found.password


def end(database: Database, digest: bytes) -> None:
    with database.write() as connection:
        connection.execute(sa.delete(login).where(login.c.digest == digest))

"""Ids and URLs that the operator took down for ever."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.store.ready import Asking
from feeds.store.sql import chunks
from feeds.store.tables import barred

_ANY = Asking(lambda _: sa.select(barred.c.key).limit(1))


def barred_among(connection: Connection, keys: Collection[bytes]) -> set[bytes]:
    """Those of these keys that were taken down."""
    if not keys or not _ANY(connection):
        return set()
    found: set[bytes] = set()
    for some in chunks(sorted(keys)):
        query = sa.select(barred.c.key).where(barred.c.key.in_(some))
        found |= set(connection.execute(query).scalars())
    return found

"""Changes of the address that a source is requested at: adopted redirects, other addresses in the
configuration; and their undoing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import AddressChange, Poll, Source
from feeds.store import counters, outcome
from feeds.store.configured import new_row
from feeds.store.engine import Database
from feeds.store.hosts import add_hosts, host_of, refresh_hosts
from feeds.store.tables import address_change, source

UNDONE = "undone by the operator"
_COLUMNS = tuple(column for column in address_change.c if column.name != "id")


def adopted(connection: Connection, rows: Mapping[int, Any], polls: Mapping[int, Poll]) -> set[str]:
    """Note the adoptions among these polls, whose sources are written already. The hosts that
    they led to, to be refreshed with the others."""
    notes = [
        {
            "source_id": i,
            "at": poll.started_at,
            "before": rows[i].fetch_url,
            "after": after,
            "why": poll.adopt_why,
        }
        for i, poll in sorted(polls.items())
        if (after := outcome.adopted(rows[i], poll))
    ]
    hosts = {host_of(str(note["after"])) for note in notes}
    if notes:
        connection.execute(sa.insert(address_change), notes)
        add_hosts(connection, hosts)
    return hosts


def changes(database: Database, source_id: int | None) -> list[AddressChange]:
    """Newest first; None: of all sources."""
    query = sa.select(*_COLUMNS).order_by(address_change.c.id.desc())
    if source_id is not None:
        query = query.where(address_change.c.source_id == source_id)
    with database.read() as connection:
        return [AddressChange(**row._mapping) for row in connection.execute(query).all()]


def undo(database: Database, source_id: int) -> AddressChange | None:
    """Back to the address before, for good: None when there is nothing to undo.

    An adopted redirect: the configured address is requested again. A move that was guessed: the
    source is that of the former address again, with all its articles, and the address where it is
    configured is another source from now on."""
    with database.write() as connection:
        query = sa.select(source).where(source.c.id == source_id)
        row = connection.execute(query.with_for_update()).one()
        if row.fetch_url != row.url:
            return _back(database, connection, row)
        return _parted(database, connection, row)


def _back(database: Database, connection: Connection, row: Any) -> AddressChange:
    values = {
        "fetch_url": row.url,
        "host": host_of(row.url),
        "refused_move": row.fetch_url,
        "move": None,
    }
    connection.execute(sa.update(source).where(source.c.id == row.id).values(values))
    refreshed = {row.host, values["host"]}
    return _noted(database, connection, row.id, row.fetch_url, row.url, refreshed)


def _parted(database: Database, connection: Connection, row: Any) -> AddressChange | None:
    if (move := _guessed(connection, row)) is None:
        return None
    values = {
        "url": move.before,
        "fetch_url": move.before,
        "host": host_of(move.before),
        "public": row.public and not move.secret,
        "active": False,
        "wake": None,
        # What is under way brings the other one's entries: it comes too late.
        "claim_no": row.claim_no + 1,
        "claim_until": None,
        "forced": False,
    }
    connection.execute(sa.update(source).where(source.c.id == row.id).values(values))
    # At once, not when the configuration is looked at next: a `was` in it would lead back.
    declared = Source(
        url=row.url, categories=row.categories, title=row.name, paused=row.paused, every=row.every
    )
    new = new_row(declared, row.position, database.now(connection)) | {"public": row.public}
    connection.execute(sa.insert(source), [new])
    counters.take(connection, counters.CONFIGURATION)
    refreshed = {row.host, values["host"], new["host"]}
    return _noted(database, connection, row.id, row.url, move.before, refreshed, secret=move.secret)


def _guessed(connection: Connection, row: Any) -> AddressChange | None:
    """The move that led to the address of this source; None where there was none, or where the
    former address has become another source."""
    query = sa.select(*_COLUMNS).where(
        address_change.c.source_id == row.id,
        address_change.c.after == row.url,
        address_change.c.guessed,
    )
    found = connection.execute(query.order_by(address_change.c.id.desc()).limit(1)).one_or_none()
    if found is None:
        return None
    taken = sa.select(source.c.id).where(source.c.url == found.before)
    if connection.execute(taken).one_or_none() is not None:
        return None
    return AddressChange(**found._mapping)


def _noted(
    database: Database,
    connection: Connection,
    number: int,
    before: str,
    after: str,
    hosts: set[str],
    *,
    secret: bool = False,
) -> AddressChange:
    change = AddressChange(
        at=database.now(connection),
        source_id=number,
        before=before,
        after=after,
        why=UNDONE,
        secret=secret,
    )
    connection.execute(sa.insert(address_change).values(asdict(change)))
    add_hosts(connection, hosts)
    refresh_hosts(connection, hosts)
    return change

"""Changes of the address that a source is requested at: adopted redirects, and their undoing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import AddressChange, Poll
from feeds.store import outcome
from feeds.store.engine import Database
from feeds.store.hosts import add_hosts, host_of, refresh_hosts
from feeds.store.tables import address_change, source

UNDONE = "undone by the operator"


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
    columns = [column for column in address_change.c if column.name != "id"]
    query = sa.select(*columns).order_by(address_change.c.id.desc())
    if source_id is not None:
        query = query.where(address_change.c.source_id == source_id)
    with database.read() as connection:
        return [AddressChange(**row._mapping) for row in connection.execute(query).all()]


def undo(database: Database, source_id: int) -> AddressChange | None:
    """Back to the configured address, for good: where it was led to is not adopted again. None
    when it is requested there already."""
    with database.write() as connection:
        query = sa.select(source.c.url, source.c.fetch_url, source.c.host)
        row = connection.execute(query.where(source.c.id == source_id).with_for_update()).one()
        if row.fetch_url == row.url:
            return None
        change = AddressChange(
            at=database.now(connection),
            source_id=source_id,
            before=row.fetch_url,
            after=row.url,
            why=UNDONE,
        )
        values = {
            "fetch_url": row.url,
            "host": host_of(row.url),
            "refused_move": row.fetch_url,
            "move": None,
        }
        connection.execute(sa.update(source).where(source.c.id == source_id).values(values))
        connection.execute(sa.insert(address_change).values(asdict(change)))
        add_hosts(connection, {values["host"]})
        refresh_hosts(connection, {row.host, values["host"]})
        return change

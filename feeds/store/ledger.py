"""The ledger: the last requests of each source, in a ring, bounded in all.

A source keeps its newest `ring` lines. `slot` is the line's number modulo LEDGER, so that the
newest takes the place of the one LEDGER before it; where many sources share the room the ring is
smaller, and each new line removes the one that falls out of it. So a ring may grow and shrink
without any line being renumbered, and only one that shrinks has to be gone through (at sync).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import Hop, LedgerRow, Outcome, Poll, Validators
from feeds.store.codec import text
from feeds.store.engine import Database
from feeds.store.ready import Many
from feeds.store.sql import among, upsert
from feeds.store.tables import LEDGER, counter, poll, source

TOTAL = 1_000_000
"""Lines in all. An idle poll's is about 200 bytes."""
LEAST = 10
"""Lines that a source keeps however many there are, and one that is configured no more."""
_RING = "ledger"
"""The counter that holds the ring."""
FORCED = "poll --now"


def ring(active: int, total: int) -> int:
    """Lines a source, in whole tens: a source more must not mean to go through the whole ledger."""
    return max(LEAST, min(LEDGER, total // max(active, 1) // 10 * 10))


def settle(connection: Connection, gone: Collection[int], total: int) -> None:
    """After the sources were synchronised: the ring follows their number."""
    active = connection.execute(sa.select(sa.func.count()).where(source.c.active)).scalar_one()
    before, after = _ring(connection), ring(active, total)
    if before != after:
        upsert(connection, counter, [{"name": _RING, "value": after}])
    if after < before:
        _prune(connection, sa.true(), after)
    if gone:
        _prune(connection, among(connection, poll.c.source_id, gone), LEAST)


_RING_OF = sa.select(counter.c.value).where(counter.c.name == _RING)


def _ring(connection: Connection) -> int:
    return connection.execute(_RING_OF).scalar() or LEDGER


def _prune(connection: Connection, which: Any, keep: int) -> None:
    polls = sa.select(source.c.polls).where(source.c.id == poll.c.source_id).scalar_subquery()
    connection.execute(sa.delete(poll).where(which, poll.c.number <= polls - keep))


def write(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """One line for each of several sources, in order of their ids."""
    upsert(connection, poll, list(rows))
    if rows and (size := _ring(connection)) < LEDGER:
        out = [{"its": row["source_id"], "old": (row["number"] - size) % LEDGER} for row in rows]
        _OUT(connection, out)


_OUT = Many(
    sa.delete(poll).where(
        poll.c.source_id == sa.bindparam("its"), poll.c.slot == sa.bindparam("old")
    )
)


def line(before: Any, made: Poll, new: int, changed: int) -> dict[str, Any]:
    """The row on this poll of the source whose row `before` it is. `got` only where it is other
    than what was sent: an idle source's lines stay short."""
    number = before.polls + 1
    sent, got = _sent(made), made.validators
    return {
        "source_id": before.id,
        "slot": number % LEDGER,
        "number": number,
        "at": made.started_at,
        "reason": made.why or (FORCED if made.claim.forced else before.reason),
        "outcome": str(made.outcome),
        "status": made.status,
        "duration": round(made.duration, 4),
        "bytes_received": made.bytes_received,
        "sent": sent,
        "got": None if got == sent or (sent is None and _void(got)) else got,
        "hops": " ".join(str(hop.status) for hop in _before_the_last(made)),
        "new": new,
        "changed": changed,
        "error_kind": made.failure.kind if made.failure else None,
        "error": text(made.failure.text) if made.failure else None,
    }


def _before_the_last(made: Poll) -> tuple[Hop, ...]:
    """Hops but for the one whose status is the poll's own."""
    return made.hops if made.status is None else made.hops[:-1]


def _sent(made: Poll) -> Validators | None:
    """None where no request of this poll carried any (E20)."""
    sent = made.sent
    if sent is None or _void(sent):
        return None
    return sent if not made.hops or sent.url in {hop.url for hop in made.hops} else None


def _void(given: Validators | None) -> bool:
    return given is None or not (given.etag or given.last_modified)


def lines(database: Database, source_id: int, limit: int) -> list[LedgerRow]:
    """Newest first."""
    query = (
        sa.select(*(column for column in poll.c if column.name not in _NOT_SHOWN))
        .where(poll.c.source_id == source_id)
        .order_by(poll.c.number.desc())
        .limit(limit)
    )
    with database.read() as connection:
        return [_shown(row) for row in connection.execute(query).all()]


def last_of(
    database: Database, ids: Collection[int], count: int
) -> dict[int, list[tuple[str, int]]]:
    """By source, oldest first: (outcome, new articles) of its last polls."""
    found: dict[int, list[tuple[str, int]]] = {}
    with database.read() as connection:
        query = (
            sa.select(poll.c.source_id, poll.c.outcome, poll.c.new)
            .join(source, source.c.id == poll.c.source_id)
            .where(
                among(connection, poll.c.source_id, ids),
                poll.c.number > source.c.polls - count,
            )
            .order_by(poll.c.source_id, poll.c.number)
        )
        for number, outcome, new in connection.execute(query):
            found.setdefault(number, []).append((outcome, new))
    return found


_NOT_SHOWN = {"source_id", "slot", "number"}
_ANSWERED = {Outcome.NEW, Outcome.UNCHANGED, Outcome.SAME, Outcome.NOT_MODIFIED}


def _shown(row: Any) -> LedgerRow:
    outcome = Outcome(row.outcome)
    got = row.got
    if got is None and outcome in _ANSWERED:
        got = row.sent
    values = {"outcome": outcome, "got": None if _void(got) else got}
    return LedgerRow(**{**row._mapping, **values})

"""Recording polls: each whole or not at all, fenced by its claim, many in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.errors import CorruptStore, StoreBusy, StoreError, StoreFull
from feeds.models import Poll, Recorded
from feeds.store import articles, ledger, moves, notes
from feeds.store.codec import EPOCH
from feeds.store.engine import Database
from feeds.store.hosts import HostLimit, refresh_hosts, rest_hosts
from feeds.store.outcome import after, unwritable
from feeds.store.ready import Asking, Many
from feeds.store.sql import among_given, packed, upsert
from feeds.store.tables import seen, source

# What is wrong with the database, not with a poll: nothing else would fare better.
_OURS = (StoreBusy, StoreFull, CorruptStore)
# What a value may raise on its way down: a lone surrogate, an integer of more than 64 bits.
_UNWRITABLE = (StoreError, ValueError, OverflowError)


def record(database: Database, polls: Sequence[Poll], rule: HostLimit) -> list[Recorded]:
    """In the order of `polls`. Raises StoreBusy, StoreFull, CorruptStore; may be called again
    with the same polls then: what was written is fenced."""
    if not polls:
        return []
    try:
        return _together(database, polls, rule)
    except _OURS:
        raise
    except _UNWRITABLE:
        return [_alone(database, poll, rule) for poll in polls]


def _alone(database: Database, poll: Poll, rule: HostLimit) -> Recorded:
    try:
        return _together(database, [poll], rule)[0]
    except _OURS:
        raise
    except _UNWRITABLE as error:
        root = getattr(error.__cause__, "orig", None) or error
        return _together(database, [unwritable(poll, type(root).__name__)], rule)[0]


def _together(database: Database, polls: Sequence[Poll], rule: HostLimit) -> list[Recorded]:
    with database.write() as connection:
        rows = _locked(connection, polls)
        ours = [poll for poll in polls if _holds(rows.get(poll.claim.source_id), poll)]
        # A source can be in a batch once: its second poll has a later claim, and the first's
        # number no longer holds.
        by_source = {poll.claim.source_id: poll for poll in ours}
        pairs = by_source.items()
        fresh = [(i, each) for i, poll in pairs for each in poll.new]
        empty = {i for i in by_source if rows[i].article_count == 0}
        new = articles.insert(connection, fresh, empty)
        changed = articles.update(
            connection,
            [(i, each) for i, poll in pairs for each in poll.changed],
            max((poll.started_at for poll in ours), default=EPOCH),
        )
        results = {i: (new.get(i, 0), changed.get(i, 0)) for i in by_source}
        _write_sources(connection, rows, by_source, results)
        # In one order of names, those that were adopted among the others: against deadlock.
        led = moves.adopted(connection, rows, by_source)
        refresh_hosts(connection, led | {rows[i].host for i in by_source})
        told = _told(rows, by_source) if rule.whole_host_waits else {}
        now = database.now(connection)
        rest_hosts(connection, _ended(rows, by_source, now), rule, told)
        counts = Counter(f"poll {poll.outcome.value}" for poll in ours)
        counts["articles"] = sum(each for each, _ in results.values())
        # Last: it is the row that all who record wait for.
        notes.count(connection, now, counts)
    return [_recorded(poll, by_source, results) for poll in polls]


_LATE = timedelta(seconds=2)
"""After its end a poll is recorded; what is later says that the clocks differ."""


def _ended(rows: dict[int, Any], polls: dict[int, Poll], now: datetime) -> dict[str, datetime]:
    """Host → when our last request to it ended."""
    found: dict[str, datetime] = {}
    for i, poll in polls.items():
        if not poll.pushed:
            ended = poll.started_at + timedelta(seconds=poll.duration)
            ended = min(max(ended, now - _LATE), now)
            found[rows[i].host] = max(ended, found.get(rows[i].host, ended))
    return found


def _told(rows: dict[int, Any], polls: dict[int, Poll]) -> dict[str, datetime]:
    """Host → the latest Retry-After that one of these polls brought."""
    found: dict[str, datetime] = {}
    for i, poll in polls.items():
        if (until := poll.schedule.not_before) is not None:
            found[rows[i].host] = max(until, found.get(rows[i].host, until))
    return found


def _locked(connection: Connection, polls: Sequence[Poll]) -> dict[int, Any]:
    """The sources' rows, locked in order of id."""
    ids = {poll.claim.source_id for poll in polls}
    rows = _LOCKING(connection, ids=packed(connection.dialect.name, ids))
    return {row.id: row for row in rows}


_LOCKING = Asking(
    lambda name: (
        sa.select(source)
        .where(among_given(name, source.c.id, "ids"))
        .order_by(source.c.id)
        .with_for_update(key_share=True)
    )
)


def _holds(row: Any, poll: Poll) -> bool:
    return row is not None and row.claim_no == poll.claim.number and row.claim_until is not None


_UPDATE = Many(sa.update(source).where(source.c.id == sa.bindparam("number")))


def _write_sources(
    connection: Connection,
    rows: dict[int, Any],
    polls: dict[int, Poll],
    results: dict[int, tuple[int, int]],
) -> None:
    if not polls:
        return
    ids = sorted(polls)
    _UPDATE(connection, [{"number": i} | after(rows[i], polls[i], *results[i]) for i in ids])
    shown = [{"source_id": i, "packed": found} for i in ids if (found := polls[i].seen) is not None]
    if shown:
        upsert(connection, seen, shown)
    ledger.write(connection, [ledger.line(rows[i], polls[i], *results[i]) for i in ids])


def _recorded(
    poll: Poll, by_source: dict[int, Poll], results: dict[int, tuple[int, int]]
) -> Recorded:
    number = poll.claim.source_id
    if by_source.get(number) is not poll:
        return Recorded(source_id=number, fenced=True)
    new, changed = results[number]
    return Recorded(source_id=number, new=new, changed=changed)

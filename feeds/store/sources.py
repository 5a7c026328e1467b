"""Sources: what is configured (sync), how they stand, what their last requests brought."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import Hints, Source, SourceInfo, SourceState
from feeds.protocols import Reschedule
from feeds.store import ledger
from feeds.store.codec import Moment
from feeds.store.engine import Database
from feeds.store.hosts import add_hosts, host_of, refresh_hosts
from feeds.store.sql import chunks, one_at_a_time
from feeds.store.tables import source

_FIELDS = tuple(each.name for each in fields(SourceState))
STATE = tuple(source.c[name] for name in _FIELDS)
INFO = tuple(
    source.c[name]
    for name in ("id", "url", "host", "public", "name", "title", "link", "last_new_at")
)


def state_of(row: Any) -> SourceState:
    """A row that begins with the columns STATE."""
    return SourceState(**dict(zip(_FIELDS, row, strict=False)))


def info_of(row: Any) -> SourceInfo:
    """A row with the columns INFO."""
    fallback = row.host if row.public else f"Source {row.id}"
    return SourceInfo(
        id=row.id,
        url=row.url if row.public else "",
        title=row.name or row.title or fallback,
        link=row.link,
        updated=row.last_new_at,
    )


def is_public(declared: Source) -> bool:
    """Whether the URL may be shown: no file, no secret, no userinfo (E32)."""
    parts = urlsplit(declared.url)
    return not declared.secret_url and parts.scheme != "file" and "@" not in parts.netloc


_MILLION = 10**6


# --- sync


def sync(
    database: Database,
    sources: Iterable[Source],
    lines: int,
    reschedule: Reschedule | None = None,
    wait: timedelta = timedelta(),
) -> None:
    """Make the store know just these, in this order, in one transaction. 100,000: seconds.
    `lines`: the ledger's, in all; `wait`: before new ones are due, for who has their first
    document in hand already."""
    wanted = {each.url: each for each in sources}
    with database.write() as connection:
        one_at_a_time(connection, "sync")  # Two that start together would insert the same rows.
        now = database.now(connection)
        known = {row.url: row for row in connection.execute(sa.select(*_CONFIGURED)).all()}
        renamed = _renamed(wanted, known)
        rows = {renamed.get(url, url): row for url, row in known.items()}
        hosts: set[str] = set()
        new, edits = [], []
        every: dict[int, float | None] = {}
        for position, declared in enumerate(wanted.values()):
            row = rows.get(declared.url)
            if row is None:
                new.append(_new(declared, position, now + wait))
                continue
            if _other_word(row, declared):
                every[row.id] = declared.every
                hosts.add(row.host)
            if edit := _edit(row, declared, position, now, wait):
                edits.append(edit)
                hosts |= {row.host, edit["host"]}
        gone = [row for url, row in rows.items() if row.active and url not in wanted]
        edits += [_as_it_is(row) | {"active": False, "wake": None} for row in gone]
        hosts |= {row.host for row in gone} | {row["host"] for row in new}
        _write(connection, new, edits)
        if reschedule is not None:
            _reschedule(connection, every, reschedule)
        add_hosts(connection, hosts)
        refresh_hosts(connection, hosts)
        ledger.settle(connection, [row.id for row in gone], lines)


_EDITABLE = (
    *("url", "position", "name", "categories", "public", "paused", "active"),
    *("fetch_url", "host", "retired", "gone_seen", "next_due", "wake"),
)
_CONFIGURED = (
    *(source.c[name] for name in ("id", "claim_until", "last_polled_at", "every", "forced")),
    *(source.c[name] for name in _EDITABLE),
)


def _renamed(wanted: dict[str, Source], known: dict[str, Any]) -> dict[str, str]:
    """Old URL → new one: the operator says so (`was`), or the new one is where the old one's
    permanent redirects had led. Only a source that is configured no more can be renamed."""
    left = {url: row for url, row in known.items() if url not in wanted}
    adopted = {row.fetch_url: url for url, row in left.items() if row.fetch_url != url}
    renamed: dict[str, str] = {}
    for url, declared in wanted.items():
        if url in known:
            continue
        old = declared.was if declared.was in left else adopted.get(url)
        if old is not None and old not in renamed:
            renamed[old] = url
    return renamed


def _declared(declared: Source, position: int) -> dict[str, Any]:
    return {
        "url": declared.url,
        "position": position,
        "name": declared.title,
        "categories": declared.categories,
        "public": is_public(declared),
        "paused": declared.paused,
        "active": True,
    }


def _new(declared: Source, position: int, due: datetime) -> dict[str, Any]:
    return _declared(declared, position) | {
        "fetch_url": declared.url,
        "host": host_of(declared.url),
        "hints": Hints(),
        "next_due": due,
        # Due together, in the order of the configuration: the first has waited a little longer.
        "wake": None
        if declared.paused
        else due - timedelta(microseconds=max(0, _MILLION - position)),
        "reason": "new",
        "failures": 0,
        "error_count": 0,
        "gone_seen": False,
        "retired": False,
        "article_count": 0,
        "polls": 0,
        "claim_no": 0,
        "forced": False,
    }


def _as_it_is(row: Any) -> dict[str, Any]:
    return {"key": row.id, "renamed": False} | {name: getattr(row, name) for name in _EDITABLE}


def _edit(
    row: Any, declared: Source, position: int, now: datetime, wait: timedelta
) -> dict[str, Any] | None:
    """The row as it should be; None when it is so already."""
    before = _as_it_is(row)
    after = before | _declared(declared, position)
    if row.url != declared.url:
        after |= {"fetch_url": declared.url, "host": host_of(declared.url), "renamed": True}
    if not row.active:  # Configured anew: a source that was gone gets another chance.
        due = row.next_due or now
        due = max(due, now + wait) if wait else due
        after |= {"retired": False, "gone_seen": False, "next_due": due}
    resting = after["paused"] or after["retired"]
    after["wake"] = None if resting else (row.claim_until or after["next_due"])
    return after if after != before else None


def _write(connection: Connection, new: list[dict[str, Any]], edits: list[dict[str, Any]]) -> None:
    if edits:
        edits.sort(key=lambda edit: edit["key"])  # in order of id, against deadlock
        where = source.c.id == sa.bindparam("key")
        # A chain of renames (a → b, b → c) in any order: all take a place nobody wants first.
        moved = [{"key": e["key"], "aside": f"\x01{e['key']}"} for e in edits if e.pop("renamed")]
        if moved:
            aside = sa.update(source).where(where).values(url=sa.bindparam("aside"))
            connection.execute(aside, moved)
        connection.execute(sa.update(source).where(where), edits)
    if new:
        connection.execute(sa.insert(source), new)


def _other_word(row: Any, declared: Source) -> bool:
    """Whether its due time was decided by another `every`. What was never polled, or is asked for
    right now by the operator, stays due at once."""
    return row.every != declared.every and row.last_polled_at is not None and not row.forced


def _reschedule(
    connection: Connection, every: dict[int, float | None], reschedule: Reschedule
) -> None:
    """From the last poll and what the server then said (E15). A poll under way has the last word:
    it writes a due time of its own."""
    changes = []
    for some in chunks(sorted(every), 1000):
        rows = connection.execute(sa.select(*STATE).where(source.c.id.in_(some))).all()
        for state in map(state_of, rows):
            found = reschedule(state, every[state.id])
            changes.append(
                {"key": state.id, "word": every[state.id], "due": found.due, "why": found.reason}
            )
    if not changes:
        return
    due = sa.bindparam("due", type_=Moment())
    resting = sa.or_(source.c.paused, source.c.retired, ~source.c.active)
    statement = (
        sa.update(source)
        .where(source.c.id == sa.bindparam("key"))
        .values(
            every=sa.bindparam("word", type_=sa.Float()),
            next_due=due,
            reason=sa.bindparam("why"),
            wake=sa.case((resting, None), else_=sa.func.coalesce(source.c.claim_until, due)),
        )
    )
    connection.execute(statement, changes)


# --- reading


def states(database: Database) -> list[SourceState]:
    query = sa.select(*STATE).where(source.c.active).order_by(source.c.position, source.c.id)
    with database.read() as connection:
        return [state_of(row) for row in connection.execute(query).all()]


def infos(database: Database) -> list[SourceInfo]:
    query = (
        sa.select(*INFO)
        .where(source.c.active, source.c.public)
        .order_by(source.c.position, source.c.id)
    )
    with database.read() as connection:
        return [info_of(row) for row in connection.execute(query).all()]


def categories(database: Database) -> dict[int, tuple[str, ...]]:
    query = (
        sa.select(source.c.id, source.c.categories)
        .where(source.c.active)
        .order_by(source.c.position, source.c.id)
    )
    with database.read() as connection:
        return {row.id: row.categories for row in connection.execute(query).all()}

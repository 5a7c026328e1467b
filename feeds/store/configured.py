"""What is configured, made known to the store: sources that come, change, go and come back.

In one transaction and one pass over what is stored, which holds no more than what differs: of
100,000 sources of which nothing changed, nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import AddressChange, Hints, Source
from feeds.protocols import Reschedule
from feeds.store import counters, ledger
from feeds.store.codec import Moment, encode
from feeds.store.engine import Database
from feeds.store.hosts import add_hosts, host_of, refresh_hosts
from feeds.store.sources import STATE, state_of
from feeds.store.sql import chunks, one_at_a_time
from feeds.store.tables import address_change, source

_MILLION = 10**6
_EDITABLE = (
    *("url", "position", "name", "categories", "public", "paused", "active"),
    *("fetch_url", "host", "retired", "gone_seen", "next_due", "wake"),
)
_CONFIGURED = (
    *(source.c[name] for name in ("id", "claim_until", "last_polled_at", "every", "forced")),
    source.c.not_before,
    *(source.c[name] for name in _EDITABLE),
)
SAID = "`was` in the configuration says so"
"""Why an address was changed, where the operator named the former one."""
_THIN = sa.select(
    *(source.c[name] for name in ("id", "url", "every", "position", "name")),
    sa.type_coerce(source.c.categories, sa.LargeBinary()).label("categories"),
    *(source.c[name] for name in ("public", "paused", "active")),
    sa.or_(source.c.paused, source.c.retired).label("rests"),
    source.c.wake.is_(None).label("asleep"),
)
"""What tells whether a source is as it is configured, and nothing that costs more to read."""
_AT_ONCE = 1000
"""Rows in memory together."""


def is_public(declared: Source) -> bool:
    """Whether the URL may be shown: no file, no secret, no userinfo (E32)."""
    if "@" not in declared.url and declared.url.startswith(("http:", "https:")):
        return not declared.secret_url
    parts = urlsplit(declared.url)
    return not declared.secret_url and parts.scheme != "file" and "@" not in parts.netloc


def sync(
    database: Database,
    sources: Iterable[Source],
    lines: int,
    reschedule: Reschedule | None = None,
    wait: timedelta = timedelta(),
) -> None:
    """Make the store know just these, in this order. 100,000: seconds. `lines`: the ledger's, in
    all; `wait`: before new ones are due, for who has their first document in hand already."""
    wanted = {each.url: each for each in sources}
    with database.write() as connection:
        one_at_a_time(connection, "sync")  # Two that start together would insert the same rows.
        now = database.now(connection)
        found = _compare(connection, wanted, now, wait)
        _edit_all(connection, found.edits)
        if found.moves:
            connection.execute(sa.insert(address_change), [asdict(each) for each in found.moves])
        hosts = found.hosts | _insert(connection, found.new, now + wait)
        if reschedule is not None:
            _reschedule(connection, found.every, reschedule)
        add_hosts(connection, hosts)
        refresh_hosts(connection, hosts)
        if found.new or found.edits:
            counters.take(connection, counters.CONFIGURATION)
        ledger.settle(connection, found.gone, lines)


@dataclass(slots=True)
class _Differences:
    """What has to be written."""

    new: list[tuple[int, Source]]
    """With their positions."""
    edits: list[dict[str, Any]]
    gone: list[int]
    every: dict[int, float | None]
    """Source → the word by which its due time is to be decided anew."""
    hosts: set[str]
    moves: list[AddressChange]

    def meet(
        self, row: Any, declared: Source, position: int, now: datetime, wait: timedelta
    ) -> None:
        """What is stored of a source, and what is configured of it."""
        if _other_word(row, declared):
            self.every[row.id] = declared.every
            self.hosts.add(row.host)
        if edit := _edit(row, declared, position, now, wait):
            self.edits.append(edit)
            self.hosts |= {row.host, edit["host"]}
            if row.fetch_url != edit["fetch_url"]:
                self.moves.append(_move(row, declared, now))

    def miss(self, row: Any) -> None:
        """It is configured no more."""
        if row.active:
            self.edits.append(_as_it_is(row) | {"active": False, "wake": None})
            self.gone.append(row.id)
            self.hosts.add(row.host)


def _compare(
    connection: Connection, wanted: dict[str, Source], now: datetime, wait: timedelta
) -> _Differences:
    found = _Differences([], [], [], {}, set(), [])
    unmet = {url: position for position, url in enumerate(wanted)}
    others: dict[int, int] = {}  # number → position
    strays = []
    words = cache(encode)  # many sources, of few different sets of categories
    for row in connection.execute(_THIN, execution_options={"yield_per": _AT_ONCE}):
        position = unmet.pop(row.url, None)
        if position is None:
            strays.append(row.id)
        elif not _is_so(row, wanted[row.url], position, words):
            others[row.id] = position
    for row in _whole(connection, others):
        found.meet(row, wanted[row.url], others[row.id], now, wait)
    left = list(_whole(connection, strays))
    renamed = _renamed({url: wanted[url] for url in unmet}, left)
    for row in left:
        if (url := renamed.get(row.url)) is not None:
            found.meet(row, wanted[url], unmet.pop(url), now, wait)
        else:
            found.miss(row)
    found.new = [(position, wanted[url]) for url, position in unmet.items()]
    return found


def _whole(connection: Connection, ids: Collection[int]) -> Iterator[Any]:
    for some in chunks(sorted(ids), _AT_ONCE):
        yield from connection.execute(sa.select(*_CONFIGURED).where(source.c.id.in_(some)))


def _renamed(unmet: dict[str, Source], left: Sequence[Any]) -> dict[str, str]:
    """Old URL → new one: the operator says so (`was`), or the new one is where the old one's
    permanent redirects had led. `left`: those that are configured no more; no others can be
    renamed."""
    old = {row.url for row in left}
    adopted = {row.fetch_url: row.url for row in left if row.fetch_url != row.url}
    renamed: dict[str, str] = {}
    for url, declared in unmet.items():
        before = declared.was if declared.was in old else adopted.get(url)
        if before is not None and before not in renamed:
            renamed[before] = url
    return renamed


# --- one that is known


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
        if row.fetch_url != declared.url:  # it was not asked there yet
            due = max(now, row.not_before or now)
            after |= {"retired": False, "gone_seen": False, "next_due": due}
            after["wake"] = row.claim_until or due
    if not row.active:  # Configured anew: a source that was gone gets another chance.
        due = row.next_due or now
        due = max(due, now + wait) if wait else due
        after |= {"retired": False, "gone_seen": False, "next_due": due}
    if after["paused"] or after["retired"]:
        after["wake"] = None
    elif row.wake is None:
        after["wake"] = row.claim_until or after["next_due"]
    return after if after != before else None


def _move(row: Any, declared: Source, now: datetime) -> AddressChange:
    parts = urlsplit(row.url)
    web = parts.scheme in ("http", "https") and "@" not in parts.netloc
    return AddressChange(
        at=now,
        source_id=row.id,
        before=row.url,
        after=declared.url,
        why=declared.guessed or SAID,
        guessed=bool(declared.guessed),
        secret=web and not row.public,
    )


def _is_so(
    row: Any, declared: Source, position: int, words: Callable[[tuple[str, ...]], bytes]
) -> bool:
    """A row of _THIN with that URL, as nearly all are at nearly every start, which is to be found
    out cheaply."""
    return bool(
        row.active
        and row.position == position
        and row.name == declared.title
        and row.every == declared.every
        and row.paused == declared.paused
        and row.public == is_public(declared)
        and row.asleep == row.rests
        and bytes(row.categories) == words(declared.categories)
    )


def _edit_all(connection: Connection, edits: list[dict[str, Any]]) -> None:
    if not edits:
        return
    edits.sort(key=lambda edit: edit["key"])  # in order of id, against deadlock
    where = source.c.id == sa.bindparam("key")
    # A chain of renames (a → b, b → c) in any order: all take a place nobody wants first.
    moved = [{"key": e["key"], "aside": f"\x01{e['key']}"} for e in edits if e.pop("renamed")]
    if moved:
        aside = sa.update(source).where(where).values(url=sa.bindparam("aside"))
        connection.execute(aside, moved)
    connection.execute(sa.update(source).where(where), edits)


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


# --- one that is new


def _insert(connection: Connection, new: Sequence[tuple[int, Source]], due: datetime) -> set[str]:
    """Their hosts."""
    hosts: set[str] = set()
    for some in chunks(new, _AT_ONCE):
        rows = [new_row(declared, position, due) for position, declared in some]
        connection.execute(sa.insert(source), rows)
        hosts |= {row["host"] for row in rows}
    return hosts


def new_row(declared: Source, position: int, due: datetime) -> dict[str, Any]:
    """Of one that was never polled."""
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

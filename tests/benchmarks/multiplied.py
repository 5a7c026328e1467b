"""Articles several times over, by SQL within SQLite: what polls write in eighteen minutes, in two.

The copies get ids, keys, names and dates of their own, so that to Feedmill they are other articles,
as far from their models as from any; only what their texts say stays. Meant for the databases of
tests.benchmarks.filled: one with rows that nothing is said of here is refused.
"""

from __future__ import annotations

import os
import time
from contextlib import closing
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from feeds.store.codec import Moment
from feeds.store.engine import driver
from feeds.store.tables import LEDGER, VERSION_TABLE, Id, metadata

_ARTICLE = "{} + k * :articles"
_STORY = "{} + k * :stories"
_NUMBER = "number + k * (SELECT polls FROM base.source WHERE id = source_id)"
# How copy k tells its columns; a time is `apart` later than in the copy before, and whatever else
# is not named here stays.
_OTHER: dict[str, dict[str, str]] = {
    "article": {
        "id": _ARTICLE,
        "story_id": _STORY,
        "entry": "renamed({}, k)",
        "key_set": "other({}, 18, 'big', k)",
        "content_digest": "other({}, 16, 'big', k)",
    },
    "identity": {"article_id": _ARTICLE, "key": "other({}, 16, 'big', k)"},
    "story": {
        "id": _STORY,
        "twin_id": _STORY,
        "lead_id": _ARTICLE,
        "best_id": _ARTICLE,
        "published_id": "{} || '#' || k",
        "change": "{} + k * :changes",
    },
    # `other` of an integer.
    "trace": {"article_id": _ARTICLE, "key": "({0} | k) - ({0} & k)"},
    "traced": {"article_id": _ARTICLE, "packed": "other({}, 8, 'little', k)"},
    "edge": {"low": _ARTICLE, "high": _ARTICLE},
    "revision": {"article_id": _ARTICLE, "entry": "renamed({}, k)"},
    "poll": {"number": _NUMBER, "slot": f"({_NUMBER}) % {LEDGER}"},
}
_BY_KEY = ("identity", "trace")
"""A copy's key stands beside its model's, so that all copies are written in order of key. One after
the other, each would go through the whole tree: at twenty copies that took a quarter longer."""
_AS_WRITTEN = ("source", "host", "counter", "tally")
"""They have rows however many articles there are; what these say is set right."""
_LEFT = (VERSION_TABLE, "sqlite_sequence", "story_text_config", "story_text_data")
"""SQLite counts on by itself. Texts are indexed by `run` alone, so polls leave the index empty."""
_SINCE = ("first_polled_at",)
"""Times that later polls leave."""


def multiply(path: Path, times: int, apart: timedelta) -> None:
    """Of each article `times` in all. What is there becomes the oldest, each copy is `apart` later
    than the one before; of texts that are too old by now for a copy to come no traces are made.
    When it fails, the file is of no use any more. Raises ValueError for what it can't copy."""
    if times < 2:
        return
    with closing(driver.connect(os.fspath(path), isolation_level=None)) as connection:
        _refuse_unknown(connection)
        connection.create_function("other", 4, _other, deterministic=True)
        connection.create_function("renamed", 2, _renamed, deterministic=True)
        # Gigabytes: a journal of them would be written for nothing.
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -200000"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        _keep_base(connection, times)
        given = _given(connection, times, apart)
        for name in _OTHER:
            connection.execute(_copying(name), given)
        for statement in _corrections():
            connection.execute(statement, given)
        connection.execute("PRAGMA journal_mode = WAL").fetchall()


def _refuse_unknown(connection: Any) -> None:
    known = {*_OTHER, *_AS_WRITTEN, *_LEFT}
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    unknown = [
        name
        for (name,) in tables
        if name not in known
        and connection.execute(f"SELECT EXISTS (SELECT 1 FROM {name})").fetchone()[0]
    ]
    # An id that were copied as it stands would point to the model's.
    unknown += [
        f"{table}.{column.name}"
        for table, other in _OTHER.items()
        for column in metadata.tables[table].columns
        if column.type is Id and column.name not in {"source_id", *other}
    ]
    if unknown:
        raise ValueError(f"nothing says how these are copied: {', '.join(sorted(unknown))}")


def _keep_base(connection: Any, times: int) -> None:
    """In memory: a statement that read the table that it writes would first gather all its rows."""
    connection.execute("ATTACH ':memory:' AS base")
    for name in (*_OTHER, *_AS_WRITTEN):
        connection.execute(f"CREATE TABLE base.{name} AS SELECT * FROM main.{name}")
    connection.execute("CREATE TABLE base.copy (k INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO base.copy VALUES (?)", [(k,) for k in range(1, times)])


def _given(connection: Any, times: int, apart: timedelta) -> dict[str, int]:
    """What the statements are told; times in microseconds."""
    step = apart // timedelta(microseconds=1)
    counters = dict(connection.execute("SELECT name, value FROM base.counter").fetchall())
    articles = "SELECT seq FROM sqlite_sequence WHERE name = 'article'"
    [until] = connection.execute("SELECT coalesce(max(until), 0) FROM base.traced").fetchone()
    return {
        "times": times,
        "apart": step,
        "late": (times - 1) * step,
        "articles": connection.execute(articles).fetchone()[0],
        "stories": counters["story"],
        "changes": counters["change"],
        "until": until,
        "now": time.time_ns() // 1000,
    }


def _copying(name: str) -> str:
    columns = metadata.tables[name].columns
    values = ", ".join(_OTHER[name].get(c.name, _default(c)).format(c.name) for c in columns)
    base, copies = f"base.{name}", "base.copy"
    # SQLite keeps the order of a CROSS JOIN, and without an index to help it that of the rows.
    order = (base, copies) if name in _BY_KEY else (copies, base)
    kept = "WHERE :until + k * :apart >= :now" if name in ("trace", "traced") else ""
    # The ledger is a ring.
    verb = "REPLACE" if name == "poll" else "INSERT"
    return (
        f"{verb} INTO main.{name} ({', '.join(c.name for c in columns)})"
        f" SELECT {values} FROM {' CROSS JOIN '.join(order)} {kept}"
    )


def _default(column: sa.Column[Any]) -> str:
    return "{} + k * :apart" if isinstance(column.type, Moment) else "{}"


def _corrections() -> list[str]:
    counts = [f"{name} = {name} * :times" for name in ("article_count", "polls", "claim_no")]
    return [
        f"UPDATE main.source SET {', '.join([*counts, *_later('source')])}",
        f"UPDATE main.host SET {', '.join(_later('host'))}",
        "UPDATE main.counter SET value = value * :times WHERE name IN ('story', 'change')",
        "INSERT INTO main.tally (hour, name, value)"
        " SELECT (hour * 3600000000 + k * :apart) / 3600000000, name, value"
        " FROM base.copy CROSS JOIN base.tally WHERE true"
        " ON CONFLICT DO UPDATE SET value = value + excluded.value",
    ]


def _later(table: str) -> list[str]:
    columns = metadata.tables[table].columns
    moments = [c.name for c in columns if isinstance(c.type, Moment) and c.name not in _SINCE]
    return [f"{name} = {name} + :late" for name in moments]


# --- as functions of SQL


def _other(packed: bytes, width: int, order: Literal["big", "little"], k: int) -> bytes:
    """Keys of so many bytes, each with the least of its bits changed by k: copies of one key differ
    from each other, and as good as surely from all others, and they stand in the same order."""
    number = int.from_bytes(packed, order) ^ k * _ones(len(packed), width)
    return number.to_bytes(len(packed), order)


@cache
def _ones(length: int, width: int) -> int:
    """A 1 in each key."""
    return sum(1 << 8 * at for at in range(0, length, width))


def _renamed(entry: bytes, k: int) -> bytes:
    found = msgspec.json.decode(entry)
    for name in ("guid", "link", "title"):
        if found.get(name):
            found[name] = f"{found[name]}-{k}"
    return msgspec.json.encode(found)

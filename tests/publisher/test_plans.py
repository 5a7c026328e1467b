"""What a tick asks of the database: index ranges, whatever it holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from feeds.store import open_store
from tests.databases import Clock
from tests.publisher.test_publish import Site
from tests.store.material import change, claimed, keys, poll, stored

LARGE = ("article", "identity", "story", "feed_log", "ledger", "seen")
"""Tables that grow with what is stored. (Of sources there are as many as are configured.)"""


@contextmanager
def plans(found: list[tuple[str, str]]) -> Iterator[None]:
    """(step of SQLite's plan, statement) of all that is executed meanwhile."""

    def explain(_connection: Any, cursor: Any, statement: str, values: Any, *rest: Any) -> None:
        if statement.split(None, 1)[0] in ("SELECT", "UPDATE", "DELETE", "WITH"):
            given = values[0] if rest[-1] else values
            steps = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", given)
            found.extend((step[-1], statement) for step in steps)

    sa.event.listen(sa.Engine, "before_cursor_execute", explain)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", explain)


def test_no_table_is_gone_through(tmp_path: Path) -> None:
    """A new article, an edit, its story, its place in each category, what is rendered."""
    clock = Clock()
    store = open_store(f"sqlite:///{tmp_path}/f.db", now=clock, host_delay=0.0)
    site = Site(store)
    stored(store, "a", "one", "two")
    site.publish(everything=True)
    clock.forward(hours=2)
    found: list[tuple[str, str]] = []
    with plans(found):
        claims = {name: claimed(store, name) for name in "ab"}
        known = store.known(claims["a"].source_id, [each.digest for each in keys("one")])
        edit = change(known[0].article_id, "one", claims["a"])
        polls = [poll(claims["a"], "three", changed=(edit,)), poll(claims["b"], "four", "five")]
        assert [each.new for each in store.record(polls)] == [1, 2]
        assert sorted(site.publish()) == ["all", "news", "tech"]
    store.close()
    assert len(found) > 50
    gone_through = [
        (step, statement)
        for step, statement in found
        if step.startswith("SCAN")
        and step.split()[1] in LARGE
        and not (" USING " in step and " LIMIT " in statement)  # in its order, until enough
    ]
    assert gone_through == []

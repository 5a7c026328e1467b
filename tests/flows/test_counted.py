"""What the overview tells of the last day: polls and articles through every front door."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.desk.house import House
from config.desk.overview import overview
from tests.flows.command import Installation, free_port, rss
from tests.origin import Origin

pytestmark = pytest.mark.slow


def test_every_door(tmp_path: Path) -> None:
    """Verbs that poll, before any `run`, as the quick start has it; and what `add` fetches."""
    here = Installation(tmp_path)
    with Origin() as origin:
        origin.serve("/one", rss("one", "two"))
        origin.serve("/two", rss("three"))
        nobody = f"http://127.0.0.1:{free_port()}/"
        here.configure(sources=[origin.url("/one"), nobody])
        here.verb("poll")
        here.verb("add", origin.url("/two"), "--yes")
    seen = overview(House(tmp_path / "feedmill.toml", dict, str))
    assert seen.articles_day == 3
    assert (seen.outcomes["new"], seen.outcomes["failed"]) == (2, 1)

"""A day on which everything fails: bounded requests, log and database, and a spread recovery."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.failing import failing_days

SOURCES = 60


@pytest.mark.slow
def test_a_day_of_failure_and_one_of_recovery(tmp_path: Path) -> None:
    """E23: backoff to daily, no source forgotten. On the first day a source is asked at most ten
    times, then once a day; what is written stays in proportion, and when all answer again they
    don't come back in one minute."""
    days = failing_days(SOURCES, tmp_path)
    first, second, back = days["failing"], days["failing on"], days["back"]
    assert SOURCES * 5 <= first.requests <= SOURCES * 10
    assert SOURCES <= second.requests <= SOURCES * 2
    assert second.database - first.database < 1000 * second.requests
    assert second.log - first.log < 500 * second.requests
    assert back.busiest <= SOURCES / 4
    assert back.failing <= SOURCES / 10

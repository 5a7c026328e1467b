"""What `make bench-compare` calls a regression."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.compare import compared
from tests.benchmarks.rows import Row, read, write

WAS = Row(
    scenario="idle",
    name="feedmill",
    sources=2000,
    per_second=900.0,
    cpu=1.8,
    ms=0.9,
    start=0.7,
    peak_mb=100.0,
    new=10,
    yards=1.0,
)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (WAS, ()),
        (replace(WAS, ms=1.03, yards=0.0, peak_mb=114.0), ()),
        (replace(WAS, ms=1.04, yards=0.0), ("more CPU",)),
        (replace(WAS, peak_mb=116.0), ("more memory",)),
        (replace(WAS, new=9), ("fewer articles",)),
        (replace(WAS, ms=0.1, yards=0.1, peak_mb=9.0, new=11), ()),
        (replace(WAS, sources=1000), ("missing",)),
        # A machine at half the speed, and one at twice that hides what became dearer.
        (replace(WAS, ms=1.8, yards=1.0), ()),
        (replace(WAS, ms=0.9, yards=1.2), ("more CPU",)),
    ],
)
def test_regressions(now: Row, words: tuple[str, ...]) -> None:
    """Beyond the slack of 15 %; what is better, never."""
    [change] = compared([WAS], [now], 0.15)
    assert change.regressed == words


def test_nothing_to_divide_by() -> None:
    """A scenario too cheap to be seen above the start has no ratio."""
    cheap = replace(WAS, ms=0.0, yards=0.0)
    assert [c.regressed for c in compared([cheap], [WAS], 0.15)] == [()]


def test_files(tmp_path: Path) -> None:
    """Written and read again; the exit code tells."""
    old, new = tmp_path / "old" / "a.json", tmp_path / "b.json"
    write(old, [WAS])
    write(new, [replace(WAS, ms=2.0, yards=2.22)])
    assert read(old) == [WAS]

    def compare(*files: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.benchmarks.compare", *map(str, files)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    worse, same = compare(old, new), compare(old, old)
    assert (worse.returncode, same.returncode) == (1, 0)
    assert "2.22" in worse.stdout
    assert "more CPU" in worse.stdout

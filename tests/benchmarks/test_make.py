"""What `make bench` runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ALL = ["--among", "1000,10000,100000", "--beside", "10000,100000,1000000"]


@pytest.mark.parametrize(("given", "more"), [([], []), (["MOST=1"], ALL)])
def test_bench(given: list[str], more: list[str]) -> None:
    """The scenarios, with the growth that is the default, or all of it."""
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", "bench", *given],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    commands = [line.split()[2:] for line in done.stdout.splitlines() if "tests.benchmarks" in line]
    assert commands[0] == ["tests.benchmarks", "--json", "var/bench.json", *more]
    assert [each[0].rpartition(".")[2] for each in commands[1:]] == ["adding", "cadence", "desk"]

"""Configurations come and go while Feedmill runs: none stays in memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.generations import GENERATIONS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_what_was_configured_is_let_go(tmp_path: Path) -> None:
    """Each generation holds its own sources and no others."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.flows.generations", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    said = [line.split() for line in done.stdout.splitlines() if line[:1].isdigit()]
    said = [each for each in said if len(each) == 2]
    assert said == [[str(n), str(n)] for n in range(1, GENERATIONS + 1)], done.stderr[-2000:]

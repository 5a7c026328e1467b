"""The import fence: each contract holds, and breaks when a forbidden import is added."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("feeds", "aggregator", "publisher", "config")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

FORBIDDEN = {
    "layers": ("feeds/text.py", "import aggregator.schedule"),
    "store": ("aggregator/schedule.py", "import feeds.store"),
    "pure": ("feeds/models/polls.py", "import requests"),
    "judged": ("aggregator/moves.py", "import aggregator.fetch.client"),
    "doors-fetch": ("aggregator/subscriber.py", "import pycurl"),
    "doors-read": ("publisher/publish.py", "import feedparser"),
    "doors-likeness": ("aggregator/stories/link.py", "import rensa"),
    "doors-render": ("publisher/web/files.py", "import feedgen"),
    "doors-clock": ("config/engine.py", "import apscheduler"),
    "doors-store": ("config/wiring.py", "import sqlalchemy"),
}


def lint(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_every_contract_has_its_breach() -> None:
    """A new contract must come with the import that it forbids."""
    assert {one["id"] for one in CONTRACTS["contracts"]} == set(FORBIDDEN)


@pytest.mark.slow
@pytest.mark.parametrize("contract", FORBIDDEN)
def test_breach(tmp_path: Path, contract: str) -> None:
    """Adding one forbidden import breaks just that contract's promise."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert lint(tmp_path, "--contract", contract).returncode == 0
    file, line = FORBIDDEN[contract]
    with (tmp_path / file).open("a") as module:
        module.write(f"\n{line}\n")
    broken = lint(tmp_path, "--contract", contract)
    assert broken.returncode == 1, broken.stdout
    assert "BROKEN" in broken.stdout

"""`feedmill etiquette` says of Feedmill that it keeps all rules, and of a Feedmill that breaks
one of them which one it is."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.etiquette.broken import BREAKS

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 6
"""Rehearsals beside each other: they sleep most of their time."""
FOLLOWS: Mapping[str, set[str]] = {
    # The second GET is made without a turn at the host.
    "E14": {"E29"},
    # `poll --now` and errands share the pause that is gone.
    "E19": {"E15", "E29"},
    # The spellings of one address that it dials are hosts of their own.
    "E26": {"E19"},
    # What is read as an empty feed leaves its validators, and no feeds are looked for in it.
    "E28": {"E4", "E14"},
}
"""Rule → what may break with it, and why."""
NAMES = [f"E{number}" for number in range(1, 33)]


def rehearsal(*arguments: str) -> dict[str, Any]:
    """Rule → what `etiquette --json` says of it."""
    done = subprocess.run(
        [sys.executable, "-m", "config.cli", "etiquette", "--json", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout, done.stderr
    return {each["rule"]: each for each in json.loads(done.stdout)}


@pytest.fixture(scope="module")
def broken(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[dict[str, Any]]]]:
    """Rehearsals of the broken pollers that are asked for, a few at a time."""
    items = (item for item in request.session.items if isinstance(item, pytest.Function))
    asked = {item.callspec.params.get("rule") for item in items if hasattr(item, "callspec")}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        own = Path(__file__).with_name("broken.py")
        yield {
            rule: pool.submit(rehearsal, "--command", shlex.join([sys.executable, str(own), rule]))
            for rule in BREAKS
            if rule in asked
        }


@pytest.mark.slow
def test_feedmill_keeps_its_rules() -> None:
    verdicts = rehearsal()
    assert len(verdicts) == 32
    broken = {name: one["faults"] for name, one in verdicts.items() if not one["kept"]}
    assert broken == {}


@pytest.mark.rehearsal
@pytest.mark.slow
@pytest.mark.parametrize("rule", NAMES)
def test_a_broken_rule_is_noticed(rule: str, broken: dict[str, Future[dict[str, Any]]]) -> None:
    """That rule, and none but those that follow from it."""
    verdicts = broken[rule].result()
    found = {name for name, each in verdicts.items() if not each["kept"]}
    assert rule in found
    others = found - {rule} - FOLLOWS.get(rule, set())
    assert {name: verdicts[name]["faults"] for name in others} == {}


def test_a_command_that_is_none() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "config.cli", "etiquette", "--command", "no/such feedmill"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "feedmill: no/such can't be run: No such file or directory\n"


def test_every_rule_has_its_broken_poller() -> None:
    assert set(BREAKS) == set(NAMES)

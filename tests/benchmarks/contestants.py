"""Who is measured: Feedmill as installed, and the plain loop. Each polls a list of addresses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.benchmarks.cores import MEASURED_CORE


@dataclass(frozen=True)
class Cost:
    """Of one command over its process tree. `cpu`, `wall` in seconds, `peak` in bytes."""

    cpu: float
    wall: float
    peak: int
    said: dict[str, Any]


def measured(*command: str) -> Cost:
    """Raises SystemExit when the command fails: a broken run has no figure."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.measured", *command],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # logs: written, as in real use, but not shown
        env=_environment(),
        preexec_fn=lambda: os.sched_setaffinity(0, {MEASURED_CORE}),
    )
    result = json.loads(done.stdout)
    if result["exit"]:
        sys.exit(f"{' '.join(command)} ended with {result['exit']}")
    said = json.loads(result["output"]) if result["output"].startswith("{") else {}
    return Cost(result["cpu"], result["wall"], result["peak"], said)


def _environment() -> dict[str, str]:
    """As where it is installed: bytecode is kept, so that a start does not compile its modules."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


class Contestant(Protocol):
    name: str

    def empty(self) -> Cost:
        """A start that finds nothing to do."""

    def round(self) -> Cost:
        """A round over all sources."""


class Feedmill:
    """`feedmill poll` on a database of its own."""

    name = "feedmill"

    def __init__(self, folder: Path, sources: list[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "feedmill.toml"
        self._config.write_text(
            'include = ["sources.opml"]\n'
            '[poll]\nallow_private = ["127.0.0.0/8"]\n[store]\nurl = "sqlite:///f.db"\n'
        )
        outlines = "\n".join(f'<outline type="rss" xmlUrl="{url}"/>' for url in sources)
        (folder / "sources.opml").write_text(f'<opml version="2.0"><body>{outlines}</body></opml>')
        self._idle = folder / "idle.toml"
        self._idle.write_text('[store]\nurl = "sqlite:///idle.db"\n')

    def _poll(self, config: Path, *more: str) -> Cost:
        command = [sys.executable, "-m", "config.cli", "--config", str(config), "poll"]
        return measured(*command, "--json", *more)

    def empty(self) -> Cost:
        return self._poll(self._idle)

    def round(self) -> Cost:
        return self._poll(self._config, "--now")


class PlainLoop:
    """requests + feedparser + sqlite3 (plain_loop.py)."""

    name = "plain loop"

    def __init__(self, folder: Path, sources: list[str]) -> None:
        folder.mkdir(parents=True)
        self._database, self._urls = folder / "loop.db", folder / "urls"
        self._urls.write_text("\n".join(sources))
        self._none = folder / "none"
        self._none.write_text("")

    def _loop(self, urls: Path) -> Cost:
        module = "tests.benchmarks.plain_loop"
        return measured(sys.executable, "-m", module, str(self._database), str(urls))

    def empty(self) -> Cost:
        return self._loop(self._none)

    def round(self) -> Cost:
        return self._loop(self._urls)

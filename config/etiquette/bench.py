"""The installed command in a temporary folder: its configuration, its clock, its verbs.

The operator's own configuration and database are never touched: no FEEDMILL_ variable gets
through, and everything is in the folder.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from config.clock import VARIABLE
from feeds.errors import FeedmillError

PATIENCE = 120.0
"""Seconds for one verb, or for `run` to be ready."""
RUNNING = '"event": "running"'
"""In the log, once `run` polls."""
LEAST = 1.2
"""Seconds that a moment of the rehearsal lasts at the least: one beat of `run`."""
STUCK = 15.0
"""Seconds that a moment goes on when nothing new is asked for; some pollers never come to rest."""


BUSY = """
SELECT count(*) FROM source LEFT JOIN host ON host.name = source.host
WHERE claim_until IS NOT NULL OR (source.wake <= :now AND host.next_allowed <= :now + 5000000)
"""
HUBS = """
SELECT (SELECT count(*) FROM subscription
        WHERE next_at <= :now OR (tries < 2 AND asked_at > :now - 10000000))
     + (SELECT count(*) FROM source
        WHERE push_until > :now AND next_due < push_until AND error_kind IS NULL
          AND next_due < last_polled_at + 86400000000 AND active AND NOT paused)
"""
"""Hubs that are to be asked, or verify at this moment; feeds whose push has not been planned with.
Times are microseconds."""


class Bench:
    """One installation, driven."""

    def __init__(
        self,
        folder: Path,
        command: Sequence[str],
        quiet: Callable[[], bool],
        asked: Callable[[], int],
    ) -> None:
        """`quiet`: whether nobody talks to the origin; `asked`: how much it was asked for."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._command = folder, list(command)
        self._quiet, self._asked = quiet, asked
        self._began = datetime.now(UTC)
        self._run: subprocess.Popen[bytes] | None = None
        self.outputs: list[str] = []
        """All that verbs said."""
        self.set_clock(0.0)

    # --- the clock

    def set_clock(self, hours: float) -> None:
        self._hours = hours
        fresh = self.folder / "clock.new"
        fresh.write_text(f"{hours * 3600:+.3f}")
        fresh.replace(self.folder / "clock")

    def now(self) -> datetime:
        """By the rehearsal's clock."""
        return datetime.now(UTC) + timedelta(hours=self._hours)

    # --- verbs

    def configure(self, text: str) -> None:
        (self.folder / "feedmill.toml").write_text(text)

    @property
    def log(self) -> str:
        path = self.folder / "run.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def verb(self, *arguments: str) -> str:
        """What it printed, whatever its exit code."""
        try:
            done = subprocess.run(  # noqa: S603 - the command that is judged
                [*self._command, *arguments],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise FeedmillError(f"{arguments[0]} can't be run: {error}") from error
        self.outputs += [done.stdout, done.stderr]
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """None when it said no JSON."""
        try:
            return json.loads(self.verb(*arguments, "--json"))
        except ValueError:
            return None

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("FEEDMILL_")}
        own = {"TZ": "UTC", "COLUMNS": "250", VARIABLE: f"@{self.folder / 'clock'}"}
        return kept | own | {"SSL_CERT_FILE": str(self.folder / "authority.pem")}

    # --- `run`

    def start(self) -> None:
        """`run`, until it polls."""
        before = self.log.count(RUNNING)
        with (self.folder / "run.log").open("ab") as log:
            try:
                self._run = subprocess.Popen(  # noqa: S603 - the command that is judged
                    [*self._command, "--log-json", "--verbose", "run"],
                    cwd=self.folder,
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            except OSError as error:
                raise FeedmillError(f"{self._command[0]} can't be run: {error.strerror}") from error
        end = time.monotonic() + PATIENCE
        while self.log.count(RUNNING) == before:
            if self._run.poll() is not None or time.monotonic() > end:
                raise FeedmillError("`run` did not start:\n" + self.log[-2000:])
            time.sleep(0.05)

    def leave(self) -> None:
        """Tell it to end, and do not wait."""
        if self._run is not None and self._run.poll() is None:
            self._run.terminate()

    def stop(self) -> None:
        """End it; nothing happens when it does not run."""
        self.leave()
        process, self._run = self._run, None
        if process is None:
            return
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def settle(self) -> None:
        """Until a beat has passed, nothing is due, and nobody talks to the origin. On a slow
        machine that may take minutes: the clock must not leap over requests under way."""
        start = grown = time.monotonic()
        still, asked = 0, self._asked()
        while time.monotonic() - grown < STUCK:
            time.sleep(0.05)
            still = still + 1 if self._quiet() and not self._busy() else 0
            if still >= 3 and time.monotonic() - start >= LEAST:
                return
            if self._asked() != asked:
                grown, asked = time.monotonic(), self._asked()

    def _busy(self) -> bool:
        """Whether anything is polled, or will be within moments: hosts may rest for days."""
        now = int(self.now().timestamp() * 1e6)
        return any(self.rows(query, {"now": now})[0][0] for query in (BUSY, HUBS))

    def rows(self, query: str, values: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Of the store, read only."""
        path = self.folder / "feedmill.db"
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
                return database.execute(query, values or {}).fetchall()
        except sqlite3.OperationalError:
            return [(0,)]

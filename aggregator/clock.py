"""APScheduler's one door: a handful of jobs, handed in as callables.

Due times live in the store; the clock only beats. A wall clock that is set back silences
APScheduler until it has caught up (FACTS.md), so a watchdog on the monotonic clock notices the
step and sets the next beat anew.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

log = structlog.get_logger("feedmill.clock")

Job = Callable[[], object]


class Clock:
    """Runs each job every so many seconds, never twice at once, first at once."""

    def __init__(
        self,
        jobs: Mapping[str, tuple[float, Job]],
        *,
        wall: Callable[[], float] = time.time,
        watch: float = 5.0,
    ) -> None:
        self._jobs, self._wall, self._watch = dict(jobs), wall, watch
        # A beat that finds the one before still at work is meant to be skipped: no warning.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._pool = ThreadPoolExecutor(len(jobs) + 1)
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": self._pool},
            # A late beat is still a beat; the default grace of 1 s skips it silently.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._again: dict[str, bool] = {}
        self._busy: dict[str, bool] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._watchdog = threading.Thread(target=self._guard, name="watchdog", daemon=True)

    def start(self) -> None:
        now = datetime.now(UTC)
        for name, (seconds, _) in self._jobs.items():
            self._scheduler.add_job(
                self._beat, "interval", seconds=seconds, id=name, args=[name], next_run_time=now
            )
        self._scheduler.start()
        self._watchdog.start()

    def wake(self, name: str) -> None:
        """Run that job now, or once more when it is running. From any thread."""
        with self._lock:
            if self._busy.get(name):
                self._again[name] = True
                return
        try:
            self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))
        except JobLookupError:
            return  # stopping

    def stop(self) -> None:
        """No more beats; those under way are waited for."""
        self._stopping.set()
        if self._scheduler.running:
            # Were it to wait itself, it would hold the lock that a job needs which wakes another:
            # neither would ever end.
            self._scheduler.shutdown(wait=False)
            self._pool.shutdown(wait=True)
        if self._watchdog.is_alive():
            self._watchdog.join()

    def _beat(self, name: str) -> None:
        with self._lock:
            self._busy[name] = True
        try:
            while not self._stopping.is_set():
                self._run(name)
                with self._lock:
                    if not self._again.pop(name, False):
                        return
        finally:
            with self._lock:
                self._busy[name] = False

    def _run(self, name: str) -> None:
        try:
            self._jobs[name][1]()
        except Exception as error:
            # The next beat is the retry; a job that dies must not take the clock with it.
            log.exception("job failed", job=name, error=type(error).__name__)

    def _guard(self) -> None:
        offset = self._wall() - time.monotonic()
        while not self._stopping.wait(self._watch):
            now = self._wall() - time.monotonic()
            if now < offset - 1:
                log.warning("the clock was set back", seconds=round(offset - now))
                for name in self._jobs:
                    self._scheduler.modify_job(
                        name, next_run_time=datetime.now(UTC) + timedelta(milliseconds=1)
                    )
            offset = now

"""The clock is set while polling goes on: back, and perhaps right again (E15).

What is due goes by a clock that may be set; that it was set on shows beside one that only goes.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from feeds.models import Turned
from feeds.protocols import PollStore

log = structlog.get_logger("feedmill.turn")

SLACK = 2.0
"""Seconds by which the clocks may part between two looks: threads and databases are late."""
REMEMBERED = 8
"""Steps back that are undone, at most."""
RARELY = 600.0
"""Seconds between two looks where our clock shows no step: another's may have, that of a process
which used the same database."""


@dataclass(slots=True)
class Turning:
    """One for each process that polls; `ttl` is that of claims. Thread-safe."""

    store: PollStore
    ttl: timedelta
    steady: Callable[[], float] = time.monotonic
    """Seconds of a clock that is never set."""
    _parted: float | None = None
    _looked: tuple[float, float] | None = None
    """How the clocks stood to each other at the last look, and the steady one's time."""
    _restless: float = 0.0
    """Until then, by the steady clock, polls may end that began before the last step."""
    _moved: deque[Turned] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def back(self) -> None:
        """Every few seconds: was it set back? Whether any plan is of a time ahead takes a look at
        all sources: at first, for as long as a poll may take after a step of our clock, and rarely
        besides. Raises StoreError."""
        with self._lock:
            steady, parted = self._clocks()
            if self._looked is not None:
                then, at = self._looked
                if abs(parted - then) > SLACK:
                    self._restless = steady + self.ttl.total_seconds()
                elif steady >= self._restless and steady - at < RARELY:
                    return
            turned = self.store.turn_back(self.ttl)
            self._looked = parted, steady
            if turned is None:
                return
            if turned.due or turned.rests:
                self._moved.append(turned)
            seconds = round(turned.step.total_seconds())
            log.warning("plans moved back with the clock", seconds=seconds)

    def on(self) -> None:
        """Before each claim: was it set on? Then what it was set back by may have been a mistake.
        Raises StoreError."""
        with self._lock:
            _, parted = self._clocks()
            before, self._parted = self._parted, parted
            if not self._moved or before is None or parted - before <= SLACK:
                return
            while self._moved:  # The last step first: it moved what the others had moved.
                sources = self.store.turn_on(self._moved.pop())
                log.warning("plans moved on with the clock", sources=sources)
            self.back()  # It may have been set on by less.

    def _clocks(self) -> tuple[float, float]:
        """Seconds of the steady one, and by how many the other is ahead of it."""
        steady = self.steady()
        return steady, self.store.now().timestamp() - steady

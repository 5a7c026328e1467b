"""Which sources are quiet: told by the rhythm of each, so that with many it is asked for seldom."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from aggregator.cadence import quiet_since
from feeds.store import Store

COSTS = 300.0
"""As many times what a look takes passes until the next: with 100,000 sources some minutes. Who
is quiet is so for days."""
SHORTEST = timedelta(days=3)
"""Nobody who had something new since then is quiet."""


class Quiet:
    """Their numbers, as they were a while ago. For one thread at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: Sequence[int] = ()
        self._next = 0.0

    def __call__(self, now: datetime) -> Sequence[int]:
        """Raises StoreError."""
        if time.monotonic() >= self._next:
            began = time.thread_time()
            rows = self._store.rhythms(now - SHORTEST)
            self._known = [number for number, rhythm in rows if quiet_since(rhythm, now)]
            self._next = time.monotonic() + COSTS * (time.thread_time() - began)
        return self._known

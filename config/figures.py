"""What the engine counts: polls by outcome, articles, how long publishing takes."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from feeds.models import Poll, Recorded
from publisher.publish import Round


class Figures:
    """Counts since the process began, whatever configurations followed each other; those by the
    hour are the store's. Seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.deliveries: Counter[str] = Counter()
        """What became of what subscribers of the hub were told (publisher.hub)."""
        self._polls: Counter[str] = Counter()
        self._articles: Counter[str] = Counter()
        self._waiting: float | None = None
        """Since when (monotonic) an article waits to be published."""
        self._taken: float | None = None
        """The same, of those that are being published now."""
        self._delay = 0.0
        self._delays: Counter[float] = Counter()
        self._slow = self._delayed = 0.0
        self._refused: set[str] = set()

    def follow(self) -> None:
        """With another configuration. All feeds are published then: which of them are refused is
        found out anew."""
        with self._lock:
            self._refused = set()

    def recorded(self, polls: Sequence[Poll], recorded: Sequence[Recorded]) -> None:
        new, changed = sum(r.new for r in recorded), sum(r.changed for r in recorded)
        with self._lock:
            for poll in polls:
                self._polls[poll.outcome.value] += 1
            if new:
                self._articles["new"] += new
            self._articles["changed"] += changed
            if (new or changed) and self._waiting is None:
                self._waiting = time.monotonic()

    def began_publishing(self) -> None:
        """What comes from now on may miss this round."""
        with self._lock:
            if self._taken is None:
                self._taken, self._waiting = self._waiting, None

    def published(self, done: Round | None) -> None:
        """None: another process was at it."""
        with self._lock:
            if done is None:
                return
            # Those that nobody tried again stand as they stood.
            self._refused -= set(done.tried)
            self._refused |= {each.feed for each in done.refused}
            if self._taken is not None:
                self._delay = time.monotonic() - self._taken
                self._delayed += 1
                self._slow += self._delay
                for bound in BOUNDS:
                    self._delays[bound] += self._delay <= bound
                self._taken = None

    @property
    def refused(self) -> set[str]:
        """Feeds whose last version broke a rule."""
        with self._lock:
            return set(self._refused)

    def told(self) -> dict[str, Any]:
        """For the web server's /metrics."""
        with self._lock:
            return {
                "polls": dict(self._polls),
                "articles": dict(self._articles),
                "delay": self._delay,
                "delays": {str(bound): self._delays[bound] for bound in BOUNDS},
                "delayed": self._delayed,
                "delay_sum": self._slow,
                "deliveries": dict(self.deliveries),
                "refused": sorted(self._refused),
            }


BOUNDS = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Of the histogram of publishing delays."""

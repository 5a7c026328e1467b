"""Errands: requests that are no polls take their turn at the host like polls do (E19, E29).

Discovery, hubs, and a redirect's hop to another host. They wait for their turn, for a while: a
host with a long queue must not hold up the workers of all others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from aggregator.identity.urls import host_of
from feeds.errors import HostBusy
from feeds.models import Turn
from feeds.protocols import Fetcher, Now, Request, Response, TurnStore

MARGIN = 10.0
"""Seconds that a turn outlasts its request by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Takes turns at hosts. `patience`: seconds to wait for one at the most. Thread-safe."""

    store: TurnStore
    now: Now
    patience: float = 5.0
    pause: Callable[[float], object] = time.sleep

    @contextmanager
    def at(self, url: str, seconds: float) -> Iterator[None]:
        """The right to make one request of at most `seconds`. Raises HostBusy, StoreError."""
        turn = self._take(url, min(self.patience, seconds), seconds)
        try:
            yield
        finally:
            self.store.end_turn(turn)

    def _take(self, url: str, patience: float, seconds: float) -> Turn:
        deadline = time.monotonic() + patience
        while True:
            answer = self.store.turn(url, timedelta(seconds=seconds + MARGIN))
            if isinstance(answer, Turn):
                return answer
            wait = max(0.01, (answer - self.now()).total_seconds())
            if time.monotonic() + wait > deadline:
                raise HostBusy("its host had no turn for us; we try again")
            self.pause(wait)


@dataclass(frozen=True, slots=True, kw_only=True)
class HopPace:
    """A Pace: a hop to another host takes a turn there, one to the same host keeps the delay."""

    turns: Turns
    delay: float
    """Seconds between two requests to one host."""

    @contextmanager
    def __call__(self, had: str, url: str, seconds: float) -> Iterator[None]:
        if host_of(had) == host_of(url):
            self.turns.pause(min(self.delay, seconds))
            yield
        else:
            with self.turns.at(url, seconds):
                yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Errands:
    """A Fetcher whose requests wait for their turn at each host."""

    fetcher: Fetcher
    turns: Turns

    def fetch(self, request: Request) -> Response:
        """Raises FetchError (HostBusy when no turn came in time), StoreError."""
        with self.turns.at(request.url, request.timeout):
            return self.fetcher.fetch(request)

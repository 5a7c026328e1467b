"""Rounds of polling: what a tick of the clock does, and what `feedmill poll` does once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from datetime import timedelta

from feeds.protocols import Dispatcher, PollStore

Progress = Callable[[int, int], None]
"""(done, all)"""


Pause = Callable[[float], bool]
"""Waits so many seconds; True when the wait was cut short because we are to stop."""


def run_due(store: PollStore, dispatcher: Dispatcher, ttl: timedelta) -> tuple[int, bool]:
    """Claim what is due and dispatch it, while there is room. How many were claimed, and whether
    that was all that can be polled now."""
    begun = 0
    while (room := dispatcher.room()) > 0:
        claims = store.claim_due(room, ttl)
        dispatcher.dispatch(claims)
        begun += len(claims)
        if len(claims) < room:
            return begun, True
    return begun, False


def keep_polling(
    store: PollStore,
    dispatcher: Dispatcher,
    ttl: timedelta,
    *,
    seconds: float,
    pause: Pause,
    first: Callable[[], None],
) -> None:
    """What a tick does: claim whatever becomes due, or whose host has rested, until there is
    nothing to come within `seconds`. A host's next source then starts when its delay is over,
    not at some later tick. `first`: before each claim."""
    while True:
        first()
        begun, all_there_is = run_due(store, dispatcher, ttl)
        if begun or dispatcher.room() <= 0:
            dispatcher.wait(seconds)
            if pause(BREATH if all_there_is else 0.0):
                return
            continue
        soon = store.next_claimable()
        left = seconds if soon is None else (soon - store.now()).total_seconds()
        if left >= seconds or pause(max(left, BREATH)):
            return


BREATH = 0.1
"""Seconds between two claims when sources become due, or hosts free, one by one: each costs a
transaction."""


def run_round(
    store: PollStore,
    dispatcher: Dispatcher,
    ttl: timedelta,
    *,
    urls: Collection[str] | None = None,
    progress: Progress | None = None,
    pause: Pause | None = None,
) -> int:
    """Poll each source once that is due at the start (of `urls`), and wait for all of them.

    Hosts with several due sources are waited for; a source that another process holds is left
    to it. How many were polled here.
    """
    wait: Pause = pause or threading.Event().wait
    pending = store.due(urls)
    total, done = len(pending), 0
    while pending:
        claims = []
        if (room := dispatcher.room()) > 0:
            claims = store.claim_due(room, ttl, urls=pending if urls is not None else None)
            dispatcher.dispatch(claims)
            pending -= {claim.state.url for claim in claims}
            done += len(claims)
            if progress is not None:
                progress(done, total)
        if claims or dispatcher.wait(0.25):
            continue
        if not (pending := pending & store.due(urls)):
            break
        soon = store.next_claimable(pending if urls is not None else None)
        if soon is None:
            break
        if wait(min(max((soon - store.now()).total_seconds(), 0.02), 2.0)):
            break
    dispatcher.drain()
    return done

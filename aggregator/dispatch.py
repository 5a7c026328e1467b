"""Dispatchers: where polls run. Inline (one after another) and threads (a bounded pool).

Only claims go in; Polls come out and are recorded in batches. Nothing is lost when a record
fails: the claim runs out and the source is polled again.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from feeds.errors import StoreError
from feeds.models import Claim, Outcome, Poll, Recorded

log = structlog.get_logger("feedmill.dispatch")

PollSource = Callable[[Claim], Poll]
Record = Callable[[Sequence[Poll]], list[Recorded]]
Release = Callable[[Sequence[Claim]], None]
OnTrouble = Callable[[StoreError | None], None]
"""Told why outcomes can't be recorded, and None when they can again."""
OnRecorded = Callable[[Sequence[Poll], Sequence[Recorded]], None]


AHEAD = 3
"""Claims in hand for each thread: the others are at work while outcomes are recorded and the next
are claimed (with 1, a round of 2,000 answers of 304 took twice as long)."""


def _nothing(_polls: Sequence[Poll], _recorded: Sequence[Recorded]) -> None:
    return None


def _unheard(_error: StoreError | None) -> None:
    return None


class InlineDispatcher:
    """Runs each poll in the calling thread and records it at once."""

    def __init__(
        self, poll: PollSource, record: Record, on_recorded: OnRecorded = _nothing
    ) -> None:
        self._poll, self._record, self._on_recorded = poll, record, on_recorded

    def dispatch(self, claims: Sequence[Claim]) -> None:
        for claim in claims:
            polls = [self._poll(claim)]
            self._on_recorded(polls, self._record(polls))

    def room(self) -> int:
        return 1

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - the seam's signature
        return False

    def drain(self) -> None:
        """Nothing is ever under way between two calls."""

    def close(self, timeout: float) -> None:
        """Nothing is held."""


class ThreadDispatcher:
    """At most `workers` threads, started as they are needed; one more records what they bring.

    Outcomes that arrive within `patience` seconds share a transaction, so that an idle poll costs
    a few hundred bytes of one commit; after one that brought something new, and when nothing else
    is under way, it is `delay` seconds. A crash loses at most those, which are polled again.
    """

    def __init__(
        self,
        poll: PollSource,
        record: Record,
        *,
        release: Release,
        workers: int = 32,
        on_recorded: OnRecorded = _nothing,
        on_trouble: OnTrouble = _unheard,
        delay: float = 0.05,
        patience: float = 0.5,
        batch: int = 200,
        retry: float = 1.0,
    ) -> None:
        self._poll, self._record, self._release = poll, record, release
        self._on_recorded, self._workers = on_recorded, workers
        self._on_trouble = on_trouble
        self._delay, self._patience = delay, patience
        self._batch, self._retry = batch, retry
        # One lock, and a condition for each who waits: with a single one, every poll would wake
        # all idle threads (70 % of the CPU of a round of 304s went there).
        lock = threading.Lock()
        self._to_do, self._to_record = threading.Condition(lock), threading.Condition(lock)
        self._progress = threading.Condition(lock)
        self._todo: deque[Claim] = deque()
        self._done: deque[Poll] = deque()
        self._threads: list[threading.Thread] = []
        self._active: dict[int, Claim] = {}
        self._idle = self._running = self._unrecorded = self._ended = 0
        self._closing = self._urgent = False
        self._recorder: threading.Thread | None = None
        self._stopping = threading.Event()

    # --- the seam

    def dispatch(self, claims: Sequence[Claim]) -> None:
        with self._to_do:
            if self._closing:
                late = list(claims)
            else:
                late = []
                self._todo.extend(claims)
                self._start_threads()
                self._to_do.notify(len(claims))
        if late:
            self._release(late)

    def room(self) -> int:
        with self._progress:
            # A batch of claims is a transaction: none while each thread has a next one.
            if self._closing or len(self._todo) >= self._workers:
                return 0
            return AHEAD * self._workers - self._running - len(self._todo)

    def wait(self, timeout: float | None = None) -> bool:
        with self._progress:
            before = self._ended
            if not self._busy():
                return False
            return self._progress.wait_for(lambda: self._ended != before, timeout)

    def drain(self) -> None:
        with self._progress:
            self._progress.wait_for(lambda: not self._busy())

    def close(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        with self._progress:
            self._closing = True
            unbegun = list(self._todo)
            self._todo.clear()
            self._to_do.notify_all()
            self._to_record.notify_all()
        self._stopping.set()
        self._give_back(unbegun)
        with self._progress:
            self._progress.wait_for(lambda: not self._busy(), max(0.0, deadline - time.monotonic()))
            # Too slow for us: another worker may have them at once, our late record is refused.
            slow = list(self._active.values())
        self._give_back(slow)

    def _give_back(self, claims: Sequence[Claim]) -> None:
        if not claims:
            return
        try:
            self._release(claims)
        except StoreError as error:
            log.error("claims not released, they run out", claims=len(claims), error=str(error))

    # --- threads

    def _busy(self) -> bool:
        return bool(self._todo or self._running or self._unrecorded)

    def _start_threads(self) -> None:
        if self._recorder is None:
            self._recorder = threading.Thread(target=self._record_all, name="recorder", daemon=True)
            self._recorder.start()
        wanted = len(self._todo) - self._idle
        for _ in range(min(wanted, self._workers - len(self._threads))):
            thread = threading.Thread(
                target=self._work, name=f"poller-{len(self._threads)}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while True:
            with self._to_do:
                self._idle += 1
                self._to_do.wait_for(lambda: self._todo or self._closing)
                self._idle -= 1
                if not self._todo:
                    return
                claim = self._todo.popleft()
                self._running += 1
                self._active[claim.source_id] = claim
            poll = self._run(claim)
            with self._to_record:
                self._running -= 1
                self._active.pop(claim.source_id, None)
                if poll is None:
                    self._ended += 1
                    self._progress.notify_all()
                else:
                    self._done.append(poll)
                    self._unrecorded += 1
                    self._urgent |= poll.outcome is Outcome.NEW
                if len(self._done) == 1 or self._ripe():
                    self._to_record.notify()

    def _run(self, claim: Claim) -> Poll | None:
        try:
            return self._poll(claim)
        except Exception as error:
            # A worker must outlive any single source: the claim runs out by itself, the source
            # comes round again, and the log has the trace.
            log.exception("poll broke", source=claim.source_id, error=type(error).__name__)
            return None

    def _record_all(self) -> None:
        while True:
            with self._to_record:
                self._to_record.wait_for(
                    lambda: self._done or (self._closing and not self._running)
                )
                if not self._done:
                    return
                self._to_record.wait_for(self._ripe, self._patience)
            # Company for the first one: what arrives in this moment shares its transaction.
            self._stopping.wait(self._delay)
            with self._to_record:
                polls = [self._done.popleft() for _ in range(min(self._batch, len(self._done)))]
                self._urgent = any(poll.outcome is Outcome.NEW for poll in self._done)
            self._record_batch(polls)
            with self._progress:
                self._unrecorded -= len(polls)
                self._ended += len(polls)
                self._progress.notify_all()

    def _ripe(self) -> bool:
        """Whether there is no reason to wait for more to record."""
        under_way = self._todo or self._running
        return self._closing or self._urgent or len(self._done) >= self._batch or not under_way

    def _record_batch(self, polls: Sequence[Poll]) -> None:
        """Write, waiting out a busy or full database; given up only when closing."""
        told = False
        while True:
            try:
                recorded = self._record(polls)
            except StoreError as error:
                if not told:
                    log.error("record failed, retrying", polls=len(polls), error=str(error))
                    told = True
                    self._on_trouble(error)
                if self._stopping.wait(self._retry):
                    return
            except Exception as error:  # the recorder must outlive any batch
                log.exception("record broke", polls=len(polls), error=type(error).__name__)
                return
            else:
                if told:
                    self._on_trouble(None)
                self._on_recorded(polls, recorded)
                return

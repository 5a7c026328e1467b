"""Reading in processes that can be ended: a hostile document costs its poll and nothing else.

A 40 KB author element costs feedparser 9.5 s of CPU during which `re` holds the GIL, so threads
are no help. Workers come from a fork server that has feedparser and nh3 loaded (fork itself is
not safe beside curl's threads; spawn would load them each time).
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
from concurrent.futures import BrokenExecutor, CancelledError, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from importlib.machinery import ModuleSpec
from multiprocessing import forkserver
from threading import BoundedSemaphore, Lock

import msgspec
from pebble import ProcessExpired, ProcessFuture, ProcessPool

from aggregator.read.worker import HUNGRY, settle, work
from feeds.errors import (
    EmptyDocument,
    NotAFeed,
    ReadCrashed,
    ReadError,
    ReadTooHungry,
    ReadTooSlow,
)
from feeds.models import Document, KnownItems

_ORPHANED = 255
"""What multiprocessing gives a worker whose fork server ended. It may have held a lock that the
next workers of this pool wait for until their deadline: only a new pool goes on at once."""
_ERRORS = {error.__name__: error for error in (EmptyDocument, NotAFeed, ReadError, ReadCrashed)}
_DECODER = msgspec.msgpack.Decoder(Document)


class ReaderPool:
    """Reads documents in at most `workers` processes; a ReadDocument. Thread-safe.

    timeout: seconds that one document may take. memory: bytes that a worker may take on top of
    what it has when it starts. A worker is replaced after `tasks` documents. The processes start
    with the first call, and end with `close` or with this process, even by SIGKILL.
    """

    def __init__(
        self,
        workers: int = 2,
        *,
        timeout: float = 20.0,
        memory: int = 1 << 30,
        tasks: int = 1000,
    ) -> None:
        self._workers = workers
        self._timeout = timeout
        self._memory = memory
        self._tasks = tasks
        self._lock = Lock()
        self._pool: ProcessPool | None = None
        self._closed = False
        self._pending: dict[ProcessFuture[tuple[str, bytes]], ProcessPool] = {}
        # Who waits for a worker waits here, so that a deadline counts reading and nothing else.
        self._turn = BoundedSemaphore(workers)

    def __call__(
        self, body: bytes, url: str, content_type: str | None, known: KnownItems | None = None
    ) -> Document:
        """Raises ReadError: ReadTooSlow, ReadTooHungry, ReadCrashed when a worker was ended."""
        with self._turn:
            pool = self._started()
            try:
                return self._read(pool, body, url, content_type, known)
            except (BrokenExecutor, RuntimeError):
                # An idle worker or the fork server was killed from outside: no document did that.
                self._discard(pool)
            pool = self._started()
            try:
                return self._read(pool, body, url, content_type, known)
            except (BrokenExecutor, RuntimeError) as error:
                self._discard(pool)
                raise ReadCrashed("the reading processes can't be started") from error

    def close(self, *, server: bool = False) -> None:
        """End the processes; a reading under way raises ReadCrashed. `server`: the fork server too,
        which else stays as long as this process, with 20 MB; no other pool of it may be at work."""
        with self._lock:
            self._closed, pool = True, self._pool
        self._discard(pool)
        if server and pool is not None:
            # There is no public way; its own end is that of the process that started it.
            forkserver._forkserver._stop()  # type: ignore[attr-defined]

    def _read(
        self,
        pool: ProcessPool,
        body: bytes,
        url: str,
        content_type: str | None,
        known: KnownItems | None,
    ) -> Document:
        future = pool.schedule(
            work, (body, url, content_type, known, self._timeout), timeout=self._timeout
        )
        with self._lock:
            self._pending[future] = pool
        try:
            # pebble's deadline follows the wall clock, which may jump; this one does not.
            kind, payload = future.result(timeout=self._timeout * 1.5 + 10)
        except FutureTimeout as error:
            if not future.done():
                self._discard(pool)
            raise ReadTooSlow(f"reading took over {self._timeout:g} s") from error
        except CancelledError as error:
            raise ReadCrashed("the reader is closed") from error
        except ProcessExpired as error:
            if error.exitcode == _ORPHANED:
                raise BrokenExecutor("the fork server was ended") from error
            raise self._expired(error.exitcode) from error
        finally:
            with self._lock:
                self._pending.pop(future, None)
        if kind:
            raise _ERRORS.get(kind, ReadError)(payload.decode("utf-8", "replace"))
        return _DECODER.decode(payload)

    def _expired(self, code: int | None) -> ReadError:
        # A Rust allocation that fails aborts; ours exits with HUNGRY.
        if code in (HUNGRY, -signal.SIGABRT):
            return ReadTooHungry(f"reading took over {self._memory >> 20} MB of memory")
        if code == -signal.SIGXCPU:
            return ReadTooSlow(f"reading took over {self._timeout:g} s")
        how = f"by signal {-code}" if code and code < 0 else f"with status {code}"
        return ReadCrashed(f"the reading process ended {how}")

    def _started(self) -> ProcessPool:
        with self._lock:
            if self._closed:
                raise ReadCrashed("the reader is closed")
            if self._pool is None:
                _keep_main_out()
                context = multiprocessing.get_context("forkserver")
                context.set_forkserver_preload(["aggregator.read.warm"])
                self._pool = ProcessPool(
                    max_workers=self._workers,
                    max_tasks=self._tasks,
                    initializer=settle,
                    initargs=(self._memory,),
                    context=context,
                )
            return self._pool

    def _discard(self, pool: ProcessPool | None) -> None:
        """End this pool, unless that was done; who else waits for it reads again in the next."""
        with self._lock:
            if pool is None or self._pool is not pool:
                return
            self._pool = None
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()
        with self._lock:
            # pebble never answers those that it stopped.
            left = [future for future, owner in self._pending.items() if owner is pool]
            closed = self._closed
        for future in left:
            with suppress(InvalidStateError):
                future.set_exception(
                    ReadCrashed("the reader was closed") if closed else BrokenExecutor("discarded")
                )


def _keep_main_out() -> None:
    """Spare the workers our main script: multiprocessing would run it again in each of them.

    It leaves out a main module whose name ends in `.__main__` (multiprocessing/spawn.py); a
    console script has no name. With it come 60 MB and half a second a worker.
    """
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is None:
        main.__spec__ = ModuleSpec("feedmill.__main__", None)

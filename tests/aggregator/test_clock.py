"""The clock: a handful of jobs that beat, wake, survive errors and a wall clock set back."""

from __future__ import annotations

import threading
import time

from aggregator.clock import Clock


class Beats:
    """A job that counts, and can be waited for."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = threading.Condition()

    def __call__(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def reached(self, count: int, seconds: float = 5.0) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.count >= count, seconds)


def test_beats_at_once_and_again() -> None:
    """The first beat comes at once, the others at their interval."""
    job = Beats()
    clock = Clock({"job": (0.05, job)})
    clock.start()
    assert job.reached(3)
    clock.stop()
    count = job.count
    assert not job.reached(count + 1, 0.15)


def test_wake() -> None:
    """A job with a long interval runs when it is woken."""
    job = Beats()
    clock = Clock({"job": (3600.0, job)})
    clock.start()
    assert job.reached(1)
    clock.wake("job")
    assert job.reached(2)
    clock.stop()
    clock.wake("job")  # too late, and no error


def test_woken_while_at_work() -> None:
    """It runs once more afterwards, never twice at once."""
    gate, entered, runs, at_once = threading.Event(), threading.Event(), Beats(), [0, 0]

    def job() -> None:
        at_once[0] += 1
        at_once[1] = max(at_once)
        entered.set()
        gate.wait(5)
        at_once[0] -= 1
        runs()

    clock = Clock({"job": (3600.0, job)})
    clock.start()
    assert entered.wait(5)
    clock.wake("job")
    clock.wake("job")
    gate.set()
    assert runs.reached(2)
    clock.stop()
    assert runs.count == 2
    assert at_once[1] == 1


def test_woken_while_it_stops() -> None:
    """A job under way may wake another: both it and the clock end."""
    stopping, entered, ended = threading.Event(), threading.Event(), threading.Event()

    def job() -> None:
        entered.set()
        assert stopping.wait(5)
        clock.wake("other")
        ended.set()

    clock = Clock({"job": (3600.0, job), "other": (3600.0, Beats())})
    clock.start()
    assert entered.wait(5)
    stop = threading.Thread(target=clock.stop, daemon=True)
    stop.start()
    stop.join(0.2)  # as far as it comes: it waits for the job
    assert stop.is_alive()
    stopping.set()
    assert ended.wait(5)
    stop.join(5)
    assert not stop.is_alive()


def test_a_job_that_fails() -> None:
    """The next beat is the retry; other jobs don't notice."""
    other, failing = Beats(), Beats()

    def broken() -> None:
        failing()
        raise RuntimeError("a bug")

    clock = Clock({"broken": (0.05, broken), "other": (0.05, other)})
    clock.start()
    assert failing.reached(3)
    assert other.reached(3)
    clock.stop()


def test_a_wall_clock_set_back() -> None:
    """APScheduler would be silent until the old time comes again; the watchdog notices."""
    job, shift = Beats(), [0.0]
    clock = Clock({"job": (3600.0, job)}, wall=lambda: time.time() + shift[0], watch=0.02)
    clock.start()
    assert job.reached(1)
    shift[0] = -86_400.0
    assert job.reached(2)
    clock.stop()


def test_stop_waits_for_the_job() -> None:
    """What is under way is finished."""
    entered, ended = threading.Event(), threading.Event()

    def job() -> None:
        entered.set()
        threading.Event().wait(0.1)
        ended.set()

    clock = Clock({"job": (3600.0, job)})
    clock.start()
    assert entered.wait(5)
    clock.stop()
    assert ended.is_set()

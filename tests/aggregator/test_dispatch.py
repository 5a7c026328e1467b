"""Dispatchers: a bounded pool that loses nothing, and gives back what it can't finish."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from aggregator.dispatch import InlineDispatcher, PollSource, ThreadDispatcher
from feeds.errors import StoreError
from feeds.models import Claim, Outcome, Poll, Recorded, Schedule
from tests.aggregator.making import NOW, claim


def poll_of(of: Claim) -> Poll:
    return Poll(
        claim=of,
        started_at=NOW,
        duration=0.0,
        outcome=Outcome.UNCHANGED,
        schedule=Schedule(due=NOW, reason="interval"),
    )


class Book:
    """What was recorded and released."""

    def __init__(self, fail: int = 0) -> None:
        self.recorded: list[int] = []
        self.released: list[int] = []
        self.batches: list[int] = []
        self.fail = fail

    def record(self, polls: Sequence[Poll]) -> list[Recorded]:
        if self.fail:
            self.fail -= 1
            raise StoreError("busy")
        self.batches.append(len(polls))
        self.recorded += [each.claim.source_id for each in polls]
        return [Recorded(source_id=each.claim.source_id) for each in polls]

    def release(self, claims: Sequence[Claim]) -> None:
        self.released += [each.source_id for each in claims]


def claims(count: int) -> list[Claim]:
    return [claim(n) for n in range(1, count + 1)]


def threads(book: Book, poll: PollSource = poll_of, **options: Any) -> ThreadDispatcher:
    settings: dict[str, Any] = {"workers": 4, "delay": 0.001, "retry": 0.001} | options
    return ThreadDispatcher(
        poll,
        book.record,
        release=book.release,
        **settings,
    )


def test_inline_runs_in_order() -> None:
    """Each is polled and recorded before the next."""
    book = Book()
    dispatcher = InlineDispatcher(poll_of, book.record)
    dispatcher.dispatch(claims(3))
    assert (book.recorded, book.batches) == ([1, 2, 3], [1, 1, 1])
    assert dispatcher.room() == 1


def test_threads_record_everything_once() -> None:
    """Many claims, few threads: each poll is recorded once, in shared transactions."""
    book = Book()
    dispatcher = threads(book, delay=0.05)
    dispatcher.dispatch(claims(200))
    dispatcher.drain()
    assert sorted(book.recorded) == list(range(1, 201))
    assert len(book.batches) < 100
    dispatcher.close(5)
    assert book.released == []


@pytest.mark.parametrize(("outcome", "waits"), [(Outcome.UNCHANGED, True), (Outcome.NEW, False)])
def test_what_found_nothing_waits_for_company(outcome: Outcome, waits: bool) -> None:
    """While others are under way, and not longer than `patience`; what is new does not."""
    gate = threading.Event()

    def one_is_slow(of: Claim) -> Poll:
        if of.source_id == 2:
            gate.wait(10)
        return replace(poll_of(of), outcome=outcome)

    book = Book()
    dispatcher = threads(book, one_is_slow, patience=60.0)
    dispatcher.dispatch(claims(2))
    recorded = dispatcher.wait(0.3)
    assert (book.batches == []) is waits
    assert recorded is not waits
    gate.set()
    dispatcher.drain()
    assert book.batches == ([2] if waits else [1, 1])
    impatient = threads(book, one_is_slow, patience=0.01)
    gate.clear()
    impatient.dispatch(claims(2))
    assert impatient.wait(5)
    gate.set()
    impatient.close(5)
    dispatcher.close(5)


def test_never_more_than_workers() -> None:
    """The pool is bounded, and room() tells what is free."""
    gate, lock = threading.Event(), threading.Lock()
    inside: list[int] = []
    full = threading.Semaphore(0)

    def slow(of: Claim) -> Poll:
        with lock:
            inside.append(of.source_id)
        full.release()
        gate.wait(10)
        return poll_of(of)

    book = Book()
    dispatcher = threads(book, slow)
    assert dispatcher.room() == 12
    dispatcher.dispatch(claims(12))
    for _ in range(4):
        assert full.acquire(timeout=5)
    assert sorted(inside) == [1, 2, 3, 4]
    assert dispatcher.room() == 0
    gate.set()
    dispatcher.drain()
    assert sorted(book.recorded) == list(range(1, 13))
    dispatcher.close(5)


def test_a_poll_that_breaks() -> None:
    """One that raises takes no thread with it; its claim runs out by itself."""

    def broken(of: Claim) -> Poll:
        if of.source_id == 2:
            raise ValueError("a bug")
        return poll_of(of)

    book = Book()
    dispatcher = threads(book, broken, workers=1)
    dispatcher.dispatch(claims(3))
    dispatcher.drain()
    assert sorted(book.recorded) == [1, 3]
    dispatcher.close(5)


def test_a_busy_database_is_waited_for() -> None:
    """The record is tried again, and nothing is lost."""
    book = Book(fail=3)
    dispatcher = threads(book)
    dispatcher.dispatch(claims(2))
    dispatcher.drain()
    assert sorted(book.recorded) == [1, 2]
    dispatcher.close(5)


def test_a_database_that_is_away_is_told_of() -> None:
    """Once, with the reason, and once when it is there again."""
    book, told = Book(fail=3), list[str | None]()
    dispatcher = threads(book, on_trouble=lambda error: told.append(error and str(error)))
    dispatcher.dispatch(claims(1))
    dispatcher.drain()
    assert told == ["busy", None]
    dispatcher.close(5)


def test_closing_gives_back() -> None:
    """What has not begun, at once; what is too slow, when the time is over; later ones too."""
    gate, begun = threading.Event(), threading.Event()

    def slow(of: Claim) -> Poll:
        begun.set()
        gate.wait(10)
        return poll_of(of)

    book = Book()
    dispatcher = threads(book, slow, workers=1)
    dispatcher.dispatch(claims(3))
    assert begun.wait(5)
    dispatcher.close(0.05)
    assert sorted(book.released) == [1, 2, 3]
    assert dispatcher.room() == 0
    dispatcher.dispatch([claim(9)])
    assert 9 in book.released
    gate.set()


def test_wait() -> None:
    """False at once when nothing is under way; True when a poll ended."""
    gate, book = threading.Event(), Book()

    def slow(of: Claim) -> Poll:
        gate.wait(10)
        return poll_of(of)

    dispatcher = threads(book, slow)
    assert dispatcher.wait(5) is False
    dispatcher.dispatch(claims(1))
    assert dispatcher.wait(0.01) is False
    gate.set()
    dispatcher.drain()
    assert book.recorded == [1]
    dispatcher.close(5)


@pytest.mark.parametrize("workers", [1, 8])
def test_told_what_was_recorded(workers: int) -> None:
    """on_recorded gets polls and results side by side."""
    told: list[tuple[int, int]] = []

    def recorded(polls: Sequence[Poll], results: Sequence[Recorded]) -> None:
        told.append((len(polls), len(results)))

    book = Book()
    dispatcher = threads(book, workers=workers, on_recorded=recorded)
    dispatcher.dispatch(claims(5))
    dispatcher.drain()
    dispatcher.close(5)
    assert sum(one for one, _ in told) == 5
    assert all(one == other for one, other in told)

"""What the log says of polls that were recorded together."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog

from config import logs, poll_log
from config.poll_log import logged
from feeds.models import Outcome, Poll, Recorded
from tests.aggregator.making import claim
from tests.store.material import failed, poll


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def lines(*polls: Poll, verbose: bool = False) -> list[dict[str, Any]]:
    stream = io.StringIO()
    logs.configure(json=True, verbose=verbose, file=stream)
    with pytest.MonkeyPatch.context() as patch:  # a logger keeps what it first found
        patch.setattr(poll_log, "log", structlog.get_logger("test"))
        logged(None)(polls, [Recorded(source_id=each.claim.source_id) for each in polls])
    return [json.loads(line) for line in stream.getvalue().splitlines()]


IDLE = [
    replace(poll(claim(n)), outcome=outcome)
    for n, outcome in enumerate([Outcome.NOT_MODIFIED, Outcome.SAME, Outcome.UNCHANGED], start=1)
]


def test_what_found_nothing_shares_a_line() -> None:
    """The others have their own, and with --verbose all."""
    new, broken = replace(poll(claim(4)), outcome=Outcome.NEW), failed(claim(5))
    found = lines(*IDLE, new, broken)
    told = [(each["event"], each.get("source"), each.get("sources")) for each in found]
    assert told == [("polled", 4, None), ("poll failed", 5, None), ("polled", None, 3)]
    assert found[-1]["outcome"] == "nothing new"
    assert [each["source"] for each in lines(*IDLE, new, verbose=True)] == [1, 2, 3, 4]


def test_a_single_one_is_named() -> None:
    """With its source, status and next time."""
    [found] = lines(IDLE[0])
    assert (found["source"], found["outcome"]) == (1, "not-modified")
    assert {"status", "next", "reason"} <= set(found)

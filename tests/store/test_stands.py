"""How all sources stand, as the database counts it: the same as is told of each of them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from config.standing import word
from config.troubles import DAY, late
from feeds.models import Failure, Outcome
from feeds.store import Store
from tests.databases import Clock, Opened
from tests.store.material import TTL, poll, sources

FAILS = ("dns", "http", "blocked", "rate-limited", "gone", None)


def test_as_each_is_told(opened: Opened, clock: Clock) -> None:
    """Counts, the oldest due time and what lasts agree with config.standing of every source, while
    some are polled, fail, are paused, and run out of their claims."""
    store = opened()
    store.sync_sources(sources(*(f"s{n}" for n in range(40))))
    for day in range(3):
        claims = store.claim_due(30, TTL)
        polls = []
        for number, claim in enumerate(claims[: 25 - day]):
            kind = FAILS[number % len(FAILS)]
            if kind is None:
                polls.append(poll(claim, f"{claim.source_id}-{day}"))
            else:
                failure = Failure(kind=kind, text="x")
                polls.append(poll(claim, outcome=Outcome.FAILED, failure=failure))
        store.record(polls)
        briefs, stands, now = store.briefs(), store.stands(), store.now()
        words = [word(each, now) for each in briefs]
        assert Counter(stands.states) == Counter(words)
        assert stands.polled == sum(bool(each.last_polled_at) for each in briefs)
        oldest = max(late(each, now.timestamp()) for each in briefs)
        assert stands.oldest_due is not None
        assert max(0.0, (now - stands.oldest_due).total_seconds()) == pytest.approx(oldest)
        expected = [
            each.id
            for each, name in zip(briefs, words, strict=True)
            if name in ("failing", "blocked")
            and (each.failing_since or each.error_at or 0) / 1e6 < (now - DAY).timestamp()
        ]
        assert list(store.lasting(now - DAY)) == expected
        clock.forward(days=1, hours=1)
    assert expected
    assert store.holding() == {}
    assert store.rhythms(store.now() + timedelta(days=1)) is not None


def test_nothing_there(store: Store) -> None:
    """No source, no count."""
    stands = store.stands()
    assert (stands.states, stands.polled, stands.held, stands.oldest_due) == ({}, 0, 0, None)

"""How a source stands, when it comes round again, what to do: in words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aggregator.cadence import learn
from config.advice import ADVICE, BY_STATUS, advice
from config.facts import facts, facts_json
from config.settings import PollSettings
from config.showing import spoken
from config.standing import (
    Standing,
    gravest_first,
    in_words,
    next_in_words,
    sighting,
    standing,
)
from feeds.errors import HostBusy, PollError
from feeds.models import Hints, Move, Source, SourceState
from tests.aggregator.making import NOW, state

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
POLL = PollSettings(
    interval=3600.0,
    min_interval=900.0,
    max_interval=86_400.0,
    timeout=30.0,
    max_body=1,
    concurrency=1,
    per_host=1,
    host_delay=1.0,
    retry_after="source",
    readers=1,
    allow_private=False,
    proxy="",
    ca_file=None,
)


@pytest.fixture(autouse=True)
def _utc() -> Iterator[None]:
    """Times are shown in the operator's zone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def failing(days: float, kind: str = "dns", **more: Any) -> SourceState:
    since = NOW - days * DAY
    values: dict[str, Any] = {"failing_since": since, "error_at": NOW, "failures": 3} | more
    return state(error_kind=kind, error="it failed", **values)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (state(), "new"),
        (state(last_success_at=NOW), "ok"),
        (state(last_success_at=NOW, paused=True), "paused"),
        (failing(0.5), "failing"),
        (failing(1.5), "failing for 1 day"),
        (failing(8), "failing for 8 days"),
        (failing(8, "blocked"), "blocked for 8 days"),
        (failing(0, "blocked"), "blocked"),
        (failing(9, "gone", retired=True, error_at=NOW - DAY), "retired 2026-11-19"),
        (failing(0, "rate-limited", failures=0, failing_since=None), "waiting"),
        (failing(8, "rate-limited"), "failing for 8 days"),
    ],
)
def test_standing(given: SourceState, words: str) -> None:
    """E13: a source that says 429 is waited for, not broken."""
    assert in_words(standing(given, NOW), NOW) == words


def test_quiet_says_since_when() -> None:
    assert in_words(Standing(word="quiet", since=NOW), NOW) == "quiet since 2026-11-20"


def test_gravest_first() -> None:
    """What fails longest before what fails since yesterday; what is well is left out."""
    given = [
        state(1, last_success_at=NOW),
        state(2, error_kind="dns", failing_since=NOW - DAY),
        state(3, error_kind="dns", failing_since=NOW - 9 * DAY),
        state(4, error_kind="blocked", failing_since=NOW - DAY),
        state(5, error_kind="gone", retired=True),
    ]
    rows = gravest_first((each, standing(each, NOW)) for each in given)
    assert [each.id for each, _ in rows] == [5, 4, 3, 2]


@pytest.mark.parametrize(
    ("after", "reason", "words"),
    [
        (3.2 * HOUR, "max-age", "15:12: max-age"),
        (4 * DAY - 6 * HOUR, "skipHours", "Tue 06:00: skipHours"),
        (7 * DAY, "Retry-After", "2026-11-27 12:00: Retry-After"),
        (3.2 * HOUR, "posts every 6 h", "in 3.2 h: posts every 6 h"),
        (-HOUR, "interval", "now: interval"),
    ],
)
def test_next_in_words(after: timedelta, reason: str, words: str) -> None:
    """E31: the time and its reason."""
    assert next_in_words(state(next_due=NOW + after, reason=reason), NOW) == words


def test_what_is_not_polled_has_no_next() -> None:
    due: dict[str, Any] = {"next_due": NOW, "reason": "interval"}
    assert next_in_words(state(paused=True, **due), NOW) == ""
    assert next_in_words(state(retired=True, **due), NOW) == ""


def test_a_sighting_says_what_it_wants() -> None:
    """Adopted soon, or why not."""
    move = Move(to="https://b.org/feed", since=NOW, seen=2, proven=True)
    found = sighting(state(move=move), Source(url="https://a.org/feed"))
    assert found is not None
    words = "adopted after 3 sightings over 2 days"
    assert found.wanting == words
    assert spoken(found.said, NOW) == f"to https://b.org/feed, seen 2 times since 12:00; {words}"
    assert "seen once since" in spoken(replace(found, seen=1).said, NOW)
    secret = Source(url="https://a.org/feed", auth=("me", "word"))
    found = sighting(state(move=move), secret)
    assert found is not None
    assert "credentials" in found.wanting
    assert sighting(state(), secret) is None


def test_facts() -> None:
    """Everything that led to the next time, as the operator may know it from its source."""
    given = state(
        hints=Hints(ttl=1800.0, skip_hours=(23, 0, 1, 2, 5), skip_days=(6, 5), update_every=7200.0),
        not_before=NOW + HOUR,
        fresh_until=NOW - HOUR,
        push_until=NOW + 2 * DAY,
        failures=2,
        failing_since=NOW - DAY,
        gone_seen=True,
    )
    found = facts(given, Source(url=given.url), POLL, NOW)
    assert ("WebSub", ["its hub tells what is new, until ", NOW + 2 * DAY]) in found
    assert {name: spoken(said, NOW) for name, said in found} == {
        "interval": "60 min, at most 24 h",
        "Retry-After": "until 13:00; even `--now` waits for it",
        "max-age": "until 11:00 (passed)",
        "ttl": "30 min",
        "sy:updatePeriod": "2 h",
        "skipHours": "0-2, 5, 23 UTC",
        "skipDays": "Sat, Sun (UTC)",
        "WebSub": "its hub tells what is new, until Sun 12:00",
        "failures": "2 in a row, since Thu 12:00",
        "410": "seen once; the second in a row retires the source",
    }
    [first, *_] = facts(state(), Source(url="x", every=7200.0), POLL, NOW)
    assert first == ("every", ["2 h, as this source is configured"])


def test_what_was_learned_is_a_fact() -> None:
    """In words and as a value; not where the operator's `every` passes it over, nor where the
    documents had no dates yet."""
    rhythm = learn(None, [NOW - n * 6 * HOUR for n in range(20)], NOW, None)
    source, every = Source(url="x"), Source(url="x", every=60.0)

    def told(of: Source, learned: bytes | None) -> object:
        given = state(rhythm=learned)
        [words] = dict(facts(given, of, POLL, NOW)).get("learned", [None])
        assert facts_json(given, of, POLL, None, NOW)["learned"] == words
        return words

    assert told(source, rhythm) == "posts every 6 h"
    assert told(every, rhythm) is None
    assert told(source, None) is None
    assert told(source, learn(None, [None], NOW, None)) is None


def test_quiet_by_its_own_past() -> None:
    """A source that is well, and much quieter than ever before."""
    posts = [NOW - 60 * DAY - n * DAY for n in range(30)]
    given = state(last_success_at=NOW, rhythm=learn(None, posts, posts[0], None))
    assert standing(given, NOW) == Standing(word="quiet", since=posts[0])
    assert standing(replace(given, paused=True), NOW).word == "paused"


def kinds(error: type[PollError]) -> set[str]:
    return {error.kind}.union(*(kinds(each) for each in error.__subclasses__()))


def test_every_kind_of_error_has_its_advice() -> None:
    """E23, E28: what the operator can do, one sentence or two for each class."""
    # A host without a turn puts a poll off, and nothing fails.
    assert kinds(PollError) - {"error", HostBusy.kind} <= set(ADVICE)
    assert len(set(ADVICE.values())) == len(ADVICE)


def test_advice() -> None:
    """By kind; of HTTP errors by status; nothing for what is well; a way to try at once, but for
    a server that wants to be left alone."""

    def told(given: SourceState, status: int | None = None) -> str:
        return advice(given, standing(given, NOW), status)

    assert told(state(last_success_at=NOW)) == ""
    assert "feedmill poll" in told(state())
    assert "paused" in told(state(paused=True))
    assert "feedmill poll --source 1 --now" in told(failing(1))
    assert "--now" not in told(failing(0, "rate-limited", failures=0))
    assert told(failing(1, "http"), 404).startswith(BY_STATUS[404])
    assert told(failing(1, "http"), 503).startswith(BY_STATUS[500])
    assert told(failing(1, "http"), 418).startswith(ADVICE["http"])
    assert "was" in told(failing(1, "gone", retired=True), 410)

"""E12, E13: 429 and 503."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from config.etiquette.judging import fault, kept, none_between, some_between
from config.etiquette.replies import Answer, Moment, document, unchanged
from config.etiquette.seen import Seen
from config.etiquette.stage import Fault, Rule, Scene

GOOD = document(etag='"a"')
MORNINGS = 5
"""Polls of an hourly feed before the evening."""
WHOLE_HOST = 'retry_after = "host"'
"""The setting, as it stands in [poll] from the evening on."""


def told(status: int, *after: str) -> Answer:
    return Answer(status, b"not now", tuple(("Retry-After", each) for each in after))


NONSENSE = {
    "word": "soon",
    "negative": "-60",
    "fraction": "1.5",
    "past": "Mon, 01 Jan 2001 00:00:00 GMT",
}


def _plan_12(scene: Scene) -> None:
    scene.brief = True
    scene.feed("seconds", [GOOD, told(429, "10800"), unchanged()])
    scene.feed("503", [GOOD, told(503, "10800"), unchanged()])
    scene.feed("date", _dated)
    scene.feed("first answer", [told(429, "10800"), GOOD])
    scene.feed("a month", [GOOD, told(429, "2592000"), unchanged()], brief=False)
    for name, text in NONSENSE.items():
        scene.feed(name, [GOOD, told(429, text)], brief=False)
    scene.feed("nothing said", [GOOD, told(429)], brief=False)
    scene.feed("503, nothing said", [GOOD, told(503)], brief=False)
    # Another source of the host goes its own way, unless the operator says otherwise.
    host = scene.host()
    scene.feed("neighbour", [GOOD], host=host, path="/free.xml")
    scene.feed("limited", [GOOD, told(429, "90000"), unchanged()], host=host)
    # From the evening on the operator says otherwise (see story.py).
    host = scene.host()
    waits = [GOOD] * MORNINGS + [told(429, "100000"), told(429, "600000")]
    scene.feed("host limited", waits, host=host, path="/limited.xml", brief=False)
    scene.feed("host neighbour", [GOOD], host=host, path="/free.xml", brief=False)


def _dated(moment: Moment) -> Answer:
    if moment.count == 0:
        return GOOD
    return told(503, moment.http(3)) if moment.count == 1 else unchanged()


def _judge_12(seen: Seen) -> Iterator[Fault]:
    for name in ("seconds", "503", "date"):
        yield from some_between(seen, name, 1.0, 1.5, "its hour was over")
        yield from none_between(seen, name, 1.5, 4.24, "Retry-After said three hours, at 1.25 h")
        yield from some_between(seen, name, 4.24, 5.05, "the wait was over")
    yield from none_between(seen, "first answer", 0.1, 3.0, "Retry-After said three hours")
    yield from some_between(seen, "first answer", 3.0, 5.2, "the wait was over")
    yield from none_between(seen, "a month", 1.5, 169.2, "a month: seven days are honoured")
    yield from some_between(seen, "a month", 169.2, 200, "seven days were over")
    for name in (*NONSENSE, "nothing said", "503, nothing said"):
        yield from _growing(seen, name)
    yield from none_between(seen, "limited", 1.5, 5.3, "Retry-After said 25 hours")
    yield from some_between(seen, "neighbour", 2.0, 2.6, "only its neighbour was told to wait")
    for name in ("host limited", "host neighbour"):
        yield from none_between(seen, name, 6.5, 33.9, "its whole host is to wait 27.7 hours")
        yield from none_between(seen, name, 54.5, 200, "its whole host is to wait a week")
    yield from some_between(seen, "host limited", 33.9, 54.5, "its host's wait was over")


def _growing(seen: Seen, name: str) -> Iterator[Fault]:
    """The waits grow to a day and stay there; it is never given up."""
    times = seen.times(name)
    if sum(hour < 6.5 for hour in times) > 5:
        yield fault(f"{name}: asked at every step, refused each time", seen.polls(name))
    late = [each for each in seen.polls(name) if seen.hours(each) > 188]
    if len(late) > 1:
        yield fault(f"{name}: asked {len(late)} times in the last hours, after a week of it", late)
    yield from some_between(seen, name, 100, 200, "it was given up")


def _plan_13(scene: Scene) -> None:
    scene.feed("always", [GOOD, told(429)])
    scene.feed("told", [GOOD, told(429, "3600")])


def _judge_13(seen: Seen) -> Iterator[Fault]:
    for name in ("always", "told"):
        polls = seen.polls(name)
        for act, times in Counter(each.act for each in polls).items():
            if times > 1:
                yield fault(f"{name}: asked {times} times at {act}", polls)
        failures = (seen.source(name).get("error") or {}).get("failures")
        if failures != 0:
            yield fault(f"{name}: {failures} failures are counted, 0 were due", polls[-3:])
        yield from kept(seen, name, "one")
        yield from some_between(seen, name, 100, 200, "it was given up")
        if seen.source(name).get("status") == "retired":
            yield fault(f"{name}: it was given up", polls)
    if len(seen.polls("told")) < 7:
        yield fault("told: a source that asks for an hour is not asked again", seen.polls("told"))


RULES = (
    Rule(12, "429 and 503: not before Retry-After, else growing waits.", _plan_12, _judge_12),
    Rule(13, "429 is no failure of the source, and never an instant retry.", _plan_13, _judge_13),
)

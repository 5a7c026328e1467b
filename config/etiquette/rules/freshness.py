"""E9, E10, E24: what servers and documents say of how often. The step of the rehearsal's first
hours is 75 minutes; `every = "1h"` comes due at each unless something lengthens it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from config.etiquette.judging import fault, none_between, some_between
from config.etiquette.replies import Answer, Moment, document, unchanged
from config.etiquette.seen import Seen
from config.etiquette.stage import Fault, Rule, Scene

LASTING: dict[str, tuple[tuple[str, str], ...]] = {
    "max-age": (("Cache-Control", "max-age=10800"),),
    "among others": (("Cache-Control", 'public, s-maxage=60, Max-Age="10800", must-revalidate'),),
    "second line": (("Cache-Control", "public"), ("Cache-Control", "max-age=10800")),
    "less Age": (("Cache-Control", "max-age=14400"), ("Age", "3600")),
}
"""Three hours."""
SHORT: dict[str, tuple[tuple[str, str], ...]] = {
    "no-cache": (("Cache-Control", "no-cache, no-store, max-age=0"), ("Pragma", "no-cache")),
    "one minute": (("Cache-Control", "max-age=60"),),
    "spent": (("Cache-Control", "max-age=10800"), ("Age", "10800")),
}
"""The operator's hour stands."""


def _plan_9(scene: Scene) -> None:
    scene.brief = True
    for name, headers in (LASTING | SHORT).items():
        scene.feed(name, [document(name).but(*headers)])
    scene.feed("Expires", _expires)
    scene.feed("max-age before Expires", _both)
    month = ("Cache-Control", "max-age=2592000")
    scene.feed("a month", [document().but(month)], brief=False)


def _expires(moment: Moment) -> Answer:
    return document().but(("Date", moment.http()), ("Expires", moment.http(3)))


def _both(moment: Moment) -> Answer:
    later = ("Expires", moment.http(10))
    return document().but(("Date", moment.http()), later, ("Cache-Control", "max-age=600"))


def _judge_9(seen: Seen) -> Iterator[Fault]:
    for name in (*LASTING, "Expires"):
        yield from none_between(seen, name, 0.1, 3.0, "three hours were asked for")
        yield from some_between(seen, name, 3.0, 5.2, "its three hours were over")
    for name in (*SHORT, "max-age before Expires"):
        yield from none_between(seen, name, 0.1, 1.0, "nothing asked for more than the hour")
        yield from some_between(seen, name, 1.0, 1.5, "its hour was over")
    yield from none_between(seen, "a month", 0.1, 23.9, "a month was asked for")
    yield from some_between(seen, "a month", 23.9, 54.5, "max_interval (24 h) bounds it")


def _plan_10(scene: Scene) -> None:
    scene.brief = True
    told = ("Cache-Control", "max-age=10800")
    first = document(etag='"a"')
    scene.feed("304", [first, unchanged('"a"').but(told)])
    scene.feed("304 Expires", _expires_on_304)
    scene.feed("429", [first, Answer(429, b"slow down", (told,)), unchanged()])


def _expires_on_304(moment: Moment) -> Answer:
    if moment.count == 0:
        return document(etag='"a"')
    return unchanged('"a"').but(("Date", moment.http()), ("Expires", moment.http(3)))


def _judge_10(seen: Seen) -> Iterator[Fault]:
    for name in ("304", "304 Expires", "429"):
        yield from some_between(seen, name, 1.0, 1.5, "its hour was over")
        yield from none_between(seen, name, 1.5, 4.2, "three hours were asked for at 1.25 h")
        yield from some_between(seen, name, 4.2, 5.05, "its three hours were over")


def _plan_24(scene: Scene) -> None:
    scene.brief = True
    for name, extra in SLOWER.items():
        scene.feed(name, [document(extra=extra)])
    for name, extra in FASTER.items():
        scene.feed(name, [document(extra=extra)])
    hours = {(scene.start + timedelta(hours=n)).hour for n in range(5)}
    skipped = "".join(f"<hour>{hour}</hour>" for hour in sorted(hours))
    scene.feed("skipHours", [document(extra=f"<skipHours>{skipped}</skipHours>")], brief=False)
    days = [(scene.start + timedelta(days=n)).strftime("%A") for n in range(2)]
    listed = "".join(f"<day>{day}</day>" for day in days)
    scene.feed("skipDays", [document(extra=f"<skipDays>{listed}</skipDays>")], brief=False)


SLOWER = {
    "ttl": "<ttl>180</ttl>",
    "sy": "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>8</sy:updateFrequency>",
}
FASTER = {
    "short ttl": "<ttl>5</ttl>",
    "short sy": "<sy:updatePeriod>hourly</sy:updatePeriod>"
    "<sy:updateFrequency>30</sy:updateFrequency>",
    "zero ttl": "<ttl>0</ttl>",
}


def _judge_24(seen: Seen) -> Iterator[Fault]:
    for name in SLOWER:
        yield from none_between(seen, name, 0.1, 3.0, "the document asks for three hours")
        yield from some_between(seen, name, 3.0, 5.2, "its three hours were over")
    for name in FASTER:
        yield from none_between(seen, name, 0.1, 1.0, "hints never shorten the hour")
        yield from some_between(seen, name, 1.0, 1.5, "its hour was over")
    skipped = {(seen.start + timedelta(hours=n)).hour for n in range(5)}
    for each in seen.polls("skipHours")[1:]:
        # Later on the rehearsal leaps, and what came due in between is asked where it lands.
        if each.now.hour in skipped and seen.hours(each) < 26:
            yield fault("skipHours: asked in a skipped hour", [each])
    yield from some_between(seen, "skipHours", 4.0, 54.5, "its skipped hours were over")
    days = {(seen.start + timedelta(days=n)).weekday() for n in range(2)}
    for each in seen.polls("skipDays")[1:]:
        if each.now.weekday() in days and seen.hours(each) < 80:
            yield fault("skipDays: asked on a skipped day", [each])
    yield from some_between(seen, "skipDays", 24.0, 82.0, "its skipped days were over")


RULES = (
    Rule(
        9, "No poll before max-age (less Age), or Expires, up to max_interval.", _plan_9, _judge_9
    ),
    Rule(10, "The same on 304 and on 429.", _plan_10, _judge_10),
    Rule(24, "ttl, skipHours, skipDays and sy:* lengthen, never shorten.", _plan_24, _judge_24),
)

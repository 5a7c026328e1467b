"""E11, E31: how often when nobody says so. Towards its end the rehearsal goes in steps of 12 and
18 minutes, so that what is asked often shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise

from config.etiquette.judging import fault, none_between, some_between
from config.etiquette.replies import Answer, Moment, document, rss
from config.etiquette.seen import Seen
from config.etiquette.stage import Fault, Rule, Scene

FINE, COARSE = 191.9, 193.2
"""Hours: from the one to the other the steps are small."""
LEARNED = re.compile(r"learned|posts every")
MINUTE, MONTH = timedelta(minutes=1), timedelta(days=30)


def posting(
    every: timedelta, before: timedelta = timedelta(), *, validators: bool = True
) -> Callable[[Moment], Answer]:
    """A feed whose items appear so regularly, ten of them shown, one of them so long `before` the
    rehearsal began. Each answer is 200, with what is new since."""

    def answer(moment: Moment) -> Answer:
        origin = moment.start - before
        latest = (moment.now - origin) // every
        numbers = range(latest, latest - 10, -1)
        dates = [origin + number * every for number in numbers]
        body = rss(*[f"post-{number}" for number in numbers], dates=dates)
        return document(etag=f'"{latest}"' if validators else "").but(body=body)

    return answer


def _plan_11(scene: Scene) -> None:
    scene.feed("busy", posting(MINUTE), every=None)
    scene.feed("busy, no validators", posting(MINUTE, validators=False), every=None)
    scene.feed("monthly", posting(MONTH, timedelta(days=20)), every=None)
    scene.feed("undated", [document(etag='"a"')], every=None)
    scene.feed("every two hours", posting(MINUTE), every="2h")
    scene.feed("every day", posting(MINUTE), every="1d")


def _gaps(
    seen: Seen, name: str, least: float, most: float, after: float = 0.0, until: float = 999.0
) -> Iterator[Fault]:
    """Hours between two polls, as far as the steps of the rehearsal let them be."""
    polls = [each for each in seen.polls(name) if after <= seen.hours(each) < until]
    for one, two in pairwise(polls):
        gap = (two.now - one.now).total_seconds() / 3600
        if gap < least:
            yield fault(f"{name}: asked again after {gap:.2f} h, {least:g} h at least", [one, two])
            return
        if gap > most:
            yield fault(f"{name}: asked again only after {gap:.2f} h", [one, two])
            return
    if len(polls) < 2:
        yield fault(f"{name}: {len(polls)} requests came from hour {after:g} on", polls)


def _judge_11(seen: Seen) -> Iterator[Fault]:
    yield from _gaps(seen, "busy", 0.25, 28.0)
    yield from _gaps(seen, "busy", 0.25, 0.65, after=FINE, until=COARSE)
    yield from _gaps(seen, "busy, no validators", 1.0, 28.0)
    yield from _gaps(seen, "busy, no validators", 1.0, 2.5, after=FINE)
    yield from _gaps(seen, "monthly", 0.25, 28.0)
    # An interval of one hour to begin with, whatever is learned afterwards.
    yield from none_between(seen, "undated", 0.1, 0.9, "the first interval is one hour")
    yield from some_between(seen, "undated", 0.9, 2.6, "the first interval is one hour")
    yield from _gaps(seen, "undated", 0.25, 28.0)
    yield from _gaps(seen, "every two hours", 2.0, 28.0)
    yield from some_between(seen, "every two hours", 2.0, 2.6, "the operator said two hours")
    yield from some_between(seen, "every two hours", 4.5, 6.5, "the operator said two hours")
    yield from _gaps(seen, "every day", 24.0, 54.5)


def _plan_31(scene: Scene) -> None:
    scene.brief = True
    scene.feed("monthly", posting(MONTH, timedelta(days=20)), every=None, brief=False)
    scene.feed(
        "six hours", posting(timedelta(hours=6), timedelta(hours=1)), every=None, brief=False
    )
    scene.feed("minute", posting(MINUTE), every=None, brief=False)
    scene.feed("max-age", [document().but(("Cache-Control", "max-age=10800"))])
    told = Answer(429, b"", (("Retry-After", "500000"),))
    scene.feed("Retry-After", [document(), told])
    hours = [(scene.start + timedelta(hours=n)).hour for n in range(1, 9)]
    skipped = "".join(f"<hour>{hour}</hour>" for hour in sorted(hours))
    scene.feed("skipHours", [document(extra=f"<skipHours>{skipped}</skipHours>")])


def _judge_31(seen: Seen) -> Iterator[Fault]:
    yield from _seldom(seen, "monthly")
    late = [each for each in seen.polls("minute") if seen.hours(each) >= FINE]
    if len(late) < 4:
        yield fault(f"minute: {len(late)} requests in the last hours: it posts each minute", late)
    for name in ("max-age", "skipHours", "Retry-After"):
        yield from _reason(seen, name, re.compile(name, re.IGNORECASE))
    for name in ("monthly", "six hours", "minute"):
        yield from _reason(seen, name, LEARNED)


def _seldom(seen: Seen, name: str) -> Iterator[Fault]:
    """In the last 3.5 hours at most once, in the first 6.5 not at every step."""
    late = [each for each in seen.polls(name) if seen.hours(each) >= FINE]
    if len(late) > 1:
        yield fault(f"{name}: asked {len(late)} times in 3.5 hours, after a week of silence", late)
    first = [each for each in seen.polls(name) if seen.hours(each) < 6.5]
    if len(first) > 4:
        yield fault(f"{name}: asked {len(first)} times in its first hours", first)


def _reason(seen: Seen, name: str, wanted: re.Pattern[str]) -> Iterator[Fault]:
    reason = str(seen.source(name).get("reason"))
    if not wanted.search(reason):
        yield fault(f"{name}: the reason shown is {reason!r}", seen.polls(name)[:1])


RULES = (
    Rule(11, "Learned intervals lie between min_interval and max_interval.", _plan_11, _judge_11),
    Rule(31, "Intervals follow what is posted; the reason is shown.", _plan_31, _judge_31),
)

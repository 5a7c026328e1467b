"""E1–E6: ETag and Last-Modified, to the byte."""

from __future__ import annotations

from collections.abc import Iterator

from config.etiquette.judging import FIRST, NONE, fault, sent
from config.etiquette.replies import Answer, document, rss, unchanged
from config.etiquette.seen import Seen
from config.etiquette.stage import Fault, Rule, Scene

NOON = "Fri, 20 Nov 2026 12:00:00 GMT"
LATER = "Sat, 21 Nov 2026 12:00:00 GMT"
HTML = Answer(
    200, b"<!doctype html><title>Maintenance</title><p>Back soon", (("Content-Type", "text/html"),)
)

ETAGS = {
    "quoted": '"33a64df551425fcc"',
    "weak": 'W/"0815"',
    "small w": 'w/"0815"',
    "bare": "33a64df5-1f",
    "single quotes": "'33a64df5'",
    "half quoted": '"33a64df5',
    "quote inside": '"a"b"',
    "suffix": '"33a64df5"-gzip',
    "comma": '"one, two"',
    "empty": '""',
    "two blanks": '"a  b"',
    "escapes": '"%22&quot;\\"',
    "not ASCII": '"caf\xe9"',
    "long": '"' + "0123456789abcdef" * 128 + '"',
}
DATES = {
    "plain": NOON,
    "zone": "Fri, 20 Nov 2026 13:00:00 +0100",
    "small letters": "fri, 20 nov 2026 12:00:00 gmt",
    "old form": "Friday, 20-Nov-26 12:00:00 GMT",
    "wrong weekday": "Mon, 20 Nov 2026 12:00:00 GMT",
    "ISO": "2026-11-20T12:00:00Z",
    "no date": "yesterday",
    "future": "Sun, 20 Nov 2095 12:00:00 GMT",
}


def _plan_1(scene: Scene) -> None:
    scene.brief = True
    scene.feed("plain", [document(etag='"1"', modified=NOON)])


def _judge_1(seen: Seen) -> Iterator[Fault]:
    for name, feed in seen.record.stage.feeds.items():
        first = next(iter(seen.at(feed.host, feed.path)), None)
        if first is None and name == "E1 plain":
            yield fault("it was never asked for")
        elif first and (first.all("If-None-Match") or first.all("If-Modified-Since")):
            yield fault(f"{name}: its first request was conditional", [first])


def _plan_2(scene: Scene) -> None:
    scene.brief = True
    for name, etag in ETAGS.items():
        scene.feed(name, [document(etag=etag), unchanged()])


def _judge_2(seen: Seen) -> Iterator[Fault]:
    for name, etag in ETAGS.items():
        yield from sent(seen, name, FIRST, (etag, None), (etag, None))


def _plan_3(scene: Scene) -> None:
    scene.brief = True
    for name, date in DATES.items():
        scene.feed(name, [document(modified=date), unchanged()])
    scene.feed("none", _dated)


def _dated(_moment: object) -> Answer:
    """A document full of dates, under a Date header, and without Last-Modified."""
    extra = f"<pubDate>{NOON}</pubDate><lastBuildDate>{LATER}</lastBuildDate>"
    return document("one", etag='"only"', extra=extra).but(("Date", NOON))


def _judge_3(seen: Seen) -> Iterator[Fault]:
    for name, date in DATES.items():
        yield from sent(seen, name, FIRST, (None, date), (None, date))
    yield from sent(seen, "none", FIRST, ('"only"', None), ('"only"', None))


def _plan_4(scene: Scene) -> None:
    scene.brief = True
    first = document("one", etag='"a"', modified=NOON)
    scene.feed("etag alone", [first, document("one", "two", etag='"b"', modified=NOON)])
    scene.feed("date alone", [first, document("one", "two", etag='"a"', modified=LATER)])
    scene.feed("same bytes", [first, document("one", etag='"b"', modified=NOON)])
    # Other bytes, and not one article more.
    touched = document("one", etag='"b"', modified=LATER).but(body=rss("one") + b"<!-- x -->")
    scene.feed("same articles", [first, touched])
    scene.feed("unreadable", [first, HTML.but(("ETag", '"html"'), ("Last-Modified", LATER))])


def _judge_4(seen: Seen) -> Iterator[Fault]:
    start = FIRST, ('"a"', NOON)
    yield from sent(seen, "etag alone", *start, ('"b"', NOON))
    yield from sent(seen, "date alone", *start, ('"a"', LATER))
    yield from sent(seen, "same bytes", *start, ('"b"', NOON))
    yield from sent(seen, "same articles", *start, ('"b"', LATER))
    yield from sent(seen, "unreadable", *start)
    for poll in seen.polls("unreadable"):
        if '"html"' in poll.all("If-None-Match") or LATER in poll.all("If-Modified-Since"):
            yield fault("validators of a body that could not be read were kept", [poll])


def _plan_5(scene: Scene) -> None:
    scene.brief = True
    both = document("one", etag='"a"', modified=NOON)
    scene.feed("both", [both])
    scene.feed("date stops", [both, document("two", etag='"b"')])
    scene.feed("etag stops", [both, document("two", modified=LATER)])
    scene.feed("both stop", [both, document("two")])
    scene.feed("304 names one", [both, unchanged(etag='"a"')])


def _judge_5(seen: Seen) -> Iterator[Fault]:
    start = FIRST, ('"a"', NOON)
    yield from sent(seen, "both", *start, ('"a"', NOON))
    yield from sent(seen, "date stops", *start, ('"b"', None))
    yield from sent(seen, "etag stops", *start, (None, LATER))
    yield from sent(seen, "both stop", *start, NONE)
    yield from sent(seen, "304 names one", *start, ('"a"', NOON))


def _plan_6(scene: Scene) -> None:
    """A backup was put back: everything older than before, and right."""
    scene.brief = True
    new, old = ('"b"', LATER), ('"a"', NOON)
    names = ("one", "two", "three", "four")
    steps = [
        document(name, etag=etag, modified=date)
        for name, (etag, date) in zip(names, (old, new, old, new), strict=True)
    ]
    scene.feed("back and forth", steps)
    oops = Answer(500, b"oops", (("ETag", '"oops"'), ("Last-Modified", NOON)))
    scene.feed("error between", [*steps[:2], oops, unchanged()])
    scene.feed("304 between", [*steps[:2], unchanged('"a"', NOON), unchanged()])


def _judge_6(seen: Seen) -> Iterator[Fault]:
    start = FIRST, ('"a"', NOON), ('"b"', LATER)
    yield from sent(seen, "back and forth", *start, ('"a"', NOON), ('"b"', LATER))
    yield from sent(seen, "error between", *start, ('"b"', LATER))
    yield from sent(seen, "304 between", *start, ('"a"', NOON))


RULES = (
    Rule(1, "The first request for a source is unconditional.", _plan_1, _judge_1),
    Rule(2, "An ETag goes back byte for byte as it came.", _plan_2, _judge_2),
    Rule(3, "If-Modified-Since is the server's last Last-Modified.", _plan_3, _judge_3),
    Rule(4, "Both validators are kept of every 200 that could be read.", _plan_4, _judge_4),
    Rule(5, "Both are sent when both are held; a dropped one is dropped.", _plan_5, _judge_5),
    Rule(6, "No validator is sent that is older than the latest.", _plan_6, _judge_6),
)

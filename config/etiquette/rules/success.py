"""E7, E8, E18, E27: 304, the same bytes again, encodings, deltas."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

import brotli

from config.etiquette.judging import FIRST, failed_as, fault, kept, sent
from config.etiquette.replies import Answer, document, rss, unchanged
from config.etiquette.rules.validators import LATER, NOON
from config.etiquette.seen import Seen
from config.etiquette.stage import Fault, Rule, Scene

MAX_BODY = 1_000_000
"""As the rehearsal configures it, in bytes."""


def _plan_7(scene: Scene) -> None:
    scene.brief = True
    first = document("one", etag='"a"', modified=NOON)
    scene.feed("recovers", [first, Answer(500), unchanged('"b"', LATER), unchanged()])


def _judge_7(seen: Seen) -> Iterator[Fault]:
    name = "recovers"
    yield from sent(seen, name, FIRST, *[('"a"', NOON)] * 2, ('"b"', LATER))
    yield from kept(seen, name, "one")
    if seen.source(name).get("status") != "ok" or seen.source(name).get("error"):
        yield fault(f"{name}: its error outlived a 304", seen.polls(name), str(seen.source(name)))
    if "not-modified" not in seen.outcomes(name):
        yield fault(f"{name}: no poll was recorded as not modified", seen.polls(name))


def _plan_8(scene: Scene) -> None:
    scene.brief = True
    first = document("one", "two", etag='"a"', modified=NOON)
    scene.feed("same", [first, document("one", "two", etag='"b"', modified=LATER)])


def _judge_8(seen: Seen) -> Iterator[Fault]:
    yield from sent(seen, "same", FIRST, ('"a"', NOON), ('"b"', LATER))
    yield from kept(seen, "same", "one", "two")
    outcomes = seen.outcomes("same")
    if outcomes[:1] != ["new"] or set(outcomes[1:]) - {"same"}:
        yield fault(f"the same bytes were worked on again: {outcomes}", seen.polls("same"))


def _packed(how: str, *codings: str, more: bytes = b"") -> Answer:
    body = rss(how.replace(" ", "-")) + more
    for coding in codings:
        body = _PACK[coding](body)
    told = ("Content-Encoding", ", ".join(codings))
    return Answer(200, body, (("Content-Type", "application/rss+xml"), told))


_PACK = {"gzip": gzip.compress, "br": brotli.compress, "deflate": zlib.compress}
READ = {"gzip": ("gzip",), "brotli": ("br",), "deflate": ("deflate",), "five": ("gzip",) * 5}


def _plan_18(scene: Scene) -> None:
    for name, codings in READ.items():
        scene.feed(name, [_packed(name, *codings)], every="30d")
    scene.feed("six", [_packed("six", *["gzip"] * 6)], every="30d")
    padding = b"<!--" + b" " * (2 * MAX_BODY) + b"-->"
    for name, coding in (("gzip bomb", "gzip"), ("brotli bomb", "br")):
        scene.feed(name, [_packed(name, coding, more=padding)], every="30d")


def _judge_18(seen: Seen) -> Iterator[Fault]:
    feeds = seen.record.stage.feeds.values()
    for feed in feeds:
        for each in seen.at(feed.host, feed.path):
            offered = {part.strip().partition(";")[0] for part in
                       (each.one("Accept-Encoding") or "").lower().split(",")}  # fmt: skip
            if not {"gzip", "br"} <= offered:
                yield fault("gzip or br is not offered", [each])
                return
    for name in READ:
        yield from kept(seen, name, name)
    yield from failed_as(seen, "six", "encoding")
    for name in ("gzip bomb", "brotli bomb"):
        yield from failed_as(seen, name, "too-large")
        if seen.guids(name):
            yield fault(f"{name}: a body beyond the cap was read", seen.polls(name))


def _plan_27(scene: Scene) -> None:
    whole = document("one", "two", etag='"1"')
    delta = document("three", etag='"2"').but(("IM", "feed"), status=226)
    scene.feed("delta", [whole, delta, unchanged()], more=['categories = ["delta"]'])


def _judge_27(seen: Seen) -> Iterator[Fault]:
    for name, feed in seen.record.stage.feeds.items():
        for each in seen.at(feed.host, feed.path):
            wanted = [part.strip().lower() for part in (each.one("A-IM") or "").split(",")]
            if each.method == "GET" and "feed" not in wanted:
                yield fault(f"{name}: A-IM: feed was not sent", [each])
                return
    yield from sent(seen, "delta", FIRST, ('"1"', None), ('"2"', None))
    yield from kept(seen, "delta", "one", "two", "three")
    if seen.source("delta").get("articles") != 3 or seen.error("delta"):
        yield fault("a delta was not read as one", seen.polls("delta"), str(seen.source("delta")))
    everything = b"".join(seen.record.published.values())
    for name in ("one", "two", "three"):
        if f"Title of {name}".encode() not in everything:
            yield fault(f"{name} is not published after the delta", seen.polls("delta"))


RULES = (
    Rule(7, "304 is a success: errors end, validators move, articles stay.", _plan_7, _judge_7),
    Rule(8, "The same bytes again cost no work; their validators are kept.", _plan_8, _judge_8),
    Rule(18, "gzip and br are offered; what they unpack to is bounded.", _plan_18, _judge_18),
    Rule(27, "A-IM: feed is sent; what a delta leaves out is not removed.", _plan_27, _judge_27),
)

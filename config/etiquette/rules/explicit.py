"""E14, E15: adding, restarting, and the operator's own hand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from config.etiquette.judging import fault, none_between, some_between
from config.etiquette.replies import Answer, document
from config.etiquette.rules.validators import NOON
from config.etiquette.seen import Seen
from config.etiquette.stage import Fault, Rule, Scene

FEED, PAGE = "127.1.14.101", "127.1.14.102"
"""Hosts: of a feed that is added; of a page that is added, and of the feed that it names."""
CHANGED = {"sooner": "2h", "sooner, fresh": "2h", "later": "1d"}
"""Feeds of E15 whose `every` is another after the restart."""


def _plan_14(scene: Scene) -> None:
    scene.serve(FEED, "/feed.xml", [document("added one", "added two", etag='"a"')])
    link = scene.url(PAGE)
    page = (
        "<!doctype html><html><head><title>A page</title><link rel='alternate' "
        f"type='application/rss+xml' title='Its feed' href='{link}'></head><body>Hi</body></html>"
    )
    scene.serve(PAGE, "/", [Answer(200, page.encode(), (("Content-Type", "text/html"),))])
    scene.serve(PAGE, "/feed.xml", [document("page one", etag='"a"')])
    scene.also(FEED, PAGE)


def _judge_14(seen: Seen) -> Iterator[Fault]:
    said = tuple(seen.record.said.get(act, "") for act in ("add a feed", "add a page"))
    acts = ("add a feed", "add a page", "after adding", "restart")
    strays = [each for each in seen.at(PAGE) if each.path not in ("/", "/feed.xml")]
    if strays:
        yield Fault("adding a page asked for more than it names", tuple(strays), said)
    stored = {str(each["guid"]) for each in seen.record.articles}
    for host, path, what, guid in (
        (FEED, "/feed.xml", "a feed", "added one"),
        (PAGE, "/", "a page", ""),
        (PAGE, "/feed.xml", "a page's feed", "page one"),
    ):
        asked = [each for each in seen.at(host, path) if each.act in acts]
        if len(asked) != 1:
            yield Fault(
                f"adding {what} took {len(asked)} requests, one was due", tuple(asked), said
            )
        if guid and guid not in stored:
            yield Fault(f"{what} was not read when it was added", tuple(asked), said)


def _plan_15(scene: Scene) -> None:
    both = document(etag='"a"', modified=NOON)
    scene.feed("now", [both.but(("Cache-Control", "max-age=10800"))], every="3h")
    scene.feed("told to wait", [both, Answer(429, b"", (("Retry-After", "72000"),))])
    scene.feed("fresh", [both], every="20d")
    scene.feed("not due", [both], every="20d")
    scene.feed("hour", [both])
    scene.feed("sooner", [both], every="20d")
    asking = both.but(("Cache-Control", "max-age=36000"))
    scene.feed("sooner, fresh", [asking], every="20d")
    scene.feed("later", [both], every="1h")
    host = scene.host()
    for name in ("one", "two", "three"):
        scene.feed(
            f"host {name}", [both.but(after=0.2)], host=host, path=f"/{name}.xml", every="20d"
        )


FORCED = ("now", "told to wait", "host one", "host two", "host three")


def _judge_15(seen: Seen) -> Iterator[Fault]:
    yield from _now(seen)
    polls = [each for each in seen.polls("fresh") if each.act == "poll --fresh"]
    if len(polls) != 1 or polls[0].all("If-None-Match") or polls[0].all("If-Modified-Since"):
        yield fault("`poll --fresh` did not ask once, without validators", polls)
    for name in ("not due", "hour", "later", "sooner, fresh", "now"):
        asked = [each for each in seen.polls(name) if each.act in ("restart", "clock set back")]
        if asked:
            yield fault(f"{name}: asked at {asked[0].act}, before it was due", asked)
    back = [each for each in seen.everything if each.act == "clock set back"]
    if back:
        yield fault("the clock was set back, and sources were asked", back)
    yield from some_between(seen, "sooner", 5.05, 5.5, "`every` became 2h: it was overdue")
    yield from none_between(seen, "sooner, fresh", 0.1, 10.0, "ten hours of max-age stand")
    yield from some_between(seen, "sooner, fresh", 10.0, 28.0, "`every` became 2h")
    yield from none_between(seen, "later", 5.05, 28.9, "`every` became 1d, asked last at 5 h")
    yield from none_between(seen, "not due", 0.1, 480.0, "the operator said 20 days")


def _now(seen: Seen) -> Iterator[Fault]:
    """`poll --now`, with Retry-After, conditions and the host's limit."""
    now = {n: [p for p in seen.polls(n) if p.act == "poll --now"] for n in FORCED}
    for name in FORCED:
        if name != "told to wait" and len(now[name]) != 1:
            yield fault(f"{name}: `poll --now` made {len(now[name])} requests", now[name])
        for poll in now[name]:
            if poll.all("If-None-Match") != ['"a"'] or poll.all("If-Modified-Since") != [NOON]:
                yield fault(f"{name}: `poll --now` was not conditional", [poll])
    if now["told to wait"]:
        yield fault("`poll --now` passed over Retry-After", now["told to wait"])
    yield from none_between(seen, "told to wait", 1.5, 21.2, "Retry-After said twenty hours")
    host = sorted((p for n in FORCED[2:] for p in now[n]), key=lambda each: each.at)
    for one, two in pairwise(host):
        if two.at - one.at < 1.0 or two.open > 1:
            yield fault("`poll --now` passed over the host's limit", [one, two])


RULES = (
    Rule(14, "Adding a source costs one GET in all.", _plan_14, _judge_14),
    Rule(15, "No restart, reload or clock polls early; `poll --now` keeps its bounds.",
         _plan_15, _judge_15),
)  # fmt: skip

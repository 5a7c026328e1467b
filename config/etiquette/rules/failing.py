"""E23, E28: what is gone, what fails, and what only looks like an answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from config.etiquette.judging import failed_as, fault, kept, none_between, some_between
from config.etiquette.replies import Answer, away, document, rss
from config.etiquette.seen import Seen
from config.etiquette.stage import Fault, Rule, Scene

GOOD = document("one", "two", etag='"a"')
# libcurl, as RFC 7686 wants it, fails on such a name without asking any server.
NOWHERE = "http://feedmilletiquette.onion/feed.xml"


def _html(text: str, status: int = 200, *headers: tuple[str, str]) -> Answer:
    page = f"<!doctype html><html><head><title>{text}</title></head><body><h1>{text}</h1>"
    return Answer(status, page.encode(), (("Content-Type", "text/html"), *headers))


CHALLENGE = _html(
    "Just a moment...",
    403,
    ("cf-mitigated", "challenge"),
    ("ETag", '"no"'),
    ("Server", "cloudflare"),
)
WALLS = {
    "200 page": _html("Checking your browser", 200, ("ETag", '"no"')),
    "200 page named a feed": Answer(
        200,
        b"<!DOCTYPE html><html><head><title>Checking your browser</title></head><body>"
        b"<script>/cdn-cgi/challenge-platform/</script></body></html>",
        (("Content-Type", "application/rss+xml"), ("ETag", '"no"')),
    ),
    "nothing": Answer(200, b"", (("Content-Type", "application/rss+xml"), ("ETag", '"no"'))),
}


def _plan_23(scene: Scene) -> None:
    scene.feed("gone", [GOOD, Answer(410)])
    scene.feed("gone once", [GOOD, Answer(410), GOOD])
    scene.feed("not found", [GOOD, Answer(404)])
    scene.feed("no such host", url=NOWHERE)


def _judge_23(seen: Seen) -> Iterator[Fault]:
    gone = seen.polls("gone")
    if len(gone) != 3:
        yield fault(f"gone: {len(gone)} requests; one good, one 410, one to confirm were due", gone)
    if seen.source("gone").get("status") != "retired":
        yield fault("gone: `sources` does not say that it is retired", seen.polls("gone"))
    if len(seen.polls("gone once")) < 6 or seen.source("gone once").get("status") != "ok":
        yield fault("gone once: it was given up without confirmation", seen.polls("gone once"))
    for name in ("gone", "gone once", "not found"):
        yield from kept(seen, name, "one", "two")
    late = [hour for hour in seen.times("not found") if hour > 188]
    if len(late) > 1:
        yield fault(f"not found: asked {len(late)} times in the last hours, after a week of 404",
                    seen.polls("not found"))  # fmt: skip
    yield from some_between(seen, "not found", 150, 200, "never a silent stop")
    yield from failed_as(seen, "no such host", "dns")
    yield from _daily(seen, "no such host")
    yield from _daily(seen, "not found")


def _daily(seen: Seen, name: str) -> Iterator[Fault]:
    """What `sources` shows of when it is next asked: in about a day."""
    row = seen.source(name)
    if row.get("status") != "failing" or not row.get("next"):
        yield fault(f"{name}: `sources` does not show that it fails", seen.polls(name), str(row))
        return
    wait = datetime.fromisoformat(row["next"]) - datetime.fromisoformat(row["last_polled"])
    if not 20 < wait.total_seconds() / 3600 < 30:
        yield fault(
            f"{name}: its wait is {wait} after a week of failing", seen.polls(name), str(row)
        )


def _plan_28(scene: Scene) -> None:
    scene.brief = True
    scene.feed("403 challenge", [GOOD, CHALLENGE])
    for name, wall in WALLS.items():
        scene.feed(name, [GOOD, wall])
    scene.serve(login := scene.host(), "/login", [_html("Log in", 200, ("ETag", '"no"'))])
    scene.feed("login", [GOOD, away(302, scene.url(login, "/login"))])
    scene.feed("for a while", [GOOD, CHALLENGE, WALLS["200 page"], document("one", "two", "three")])
    scene.feed("page from the start", [WALLS["200 page"]])
    # An empty feed is one: no entry is missing that it should show.
    scene.feed("empty feed", [GOOD, Answer(200, rss())])


def _judge_28(seen: Seen) -> Iterator[Fault]:
    yield from failed_as(seen, "403 challenge", "blocked")
    for name in (*WALLS, "login"):
        yield from failed_as(seen, name, "blocked", "not-a-feed", "empty")
        yield from kept(seen, name, "one", "two")
    for name in (*WALLS, "login", "403 challenge"):
        for poll in seen.polls(name):
            if '"no"' in poll.all("If-None-Match"):
                yield fault(f"{name}: the validators of a wall were kept", [poll])
                break
        if seen.source(name).get("status") not in ("failing", "blocked"):
            yield fault(f"{name}: `sources` does not say that it fails", seen.polls(name)[-1:])
    yield from kept(seen, "for a while", "one", "two", "three")
    yield from failed_as(seen, "page from the start", "blocked", "not-a-feed")
    if seen.error("for a while") or seen.error("empty feed"):
        yield fault("a feed that is readable again is shown as failing", seen.polls("for a while"))
    yield from none_between(seen, "403 challenge", 0.1, 1.0, "its hour was not over")


RULES = (
    Rule(23, "410 ends after one confirmation; 404 and DNS go down to daily.", _plan_23, _judge_23),
    Rule(28, "A wall of HTML is an error, never an empty feed.", _plan_28, _judge_28),
)

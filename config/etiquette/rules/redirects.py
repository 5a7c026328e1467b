"""E20–E22: redirects, and what goes along."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from config.etiquette.judging import (
    FIRST,
    NONE,
    failed_as,
    fault,
    kept,
    none_between,
    sent,
)
from config.etiquette.replies import Answer, Moment, away, document
from config.etiquette.rules.validators import HTML, LATER, NOON
from config.etiquette.seen import Seen
from config.etiquette.stage import Fault, Rule, Scene

TEMPORARY, PERMANENT = (302, 303, 307), (301, 308)
BOTH = document(etag='"a"', modified=NOON)


def _plan_20(scene: Scene) -> None:
    scene.brief = True
    scene.serve(end := scene.host(), "/end.xml", [BOTH])
    scene.feed("end", [away(302, scene.url(end, "/end.xml"))])
    scene.serve(one := scene.host(), "/one.xml", [BOTH])
    scene.serve(two := scene.host(), "/two.xml", [document("two", etag='"b"', modified=LATER)])
    targets = (scene.url(one, "/one.xml"), scene.url(two, "/two.xml"))
    scene.feed("other end", [away(302, each) for each in targets])
    scene.serve(stranger := scene.host(), "/s.xml", [document("two", etag='"b"')])
    scene.feed("stranger", [BOTH, away(302, scene.url(stranger, "/s.xml"))])
    scene.feed("other query", _by_query, path="/feed.xml?v=1")


def _by_query(moment: Moment) -> Answer:
    return BOTH if moment.target.endswith("v=2") else away(302, "/feed.xml?v=2")


def _judge_20(seen: Seen) -> Iterator[Fault]:
    bare, both = NONE, ('"a"', NOON)
    yield from sent(seen, "end", FIRST, bare, bare)
    yield from sent(seen, "other end", FIRST, bare)
    yield from sent(seen, "stranger", FIRST, both)
    for path, wanted in (("/end.xml", (bare, both, both)), ("/one.xml", (bare,)),
                         ("/two.xml", (bare,)), ("/s.xml", (bare,))):  # fmt: skip
        hops = [each for each in seen.own() if each.path == path]
        if len(hops) < len(wanted):
            yield fault(f"{path}: {len(hops)} requests came", hops)
        for hop, (etag, date) in zip(hops, wanted, strict=False):
            if (hop.one("If-None-Match"), hop.one("If-Modified-Since")) != (etag, date):
                yield fault(f"{path}: {hop.one('If-None-Match')} went there, {etag} was due", [hop])
    asked = seen.polls("other query")
    for number, hop in enumerate(asked):
        due = hop.target.endswith("v=2") and number > 1
        if (hop.one("If-None-Match") == '"a"') != due:
            yield fault(
                f"{hop.target}: validators of another address, or none", asked[: number + 1]
            )
            break


def _plan_21(scene: Scene) -> None:
    before = document("one", "two", title="Before")
    for status in (*TEMPORARY, *PERMANENT):
        target = scene.host()
        scene.serve(target, "/new.xml", [document("two", "three", title="After")])
        scene.feed(str(status), [before, away(status, scene.url(target, "/new.xml"))])
    scene.serve(target := scene.host(), "/new.xml", [before])
    new = scene.url(target, "/new.xml")
    scene.feed("301 once", [before, away(301, new), before])
    scene.serve(target := scene.host(), "/new.xml", [before])
    scene.serve(other := scene.host(), "/new.xml", [before])
    scene.feed("301 wavering", lambda moment: before if moment.count == 0 else away(
        301, scene.url((target, other)[moment.count % 2], "/new.xml")))  # fmt: skip
    scene.serve(stranger := scene.host(), "/new.xml", [document("spam", title="Pills")])
    scene.feed("301 to a stranger", [before, away(301, scene.url(stranger, "/new.xml"))])
    scene.serve(page := scene.host(), "/new.xml", [HTML])
    scene.feed("301 to a page", [before, away(301, scene.url(page, "/new.xml"))])
    scene.feed("301 to nothing", [before, away(301, scene.url(scene.host(), "/gone.xml"))])


def _judge_21(seen: Seen) -> Iterator[Fault]:
    for name in (*map(str, TEMPORARY), "301 once", "301 wavering", "301 to a stranger"):
        late = [each for each in seen.polls(name) if seen.hours(each) > 170]
        if not late:
            yield fault(f"{name}: its own address is not asked any more", seen.polls(name))
    for name in ("301 to a page", "301 to nothing"):
        if not any(seen.hours(each) > 100 for each in seen.polls(name)):
            yield fault(f"{name}: its own address is not asked any more", seen.polls(name))
    for status in PERMANENT:
        name = str(status)
        if len([hour for hour in seen.times(name) if hour < 6.5]) < 5:
            yield fault(f"{name}: adopted within hours", seen.polls(name))
        yield from none_between(seen, name, 170, 300, "seen for a week, and not adopted")
        yield from kept(seen, name, "one", "two", "three")
        yield from _told(seen, name)


def _told(seen: Seen, name: str) -> Iterator[Fault]:
    """Adoption is logged, shown, and can be taken back."""
    number = seen.source(name).get("id")
    if not seen.log_lines(f'"source": {number},', '"address changed"'):
        yield fault(f"{name}: no line of the log says that its address was changed")
    if seen.feed(name).url not in seen.record.said.get("redirects", ""):
        said = seen.record.said.get("redirects", "").splitlines()
        yield fault(f"{name}: `redirects` does not show it", (), *said[:5])


def _plan_22(scene: Scene) -> None:
    scene.serve(end := scene.host(), "/c.xml", [document("one", "two")])
    scene.serve(inner := scene.host(), "/b.xml", [away(302, scene.url(end, "/c.xml"))])
    chain = away(301, scene.url(inner, "/b.xml"))
    scene.feed("permanent, temporary", [document("one", "two"), chain])
    scene.serve(end := scene.host(), "/c.xml", [document("one", "two")])
    scene.serve(inner := scene.host(), "/b2.xml", [away(301, scene.url(end, "/c.xml"))])
    chain = away(302, scene.url(inner, "/b2.xml"))
    scene.feed("temporary, permanent", [document("one", "two"), chain])
    for count in (5, 6):
        hosts = [scene.host() for _ in range(count)]
        urls = [scene.url(host, f"/hop{i}of{count}.xml") for i, host in enumerate(hosts, 1)]
        for i, host in enumerate(hosts, 1):
            reply = document(f"end of {count}") if i == count else away(302, urls[i])
            scene.serve(host, f"/hop{i}of{count}.xml", [reply])
        scene.feed(f"{count} hops", [away(302, urls[0])], every="30d")
    turn = (scene.host(), scene.host())
    scene.serve(turn[1], "/loop.xml", [away(301, scene.url(turn[0], "/loop.xml"))])
    back = away(301, scene.url(turn[1], "/loop.xml"))
    scene.feed("loop", [back], host=turn[0], path="/loop.xml", every="30d")


def _judge_22(seen: Seen) -> Iterator[Fault]:
    by_act: dict[str, Counter[str]] = {}
    for each in seen.own():
        by_act.setdefault(each.act, Counter())[each.path] += 1
    for act, paths in by_act.items():
        if paths["/c.xml"] > paths["/b.xml"] + paths["/b2.xml"]:
            asked = [each for each in seen.own() if each.act == act]
            yield fault(f"the end of a temporary redirect was adopted, at {act}", asked)
            break
    if not any(hour > 170 for hour in seen.times("temporary, permanent")):
        yield fault("what stands behind a temporary redirect was adopted",
                    seen.polls("temporary, permanent"))  # fmt: skip
    yield from kept(seen, "5 hops", "end of 5")
    yield from failed_as(seen, "6 hops", "redirects")
    last = [each for each in seen.own() if each.path == "/hop6of6.xml"]
    if last:
        yield fault("a sixth redirect was followed", last)
    loop = [each for each in seen.own() if each.path == "/loop.xml" and each.act == "first"]
    if len(loop) > 6:
        yield fault(f"{len(loop)} requests were made in a circle", loop)


RULES = (
    Rule(20, "Validators go only to the address that gave them.", _plan_20, _judge_20),
    Rule(21, "Temporary redirects change nothing; permanent ones after days, with proof.",
         _plan_21, _judge_21),
    Rule(22, "A chain is permanent up to its first temporary hop; five hops at most.",
         _plan_22, _judge_22),
)  # fmt: skip

"""E19, E29: one host, one connection at a time, and a pause between two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from config.etiquette.judging import fault
from config.etiquette.origin import Asked
from config.etiquette.replies import Answer, document
from config.etiquette.rules.explicit import PAGE
from config.etiquette.seen import Seen
from config.etiquette.stage import LOCALHOST, Fault, Rule, Scene

DELAY = 1.0
"""Seconds: the default."""
ANYWHERE = 'allow_private = ["127.0.0.0/8", "::1/128"]'
QUICK = ("red", "green", "blue")
SPREAD = 6
"""So many feeds with the same interval, on hosts of their own, asked at one moment."""


def _plan_19(scene: Scene) -> None:
    host, ports = scene.host(), scene.ports
    for name, port in (("one", ports.plain), ("two", ports.second), ("three", ports.plain)):
        url = f"http://{host}:{port}/{name}.xml"
        slow = [document(name).but(after=0.4)]
        scene.feed(name, slow, host=host, path=f"/{name}.xml", url=url, every="30d")
    scene.also(LOCALHOST)
    for name, port, spelt in (
        ("small", ports.plain, "localhost"), ("LARGE", ports.second, "LOCALHOST"),
    ):  # fmt: skip
        url = f"http://{spelt}:{port}/{name}.xml"
        slow = [document(name).but(after=0.4)]
        scene.feed(name, slow, host=LOCALHOST, path=f"/{name}.xml", url=url,
                   every="30d", more=[ANYWHERE])  # fmt: skip
    # Whoever makes no pause is the more easily seen the less an answer takes.
    quick = scene.host()
    for name in QUICK:
        scene.feed(name, host=quick, path=f"/{name}.xml", every="30d")
    # A redirect within one host is two requests to it.
    hop = scene.host()
    scene.serve(hop, "/feed.xml", [document("hop")])
    away = Answer(302, headers=(("Location", "/feed.xml"),))
    scene.feed("redirect", [away], host=hop, path="/old.xml", every="30d")
    for number in range(SPREAD):
        scene.feed(f"spread {number}", [document()], brief=True)


def _judge_19(seen: Seen) -> Iterator[Fault]:
    for names in (("one", "two", "three"), ("small", "LARGE"), QUICK):
        polls = [each for name in names for each in seen.polls(name)]
        if len(polls) < len(names):
            yield fault(f"{len(polls)} requests came from {', '.join(names)}", polls)
        yield from apart(polls)
    yield from apart(seen.at(seen.feed("redirect").host))
    for host, polls in _by_host(seen.everything).items():
        crowded = [each for each in polls if each.open > 1]
        if crowded and not host.startswith("127.1.29."):
            yield fault(f"{host}: {crowded[0].open} connections at once", crowded)
            return
    yield from _spread(seen)


def _by_host(asked: Sequence[Asked]) -> dict[str, list[Asked]]:
    found: defaultdict[str, list[Asked]] = defaultdict(list)
    for each in asked:
        found[each.host].append(each)
    return found


def apart(asked: Sequence[Asked]) -> Iterator[Fault]:
    """Never two at once, and a second from one's start to the next one's. Where the rehearsal's
    clock has leapt between them, hours have passed by the clock that the poller goes by."""
    for one, two in pairwise(sorted(asked, key=lambda each: each.at)):
        if two.open > 1 or (one.ended or two.at) > two.at:
            yield fault("two connections to one host at once", [one, two])
            return
        pause = max(two.at - one.at, (two.now - one.now).total_seconds())
        if pause < DELAY:
            yield fault(f"two requests to one host within {pause:.2f} s", [one, two])
            return


def _spread(seen: Seen) -> Iterator[Fault]:
    rows = [seen.source(f"spread {number}") for number in range(SPREAD)]
    due = [datetime.fromisoformat(row["next"]) for row in rows if row.get("next")]
    if len(due) < SPREAD:
        yield fault("`sources` does not show when they are due")
        return
    apart_by = (max(due) - min(due)).total_seconds()
    if apart_by < 60:
        yield fault(
            f"{SPREAD} feeds with one interval are due within {apart_by:.0f} s of each other"
        )
    if sum(moment.minute == 0 and moment.second == 0 for moment in due) > 1:
        yield fault("their next times gather on the hour")


def _plan_29(scene: Scene) -> None:
    host = scene.host()
    hub = (("Link", f'<{scene.url(host, "/hub")}>; rel="hub"'),
           ("Link", f'<{scene.url(host)}>; rel="self"'))  # fmt: skip
    scene.feed("with a hub", [document("one").but(*hub, after=0.3)], host=host, every="30d")
    for name in ("two", "three", "four"):
        beside = [document(name).but(after=0.3)]
        scene.feed(f"beside it, {name}", beside, host=host, path=f"/{name}.xml", every="30d")
    # So long that who asks it without a turn asks for one of those meanwhile.
    scene.serve(host, "/hub", [Answer(202, after=2.0), Answer(202)])


def _judge_29(seen: Seen) -> Iterator[Fault]:
    asked = seen.own()
    if not any(each.method == "POST" for each in asked):
        yield fault("the hub was never asked: no errand to judge", asked)
    yield from apart(asked)
    yield from apart(seen.at(PAGE))


RULES = (
    Rule(19, "One connection at a time per host, a pause between, times spread.",
         _plan_19, _judge_19),
    Rule(29, "Hubs and discovery share their host's budget.", _plan_29, _judge_29),
)  # fmt: skip

"""E16, E17: what no request carries, and what every request says of us."""

from __future__ import annotations

import re
from collections.abc import Iterator

from config.etiquette.judging import fault
from config.etiquette.replies import document
from config.etiquette.seen import Seen
from config.etiquette.stage import Fault, Rule, Scene

CONTACT = "etiquette@example.org"
COOKIES = (
    ("Set-Cookie", "id=1; Path=/"),
    ("Set-Cookie", "more=2; Path=/; Max-Age=999999"),
    ("Set-Cookie2", "old=3"),
)
_AGENT = re.compile(r"Feedmill/\d[\w.+-]* \(\+https?://[^\s;()]+; [^\s()]+\)")


def _plan_16(scene: Scene) -> None:
    scene.brief = True
    given = document(etag='"a"').but(*COOKIES)
    scene.feed("cookies", [given])
    target = scene.host()
    scene.serve(target, "/feed.xml", [given])
    host = scene.host()
    away = document().but(*COOKIES, ("Location", scene.url(target)), status=302)
    scene.feed("cookies on a redirect", [away], host=host)
    # The query is the publisher's: not a byte more, not a byte less, and in its order.
    scene.feed("query", [given], path="/feed.xml?b=2&a=1&a=&empty")


def _judge_16(seen: Seen) -> Iterator[Fault]:
    for each in seen.everything:
        for name in ("Cookie", "Cookie2", "Referer", "Origin"):
            if each.all(name):
                yield fault(f"{name} was sent", [each])
                return
    for name in ("cookies", "query"):
        if not seen.polls(name):
            yield fault(f"{name}: it was never asked for")
    for key, feed in seen.record.stage.feeds.items():
        wanted = "/" + feed.url.split("#")[0].split("/", 3)[3]
        for each in seen.at(feed.host, feed.path):
            if each.target != wanted and key != "E20 other query":
                yield fault(f"{key}: {each.target} was asked for, {wanted} was due", [each])
                return


def _plan_17(scene: Scene) -> None:
    scene.brief = True
    scene.feed("plain", [document()])


def _judge_17(seen: Seen) -> Iterator[Fault]:
    agents: dict[tuple[str, ...], list[str]] = {}
    for each in seen.everything:
        found = tuple(each.all("User-Agent"))
        agents.setdefault(found, []).append(each.target)
        text = "".join(found)
        if len(found) != 1 or not _AGENT.fullmatch(text) or "mozilla" in text.lower():
            yield fault(f"User-Agent is {list(found)}", [each])
            return
        if CONTACT not in text:
            yield fault(f"User-Agent names no way to the operator: {text}", [each])
            return
    if len(agents) != 1:
        yield fault(f"{len(agents)} User-Agents were sent", (), *[str(each) for each in agents])


RULES = (
    Rule(16, "No cookies, no Referer, no query of our own.", _plan_16, _judge_16),
    Rule(17, "User-Agent: product, version, address, contact; always the same.",
         _plan_17, _judge_17),
)  # fmt: skip

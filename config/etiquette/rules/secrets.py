"""E32: credentials go to their own host, and nowhere else."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from config.etiquette.judging import failed_as, fault
from config.etiquette.replies import Answer, Moment, away, document
from config.etiquette.seen import Seen
from config.etiquette.stage import Fault, Rule, Scene

TOKEN, KEY, WORD, QUERY, OTHER = (
    f"e32-{name}-5f3a9c" for name in ("token", "key", "word", "query", "other")
)
SECRETS = (TOKEN, KEY, WORD, QUERY, OTHER)
SHOWN = 'categories = ["secrets"]'
FILE = "token.txt"
"""In the rehearsal's folder; holds the token."""
_BASIC = base64.b64encode(f"reader:{WORD}".encode()).decode()
_BEARER = 'headers = { Authorization = { file = "token.txt" }, X-Api-Key = "' + KEY + '" }'


def _plan_32(scene: Scene) -> None:
    scene.brief = True
    scene.feed("header", [document("one"), _away(scene)], more=[_BEARER, SHOWN])
    host = scene.host()
    given = scene.url(host).replace("://", f"://reader:{WORD}@")
    scene.feed("userinfo", [document("two"), _away(scene)], host=host, url=given, more=[SHOWN])
    host = scene.host(tls=True)
    scene.feed("downgrade", [away(302, scene.url(host, "/plain.xml"))], host=host,
               url=scene.url(host, tls=True), more=[_BEARER, SHOWN])  # fmt: skip
    scene.serve(host, "/plain.xml", [document("plain")])
    secret = ["secret_url = true", SHOWN]
    scene.feed("query", _echo, path=f"/feed.xml?token={QUERY}", more=secret)
    scene.feed("query, failing", [Answer(404)], path=f"/feed.xml?token={OTHER}", more=secret)
    scene.feed("query, away", [_away(scene)], path=f"/feed.xml?token={QUERY}", more=secret)
    refused = Answer(401, f"no such key: {KEY}".encode(), (("WWW-Authenticate", KEY),))
    scene.feed("refused", [refused], more=[_BEARER, SHOWN])


def _away(scene: Scene) -> Answer:
    """To a host that is nobody's own."""
    scene.serve(stranger := scene.host(), "/s.xml", [document("elsewhere")])
    return away(302, scene.url(stranger, "/s.xml"))


def _echo(moment: Moment) -> Answer:
    """A document that names its own secret address, as many do."""
    own = f"http://example.org{moment.target}"
    extra = f'<atom:link rel="self" href="{own}"/><generator uri="{own}">x</generator>'
    return document("three", title="Named by its title", extra=extra)


def _judge_32(seen: Seen) -> Iterator[Fault]:
    yield from _own_host(seen)
    for each in seen.everything:
        text = " ".join([each.target, *(value for _, value in each.headers)])
        held = [one for one in (*SECRETS, _BASIC) if one in text]
        if held and not _theirs(seen, each):
            yield fault(f"{held[0]} went to {each.host}:{each.port}{each.path}", [each])
            break
    texts = {"the log": seen.record.log, "a verb's output": "\n".join(seen.record.outputs)}
    texts |= {f"published {k}": v.decode("utf-8", "replace")
              for k, v in seen.record.published.items()}  # fmt: skip
    for place, text in texts.items():
        for one in (*SECRETS, _BASIC):
            if one in text:
                line = next((line for line in text.splitlines() if one in line), "")
                yield fault(f"{one} stands in {place}", (), line[:300])
    yield from failed_as(seen, "query, failing", "http")


def _theirs(seen: Seen, asked: object) -> bool:
    names = ("header", "userinfo", "query", "query, failing", "query, away", "refused")
    if any(asked in seen.polls(name) for name in names):
        return True
    return any(asked is each and each.port == seen.record.stage.ports.tls
               for each in seen.polls("downgrade"))  # fmt: skip


def _own_host(seen: Seen) -> Iterator[Fault]:
    """They do arrive where they belong."""
    for name, header, value in (
        ("header", "Authorization", TOKEN), ("header", "X-Api-Key", KEY),
        ("userinfo", "Authorization", f"Basic {_BASIC}"), ("downgrade", "Authorization", TOKEN),
    ):  # fmt: skip
        polls = seen.polls(name)
        if not polls or any(value not in poll.all(header) for poll in polls):
            yield fault(f"{name}: {header} did not arrive at its own host", polls[-1:])
    if not seen.own() or not [each for each in seen.own() if each.path == "/plain.xml"]:
        yield fault("downgrade: the redirect from https to http was not followed", seen.own())


RULES = (Rule(32, "Credentials go to their own host, and are never shown.", _plan_32, _judge_32),)

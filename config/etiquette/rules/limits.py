"""E25, E26: how long an answer may take, and which addresses are never dialled."""

from __future__ import annotations

from collections.abc import Iterator

from config.etiquette.judging import FIRST, NONE, failed_as, fault, sent
from config.etiquette.replies import Drip, Reply, away, document, rss
from config.etiquette.seen import Seen
from config.etiquette.stage import Fault, Rule, Scene

LIMIT = 2.0
"""Seconds, as these feeds are configured."""
SLACK = 2.5
"""A busy machine is late; a drip would go on for ten seconds more."""
_HEAD = b'HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: "half"\r\n'
_WHOLE = rss("half")

SLOW: dict[str, Reply] = {
    "silence": document().but(after=14.0),
    "slow headers": Drip(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"z"),
    "slow body": Drip(_HEAD + b"Content-Length: 900000\r\n\r\n" + _WHOLE, b" "),
    "slow chunks": Drip(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
                        + b"%x\r\n%b\r\n" % (len(_WHOLE), _WHOLE), b"1\r\n \r\n"),
    "endless": Drip(_HEAD + b"\r\n" + _WHOLE, b"<!-- -->"),
}  # fmt: skip


def _plan_25(scene: Scene) -> None:
    scene.brief = True
    limit = [f'timeout = "{LIMIT:g}s"']
    for name, reply in SLOW.items():
        scene.feed(name, [reply], every="30d", more=limit)
    scene.serve(end := scene.host(), "/end.xml", [SLOW["slow body"]])
    late = away(302, scene.url(end, "/end.xml")).but(after=LIMIT * 0.6)
    scene.feed("slow redirect", [late], every="30d", more=limit)
    cut = document("half", etag='"half"')
    scene.feed("cut off", [cut.but(length=len(cut.body) + 100), document("whole")])


def _judge_25(seen: Seen) -> Iterator[Fault]:
    for name in (*SLOW, "slow redirect"):
        yield from failed_as(seen, name, "too-slow")
        if seen.guids(name):
            yield fault(f"{name}: a body that was cut off was read", seen.polls(name))
        polls = [each for each in seen.polls(name) if each.act == "first"]
        if name == "slow redirect":
            polls += [
                each for each in seen.own() if each.path == "/end.xml" and each.act == "first"
            ]
        if not polls or polls[-1].ended is None:
            yield fault(f"{name}: it was never given up", polls)
        elif (took := polls[-1].ended - polls[0].at) > LIMIT + SLACK:
            yield fault(f"{name}: given up after {took:.1f} s, {LIMIT:g} s were allowed", polls)
    if "half" in seen.guids("cut off"):
        yield fault("cut off: half a body was read as whole", seen.polls("cut off"))
    yield from sent(seen, "cut off", FIRST, NONE)
    if "whole" not in seen.guids("cut off"):
        yield fault("cut off: the whole body was not read afterwards", seen.polls("cut off"))


FORMS = {
    "plain": "http://127.2.0.1:{port}/",
    "loopback": "http://127.0.0.1:{port}/",
    "name": "http://localhost:{port}/",
    "one number": "http://2130837505:{port}/",
    "hexadecimal": "http://0x7f020001:{port}/",
    "octal": "http://0177.02.0.1:{port}/",
    "short": "http://127.2.1:{port}/",
    "all zeros": "http://0.0.0.0:{port}/",
    "nought": "http://0:{port}/",
    "mapped": "http://[::ffff:127.2.0.1]:{port}/",
    "mapped in hexadecimal": "http://[::ffff:7f02:1]:{port}/",
    "IPv6 loopback": "http://[::1]:{port}/",
    "unspecified": "http://[::]:{port}/",
    "userinfo": "http://127.1.26.1@127.2.0.1:{port}/",
    "full width": "http://１２７.２.０.１:{port}/",
}
"""Ways to say an address that is not allowed; all of this machine, should a guard fail."""
SCHEMES = {"file": "file:///etc/hostname", "gopher": "gopher://127.2.0.1:{port}/"}


def _plan_26(scene: Scene) -> None:
    port = scene.ports.guarded
    for name, form in (FORMS | SCHEMES).items():
        to = form.format(port=port).encode().decode("latin-1")
        scene.feed(f"to {name}", [away(302, to)], every="30d")
    for name in ("plain", "loopback", "one number", "mapped", "name"):
        url = FORMS[name].format(port=port) + str(len(name))
        scene.feed(f"at {name}", url=url, host=f"127.1.26.{100 + len(name)}", every="30d")
    scene.feed("allowed", [document("allowed")], every="30d")


def _judge_26(seen: Seen) -> Iterator[Fault]:
    port = seen.record.stage.ports.guarded
    dialled = sorted({host for host, at in seen.record.connected if at == port})
    asked = [each for each in seen.everything if each.port == port]
    if dialled:
        yield fault(f"dialled: {', '.join(dialled)}", asked)
    for name in FORMS:
        if not seen.polls(f"to {name}"):
            yield fault(f"to {name}: it was never asked for")
        yield from failed_as(seen, f"to {name}", "address", "bad-redirect", "dns")
    for name in SCHEMES:
        yield from failed_as(seen, f"to {name}", "bad-redirect", "address")
    for name in ("plain", "loopback"):
        yield from failed_as(seen, f"at {name}", "address")
        yield from failed_as(seen, f"to {name}", "address")
    if "allowed" not in seen.guids("allowed"):
        yield fault("an address of the allowed network was not read", seen.polls("allowed"))


RULES = (
    Rule(25, "The time limit is total; a body that it cuts off is not read.", _plan_25, _judge_25),
    Rule(26, "No address that is not allowed is dialled, on any hop.", _plan_26, _judge_26),
)

"""E30: a feed whose hub pushes is polled at most daily, and as before when the lease lapses."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from urllib.parse import parse_qs, urlencode

from config.etiquette.judging import fault, none_between, some_between
from config.etiquette.replies import Answer, Moment
from config.etiquette.rules.intervals import FINE, posting
from config.etiquette.seen import Seen
from config.etiquette.stage import Fault, Rule, Scene

LEASE = 3 * 86_400
"""Seconds that the hub grants, once; what is asked for later it does not verify."""


def _hub(moment: Moment) -> Answer:
    """202, and the first time a request to the callback (WebSub §5.3)."""
    if moment.count == 0:
        threading.Thread(target=_verify, args=(moment.body,), daemon=True).start()
    return Answer(202)


def _verify(body: bytes) -> None:
    form = {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
    query = urlencode(
        {
            "hub.mode": form.get("hub.mode", ""),
            "hub.topic": form.get("hub.topic", ""),
            "hub.challenge": "a-challenge-to-repeat",
            "hub.lease_seconds": LEASE,
        }
    )
    callback = form.get("hub.callback", "")
    join = "&" if "?" in callback else "?"
    if callback.startswith("http://127."):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with suppress(OSError, urllib.error.URLError):
            opener.open(f"{callback}{join}{query}", timeout=10).close()


def _plan_30(scene: Scene) -> None:
    host, hub = scene.host(), scene.host()
    links = (
        ("Link", f'<{scene.url(hub, "/hub")}>; rel="hub"'),
        ("Link", f'<{scene.url(host)}>; rel="self"'),
    )
    hourly = posting(timedelta(hours=1))
    scene.feed("pushed", lambda moment: hourly(moment).but(*links), every=None, host=host)
    scene.serve(hub, "/hub", _hub)


def _judge_30(seen: Seen) -> Iterator[Fault]:
    asked = [each for each in seen.own() if each.path == "/hub"]
    forms = [parse_qs(each.body.decode("latin-1")) for each in asked]
    if not forms or forms[0].get("hub.mode") != ["subscribe"]:
        yield fault("the hub was not asked for a subscription", seen.own())
        return
    if forms[0].get("hub.topic") != [seen.feed("pushed").url]:
        yield fault(f"the topic is {forms[0].get('hub.topic')}", asked[:1])
    why = "its subscription is live: once a day is enough"
    yield from none_between(seen, "pushed", 0.1, 20.0, why)
    yield from some_between(seen, "pushed", 20.0, 55.0, "a poll a day is the safety net")
    if not any(seen.hours(each) > 35 for each in asked):
        yield fault("the subscription was not renewed", asked)
    late = [each for each in seen.polls("pushed") if seen.hours(each) > FINE]
    if len(late) < 2:
        yield fault("its lease has lapsed, and it is not polled as before", seen.polls("pushed"))


RULES = (
    Rule(30, "With a live hub at most daily; back to polling when it lapses.", _plan_30, _judge_30),
)

"""/metrics for Prometheus: few figures that mean something, and none for each source."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from config.desk.call import HEADERS
from config.desk.house import House
from config.outgoing import rows
from config.quiet import Quiet
from feeds import VERSION
from feeds.errors import FeedmillError
from feeds.models import Outcome

OFTEN = 15.0
"""Seconds for which counts of the whole database are kept: they read all of it."""


class Metrics:
    """An ASGI application."""

    def __init__(self, house: House) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Collector(house))

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        visitor, request = scope["visitor"], Request(scope)
        if scope["path"] != "/metrics":
            response: Response = PlainTextResponse("There is nothing here.\n", 404, HEADERS)
        elif request.method not in ("GET", "HEAD"):
            response = PlainTextResponse(
                "Method not allowed.\n", 405, HEADERS | {"Allow": "GET, HEAD"}
            )
        elif visitor.role not in ("admin", "metrics"):
            text = "A token is needed: `feedmill token add NAME --for metrics`.\n"
            status = 403 if visitor.role else 401
            response = PlainTextResponse(text, status, HEADERS | {"WWW-Authenticate": "Bearer"})
        else:
            encode, kind = choose_encoder(request.headers.get("accept", ""))
            try:
                body = await run_in_threadpool(encode, self._registry)
                response = Response(body, 200, HEADERS, kind)
            except FeedmillError as error:
                response = PlainTextResponse(f"Not at the moment: {error}\n", 503, HEADERS)
        await response(scope, receive, send)


class _Collector(Collector):
    def __init__(self, house: House) -> None:
        self._house = house
        self._counted, self._counts = 0.0, dict[str, int]()
        self._quiet, self._lock = Quiet(house.store), threading.Lock()

    def collect(self) -> Iterator[Metric]:
        """Raises StoreError."""
        house, figures = self._house, self._house.figures()
        yield _info()
        yield from self._sources()
        polls = CounterMetricFamily(
            "feedmill_polls", "Polls by outcome, since `run` began.", labels=["outcome"]
        )
        for outcome in Outcome:  # all of them: no rule works on what is not there yet
            polls.add_metric([outcome.value], figures.get("polls", {}).get(outcome.value, 0))
        yield polls
        articles = CounterMetricFamily(
            "feedmill_articles", "Articles that came, by what they were.", labels=["kind"]
        )
        for kind in ("new", "changed"):
            articles.add_metric([kind], figures.get("articles", {}).get(kind, 0))
        yield articles
        yield from self._stored()
        yield from _publishing(house)
        yield _gauge(
            "feedmill_troubles", "What is wrong now, as the desk shows it.",
            len(house.store.open_happenings()),
        )  # fmt: skip
        note = house.engine()
        yield _gauge(
            "feedmill_configuration_refused",
            "1 when the file was changed and is wrong, so that the one before is at work.",
            int(bool(note.get("complaints"))),
        )

    def _sources(self) -> Iterator[Metric]:
        store, stands = self._house.store, self._house.store.stands()
        now = store.now()
        with self._lock:
            quiet = len(self._quiet(now))
        # Some of them may have had something new since they were counted.
        quiet = min(quiet, stands.states.get("ok", 0))
        states = Counter(stands.states) + Counter(quiet=quiet)
        states["ok"] -= quiet
        found = GaugeMetricFamily("feedmill_sources", "Sources by state.", labels=["state"])
        for state in ("new", "ok", "quiet", "waiting", "failing", "blocked", "paused", "retired"):
            found.add_metric([state], states[state])
        yield found
        yield _gauge("feedmill_articles_held", "Held by the flood guard.", stands.held)
        due = stands.oldest_due or now
        yield _gauge(
            "feedmill_due_lag_seconds", "How long the oldest due source has waited.",
            max(0.0, (now - due).total_seconds()),
        )  # fmt: skip

    def _stored(self) -> Iterator[Metric]:
        if time.monotonic() - self._counted > OFTEN or not self._counts:
            self._counts = self._house.store.counts()
            self._counted = time.monotonic()
        counts = self._counts
        stored = GaugeMetricFamily("feedmill_stored", "Rows in the database.", labels=["kind"])
        for kind in ("articles", "stories"):
            stored.add_metric([kind], counts[kind])
        yield stored
        yield _gauge(
            "feedmill_articles_merged", "Articles that share a story with another.",
            max(0, counts["articles"] - counts["stories"]),
        )  # fmt: skip


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _info() -> InfoMetricFamily:
    return InfoMetricFamily("feedmill", "Which Feedmill this is.", {"version": VERSION})


def _publishing(house: House) -> Iterator[Metric]:
    figures = house.figures()
    delays = HistogramMetricFamily(
        "feedmill_publishing_delay_seconds", "From an article's recording to its feeds."
    )
    count = figures.get("delayed", 0)
    buckets = [(bound, float(n)) for bound, n in figures.get("delays", {}).items()]
    delays.add_metric([], [*buckets, ("+Inf", float(count))], figures.get("delay_sum", 0.0))
    yield delays
    yield _gauge(
        "feedmill_feeds_refused", "Feeds whose last version broke a rule.",
        len(figures.get("refused", ())),
    )  # fmt: skip
    apart = house.store.quarantined()
    yield _gauge("feedmill_articles_quarantined", "Kept out of all feeds by the gate.", len(apart))
    told = CounterMetricFamily(
        "feedmill_hub_deliveries", "To subscribers, by what became of them.", labels=["outcome"]
    )
    for outcome in ("told", "failed", "gone"):
        told.add_metric([outcome], figures.get("deliveries", {}).get(outcome, 0))
    yield told
    waiting = house.store.hub_queue()
    yield _gauge("feedmill_hub_waiting", "Subscribers that are to be told yet.", waiting[0])
    yield _gauge("feedmill_hub_failing", "Subscribers that did not answer lately.", waiting[1])
    readers = GaugeMetricFamily(
        "feedmill_feed_subscribers", "Readers of the busier of the last two days.", labels=["feed"]
    )
    hub = GaugeMetricFamily(
        "feedmill_hub_subscriptions", "Confirmed subscriptions of the hub.", labels=["feed"]
    )
    for row in rows(house.app):
        if row["updated"] is None:
            continue  # in the file, and not at work yet
        readers.add_metric([row["feed"]], row["subscribers"])
        hub.add_metric([row["feed"]], row["hub"])
    yield readers
    yield hub

"""What a cold import costs by stage: the documents of the corpus, in one process, without network.

    python -m tests.benchmarks.stages [--rounds 5]

read → crossed (to the process that asked) → polled (named, dated, scheduled) → recorded → linked,
into a database in memory; CPU milliseconds for each document, the best of the rounds. What linking
asks of the store stands apart, and within it texts and keys. What a process costs at its start, the
network and the threads are not in it: `python -m tests.benchmarks --only cold` has these.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from aggregator.identity.urls import default_rules
from aggregator.likeness.sketch import sketch
from aggregator.likeness.words import text_of
from aggregator.poll import Poller
from aggregator.read.reader import read
from aggregator.stories.link import Linker, configured_domains
from aggregator.stories.plans import House
from feeds.models import Document, Source
from feeds.protocols import Request, Response
from feeds.store import Store, open_store
from tests.aggregator.test_poll import ok
from tests.shared import shared
from tests.store.material import TTL

BATCH = 8
"""Polls that are recorded together."""


@dataclass
class Clocks:
    """CPU seconds by stage, the least of all rounds."""

    best: dict[str, float] = field(default_factory=lambda: defaultdict(lambda: math.inf))
    now: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        begun = time.process_time()
        try:
            yield
        finally:
            self.now[stage] += time.process_time() - begun

    def end_round(self) -> None:
        for stage, spent in self.now.items():
            self.best[stage] = min(self.best[stage], spent)
        self.now.clear()


class Timed:
    """A LinkStore that is timed by method."""

    def __init__(self, store: Store, clocks: Clocks) -> None:
        self._store, self._clocks = store, clocks

    def __getattr__(self, name: str) -> Any:
        method: Callable[..., Any] = getattr(self._store, name)
        if name == "serial":
            return method

        def timed(*given: Any) -> Any:
            with self._clocks.of(f"  of it store.{name}"):
                return method(*given)

        return timed


class Canned:
    """A Fetcher that knows a document for each address."""

    def __init__(self, bodies: dict[str, bytes]) -> None:
        self._bodies = bodies

    def fetch(self, request: Request) -> Response:
        return replace(ok(self._bodies[request.url]), url=request.url)


def a_round(bodies: dict[str, bytes], clocks: Clocks) -> int:
    """How many articles were stored."""
    documents: dict[str, Document] = {}
    for url, body in bodies.items():
        with clocks.of("read"):
            documents[url] = read(body, url, "application/xml")
    encode, decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Document).decode
    for url, document in documents.items():
        with clocks.of("crossed"):
            documents[url] = decode(encode(document))
    store = open_store("sqlite://")
    store.sync_sources([Source(url=url) for url in bodies])
    store.make_due()
    poller = Poller(
        sources={},
        fetcher=Canned(bodies),
        read=lambda _body, url, _kind, _known: documents[url],
        archive=store.archive,
        seen=store.seen,
        rules=default_rules(),
        now=store.now,
    )
    claims = store.claim_due(len(bodies), TTL)
    while claims := claims or store.claim_due(len(bodies), TTL):
        some, claims = claims[:BATCH], claims[BATCH:]
        with clocks.of("polled"):
            polls = [poller(claim) for claim in some]
        with clocks.of("recorded"):
            store.record(polls)
        entries = [each.entry for poll in polls for each in poll.new]
        with clocks.of("texts alone"):
            texts = [text_of(entry) for entry in entries]
        with clocks.of("keys alone"):
            for text in texts:
                sketch(text.body)
    house = House(domains=configured_domains(list(bodies)))
    linker = Linker(store=Timed(store, clocks), house=lambda: house)
    with clocks.of("linked"):
        linked = linker()
    store.close()
    clocks.end_round()
    return linked


def stages(bodies: Sequence[bytes], rounds: int) -> tuple[dict[str, float], int]:
    """Stage → CPU seconds; and articles."""
    named = {f"https://s{n}.test/feed": body for n, body in enumerate(bodies)}
    clocks, linked = Clocks(), 0
    for _ in range(rounds):
        linked = a_round(named, clocks)
    return dict(clocks.best), linked


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    bodies = [path.read_bytes() for path in sorted(shared("corpus").iterdir())]
    found, linked = stages(bodies, chosen.rounds)
    for stage, spent in found.items():
        print(f"{stage:<28} {spent / len(bodies) * 1000:7.2f} ms")
    print(f"{linked} articles of {len(bodies)} documents")


if __name__ == "__main__":
    main()

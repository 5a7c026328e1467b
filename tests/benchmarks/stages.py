"""What a cold import costs by stage: the documents of the corpus, in one process, without network.

    python -m tests.benchmarks.stages [--rounds 5]

read → crossed (to the process that asked) → polled (named, dated, scheduled) → recorded → linked,
into a database in memory; CPU milliseconds for each document, of each part the best of the rounds.
Texts and keys are a part of linking, and alone as well. What a process costs at its start, the
network and the threads are not in it: `python -m tests.benchmarks --only cold` has these.
"""

from __future__ import annotations

import argparse
import gc
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
    """CPU seconds by stage: of each part of it the least of all rounds, since on a shared machine
    hardly any round is undisturbed as a whole."""

    best: dict[tuple[str, str], float] = field(
        default_factory=lambda: defaultdict(lambda: math.inf)
    )
    now: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def of(self, stage: str, part: str = "") -> Iterator[None]:
        begun = time.process_time()
        try:
            yield
        finally:
            self.now[stage, part] += time.process_time() - begun

    def end_round(self) -> None:
        for key, spent in self.now.items():
            self.best[key] = min(self.best[key], spent)
        self.now.clear()

    def by_stage(self) -> dict[str, float]:
        found: dict[str, float] = defaultdict(float)
        for (stage, _), spent in self.best.items():
            found[stage] += spent
        return found


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
    gc.disable()  # as a reading process has it
    for url, body in bodies.items():
        with clocks.of("read", url):
            documents[url] = read(body, url, "application/xml")
    gc.enable()
    encode, decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Document).decode
    for url, document in documents.items():
        with clocks.of("crossed", url):
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
        first = str(some[0].source_id)
        with clocks.of("polled", first):
            polls = [poller(claim) for claim in some]
        with clocks.of("recorded", first):
            store.record(polls)
        entries = [each.entry for poll in polls for each in poll.new]
        with clocks.of("texts alone", first):
            texts = [text_of(entry) for entry in entries]
        with clocks.of("keys alone", first):
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
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)  # as `feedmill poll` has it
    for _ in range(rounds):
        linked = a_round(named, clocks)
        gc.collect()
    return clocks.by_stage(), linked


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

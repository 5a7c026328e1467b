"""One source polled for real: store, clock, HTTP, reading, recording.

here = Polling(store, clock, Source(url=origin.url("/feed")))
poll = here.polled(hours=2)        # two hours later: due, claimed, polled, recorded
here.state, here.titles()
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from aggregator.fetch import HttpFetcher
from aggregator.identity.urls import default_rules
from aggregator.poll import Limits, Poller
from aggregator.read.reader import read
from feeds.models import Poll, Source, SourceState
from feeds.protocols import ReadDocument
from feeds.store import Store
from tests.databases import Clock
from tests.store.material import TTL

AGENT = "Feedmill/9.9 (+https://wire.test; ops@wire.test)"


@dataclass
class Polling:
    store: Store
    clock: Clock
    source: Source
    read: ReadDocument = read
    limits: Limits = field(default_factory=lambda: Limits(allow_private=True, timeout=5.0))

    ttl = TTL

    def __post_init__(self) -> None:
        self.store.sync_sources([self.source])
        self.poller = Poller(
            sources={self.source.url: self.source},
            fetcher=HttpFetcher(AGENT, now=self.clock),
            read=self.read,
            archive=self.store.archive,
            seen=self.store.seen,
            rules=default_rules(),
            now=self.clock,
            limits=self.limits,
        )

    def polled(self, *, fresh: bool = False, **later: float) -> Poll:
        """As `poll --now` does it, that much later (an hour)."""
        self.clock.forward(**later or {"hours": 1})
        self.store.make_due(fresh=fresh)
        [claim] = self.store.claim_due(1, TTL)
        poll = self.poller(claim)
        self.store.record([poll])
        return poll

    def asked_now(self) -> bool:
        """Whether `poll --now` could poll it."""
        self.store.make_due()
        claims = self.store.claim_due(1, TTL)
        self.store.release(claims)
        return bool(claims)

    def with_source(self, **more: Any) -> None:
        """Another configuration of it."""
        self.source = replace(self.source, **more)
        self.__post_init__()

    @property
    def state(self) -> SourceState:
        [state] = self.store.sources()
        return state

    def titles(self) -> list[str]:
        return sorted(each.entry.title for each in self.store.articles(None, 1000))

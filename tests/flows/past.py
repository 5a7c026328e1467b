"""Days that an installation has behind it: polled over real HTTP, on a clock driven up to now.

with Past(here, days=10) as past:
    past.polls(hours=12, times=4)       # every 12 hours, whatever is due then
    origin.answer("/feed", Answer(410))
    past.until_now(hours=12)
here.json("sources")                    # the installed command, at the real time
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import TracebackType

from aggregator.fetch import HttpFetcher
from aggregator.identity.urls import default_rules
from aggregator.poll import Limits, Poller
from aggregator.read.reader import read
from config.load import load
from config.poll_log import log_poll
from feeds.store import open_store
from tests.flows.command import Installation

TTL = timedelta(minutes=2)


class Past:
    """The installation's own database and configuration, and a clock `days` ago."""

    def __init__(self, here: Installation, *, days: float) -> None:
        self.at = datetime.now(UTC) - timedelta(days=days)
        here.database.parent.mkdir(exist_ok=True)
        settings = load(here.folder / "feedmill.toml")
        self.store = open_store(settings.store_url, now=self.now, host_delay=0.0)
        self.store.sync_sources(settings.sources.values())
        self._poller = Poller(
            sources=settings.sources,
            fetcher=HttpFetcher("Feedmill/past", now=self.now),
            read=read,
            archive=self.store.archive,
            seen=self.store.seen,
            rules=default_rules(),
            now=self.now,
            limits=Limits(allow_private=True),
        )

    def now(self) -> datetime:
        return self.at

    def polls(self, *, hours: float, times: int) -> None:
        for _ in range(times):
            while claims := self.store.claim_due(50, TTL):
                polls = [self._poller(claim) for claim in claims]
                for poll, result in zip(polls, self.store.record(polls), strict=True):
                    log_poll(poll, result)
            self.at += timedelta(hours=hours)

    def until_now(self, *, hours: float) -> None:
        times = int((datetime.now(UTC) - self.at) / timedelta(hours=hours))
        self.polls(hours=hours, times=times)

    def __enter__(self) -> Past:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.store.close()

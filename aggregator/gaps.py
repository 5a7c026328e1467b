"""Gaps: items that rolled off a source's document unseen are fetched from its older pages.

RFC 5005 prev-archive (and `next` of paged feeds, JSON Feed's next_url), within a budget, each page
in a turn of its own at the host (E19). What a page shows is recorded like a delivery: articles, and
nothing of how the source stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

import structlog

from aggregator.deliveries import pushed
from feeds.errors import FetchError, HostBusy
from feeds.models import Claim, Gap, Poll, Recorded, Source
from feeds.protocols import Fetcher, PollStore, Request, Response

log = structlog.get_logger("feedmill.poll")

WHY = "older page"
AT_ONCE = 20
"""Gaps of one look."""


class GapStore(PollStore, Protocol):
    def gaps(self, limit: int) -> list[Gap]:
        """Pages that are to be read, of the sources that have gaps; the oldest gap first."""

    def next_page(self, gap: Gap, url: str | None) -> None:
        """Read that one next, None: the gap is filled, or can't be; unless it is another gap by
        now. Takes one off its budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """`fetcher`: an Errands; `request`: what a poll of that source would send; `given`:
    Poller.given; `ttl`: of claims; `on_recorded`: as a dispatcher's."""

    store: GapStore
    fetcher: Fetcher
    request: Callable[[Source, str], Request]
    given: Callable[[Claim, Response, str], tuple[Poll, str | None]]
    sources: Mapping[str, Source]
    ttl: timedelta
    on_recorded: Callable[[Sequence[Poll], Sequence[Recorded]], None]

    def fill(self, stopping: Callable[[], bool]) -> None:
        """One page of each gap. Raises StoreError."""
        for gap in self.store.gaps(AT_ONCE):
            if stopping():
                return
            source = self.sources.get(gap.source_url)
            if source is None or source.paused:
                self.store.next_page(gap, None)
            else:
                self._page(gap, source)

    def _page(self, gap: Gap, source: Source) -> None:
        try:
            response = self.fetcher.fetch(self.request(source, gap.page))
        except HostBusy:
            return
        except FetchError as error:
            log.info("older page unread", source=gap.source_id, error=str(error))
            self.store.next_page(gap, None)
            return
        claim = self.store.claim_one(gap.source_url, self.ttl)
        if claim is None:
            return
        poll, older = self.given(claim, response, WHY)
        if poll.failure is not None:
            self.store.release([claim])
            self.store.next_page(gap, None)
            return
        missed = tuple(each for each in poll.new if each.published > gap.since)
        poll = pushed(replace(poll, new=missed))
        recorded = self.store.record([poll])
        self.on_recorded([poll], recorded)
        log.info("older page", source=gap.source_id, new=recorded[0].new)
        # A page that shows something we had, or older things, is where the gap ends.
        whole = bool(missed) and len(missed) == len(poll.new) and not poll.changed
        self.store.next_page(gap, older if whole and gap.pages > 1 else None)

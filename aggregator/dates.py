"""The first-seen rule: what an article's dates are, given what its source claims. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from feeds.models import Entry

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""There were no feeds before; 1970 is a broken clock (P16)."""


def plausible(claim: datetime | None, first_seen: datetime) -> datetime | None:
    """The claim, unless it is missing, before 1990 or later than first seen."""
    return claim if claim is not None and EARLIEST <= claim <= first_seen else None


def first_dates(entries: Sequence[Entry], first_seen: datetime) -> list[tuple[datetime, datetime]]:
    """(published, updated) for new articles, in the order of their entries (newest first).

    Without a usable date an article gets first seen, the undated ones of a document one second
    apart in document order, so that sorting by date keeps the publisher's order.
    """
    undated = 0
    found = []
    for entry in entries:
        updated = plausible(entry.updated, first_seen)
        published = plausible(entry.published, first_seen) or updated
        if published is None:
            published = first_seen - timedelta(seconds=undated)
            undated += 1
        found.append((published, max(published, updated or published)))
    return found


def updated_date(entry: Entry, before: datetime, now: datetime) -> datetime:
    """When a known article's edit counts as updated: the publisher's word if it is plausible and
    later than what was known, else now."""
    claim = plausible(entry.updated, now)
    return claim if claim is not None and claim > before else now

"""When a source shows its archive as if it were new. Pure.

A migration changes every guid, a redesign every link, a bug dates everything today: what comes is
far more than the source's history explains, and most of it is old, or known by another mark.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from aggregator.identity.keys import Bound
from aggregator.likeness.words import words_of
from feeds.models import Entry, KeyKind, Stored

LEAST = 10
"""New entries below which a poll is never a flood; and articles that make a history."""
_SUSPECT = 0.5
"""Part of them that must be old or known."""
_SLACK = timedelta(days=1)
"""Before the last look at the source, that an article may be dated and come late."""
ARCHIVE = 2000
"""Articles of the source that are looked through."""


def is_many(new: int, articles: int) -> bool:
    """Whether so many at once are to be looked at: of a source with a history."""
    return new >= LEAST and articles >= LEAST


def is_flood(
    fresh: Sequence[Bound], archive: Sequence[Stored], last_success: datetime | None
) -> bool:
    """Whether many of them are old or known."""
    titles = {_title(each.entry) for each in archive} - {()}
    urls = {key.digest for each in archive for key in each.known.keys if key.kind is KeyKind.URL}
    newest = max((each.known.published for each in archive), default=None)
    limits = [at - _SLACK for at in (newest, last_success) if at is not None]
    before = min(limits, default=None)
    suspect = sum(_suspect(each, titles, urls, before) for each in fresh)
    return bool(fresh) and suspect >= _SUSPECT * len(fresh)


def _suspect(
    each: Bound,
    titles: Collection[tuple[str, ...]],
    urls: Collection[bytes],
    before: datetime | None,
) -> bool:
    entry = each.item.entry
    claim = entry.published or entry.updated
    if before is not None and claim is not None and claim < before:
        return True
    if _title(entry) in titles:
        return True
    return any(key.kind is KeyKind.URL and key.digest in urls for key in each.item.keys)


def _title(entry: Entry) -> tuple[str, ...]:
    return tuple(words_of(entry.title))

"""What the web server has to know of a feed's documents, beside them in their folder. Pure.

Which version of each document told how much of the feed's log, so that a reader who names one gets
what came since (RFC 3229); how many archives there were; how long a copy may be kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from itertools import pairwise
from statistics import median

import msgspec

from feeds.models import FeedItem, FeedPage, FeedState, RenderedFile
from feeds.text import xml_safe
from publisher.outlet import NOTES
from publisher.render.site import path

KEPT = 64
"""Versions of a document that are remembered."""
SHORTEST, LONGEST = 60, 3600
"""Seconds for which a copy of a document may be kept."""


@dataclass(frozen=True, kw_only=True)
class Notes:
    """`tags`: by file name, (tag, last event of the log that it tells of), oldest first."""

    seq: int = 0
    sealed: int = 0
    max_age: int = SHORTEST
    hubs: Sequence[str] = ()
    tags: Mapping[str, list[tuple[str, int]]] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    """By public id of what the documents show, or name as deleted: its newest event."""

    def known(self, name: str, tag: str) -> int | None:
        """How far the version of that tag told of the log; None for an unknown one."""
        return dict(self.tags.get(name, ())).get(tag)


SITE = ".site.json"


@dataclass(frozen=True, kw_only=True)
class SiteNotes:
    """Feeds that there are no more; former slug → the one of today."""

    gone: Sequence[str] = ()
    moved: Mapping[str, str] = field(default_factory=dict)


def site_file(gone: Sequence[str], moved: Mapping[str, str], modified: datetime) -> RenderedFile:
    body = msgspec.json.encode(SiteNotes(gone=gone, moved=moved))
    kind = "application/octet-stream"
    return RenderedFile(path=SITE, body=body, media_type=kind, modified=modified)


def read_site(packed: bytes | None) -> SiteNotes:
    """Empty for what is not there, or not ours."""
    try:
        return msgspec.json.decode(packed or b"{}", type=SiteNotes)
    except msgspec.MsgspecError:
        return SiteNotes()


def tag(body: bytes) -> str:
    """Names these bytes: the strong ETag of a document without its quotes (P6)."""
    return blake2b(body, digest_size=12).hexdigest()


def read(packed: bytes | None) -> Notes:
    """Empty for what is not there, or not ours."""
    try:
        return msgspec.json.decode(packed or b"{}", type=Notes)
    except msgspec.MsgspecError:
        return Notes()


def written(
    before: Notes,
    page: FeedPage,
    files: Sequence[RenderedFile],
    state: FeedState,
    hubs: Sequence[str],
) -> RenderedFile:
    """Of these documents, after those of before."""
    events = {xml_safe(each.published_id): each.event for each in page.items}
    events |= {xml_safe(each.published_id): each.event for each in page.deleted}
    found = Notes(
        seq=state.seq,
        sealed=state.sealed,
        max_age=max_age(page.items),
        hubs=hubs if page.pushed else (),
        tags={file.path.rpartition("/")[2]: _versions(before, file, state.seq) for file in files},
        events=events,
    )
    return RenderedFile(
        path=path(page.category.slug, NOTES),
        body=msgspec.json.encode(found),
        media_type="application/octet-stream",  # nobody is served it: it needs no variants
        modified=page.updated,
    )


def _versions(before: Notes, file: RenderedFile, seq: int) -> list[tuple[str, int]]:
    """A version that comes back tells of no more than it did."""
    name, now = file.path.rpartition("/")[2], tag(file.body)
    old = [(each, told) for each, told in before.tags.get(name, ()) if each != now]
    return [*old[1 - KEPT :], (now, seq)]


def max_age(items: Sequence[FeedItem]) -> int:
    """From the rhythm in which stories entered: a quarter of the time between two of the last."""
    times = sorted((item.entered_at for item in items), reverse=True)[:21]
    gaps = [(a - b).total_seconds() for a, b in pairwise(times)]
    gaps = [gap for gap in gaps if gap > 0]
    wanted = median(gaps) / 4 if gaps else SHORTEST
    return int(min(LONGEST, max(SHORTEST, wanted)))

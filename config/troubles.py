"""What operators should be told of, from how everything stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from config.showing import span
from config.standing import word
from feeds.models import Brief, Quarantined

Trouble = tuple[str, str]
"""(kind, what it is about)"""

DAY = timedelta(days=1)
MANY = 20
"""Sources in trouble that are told of one by one; of more, only how many they are."""
FEW = 4
"""Sources of which no share is worth telling."""
LOW = 0.02
"""Share of a disk that is free, below which it is trouble."""
LEAST = 200_000_000
"""Bytes that must be free in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`jobs`: what the engine's jobs say is wrong. `free`: of each folder's disk, (bytes free,
    bytes in all). `failing`, `late`: the operator's limits."""

    now: datetime
    sources: Sequence[Brief]
    failing: float
    late: float
    jobs: Mapping[str, str] = field(default_factory=dict)
    complaints: Sequence[str] = ()
    refused: Iterable[str] = ()
    quarantined: Sequence[Quarantined] = ()
    lists: Mapping[str, str] = field(default_factory=dict)
    free: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def troubles(facts: Facts) -> dict[Trouble, str]:
    """What is wrong now, each in words."""
    found: dict[Trouble, str] = {}
    for job, text in facts.jobs.items():
        found["paused", job] = f"{job} waits: {text}"
    if facts.complaints:
        found["configuration", ""] = (
            f"the configuration is refused, the one before goes on: {facts.complaints[0]}"
        )
    for slug in facts.refused:
        found["gate", f"feed {slug}"] = (
            f"the feed {slug} would break a rule; what was published before stands"
        )
    for each in facts.quarantined:
        found["quarantine", f"article {each.article_id}"] = (
            f"article {each.article_id} is kept out of all feeds: {each.fault}"
        )
    for name, text in facts.lists.items():
        found["list", name] = f"{name}: {text}"
    for folder, (free, whole) in facts.free.items():
        if free < max(LEAST, LOW * whole) and whole > 2 * LEAST:
            found["disk", folder] = f"only {free // 10**6} MB are free at {folder}"
    return found | _of_sources(facts)


def _of_sources(facts: Facts) -> dict[Trouble, str]:
    found: dict[Trouble, str] = {}
    polled = [each for each in facts.sources if not each.paused and each.last_polled_at]
    words = {each.id: word(each, facts.now) for each in polled}
    bad = sum(words[each.id] in ("failing", "blocked") for each in polled)
    if len(polled) > FEW and bad >= facts.failing * len(polled):
        found["sources failing", ""] = (
            f"{bad} of {len(polled)} sources fail: look at the network first"
        )
    at = facts.now.timestamp()
    oldest = max((age for each in facts.sources if (age := late(each, at))), default=0.0)
    if oldest > facts.late:
        found["late", ""] = f"a source has been due for {span(oldest)} and was not polled"
    lasting = [each for each in polled if _lasting(each, words[each.id], facts.now)]
    if len(lasting) > MANY:
        found["sources", ""] = f"{len(lasting)} sources are in trouble for more than a day"
    else:
        for each in lasting:
            found["source", f"source {each.id}"] = f"source {each.id} is {words[each.id]}"
    held = [each for each in facts.sources if each.held]
    for each in held[:MANY]:
        found["held", f"source {each.id}"] = (
            f"the flood guard holds {each.held} new articles of source {each.id}: release or "
            "discard them"
        )
    return found


def late(source: Brief, at: float) -> float:
    """Seconds that it has been due and is not polled, `at` so many since 1970; 0 for one that is
    not late."""
    if source.paused or source.retired or source.next_due is None or source.claim_until:
        return 0.0
    return max(0.0, at - source.next_due / 1e6)


def _lasting(source: Brief, stands: str, now: datetime) -> bool:
    if stands in ("retired", "quiet"):
        return True
    since = source.failing_since or source.error_at
    return (
        stands in ("failing", "blocked")
        and since is not None
        and now.timestamp() - since / 1e6 > DAY.total_seconds()
    )

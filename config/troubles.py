"""What operators should be told of, from how everything stands. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf

from config.showing import span
from feeds.models import Brief, Quarantined, Stands

Trouble = tuple[str, str]
"""(kind, what it is about)"""

DAY = timedelta(days=1)
"""For which a source fails before it is told of."""
MANY = 20
"""Sources, or articles, in trouble that are told of one by one; of more, only how many they are."""
FEW = 4
"""Sources of which no share is worth telling."""
LOW = 0.02
"""Share of a disk that is free, below which it is trouble."""
LEAST = 200_000_000
"""Bytes that must be free in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`lasting`: how sources stand that are in trouble for long, `held`: the articles that the
    flood guard holds, both by source. `told`: what is told of already. `jobs`: what the engine's
    jobs say is wrong. `free`: of each folder's disk, (bytes free, bytes in all). `failing`,
    `late`: the operator's limits. `running`: seconds since polling began."""

    now: datetime
    stands: Stands
    failing: float
    late: float
    running: float = inf
    lasting: Mapping[int, str] = field(default_factory=dict)
    held: Mapping[int, int] = field(default_factory=dict)
    told: Collection[Trouble] = ()
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
    for name, text in facts.lists.items():
        found["list", name] = f"{name}: {text}"
    for folder, (free, whole) in facts.free.items():
        if free < max(LEAST, LOW * whole) and whole > 2 * LEAST:
            found["disk", folder] = f"only {free // 10**6} MB are free at {folder}"
    return found | _of_sources(facts) | _of_articles(facts)


def _of_articles(facts: Facts) -> dict[Trouble, str]:
    each = {
        ("quarantine", f"article {one.article_id}"): (
            f"article {one.article_id} is kept out of all feeds: {one.fault}"
        )
        for one in facts.quarantined
    }
    together = f"{len(each)} articles are kept out of all feeds"
    return _few(each, ("quarantine", ""), together, facts.told)


def _of_sources(facts: Facts) -> dict[Trouble, str]:
    found: dict[Trouble, str] = {}
    stands = facts.stands
    bad = stands.states.get("failing", 0) + stands.states.get("blocked", 0)
    if stands.polled > FEW and bad >= facts.failing * stands.polled:
        found["sources failing", ""] = (
            f"{bad} of {stands.polled} sources fail: look at the network first"
        )
    oldest = (facts.now - stands.oldest_due).total_seconds() if stands.oldest_due else 0.0
    if ("late", "") not in facts.told:
        oldest = min(oldest, facts.running)  # while nothing ran, all became due
    if oldest > facts.late:
        found["late", ""] = f"a source has been due for {span(oldest)} and was not polled"
    lasting = {
        ("source", f"source {number}"): f"source {number} is {word}"
        for number, word in facts.lasting.items()
    }
    together = f"{len(lasting)} sources are in trouble for long"
    held = {
        ("held", f"source {number}"): (
            f"the flood guard holds {count} new articles of source {number}: release or discard "
            "them"
        )
        for number, count in facts.held.items()
    }
    holding = (
        f"the flood guard holds {sum(facts.held.values())} new articles of {len(held)} sources"
    )
    return (
        found
        | _few(lasting, ("sources", ""), together, facts.told)
        | _few(held, ("held", ""), holding, facts.told)
    )


def _few(
    each: Mapping[Trouble, str], whole: Trouble, together: str, told: Collection[Trouble]
) -> dict[Trouble, str]:
    """One by one, or how many they are. What was told of singly stays so while it lasts: that
    others join it is no end."""
    if len(each) <= MANY:
        return dict(each)
    return {whole: together} | {key: text for key, text in each.items() if key in told}


def late(source: Brief, at: float) -> float:
    """Seconds that it has been due and is not polled, `at` so many since 1970; 0 for one that is
    not late."""
    if source.paused or source.retired or source.next_due is None:
        return 0.0
    if source.claim_until is not None and source.claim_until / 1e6 > at:
        return 0.0  # it is being polled
    return max(0.0, at - source.next_due / 1e6)

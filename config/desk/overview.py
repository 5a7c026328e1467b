"""The first page: what is wrong, and how all of it fares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from config.desk import charts
from config.desk.house import House
from config.desk.listing import Line, lines
from config.showing import span
from config.standing import TROUBLE
from config.troubles import late

WEEK = 24 * 7
WORST = 12
ORDER = ("ok", "quiet", "waiting", "failing", "blocked", "late", "held", "paused", "new", "retired")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    states: Mapping[str, int]
    shares: Markup
    worst: Sequence[Line]
    articles: Markup
    articles_day: int
    polls: Markup
    outcomes: Mapping[str, int]
    oldest: str
    """How long the oldest due source has waited; "" when none is late."""
    delay: str
    troubles: Sequence[Any]
    engine: Mapping[str, Any]
    complaints: Sequence[str]


def overview(house: House) -> Overview:
    now = house.store.now()
    rows = lines(house, now)
    counted = Counter(row.state for row in rows)
    states = {name: counted[name] for name in ORDER if counted[name]}
    hours = house.store.hours(int(now.timestamp() // 3600) - WEEK + 1)
    articles = _by_hour(hours, "articles", now, WEEK)
    outcomes = Counter[str]()
    for (hour, name), count in hours.items():
        if name.startswith("poll ") and hour > int(now.timestamp() // 3600) - 24:
            outcomes[name.removeprefix("poll ")] += count
    oldest = max((late(row.brief, now.timestamp()) for row in rows), default=0.0)
    figures = house.figures()
    return Overview(
        states=states,
        shares=charts.shares(states, label="Sources by state"),
        worst=worst(rows)[:WORST],
        articles=charts.bars(
            articles,
            label="New articles by hour, the last week",
            marks={
                at: name[:3] for at, (name, _) in enumerate(articles) if name.endswith(" 00:00")
            },
        ),
        articles_day=sum(count for _, count in articles[-24:]),
        polls=charts.shares(dict(sorted(outcomes.items())), label="Polls of the last day"),
        outcomes=dict(sorted(outcomes.items())),
        oldest=span(oldest) if oldest >= 60 else "",
        delay=span(figures["delay"]) if figures.get("delayed") else "",
        troubles=house.store.open_happenings(),
        engine=house.engine(),
        complaints=house.complaints,
    )


def worst(rows: Sequence[Line]) -> list[Line]:
    """Those in trouble, the gravest first, then by how long it has lasted."""
    grave = (*TROUBLE[1:3], "late", "held", *TROUBLE[3:], "waiting", "retired")
    bad = [row for row in rows if row.state in grave]
    return sorted(bad, key=lambda row: (grave.index(row.state), row.since or 1 << 62))


def _by_hour(
    hours: Mapping[tuple[int, str], int], name: str, now: datetime, count: int
) -> list[tuple[str, int]]:
    last = int(now.timestamp() // 3600)
    return [
        (
            f"{datetime.fromtimestamp(hour * 3600, UTC).astimezone():%a %d %b %H:00}",
            hours.get((hour, name), 0),
        )
        for hour in range(last - count + 1, last + 1)
    ]

"""The list of all sources: how each stands, chosen and sorted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from config.desk import charts
from config.desk.house import House
from config.desk.moments import in_words
from config.settings import Settings
from config.showing import plain, public_url
from config.standing import in_words as standing_in_words
from config.standing import next_in_words, standing, word
from config.troubles import late
from feeds.models import Brief, Source

PAGE = 100
LATE = 300.0
"""Seconds for which a source is due before it counts as late."""
SORTS = ("state", "title", "next", "last", "articles", "added")


@dataclass(slots=True)
class Line:
    """One source of many; with 10,000 of them, what is not shown is not made."""

    brief: Brief
    source: Source
    state: str
    """As `Standing.word`; or "late", "held"."""
    settings: Settings

    @property
    def id(self) -> int:
        return self.brief.id

    @property
    def since(self) -> int | None:
        """Microseconds since 1970."""
        return self.brief.failing_since or self.brief.error_at

    @property
    def address(self) -> str:
        if self.source.secret_url:
            return "(secret address)"
        return self.settings.file_of(self.brief.url) or public_url(self.brief.url)

    @property
    def title(self) -> str:
        brief = self.brief
        named = self.source.title or brief.title
        secret = f"Source {brief.id}" if self.source.secret_url else self.address
        return plain(named or secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A line of the page that is shown."""

    line: Line
    status: str
    next: str
    reason: str
    last: str
    error: str
    spark: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is looked for."""

    text: str = ""
    state: str = ""
    category: str = ""
    sort: str = "state"
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    rows: Sequence[Shown]
    total: int
    """Of those that fit."""
    pages: int
    wish: Wish
    states: Mapping[str, int]


def lines(house: House, now: datetime) -> list[Line]:
    """All sources, in the order of their configuration; as they were a moment ago."""
    return house.briefly("sources", lambda: _lines(house, now))


def _lines(house: House, now: datetime) -> list[Line]:
    settings, found = house.settings, []
    sources, at = settings.sources, now.timestamp()
    for brief in house.store.briefs():
        source = sources.get(brief.url)
        if source is not None:  # else it was taken out of the file a moment ago
            found.append(Line(brief, source, _state(brief, source, now, at), settings))
    return found


def _state(brief: Brief, source: Source, now: datetime, at: float) -> str:
    """What the file says of `paused` holds, before the engine has heard of it."""
    if source.paused:
        return "paused"
    state = word(brief, now)
    if state == "paused":
        return "ok"
    if state in ("ok", "new", "quiet"):
        if brief.held:
            return "held"
        if late(brief, at) > LATE:
            return "late"
    return state


def listing(house: House, wish: Wish) -> Listing:
    now = house.store.now()
    rows = lines(house, now)
    states: dict[str, int] = {}
    for row in rows:
        states[row.state] = states.get(row.state, 0) + 1
    fitting = [row for row in rows if _fits(row, wish)]
    _sort(fitting, wish.sort)
    pages = max(1, -(-len(fitting) // PAGE))
    page = min(max(wish.page, 1), pages)
    return Listing(
        rows=shown(house, fitting[(page - 1) * PAGE : page * PAGE], now),
        total=len(fitting),
        pages=pages,
        wish=Wish(
            text=wish.text, state=wish.state, category=wish.category, sort=wish.sort, page=page
        ),
        states=states,
    )


def shown(house: House, rows: Sequence[Line], now: datetime) -> list[Shown]:
    """With what takes a look at each of them."""
    ids = [row.id for row in rows]
    states = {each.id: each for each in house.store.states_of(ids)}
    polls = house.store.last_polls(ids, charts.POLLS)
    found = []
    for row in rows:
        state = states[row.id]
        words = row.state if row.state in ("held", "late", "paused") else ""
        found.append(
            Shown(
                line=row,
                status=words or standing_in_words(standing(state, now), now),
                next="" if row.source.paused else next_in_words(state, now).partition(": ")[0],
                reason=state.reason,
                last=in_words(state.last_polled_at, now) if state.last_polled_at else "",
                error=plain(f"{state.error_kind}: {state.error}") if state.error_kind else "",
                spark=charts.sparkline(polls.get(row.id, [])),
            )
        )
    return found


def _fits(row: Line, wish: Wish) -> bool:
    if wish.state and row.state != wish.state:
        return False
    if wish.category == "-" and row.source.categories:
        return False
    if wish.category and wish.category != "-" and wish.category not in row.source.categories:
        return False
    text = wish.text.casefold()
    return not text or text in row.title.casefold() or text in row.address.casefold()


_GRAVE = (
    "failing",
    "blocked",
    "late",
    "held",
    "quiet",
    "waiting",
    "new",
    "ok",
    "paused",
    "retired",
)


def _sort(rows: list[Line], by: str) -> None:
    far = 1 << 62
    if by == "title":
        rows.sort(key=lambda row: row.title.casefold())
    elif by == "next":
        rows.sort(key=lambda row: row.brief.next_due or far)
    elif by == "last":
        rows.sort(key=lambda row: -(row.brief.last_polled_at or 0))
    elif by == "articles":
        rows.sort(key=lambda row: -row.brief.article_count)
    elif by == "added":
        rows.sort(key=lambda row: -row.id)
    else:
        rows.sort(key=lambda row: (_GRAVE.index(row.state), row.since or far))

"""The list of articles: the newest, or those that have some words, chosen and page by page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from config.desk.house import House
from config.settings import ALL
from config.suggest import did_you_mean
from feeds.errors import ConfigError
from feeds.models import Chosen, Held, Listed

EPOCH = datetime.fromtimestamp(0, UTC)
_PLACE = re.compile(r"(-?[0-9]{1,17})\.([0-9]{1,15})")
STANDS: Mapping[Held, str] = {
    Held.NO: "",
    Held.FLOOD: "held back",
    Held.REMOVED: "not kept any more",
}
TAKEN_DOWN = "taken down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is looked for. `day`: like "2026-11-20", the last one of which articles are shown, in
    UTC; `after`: as `Page.next` said it."""

    words: str = ""
    source: int | None = None
    feed: str = ""
    day: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    rows: Sequence[Listed]
    next: str
    """What the page after this one begins behind; "" for the last one."""


def listing(house: House, wish: Wish, limit: int) -> Page:
    """Raises ConfigError for a feed, a day or a place that is none."""
    slugs = [each.slug for each in house.settings.feeds]
    if wish.feed and wish.feed not in slugs:
        raise ConfigError([f"feed: there is no such feed, {did_you_mean(wish.feed, slugs)}"])
    chosen = Chosen(source_id=wish.source, feed=wish.feed or None, before=_end_of(wish.day))
    if wish.words:
        below = None
        if wish.after:
            if not (wish.after.isascii() and wish.after.isdigit() and len(wish.after) < 16):
                raise _nowhere()
            below = int(wish.after)
        items = house.store.find(wish.feed or ALL, wish.words, limit + 1, chosen, below)
        rows = [Listed(article=each.article) for each in items[:limit]]
        return Page(rows=rows, next=str(items[limit - 1].seq) if len(items) > limit else "")
    found = house.store.listed(chosen, _place(wish.after), limit + 1)
    last = found[limit - 1].article if len(found) > limit else None
    place = f"{(last.published - EPOCH) // timedelta(microseconds=1)}.{last.id}" if last else ""
    return Page(rows=found[:limit], next=place)


def stands(one: Listed) -> str:
    """Why it is not as others are; ""."""
    return TAKEN_DOWN if one.barred else STANDS[one.held]


def _place(text: str) -> tuple[datetime, int] | None:
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    try:
        if found is not None:
            return EPOCH + timedelta(microseconds=int(found[1])), int(found[2])
    except OverflowError:
        pass
    raise _nowhere()


def _nowhere() -> ConfigError:
    return ConfigError(["after: no page ends there; take what the one before says"])


def _end_of(day: str) -> datetime | None:
    if not day:
        return None
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise ConfigError([f'day: {day[:20]} is none; write one like "2026-11-20"']) from error

"""Which rule of retention is for which source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

from config.settings import RetentionSettings, Settings
from feeds.models import Category, Retention, Source

T = TypeVar("T", int, float)


def has_rules(settings: Settings) -> bool:
    """Whether anything is said at all: else nobody has to look at 100,000 sources."""
    said: list[RetentionSettings | Category | Source] = [settings.retention]
    said += [*settings.categories, *settings.sources.values()]
    return any(each.max_age is not None or each.max_articles is not None for each in said)


def rules(settings: Settings, ids: Mapping[str, int]) -> list[Retention]:
    """Of each source by URL → id: its own word, else the most generous of its categories', else
    that for all. Those whose articles are kept without end have none."""
    categories = {each.slug: each for each in settings.categories}
    found = []
    for url, number in ids.items():
        source = settings.sources.get(url, Source(url=url))
        among = [categories[slug] for slug in source.categories if slug in categories]
        age = _one(source.max_age, among, lambda c: c.max_age, settings.retention.max_age)
        most = _one(
            source.max_articles, among, lambda c: c.max_articles, settings.retention.max_articles
        )
        if age is not None or most is not None:
            longest = None if age is None else timedelta(seconds=age)
            found.append(Retention(source_id=number, max_age=longest, max_articles=most))
    return found


def _one(
    own: T | None,
    among: Sequence[Category],
    of: Callable[[Category], T | None],
    general: T | None,
) -> T | None:
    if own is not None:
        return own
    said = [value for each in among if (value := of(each)) is not None]
    return max(said) if said else general

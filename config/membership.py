"""Whose stories each feed shows: what the configuration says, by the numbers of sources."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from config.settings import ALL, Settings
from feeds.models import Category, SourceInfo
from publisher.render.opml import Group
from publisher.select import Members


def hidden(settings: Settings, of_source: Mapping[int, Collection[str]]) -> frozenset[int]:
    """Sources whose categories are all private: their stories are in nothing public (P39)."""
    private = {each.slug for each in settings.categories if each.private}
    if not private:
        return frozenset()
    return frozenset(
        number for number, slugs in of_source.items() if slugs and private.issuperset(slugs)
    )


def members(
    settings: Settings, of_source: Mapping[int, Collection[str]], ids: Mapping[str, int]
) -> dict[str, Members]:
    """By slug. `of_source`: id → its categories, of active sources; `ids`: by URL."""
    inside: dict[str, set[int]] = {each.slug: set() for each in settings.categories}
    for number, slugs in of_source.items():
        for slug in slugs:
            inside.setdefault(slug, set()).add(number)
    active, secret = frozenset(of_source), hidden(settings, of_source)
    return {
        feed.slug: Members(
            sources=_sources(feed, inside, ids),
            active=active,
            hidden=frozenset() if feed.private else secret - _named(feed, ids),
            rule=repr(feed.match) if feed.match else "",
        )
        for feed in settings.feeds
    }


def groups(
    settings: Settings, of_source: Mapping[int, Collection[str]], infos: Sequence[SourceInfo]
) -> list[Group]:
    """Public sources by public category, for the list of them; those in none at the end."""
    secret = hidden(settings, of_source)
    open_ones = [info for info in infos if info.id not in secret and info.url]
    inside: dict[str, list[SourceInfo]] = {}
    for info in open_ones:
        for slug in of_source.get(info.id, ()):
            inside.setdefault(slug, []).append(info)
    found: list[Group] = [
        (each, inside[each.slug])
        for each in settings.categories
        if not each.private and each.slug in inside
    ]
    loose = [info for info in open_ones if not of_source.get(info.id)]
    return [*found, (None, loose)]


def _sources(
    feed: Category, inside: Mapping[str, set[int]], ids: Mapping[str, int]
) -> frozenset[int] | None:
    if not feed.view:
        return None if feed.slug == ALL else frozenset(inside[feed.slug])
    if (feed.categories is None and feed.sources is None) or ALL in (feed.categories or ()):
        return None
    found = {n for slug in feed.categories or () for n in inside.get(slug, ())}
    return frozenset(found) | _named(feed, ids)


def _named(feed: Category, ids: Mapping[str, int]) -> frozenset[int]:
    """What the operator has named for it, whatever else that is in."""
    return frozenset(ids[url] for url in feed.sources or () if url in ids)

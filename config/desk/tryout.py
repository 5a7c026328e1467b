"""What a feed would show if it were defined so: tried on what is stored, before it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from config.desk.house import House
from config.membership import members
from config.schema import CategoryTable, ViewTable
from config.settings import Settings
from feeds.errors import ConfigError
from feeds.models import Article, Category, FeedItem, FeedPage, SourceInfo, StoryChange
from publisher.matching import matcher
from publisher.render.all import RENDERERS
from publisher.shape import shaped

STORIES = 1000
"""The newest that are tried."""
SHOWN = 100
FORMATS = {"rss": 0, "atom": 1, "json": 2, "page": 3}
"""Position among RENDERERS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Article ids, newest first. `stories`: how many were tried."""

    stories: int
    entering: Sequence[int]
    leaving: Sequence[int]
    staying: Sequence[int]
    titles: Mapping[int, tuple[str, str]]
    """Article → (title, its source's)."""


def defined(kind: str, slug: str, values: Mapping[str, Any]) -> Category:
    """The feed that these keys define. Raises ConfigError with each that is wrong."""
    model = ViewTable if kind == "views" else CategoryTable
    given = {key: value for key, value in values.items() if value is not None}
    try:
        table = dict(model.model_validate(given))
    except ValidationError as error:
        raise ConfigError(
            [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        ) from error
    table["title"] = table["title"] or slug.replace("-", " ").capitalize()
    if kind == "views":
        table["shown_age"] = table.pop("max_age")
        for key in ("categories", "sources"):
            table[key] = None if table[key] is None else tuple(table[key])
    return Category(slug=slug, view=kind == "views", **table)


def tried(house: House, feed: Category) -> Tried:
    """Raises StoreError."""
    store = house.store
    ids = {each.url: each.id for each in store.briefs()}
    settings = _with(house.settings, feed)
    of_source = {
        ids[url]: source.categories for url, source in settings.sources.items() if url in ids
    }
    whose = members(settings, of_source, ids)[feed.slug]
    stories = [each for each in store.recent_stories(None, STORIES) if each.gone is None]
    known = store.entries({each.lead_id for each in stories})
    fits = matcher(feed.match)
    there = store.placements(feed.slug, {each.story_id for each in stories})

    def would(story: StoryChange) -> bool:
        at = known.get(story.lead_id)
        return whose.wants(story) and at is not None and fits(*at)

    placed = {number for number, each in there.items() if each.there}
    ordered = sorted(stories, key=lambda each: (each.published, each.story_id), reverse=True)
    groups: dict[tuple[bool, bool], list[int]] = {}
    for story in ordered:
        groups.setdefault((story.story_id in placed, would(story)), []).append(story.lead_id)
    entering, leaving = groups.get((False, True), []), groups.get((True, False), [])
    return Tried(
        stories=len(stories),
        entering=entering,
        leaving=leaving,
        staying=groups.get((True, True), []),
        titles={
            number: (known[number][0].title or "(no title)", known[number][1].title)
            for number in (*entering, *leaving)
            if number in known
        },
    )


def preview(house: House, feed: Category, form: str) -> tuple[bytes, str]:
    """(a document, its media type) as the feed would look with that definition: "rss", "atom",
    "json", "page"."""
    found = tried(house, feed)
    shown = sorted((*found.entering, *found.staying), reverse=True)[: min(feed.limit, SHOWN)]
    articles = house.store.articles_by_id(shown)
    infos = house.store.entries(shown)
    ordered = sorted(articles.values(), key=lambda each: (each.published, each.id), reverse=True)
    items = [
        shaped(_item(len(ordered) - at, article, infos[article.id][1]), feed)
        for at, article in enumerate(ordered)
    ]
    updated = max((each.updated for each in ordered), default=house.store.now())
    page = FeedPage(category=feed, updated=updated, items=tuple(items))
    file = RENDERERS[FORMATS[form]](house.app.site, page)
    return file.body, file.media_type


def _item(seq: int, article: Article, source: SourceInfo) -> FeedItem:
    return FeedItem(
        seq=seq,
        story_id=article.story_id or article.id,
        published_id=article.entry.guid or f"urn:feedmill:preview:{article.id}",
        entered_at=article.first_seen,
        article=article,
        source=source,
    )


def _with(settings: Settings, feed: Category) -> Settings:
    before = settings.views if feed.view else settings.categories
    others = (*(each for each in before if each.slug != feed.slug), feed)
    if feed.view:
        return replace(settings, views=others)
    return replace(settings, categories=others)

"""/api/feeds: categories and views."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import FastAPI
from pydantic import Field

from config import outgoing
from config.changing import feed_table
from config.desk import actions, discreet, tryout
from config.desk.api.asked import By, Given, Json, Slug, Slugs
from config.desk.house import House
from config.rules import check_depth
from feeds.errors import ConfigError


class FeedKeys(Given):
    """Keys of [categories.SLUG] or [views.SLUG] (docs/configuration.md); null takes one out."""

    title: str | None = Field(None, max_length=500)
    limit: int | None = Field(None, ge=1, le=10_000)
    match: Json | None = None
    max_age: str | None = Field(None, max_length=20)
    delay: str | None = Field(None, max_length=20)
    hold: str | None = Field(None, max_length=20)
    backlog: int | None = Field(None, ge=0, le=10_000)
    excerpt: str | int | None = None
    images: bool | None = None
    also_line: bool | None = None
    upgrade: bool | None = None
    private: bool | None = None
    categories: Slugs | None = None
    sources: list[str] | None = None


class Preview(FeedKeys):
    form: Literal["rss", "atom", "json", "page"]


class NewFeed(FeedKeys):
    slug: Slug
    kind: Literal["categories", "views"] = "categories"


def routes(app: FastAPI, house: House) -> None:
    @app.get("/api/feeds", tags=["feeds"])
    def feeds() -> list[Json]:
        """As `feedmill feeds --json`."""
        return outgoing.rows(house.app)

    @app.post("/api/feeds", status_code=201, tags=["feeds"])
    def make(given: NewFeed, by: By) -> Json:
        values = _keys(house, given, exclude={"slug", "kind"})
        actions.make_feed(house, given.kind, given.slug, values, by)
        return {"made": given.slug}

    @app.get("/api/feeds/{slug}", tags=["feeds"])
    def feed(slug: Slug) -> Json:
        """What is written of it."""
        found = actions.feed_of(house, slug)
        at = feed_table(house.settings, actions.kind_of(found), slug)
        keys = dict(at[1]) if at else {}
        if "sources" in keys:
            keys["sources"] = discreet.shown(house, keys["sources"])
        return {"slug": slug, "kind": actions.kind_of(found), "keys": keys}

    @app.patch("/api/feeds/{slug}", tags=["feeds"])
    def change(slug: Slug, given: FeedKeys, by: By) -> Json:
        values = _keys(house, given)
        actions.edit_feed(house, slug, values, by)
        return {"changed": sorted(values)}

    @app.delete("/api/feeds/{slug}", tags=["feeds"])
    def remove(slug: Slug, by: By) -> Json:
        """It answers 410 from then on."""
        actions.remove_feed(house, slug, by)
        return {"removed": slug}

    @app.post("/api/feeds/{slug}/preview", tags=["feeds"])
    def preview(slug: Slug, given: Preview) -> Json:
        """The document as it would be with these keys beside those that are written: of the newest
        stories that are stored; nothing is written."""
        feed = actions.feed_of(house, slug)
        kind = actions.kind_of(feed)
        at = feed_table(house.settings, kind, slug)
        values = dict(at[1] if at else {"title": feed.title})
        values |= _keys(house, given, exclude={"form"})
        body, media_type = tryout.preview(house, tryout.defined(kind, slug, values), given.form)
        return {"media_type": media_type, "document": body.decode()}

    @app.post("/api/feeds/{slug}/try", tags=["feeds"])
    def attempt(slug: Slug, given: FeedKeys) -> Json:
        """What would come in, and what would go, of the newest stories; nothing is written."""
        known = {each.slug: each for each in house.settings.feeds}
        kind = actions.kind_of(known[slug]) if slug in known else "categories"
        values = _keys(house, given)
        if (
            kind == "categories"
            and slug not in known
            and ({"categories", "sources"} & values.keys())
        ):
            kind = "views"
        found = tryout.tried(house, tryout.defined(kind, slug, values))

        def listed(ids: Any) -> list[Json]:
            return [{"id": n, "title": found.titles.get(n, ("", ""))[0]} for n in ids]

        return {
            "stories": found.stories,
            "entering": listed(found.entering),
            "leaving": listed(found.leaving),
            "staying": len(found.staying),
        }


def _keys(house: House, given: FeedKeys, exclude: set[str] | None = None) -> dict[str, Any]:
    """What was sent, secret sources by their addresses. Raises ConfigError for a rule so deep that
    nothing could be done with it."""
    try:
        check_depth(given.match)
    except ValueError as error:
        raise ConfigError([f"match: {error}"]) from error
    values = given.model_dump(exclude_unset=True, exclude=exclude)
    if values.get("sources"):
        values["sources"] = discreet.meant(house, values["sources"])
    return values

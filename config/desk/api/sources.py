"""/api/sources: all of them, and what is done to many."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import FastAPI, Query
from pydantic import Field

from aggregator.discover import newest
from aggregator.explore import Found
from config import adding
from config.desk import actions
from config.desk.adding import add_found
from config.desk.api.asked import By, Given, Id, Json, Role, Slug, Slugs
from config.desk.house import House
from config.desk.listing import SORTS, Wish, listing
from config.desk.rights import check_new
from config.showing import iso, public_url
from feeds.errors import ConfigError

TITLES = 5
"""Of a feed that is looked at."""


class NewSource(Given):
    """An address: a feed, or a page that names one. It is asked once."""

    url: str = Field(min_length=1, max_length=2000)
    categories: Slugs = Field(default_factory=list)
    create_categories: bool = False
    title: str | None = Field(None, max_length=500)
    every: str | None = Field(None, max_length=20, description='Like "30m"; none: learned.')
    allow_private: bool = Field(default=False, description="For admins.")
    guess: bool = Field(
        default=False, description="Where a page names no feed, try the usual paths."
    )


class Address(Given):
    """A feed, or a page that may name some."""

    url: str = Field(min_length=1, max_length=2000)
    guess: bool = Field(
        default=False, description="Where a page names no feed, try the usual paths."
    )
    allow_private: bool = Field(default=False, description="For admins.")


class Bulk(Given):
    """What is done to several sources. `category`: of "into" and "out"."""

    ids: list[Id] = Field(min_length=1, max_length=100_000)
    action: Literal["pause", "resume", "poll", "into", "out", "remove"]
    category: Slug | None = None


def routes(app: FastAPI, house: House) -> None:
    @app.get("/api/sources", tags=["sources"])
    def sources(
        q: Annotated[str, Query(max_length=200)] = "",
        state: Annotated[str, Query(max_length=20)] = "",
        category: Annotated[str, Query(max_length=64)] = "",
        sort: Annotated[Literal["state", "title", "next", "last", "articles"], Query()] = "state",
        page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    ) -> Json:
        """A page of the list; as the desk has it."""
        assert sort in SORTS
        wish = Wish(text=q, state=state, category=category, sort=sort, page=page)
        found = listing(house, wish)
        return {
            "total": found.total,
            "pages": found.pages,
            "page": found.wish.page,
            "states": dict(found.states),
            "sources": [
                {
                    "id": row.line.id,
                    "url": row.line.address,
                    "title": row.line.title,
                    "state": row.line.state,
                    "in_words": row.status,
                    "next": row.next,
                    "reason": row.reason,
                    "articles": row.line.brief.article_count,
                    "error": row.error or None,
                    "categories": list(row.line.source.categories),
                }
                for row in found.rows
            ],
        }

    @app.post("/api/sources", status_code=201, tags=["sources"])
    def add(given: NewSource, by: By, role: Role) -> Json:
        """Add a feed, or the one that a page names. What was fetched is its first poll."""
        check_new(role, given.allow_private)
        wishes = adding.Wishes(
            categories=tuple(given.categories),
            create=given.create_categories,
            title=given.title,
            every=given.every,
            allow_private=given.allow_private,
            door=adding.API,
        )
        adding.check(wishes)
        adding.wanted_categories(house.settings, wishes)
        url = adding.address(given.url)
        looking = adding.Looking(house.app, wishes)
        if where := looking.configured(url):
            raise ConfigError([f"it is configured already, at {where}"])
        seen = looking.explorer()(url, guess=given.guess)
        if not seen.feeds:
            why = adding.none_to_add(seen, adding.API, guessed=given.guess)
            raise ConfigError(str(why).splitlines())
        added = add_found(house, seen.feeds[:1], wishes, by)
        return {
            "added": [
                {
                    "url": public_url(each.source.url),
                    "title": each.source.title,
                    "articles": each.articles,
                }
                for each in added
            ]
        }

    @app.post("/api/sources/look", tags=["sources"])
    def look(given: Address, role: Role) -> Json:
        """What is at an address, before it is added: each feed that it is or names, with what came
        of it. Nothing is written."""
        check_new(role, given.allow_private)
        wishes = adding.Wishes(allow_private=given.allow_private, door=adding.API)
        url, looking = adding.address(given.url), adding.Looking(house.app, wishes)
        if where := looking.configured(url):
            return {"page": None, "requests": 0, "feeds": [_found(url, configured=where)]}
        seen = looking.explorer()(url, everything=True, guess=given.guess)
        return {
            "page": str(seen.page) if seen.page else None,
            "requests": looking.requests,
            "feeds": [_of(each) for each in seen.found],
        }

    @app.post("/api/sources/bulk", tags=["sources"])
    def bulk(given: Bulk, by: By) -> Json:
        """Do one thing to many."""
        ids, slug = given.ids, given.category
        if given.action in ("into", "out") and slug is None:
            raise ConfigError(["category: name it"])
        count = {
            "pause": lambda: actions.pause(house, ids, True, by),
            "resume": lambda: actions.pause(house, ids, False, by),
            "poll": lambda: actions.poll_now(house, ids, by),
            "into": lambda: actions.categorize(house, ids, slug or "", True, by),
            "out": lambda: actions.categorize(house, ids, slug or "", False, by),
            "remove": lambda: actions.remove(house, ids, by),
        }[given.action]()
        return {"changed": count}


def _of(each: Found) -> Json:
    """A candidate, as it was found."""
    document, error = each.document, each.error
    found = _found(each.settled, configured=each.configured)
    if error is not None:
        found["error"] = f"{error.kind}: {error}"
    if document is not None:
        found |= {
            "title": document.title,
            "format": document.format,
            "count": len(document.entries),
            "newest": iso(newest(document)),
            "titles": [one.title for one in document.entries[:TITLES]],
        }
    return found | {"title": found["title"] or each.title}


def _found(url: str, *, configured: str | None) -> Json:
    return {
        "url": public_url(url),
        "title": "",
        "format": None,
        "count": None,
        "newest": None,
        "titles": [],
        "configured": configured,
        "error": None,
    }

"""/api/opml: lists of sources, in and out."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import Response
from pydantic import Field

from config import adding
from config.desk import lists
from config.desk.api.asked import By, Given, Json, Slugs
from config.desk.call import HEADERS
from config.desk.house import House
from config.importing import Plan
from config.showing import public_url
from publisher.render.opml import MEDIA_TYPE


class GivenList(Given):
    """An OPML list. `categories`: instead of its folders."""

    text: str = Field(min_length=1)
    categories: Slugs = Field(default_factory=list)
    create_categories: bool = False
    dry_run: bool = Field(default=False, description="Tell what would be done; write nothing.")


def routes(app: FastAPI, house: House) -> None:
    @app.get(
        "/api/opml",
        tags=["sources"],
        response_class=Response,
        responses={200: {"content": {MEDIA_TYPE.partition(";")[0]: {}}}},
    )
    def give() -> Response:
        """The configured sources as an OPML list, without secret addresses and private
        categories."""
        return Response(lists.exported(house), 200, HEADERS, MEDIA_TYPE)

    @app.post("/api/opml", tags=["sources"])
    def take(given: GivenList, by: By) -> Json:
        """Add all that is new in a list; its folders become categories. What can't be added is
        named, with its line, and the rest is added."""
        wishes = adding.Wishes(
            categories=tuple(given.categories), create=given.create_categories, door=adding.API
        )
        plan = lists.planned(house, lists.NAME, given.text, wishes)
        if plan.new and not given.dry_run:
            lists.write(house, plan, by)
        return _told(plan) | {"written": bool(plan.new) and not given.dry_run}


def _told(plan: Plan) -> Json:
    return {
        "new": [
            {
                "url": public_url(each.url),
                "title": each.title,
                "categories": list(each.categories),
                "line": each.line,
            }
            for each in plan.new
        ],
        "known": [
            {"url": public_url(each.url), "line": each.line, "place": each.place}
            for each in plan.known
        ],
        "wrong": [{"line": each.line, "text": str(each)} for each in plan.bad],
        "categories": dict(plan.categories),
    }

"""/api/articles, and what the operator says of them."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI, Query, Response
from pydantic import Field

from config.desk import actions
from config.desk.actions import Missing
from config.desk.api.asked import By, Given, Id, Json
from config.desk.articles import Wish, listing, stands
from config.desk.house import House
from config.desk.ids import ID, MOST
from config.explaining import told
from config.naming import articles as named
from config.revising import revision_json
from config.showing import iso
from feeds.errors import ConfigError
from feeds.models import Listed


class Other(Given):
    """Another article, by number, id or link."""

    other: str | None = Field(None, max_length=2000)


class What(Given):
    """An article, by number, id or link; it need not be stored."""

    what: str = Field(min_length=1, max_length=2000)


def routes(app: FastAPI, house: House) -> None:
    @app.get("/api/articles", tags=["articles"])
    def articles(
        response: Response,
        q: Annotated[str, Query(max_length=300)] = "",
        source: Annotated[int | None, Query(ge=1, le=MOST)] = None,
        feed: Annotated[str, Query(max_length=64)] = "",
        day: Annotated[str, Query(max_length=10)] = "",
        after: Annotated[str, Query(max_length=40)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> list[Json]:
        """The newest, or those that have all these words; of a source, of what a feed shows, up to
        a day in UTC. The header Link names the next page (RFC 8288), which begins `after` the last
        article of this one."""
        wish = Wish(words=q.strip(), source=source, feed=feed, day=day, after=after)
        page = listing(house, wish, limit)
        if page.next:
            given = {"q": q, "source": source, "feed": feed, "day": day, "limit": limit}
            query = urlencode({k: v for k, v in given.items() if v} | {"after": page.next})
            base = urlsplit(house.settings.site.url).path.rstrip("/")
            response.headers["Link"] = f'<{base}/api/articles?{query}>; rel="next"'
        return [_article(each) for each in page.rows]

    @app.get(f"/api/articles/{ID}", tags=["articles"])
    def article(number: Id) -> Json:
        """As `feedmill explain --json`."""
        return told(house.app, _facts(house, number))

    @app.get(f"/api/articles/{ID}/history", tags=["articles"])
    def history(number: Id) -> list[Json]:
        _facts(house, number)
        return [revision_json(each) for each in house.store.revisions(number)]

    @app.post(f"/api/articles/{ID}/takedown", tags=["articles"])
    def take_down(number: Id, by: By) -> Json:
        """For ever, whoever shows it."""
        _facts(house, number)
        return {"taken_down": actions.take_down(house, str(number), by)}

    @app.post("/api/takedowns", tags=["articles"])
    def bar(given: What, by: By) -> Json:
        """By id or link, also of what is yet to come."""
        return {"taken_down": actions.take_down(house, given.what, by)}

    @app.post(f"/api/articles/{ID}/merge", tags=["articles"])
    def merge(number: Id, given: Other, by: By) -> Json:
        """Two articles tell one story."""
        _facts(house, number)
        if not given.other:
            raise ConfigError(["other: name the other article"])
        one, two = actions.rule(house, str(number), given.other, together=True, by=by)
        return {"together": [one, two]}

    @app.post(f"/api/articles/{ID}/split", tags=["articles"])
    def split(number: Id, given: Other, by: By) -> Json:
        """Two articles don't tell one story; without `other`, it and its story's lead."""
        _facts(house, number)
        one, two = actions.rule(house, str(number), given.other, together=False, by=by)
        return {"apart": [one, two]}


def _facts(house: House, number: int) -> Any:
    """Raises Missing."""
    try:
        found = [each for each in named(house.app, str(number)) if each.article.id == number]
    except ConfigError:
        found = []
    if not found:
        raise Missing([f"article {number}: there is none of that number"])
    return found[0]


def _article(listed: Listed) -> Json:
    """`stands`: why it is not as others are; its text is gone then, or not shown yet."""
    each = listed.article
    return {
        "id": each.id,
        "story": each.story_id,
        "source": each.source_id,
        "title": each.entry.title,
        "link": each.entry.link,
        "guid": each.entry.guid,
        "published": iso(each.published),
        "first_seen": iso(each.first_seen),
        "revision": each.revision,
        "stands": stands(listed) or None,
    }

"""/api/: what the desk does, as JSON; /api/openapi.json tells of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from aggregator.explore import Exploration
from config import adding, outgoing, tokens
from config.changing import feed_table
from config.desk import actions, discreet, tryout
from config.desk.actions import Missing
from config.desk.adding import add_found
from config.desk.api_lists import lists
from config.desk.call import HEADERS
from config.desk.house import House
from config.desk.ids import ID, MOST
from config.desk.listing import SORTS, Wish, listing
from config.desk.rights import ADMIN, Forbidden, check_new
from config.explaining import told
from config.ledger_rows import row_json
from config.naming import articles as named
from config.revising import revision_json
from config.settings import ALL
from config.showing import iso, public_url
from config.source_json import change_json, why_json
from config.standing import standing
from feeds import VERSION
from feeds.errors import ConfigError, EditError, FeedmillError, PollError, StoreError
from feeds.models import Article

Id = Annotated[int, Field(ge=1, le=MOST)]
Slug = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Json = dict[str, Any]


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """What is wrong, and what to do: a line for each complaint."""

    detail: list[str]


class NewSource(Given):
    """An address: a feed, or a page that names one. It is asked once."""

    url: str = Field(min_length=1, max_length=2000)
    categories: list[Slug] = Field(default_factory=list, max_length=100)
    create_categories: bool = False
    title: str | None = Field(None, max_length=500)
    every: str | None = Field(None, max_length=20, description='Like "30m"; none: learned.')
    allow_private: bool = Field(default=False, description="For admins.")


class SourceKeys(Given):
    """Keys of [[sources]]; null takes a key out, so that its default holds."""

    title: str | None = Field(None, max_length=500)
    categories: list[Slug] | None = None
    every: str | None = Field(None, max_length=20)
    timeout: str | None = Field(None, max_length=20)
    paused: bool | None = None
    preference: int | None = Field(None, ge=-1000, le=1000)
    max_age: str | None = Field(None, max_length=20)
    max_articles: int | None = Field(None, ge=1, le=MOST)


class Bulk(Given):
    """What is done to several sources. `category`: of "into" and "out"."""

    ids: list[Id] = Field(min_length=1, max_length=100_000)
    action: Literal["pause", "resume", "poll", "into", "out", "remove"]
    category: Slug | None = None


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
    categories: list[Slug] | None = None
    sources: list[str] | None = None


class NewFeed(FeedKeys):
    slug: Slug
    kind: Literal["categories", "views"] = "categories"


class Other(Given):
    """Another article, by number, id or link."""

    other: str | None = Field(None, max_length=2000)


class What(Given):
    """An article, by number, id or link; it need not be stored."""

    what: str = Field(min_length=1, max_length=2000)


class NewToken(Given):
    """`feed`: a private one; `purpose`: api, editor, metrics or ops; neither: all private feeds."""

    label: str = Field(min_length=1, max_length=100)
    feed: Slug | None = None
    purpose: Literal["api", "editor", "metrics", "ops"] | None = None


_SAID = {
    400: "What was asked for can't be done.",
    401: "No token, or none that is in force.",
    403: "The token is not for that.",
    404: "It is not there.",
    405: "There is no such method here.",
    408: "It came too slowly.",
    409: "Somebody else has edited the file, or it can't be written.",
    413: "It is too large.",
    421: "Sent without a token, to a name that is not ours.",
    422: "The request is not of the right form.",
    502: "The address could not be read.",
    503: "The database can't be used at the moment.",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text} for status, text in _SAID.items()
}


def _by(request: Request) -> str:
    return str(request.scope["visitor"].name)


def _role(request: Request) -> str:
    return str(request.scope["visitor"].role)


def _admin(request: Request) -> None:
    if _role(request) != ADMIN:
        raise HTTPException(403, "that is for admins")


By = Annotated[str, Depends(_by)]
Role = Annotated[str, Depends(_role)]


def _known_query(request: Request) -> None:
    """A misspelt name would else be all of them: ?stat=failing."""
    route = request.scope["route"]
    known = {each.alias for each in route.dependant.query_params}
    if unknown := sorted(set(request.query_params) - known):
        raise RequestValidationError(
            [{"loc": ("query", each), "msg": "there is no such parameter"} for each in unknown]
        )


def api(house: House) -> FastAPI:
    """The application for /api/…"""
    app = FastAPI(
        title="Feedmill",
        version=VERSION,
        description="What the operator's desk does. Send `Authorization: Bearer TOKEN` "
        "(`feedmill token add NAME --for api`).",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=RESPONSES,
        redirect_slashes=False,
        dependencies=[Depends(_known_query)],
    )
    _errors(app)
    for part in (_overview, _sources, _source, lists, _feeds, _articles, _tokens):
        part(app, house)
    _secured(app)
    return app


def _secured(app: FastAPI) -> None:
    plain: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        found = plain()
        schemes = found.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes["token"] = {"type": "http", "scheme": "bearer"}
        found["security"] = [{"token": []}]
        return found

    app.openapi = openapi  # type: ignore[method-assign]


def _errors(app: FastAPI) -> None:
    def problem(status: int, lines: list[str]) -> JSONResponse:
        return JSONResponse({"detail": lines}, status, HEADERS)

    @app.exception_handler(FeedmillError)
    def _(_request: Request, error: FeedmillError) -> JSONResponse:
        if isinstance(error, Missing):
            return problem(404, list(error.complaints))
        if isinstance(error, ConfigError):
            return problem(400, list(error.complaints))
        kinds: list[tuple[type[FeedmillError], int]] = [
            (Forbidden, 403),
            (EditError, 409),
            (StoreError, 503),
            (PollError, 502),
        ]
        status = next((code for kind, code in kinds if isinstance(error, kind)), 400)
        return problem(status, str(error).splitlines())

    @app.exception_handler(RequestValidationError)
    def _(_request: Request, error: RequestValidationError) -> JSONResponse:
        lines = [f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors()]
        return problem(422, lines)

    @app.exception_handler(HTTPException)
    def _(request: Request, error: HTTPException) -> JSONResponse:
        response = problem(error.status_code, [str(error.detail)])
        response.headers.update(error.headers or {})
        if error.status_code == 405:  # of all routes of that address, not of the first alone
            here = [each for each in app.routes if each.matches(request.scope)[0] != Match.NONE]
            methods = {m for each in here for m in getattr(each, "methods", None) or ()}
            methods |= {"HEAD"} if "GET" in methods else set()
            response.headers["Allow"] = ", ".join(sorted(methods))
        return response


def _overview(app: FastAPI, house: House) -> None:
    @app.get("/api/status", tags=["overview"])
    def status() -> Json:
        """What runs, what is wrong."""
        engine = dict(house.engine())
        engine["since"] = iso(engine["since"])
        del engine["said"]
        return {
            "engine": engine,
            "complaints": list(house.complaints),
            "troubles": [_happening(each) for each in house.store.open_happenings()],
        }

    @app.get("/api/happenings", tags=["overview"])
    def happenings(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[Json]:
        """Troubles, newest first, with their ends."""
        return [_happening(each) for each in house.store.happenings(limit)]


def _happening(each: Any) -> Json:
    return {
        "id": each.id,
        "at": iso(each.at),
        "kind": each.kind,
        "about": each.subject,
        "text": each.text,
        "over_at": iso(each.over_at),
    }


def _sources(app: FastAPI, house: House) -> None:
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
        )
        adding.check(wishes)
        adding.wanted_categories(house.settings, wishes)
        url = adding.address(given.url)
        looking = adding.Looking(house.app, wishes)
        if where := looking.configured(url):
            raise ConfigError([f"it is configured already, at {where}"])
        seen = looking.explorer()(url)
        added = add_found(house, [_first(seen)], wishes, by)
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


def _first(seen: Exploration) -> Any:
    if not seen.feeds:
        raise ConfigError(str(adding.none_to_add(seen)).splitlines())
    return seen.feeds[0]


def _source(app: FastAPI, house: House) -> None:
    @app.get(f"/api/sources/{ID}", tags=["sources"])
    def source(number: Id) -> Json:
        """As `feedmill why --json`, with changes of its address."""
        [(state, _)] = actions.states(house, [number])
        now, settings, store = house.store.now(), house.settings, house.store
        row = (state, standing(state, now))
        changes = [change_json(each, state, settings) for each in store.address_changes(state.id)]
        return why_json(row, store.ledger(state.id, 1), settings, now) | {"changes": changes}

    @app.get(f"/api/sources/{ID}/ledger", tags=["sources"])
    def ledger(number: Id, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> list[Json]:
        """Its last requests, newest first."""
        actions.states(house, [number])
        return [row_json(row) for row in house.store.ledger(number, limit)]

    @app.patch(f"/api/sources/{ID}", tags=["sources"])
    def change(number: Id, given: SourceKeys, by: By) -> Json:
        """Keys that are sent are written; others stay."""
        values = given.model_dump(exclude_unset=True)
        actions.edit_source(house, number, values, by)
        return {"changed": sorted(values)}

    @app.delete(f"/api/sources/{ID}", tags=["sources"])
    def remove(number: Id, by: By) -> Json:
        """It is polled no more; its articles stay."""
        return {"removed": actions.remove(house, [number], by)}

    @app.post(f"/api/sources/{ID}/poll", tags=["sources"])
    def poll(number: Id, by: By, fresh: bool = False) -> Json:
        """As soon as its host lets us."""
        return {"due": actions.poll_now(house, [number], by, fresh=fresh)}

    @app.post(f"/api/sources/{ID}/undo-redirect", tags=["sources"])
    def undo(number: Id, by: By) -> Json:
        """Request the configured address again, or, where a new address was taken for it by its
        ids, make that a source of its own (`undone` false: there is neither). For good."""
        return {"undone": actions.undo_move(house, number, by) is not None}

    @app.post(f"/api/sources/{ID}/release", tags=["sources"])
    def release(number: Id, by: By) -> Json:
        """Let in what the flood guard holds."""
        return {"released": actions.let_in(house, number, True, by)}

    @app.post(f"/api/sources/{ID}/discard", tags=["sources"])
    def discard(number: Id, by: By) -> Json:
        """Drop for good what the flood guard holds."""
        return {"discarded": actions.let_in(house, number, False, by)}


def _feeds(app: FastAPI, house: House) -> None:
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
    """What was sent, secret sources by their addresses."""
    values = given.model_dump(exclude_unset=True, exclude=exclude)
    if values.get("sources"):
        values["sources"] = discreet.meant(house, values["sources"])
    return values


def _articles(app: FastAPI, house: House) -> None:
    @app.get("/api/articles", tags=["articles"])
    def articles(
        q: Annotated[str, Query(max_length=300)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> list[Json]:
        """The newest, or those that have all these words."""
        if q.strip():
            found = [item.article for item in house.store.find(ALL, q, limit)]
        else:
            found = house.store.articles(None, limit)
        return [_article(each) for each in found]

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


def _article(each: Article) -> Json:
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
    }


def _tokens(app: FastAPI, house: House) -> None:
    admin = [Depends(_admin)]

    @app.get("/api/tokens", tags=["tokens"], dependencies=admin)
    def listed() -> list[Json]:
        """Those in force; what they are is kept nowhere."""
        return [
            {"label": each.label, "feed": each.feed, "created": iso(each.created_at)}
            for each in house.store.tokens()
        ]

    @app.post("/api/tokens", status_code=201, tags=["tokens"], dependencies=admin)
    def make(given: NewToken) -> Json:
        """It is shown this once."""
        if any(each.label == given.label for each in house.store.tokens()):
            raise ConfigError([f"{given.label}: has a token already"])
        private = {each.slug for each in house.settings.feeds if each.private}
        if given.feed is not None and (given.purpose or given.feed not in private):
            raise ConfigError([f"{given.feed}: no private feed, or more than one thing asked for"])
        token = tokens.new_token()
        purpose = f"{tokens.ELSEWHERE}{given.purpose}" if given.purpose else given.feed
        house.store.add_token(tokens.digest(token), purpose, given.label)
        house.app.put_tokens()
        return {"token": token, "label": given.label}

    @app.delete("/api/tokens/{label}", tags=["tokens"], dependencies=admin)
    def revoke(label: Annotated[str, Field(min_length=1, max_length=100)]) -> Json:
        known = {each.label: each for each in house.store.tokens()}
        if label not in known:
            raise Missing([f"{label}: there is no such token"])
        house.store.revoke_token(known[label].digest)
        house.app.put_tokens()
        return {"revoked": label}

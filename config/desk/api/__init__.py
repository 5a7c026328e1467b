"""/api/: what the desk does, as JSON; /api/openapi.json tells of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from config.desk.actions import Missing
from config.desk.api import articles, feeds, lists, opml, overview, source, sources, tokens
from config.desk.api.asked import Problem
from config.desk.call import HEADERS
from config.desk.house import House
from config.desk.rights import Forbidden
from feeds import VERSION
from feeds.errors import ConfigError, EditError, FeedmillError, PollError, StoreError

_STATUSES = {
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
    status: {"model": Problem, "description": text} for status, text in _STATUSES.items()
}


def _said(wrong: Mapping[str, Any]) -> str:
    """A line on one thing that is not of the right form."""
    place = ".".join(map(str, wrong["loc"][1:]))
    if not place:
        place = "the body" if wrong["loc"][:1] == ("body",) else "the request"
    if wrong["type"] == "missing":
        return f"{place}: it is needed" + (", as JSON" if place == "the body" else "")
    return f"{place}: {str(wrong['msg']).removeprefix('Value error, ')}"


def _known_query(request: Request) -> None:
    """A misspelt name would else be all of them: ?stat=failing."""
    route = request.scope["route"]
    known = {each.alias for each in route.dependant.query_params}
    if unknown := sorted(set(request.query_params) - known):
        raise RequestValidationError(
            [
                {"loc": ("query", each), "type": "unknown", "msg": "there is no such parameter"}
                for each in unknown
            ]
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
    for part in (overview, sources, source, lists, opml, feeds, articles, tokens):
        part.routes(app, house)
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

    @app.exception_handler(Exception)
    def _(_request: Request, _error: Exception) -> JSONResponse:
        # Raised again behind this answer: config.desk.doors tells of it in the log.
        return problem(500, ["that went wrong here; the log tells how"])

    @app.exception_handler(RequestValidationError)
    def _(_request: Request, error: RequestValidationError) -> JSONResponse:
        return problem(422, [_said(each) for each in error.errors()])

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

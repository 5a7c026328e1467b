"""Who comes in: each request is let in, sent to the login, or turned away, before any page of the
desk, the API or the metrics sees it (THREATS: Host, CSRF, login)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from config.desk import access
from config.desk.access import Asked
from config.desk.call import HEADERS
from config.desk.house import House
from config.desk.keys import SESSION, Keys
from config.tokens import digest
from feeds.errors import FeedmillError

_Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[_Message]]
Send = Callable[[_Message], Awaitable[None]]

API, METRICS, EDITOR, OPS = "@api", "@metrics", "@editor", "@ops"
"""What a token may be for, beside feeds."""
LOCAL = "you"
"""Who sits at the machine while no user is configured."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """`role`: "admin", "editor", "metrics", "ops", or "" for nobody."""

    name: str
    role: str
    local: bool = False


class Doors:
    def __init__(self, house: House) -> None:
        from config.desk.api import api
        from config.desk.metrics import Metrics
        from config.desk.web import Web

        self._house = house
        self.keys = Keys(lambda: house.store)
        self._web, self._api, self._metrics = Web(house, self.keys), api(house), Metrics(house)

    async def __call__(self, scope: _Message, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        asked = of(request)
        settings = self._house.settings
        first = scope["path"].split("/", 2)[1]
        if not access.host_is_ours(asked, settings.site.url, settings.listen.host):
            await _answer(421, "This is not the address of this desk.")(scope, receive, send)
            return
        if first != "api" and not access.same_site(asked):
            await _answer(403, "Another site has asked for this; nothing was done.")(
                scope, receive, send
            )
            return
        try:
            visitor = await run_in_threadpool(self._visitor, request, asked, first)
        except FeedmillError as error:
            await _answer(503, f"Not at the moment: {error}")(scope, receive, send)
            return
        scope["visitor"] = visitor
        if first == "metrics":
            await self._metrics(scope, receive, send)
        elif first == "api":
            await self._enter_api(visitor, asked, scope, receive, send)
        else:
            await self._enter_desk(visitor, asked, scope, receive, send)

    def _visitor(self, request: Request, asked: Asked, first: str) -> Visitor:
        users = self._house.settings.desk
        local = access.at_the_machine(asked)
        token = _bearer(asked)
        if first == "desk" and not token and request.query_params.get("token"):
            token = request.query_params["token"] if request.url.path == "/desk/ops.atom" else ""
        if token:
            return self._holder(token)
        if not users.users:
            return Visitor(LOCAL, "admin", local=True) if local else Visitor("", "")
        if first == "metrics" and local:
            return Visitor(LOCAL, "metrics", local=True)
        if first == "desk" and (cookie := request.cookies.get(SESSION)):
            user = self.keys.whose(cookie, users)
            if user is not None:
                return Visitor(user.name, user.role)
        return Visitor("", "")

    def _holder(self, token: str) -> Visitor:
        found = digest(token)
        roles = {API: "admin", EDITOR: "editor", METRICS: "metrics", OPS: "ops"}
        for each in self._house.store.tokens():
            if each.digest == found and each.feed in roles:
                return Visitor(each.label, roles[each.feed])
        return Visitor("", "")

    async def _enter_api(
        self, visitor: Visitor, asked: Asked, scope: _Message, receive: Receive, send: Send
    ) -> None:
        if visitor.role not in ("admin", "editor"):
            text = (
                "a token is needed: `feedmill token add NAME --for api`, sent as "
                "`Authorization: Bearer …`"
            )
            if not self._house.settings.desk.users:
                text += "; without one the API answers at the machine itself only"
            status = 403 if visitor.role else 401
            response: Response = JSONResponse(
                {"detail": text}, status, HEADERS | {"WWW-Authenticate": "Bearer"}
            )
        elif visitor.local and not access.same_site(asked):
            response = JSONResponse({"detail": "another site has asked for this"}, 403, HEADERS)
        else:
            await self._api(scope, receive, send)
            return
        await response(scope, receive, send)

    async def _enter_desk(
        self, visitor: Visitor, asked: Asked, scope: _Message, receive: Receive, send: Send
    ) -> None:
        path, base = scope["path"], self._web.base
        if path == "/desk":
            await RedirectResponse(f"{base}/desk/", 308, HEADERS)(scope, receive, send)
            return
        open_to_all = path.startswith("/desk/static/") or path == "/desk/login"
        users = self._house.settings.desk.users
        if path == "/desk/ops.atom" and visitor.role in ("ops", "admin", "editor"):
            open_to_all = True
        if not users and not visitor.local and not (path == "/desk/ops.atom" and visitor.role):
            text = (
                "The desk answers at the machine itself only, until a user is set: write the line "
                "that `feedmill password` prints into [desk.users.NAME], then log in."
            )
            await _answer(403, text)(scope, receive, send)
        elif visitor.role in ("admin", "editor") or open_to_all:
            await self._web(scope, receive, send)
        elif asked.method in access.SAFE:
            there = quote(path + (f"?{scope['query_string'].decode('latin-1')}"
                                  if scope["query_string"] else ""))  # fmt: skip
            await RedirectResponse(f"{base}/desk/login?next={there}", 303, HEADERS)(
                scope, receive, send
            )
        else:
            await _answer(401, "You are not logged in any more; nothing was done.")(
                scope, receive, send
            )


def of(request: Request) -> Asked:
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        found[name] = f"{found[name]}, {value}" if name in found else value
    return Asked(
        method=request.method,
        peer=request.client.host if request.client else "",
        scheme=request.scope.get("scheme", "http"),
        headers=found,
    )


def _bearer(asked: Asked) -> str:
    kind, _, token = asked.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _answer(status: int, text: str) -> Response:
    return PlainTextResponse(f"{text}\n", status, HEADERS)

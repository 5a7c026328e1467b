"""Who comes in: each request is let in, sent to the login, or turned away, before any page of the
desk, the API or the metrics sees it (THREATS: Host, CSRF, login)."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from config.desk import access
from config.desk.access import Asked
from config.desk.call import HEADERS
from config.desk.heads import Headed
from config.desk.house import House
from config.desk.keys import SESSION, Keys
from config.tokens import digest
from feeds.errors import FeedmillError
from publisher.web.callbacks import TooLong, body_of

log = structlog.get_logger("feedmill.desk")

_Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[_Message]]
Send = Callable[[_Message], Awaitable[None]]

API, METRICS, EDITOR, OPS = "@api", "@metrics", "@editor", "@ops"
"""What a token may be for, beside feeds."""
OPERATIONS = "/desk/ops.atom"
STAFF = ("admin", "editor")
LOCAL = "you"
"""Who sits at the machine while no user is configured."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """`role`: "admin", "editor", "metrics", "ops", or "" for nobody."""

    name: str
    role: str
    local: bool = False


NOBODY = Visitor("", "")
FORM = 12_000_000
"""Bytes of a body, at the most: an OPML list of thousands of sources."""
LOGIN = 16_000
"""Of a stranger's, who is not to fill memory."""
SLOWEST = 60.0
"""Seconds for a body to arrive."""


class Doors:
    def __init__(self, house: House) -> None:
        from config.desk.api import api
        from config.desk.metrics import Metrics
        from config.desk.web import Web

        self._house = house
        self.keys = Keys(lambda: house.store)
        self._web, self._metrics = Web(house, self.keys), Metrics(house)
        self._api = Headed(api(house))

    async def __call__(self, scope: _Message, receive: Receive, send: Send) -> None:
        first = scope["path"].split("/", 2)[1]
        answer = _Answering(send)
        try:
            request = Request(scope, receive)
            found = await run_in_threadpool(self._judged, of(request), request, first)
            if isinstance(found, Response):
                await found(scope, receive, answer)
            else:
                scope["visitor"] = found
                await self._enter(first, scope, receive, answer)
        except FeedmillError as error:
            await answer.instead(_said(first, 503, f"Not at the moment: {error}"), scope, receive)
        except Exception:
            log.exception("a request failed")
            text = "That went wrong here; the log tells how."
            await answer.instead(_said(first, 500, text), scope, receive)

    async def _enter(self, first: str, scope: _Message, receive: Receive, send: Send) -> None:
        if first == "metrics":
            await self._metrics(scope, receive, send)
            return
        if scope["method"] not in access.SAFE:
            most = LOGIN if scope["path"] == "/desk/login" else FORM
            receive, refused = await _whole(receive, scope, most)
            if refused is not None:
                await _said(first, *refused)(scope, receive, send)
                return
        await (self._api if first == "api" else self._web)(scope, receive, send)

    # --- in a thread: the file is looked at, and the database

    def _judged(self, asked: Asked, request: Request, first: str) -> Visitor | Response:
        """Who comes in, or the answer for who does not."""
        path: str = request.scope["path"]
        settings, token = self._house.settings, _bearer(asked)
        # A token is sent by no page of another name (DNS rebinding), and a scraper may know us by
        # a name of its own.
        if not (token and first in ("api", "metrics")):
            if not access.host_is_ours(asked, settings.site.url, settings.listen.host):
                return _said(first, 421, "This is not the address of this desk.")
            if not access.same_site(asked, settings.site.url):
                return _said(first, 403, "Another site has asked for this; nothing was done.")
        if path == OPERATIONS:
            token = token or request.query_params.get("token", "")
        elif first == "desk":
            token = ""  # people log in there
        visitor = self._visitor(asked, request, first, token)
        if first == "api":
            return self._of_api(visitor)
        if first == "desk":
            return self._of_desk(visitor, asked, request, token)
        return visitor

    def _visitor(self, asked: Asked, request: Request, first: str, token: str) -> Visitor:
        settings = self._house.settings
        users, local = settings.desk, access.at_the_machine(asked)
        if token:
            return self._holder(token)
        if first == "metrics" and local:
            return Visitor(LOCAL, "metrics", local=True)
        if not users.users:
            here = local and not access.is_public(settings.site.url)
            return Visitor(LOCAL, "admin", local=True) if here else NOBODY
        if first == "desk" and (cookie := request.cookies.get(SESSION)):
            user = self.keys.whose(cookie, users)
            if user is not None:
                return Visitor(user.name, user.role)
        return NOBODY

    def _holder(self, token: str) -> Visitor:
        """THREATS: as bytes, in constant time."""
        given = digest(token)
        roles = {API: "admin", EDITOR: "editor", METRICS: "metrics", OPS: "ops"}
        found = NOBODY
        for each in self._house.store.tokens():
            if hmac.compare_digest(each.digest, given) and each.feed in roles:
                found = Visitor(each.label, roles[each.feed])
        return found

    def _of_api(self, visitor: Visitor) -> Visitor | Response:
        if visitor.role in STAFF:
            return visitor
        text = (
            "a token is needed: `feedmill token add NAME --for api`, sent as "
            "`Authorization: Bearer …`"
        )
        if not self._house.settings.desk.users:
            text += f"; without one {self._closed('the API')}"
        response = _said("api", 403 if visitor.role else 401, text)
        response.headers["WWW-Authenticate"] = "Bearer"
        return response

    def _of_feed(self, visitor: Visitor, sent: str) -> Response:
        """For a feed reader, that can't log in: a status that it understands (RFC 6750 §3)."""
        if visitor.role:
            status, error, text = 403, ', error="insufficient_scope"', "This token is not for that."
        else:
            status, error = 401, ', error="invalid_token"' if sent else ""
            text = "This token is not in force." if sent else "A token is needed."
        text += " `feedmill token add NAME --for ops` makes one; or log in at the desk."
        response = _said("desk", status, text)
        response.headers["WWW-Authenticate"] = f'Bearer realm="operations"{error}'
        return response

    def _closed(self, what: str) -> str:
        """Why nobody comes in while no user is set."""
        if access.is_public(self._house.settings.site.url):
            return f"{what} is closed, since site.url is a public address"
        return f"{what} answers at the machine itself only"

    def _of_desk(
        self, visitor: Visitor, asked: Asked, request: Request, sent: str
    ) -> Visitor | Response:
        """`sent`: a token."""
        path, base = request.scope["path"], self._web.base
        if path == "/desk":
            return RedirectResponse(f"{base}/desk/", 308, HEADERS)
        if path == OPERATIONS:
            return visitor if visitor.role in ("ops", *STAFF) else self._of_feed(visitor, sent)
        if not self._house.settings.desk.users and not visitor.local:
            text = (
                f"Until a user is set, {self._closed('the desk')}: write the line that `feedmill "
                "password` prints into [desk.users.NAME], then log in."
            )
            return _said("desk", 403, text)
        if path.startswith("/desk/static/") or path == "/desk/login":
            return visitor
        if visitor.role in STAFF:
            return visitor
        if asked.method not in access.SAFE:
            return _said("desk", 401, "You are not logged in any more; nothing was done.")
        query = request.scope["query_string"].decode("latin-1")
        there = quote(path + (f"?{query}" if query else ""), errors="replace")
        return RedirectResponse(f"{base}/desk/login?next={there}", 303, HEADERS)


class _Answering:
    """Each answer has the headers of the desk; what has begun can't be another any more."""

    def __init__(self, send: Send) -> None:
        self._send, self._begun = send, False

    async def __call__(self, message: _Message) -> None:
        if message["type"] == "http.response.start":
            self._begun = True
            headers = [*message.get("headers", ())]
            there = {name.lower() for name, _ in headers}
            headers += [pair for pair in _RAW if pair[0] not in there]
            message = {**message, "headers": headers}
        await self._send(message)

    async def instead(self, response: Response, scope: _Message, receive: Receive) -> None:
        if not self._begun:
            await response(scope, receive, self)


async def _whole(
    receive: Receive, scope: _Message, most: int
) -> tuple[Receive, tuple[int, str] | None]:
    """The body, read before anybody looks at it; or why it was not."""
    stated = dict(scope["headers"]).get(b"content-length", b"0")
    try:
        if not stated.isdigit() or len(stated) > 15 or int(stated) > most:
            raise TooLong
        async with asyncio.timeout(SLOWEST):
            body = await body_of(receive, most)
    except TooLong:
        return receive, (413, f"That is too large: {most:,} bytes at the most.")
    except TimeoutError:
        return receive, (408, "That came too slowly.")
    messages: list[_Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> _Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return again, None


def of(request: Request) -> Asked:
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        found[name] = f"{found[name]}, {value}" if name in found else value
    return Asked(
        method=request.method,
        peer=request.client.host if request.client else "",
        scheme=request.scope.get("scheme", "http"),
        headers=found,
        version=str(request.scope.get("http_version", "")),
    )


def _bearer(asked: Asked) -> str:
    kind, _, token = asked.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _said(first: str, status: int, text: str) -> Response:
    """As the API says what is wrong, or as plain words."""
    if first == "api":
        return JSONResponse({"detail": text.splitlines()}, status, HEADERS)
    return PlainTextResponse(f"{text}\n", status, HEADERS)


_RAW = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

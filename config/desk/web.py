"""The desk's pages: addresses, logins, and errors in words."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from config.desk import access
from config.desk.access import SAFE, is_text
from config.desk.actions import Missing
from config.desk.call import HEADERS, NOTICE, Call
from config.desk.house import House
from config.desk.ids import ID
from config.desk.keys import SESSION, Keys
from config.desk.operations import operations_feed
from config.desk.pages import articles, feeds, lists, opml, overview, source, sources
from config.desk.pages.add import Adding
from config.desk.rights import Forbidden
from feeds.errors import ConfigError, EditError, FeedmillError, StoreError

log = structlog.get_logger("feedmill.desk")

Page = Callable[[Call], Response]
_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
PART = 10_000_000
"""Bytes of one field: a pasted list."""
MARK = "feedmill-mark"
"""The cookie of those who need no login, by which their forms are known."""


class Web:
    """An ASGI application. Who comes in was let in by config.desk.doors."""

    def __init__(self, house: House, keys: Keys) -> None:
        self._house, self._keys = house, keys
        adding = Adding()
        static = resources.files("config.desk").joinpath("static")
        self._static = {
            each.name: each.read_bytes() for each in static.iterdir() if each.name[-3:] != ".py"
        }
        number, slug = ID, "{slug}"
        self._app = Starlette(
            routes=[
                self._page("/desk/", GET=overview.show),
                self._page("/desk/sources", GET=sources.show, POST=sources.act),
                self._page(f"/desk/sources/{number}", GET=source.show, POST=source.edit),
                self._page(f"/desk/sources/{number}/act", POST=source.act),
                self._page(f"/desk/sources/{number}/document", POST=source.document),
                self._page("/desk/sources.opml", GET=opml.give),
                self._page("/desk/lists", GET=lists.show, POST=lists.act),
                self._page("/desk/add", GET=adding.show, POST=adding.look),
                self._page("/desk/add/opml", GET=opml.show, POST=opml.take),
                self._page("/desk/add/{name}", GET=adding.found, POST=adding.add),
                self._page("/desk/feeds", GET=feeds.show),
                self._page("/desk/feeds/new", GET=feeds.new, POST=feeds.save),
                self._page("/desk/feeds/tokens", POST=feeds.tokens, role="admin"),
                self._page(f"/desk/feeds/{slug}", GET=feeds.edit, POST=feeds.save),
                self._page(f"/desk/feeds/{slug}/remove", POST=feeds.remove),
                self._page(f"/desk/feeds/{slug}/preview/{{form}}", POST=feeds.preview),
                self._page("/desk/articles", GET=articles.show, POST=articles.take_down),
                self._page(f"/desk/articles/{number}", GET=articles.article, POST=articles.act),
                self._page("/desk/logout", POST=self._log_out),
                Route("/desk/login", self._login, methods=["GET", "POST"]),
                Route("/desk/ops.atom", self._ops),
                Route("/desk/static/{name}", self._file),
            ],
            exception_handlers={HTTPException: _refused},
        )

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)

    @property
    def base(self) -> str:
        return urlsplit(self._house.settings.site.url).path.rstrip("/")

    def _page(self, path: str, *, role: str = "editor", **pages: Page) -> Route:
        async def answer(request: Request) -> Response:
            form = FormData()
            if request.method not in SAFE:
                form = await _form(request, files=4, fields=20_000)
            method = "GET" if request.method == "HEAD" else request.method
            return await run_in_threadpool(self._answer, request, form, pages[method], role)

        methods = [*pages, *(["HEAD"] if "GET" in pages else [])]
        return Route(path, answer, methods=methods)

    def _answer(self, request: Request, form: FormData, page: Page, role: str) -> Response:
        visitor = request.scope["visitor"]
        asked, settings = _asked(request), self._house.settings
        cookie = request.cookies.get(MARK if visitor.local else SESSION, "")
        fresh = ""
        if visitor.local and not cookie:
            import secrets

            cookie = fresh = secrets.token_urlsafe(16)
        call = Call(
            house=self._house,
            asked=asked,
            user=visitor.name,
            role=visitor.role,
            mark=self._keys.mark(cookie),
            secure=access.secure(asked, settings.desk.trusted_proxies),
            path=request.path_params,
            query=request.query_params,
            form=form,
            cookies=request.cookies,
            local=visitor.local,
        )
        response = self._guarded(call, page, role, cookie)
        if fresh:
            response.set_cookie(
                MARK, fresh, path=f"{self.base}/desk/", secure=call.secure, httponly=True,
                samesite="strict",
            )  # fmt: skip
        return response

    def _guarded(self, call: Call, page: Page, role: str, cookie: str) -> Response:
        try:
            if call.asked.method not in SAFE and not self._keys.marked(cookie, call.text("mark")):
                text = "The form is not one of this session; open the page anew, and send it again."
                return call.trouble(403, "Nothing was done", [text])
            if role == "admin" and call.role != "admin":
                return call.trouble(403, "Nothing was done", ["That is for admins."])
            return page(call)
        except Forbidden as error:
            return call.trouble(403, "Nothing was done", [str(error)])
        except Missing as error:
            return call.trouble(404, "Not here", error.complaints)
        except ConfigError as error:
            return call.trouble(422, "That can't be done", error.complaints)
        except EditError as error:
            return call.trouble(409, "That can't be written", str(error).splitlines())
        except StoreError as error:
            return PlainTextResponse(f"Not at the moment: {error}\n", 503, HEADERS)
        except FeedmillError as error:
            return call.trouble(500, "That did not work", [str(error)])
        except Exception:
            # A fault of ours: nobody else tells of it.
            log.exception("fault", page=page.__qualname__, by=call.user)
            text = "This is a fault of Feedmill; its log tells more. Please report it."
            return call.trouble(500, "That went wrong", [text])

    # --- logins

    async def _login(self, request: Request) -> Response:
        form = await _form(request) if request.method == "POST" else FormData()
        return await run_in_threadpool(self._log_in, request, form)

    def _log_in(self, request: Request, form: FormData) -> Response:
        settings, asked = self._house.settings, _asked(request)
        users, base = settings.desk, self.base
        there = access.local_path(str(form.get("next") or request.query_params.get("next") or ""))
        secure = access.secure(asked, users.trusted_proxies)

        def page(status: int, wrong: str = "", **headers: str) -> Response:
            call = Call(
                house=self._house, asked=asked, user="", role="", mark="", secure=secure, path={},
                query=request.query_params, form=form, cookies={}, local=False,
            )  # fmt: skip
            response = call.render("login.html", status, wrong=wrong, there=there)
            response.headers.update(headers)
            return response

        if not users.users:
            return RedirectResponse(f"{base}/desk/", 303, HEADERS)
        if request.method != "POST":
            return page(200)
        name, password = str(form.get("name", ""))[:100], str(form.get("password", ""))[:1000]
        address = access.client(asked, users.trusted_proxies)
        keys = f"from {access.neighbourhood(address)}", f"for {name}"
        if (wait := self._keys.throttle.enter(*keys)) > 0:
            text = f"Too many wrong tries. Try again in {max(1, round(wait / 60))} minutes."
            return page(429, text, **{"Retry-After": str(int(wait) + 1)})
        user = self._keys.check(users, name, password)
        if user is None:
            log.warning("login refused", address=address)
            return page(401, "Name or password is wrong.")
        self._keys.throttle.well(*keys)
        log.info("login", name=user.name)
        response = RedirectResponse(f"{base}{there}", 303, HEADERS)
        response.set_cookie(
            SESSION, self._keys.begin(user), path=f"{base}/desk", secure=secure, httponly=True,
            samesite="strict",
        )  # fmt: skip
        return response

    def _log_out(self, call: Call) -> Response:
        if cookie := call.cookies.get(SESSION):
            self._keys.end(cookie)
        response = RedirectResponse(f"{self.base}/desk/login", 303, HEADERS)
        response.delete_cookie(SESSION, path=f"{self.base}/desk")
        response.delete_cookie(NOTICE, path=f"{self.base}/desk/")
        return response

    # --- the rest

    async def _ops(self, _request: Request) -> Response:
        body = await run_in_threadpool(operations_feed, self._house)
        return Response(body, 200, HEADERS, "application/atom+xml; charset=utf-8")

    async def _file(self, request: Request) -> Response:
        body = self._static.get(request.path_params["name"])
        if body is None:
            return _nothing_here()
        kind = _TYPES[request.path_params["name"].rpartition(".")[2]]
        headers = HEADERS | {"Cache-Control": "public, max-age=300"}
        return Response(body, 200, headers, kind)


def _asked(request: Request) -> access.Asked:
    from config.desk.doors import of

    return of(request)


def _nothing_here() -> Response:
    return PlainTextResponse("There is nothing here.\n", 404, HEADERS)


async def _form(request: Request, *, files: int = 0, fields: int = 10) -> FormData:
    """Raises HTTPException. Its length was judged before (config.desk.doors)."""
    try:
        form = await request.form(max_files=files, max_fields=fields, max_part_size=PART)
    except (ValueError, LookupError) as error:  # of encodings that are none of text, like idna
        raise HTTPException(400, "The form can't be read.") from error
    for name, value in form.multi_items():
        for text in (name, value):
            if isinstance(text, str) and not is_text(text):
                raise HTTPException(400, "The form holds what is no text.")
    return form


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException) or error.status_code == 404:
        return _nothing_here()
    text = "Method not allowed." if error.status_code == 405 else error.detail
    headers = HEADERS | dict(error.headers or {})
    return PlainTextResponse(f"{text}\n", error.status_code, headers)

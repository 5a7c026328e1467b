"""One request at the desk, and how it is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.datastructures import FormData, QueryParams, UploadFile
from starlette.responses import HTMLResponse, RedirectResponse, Response

from config.desk.access import Asked
from config.desk.house import House
from config.desk.moments import at, clock, said, when
from config.desk.rights import By
from config.showing import public_url, short
from feeds import VERSION

NOTICE = "feedmill-said"
"""The cookie that carries a word from an action to the page that follows."""
# Pictures of previews come from where the articles are; scripts and styles from here alone.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    house: House
    asked: Asked
    user: str
    role: str
    mark: str
    """What forms carry."""
    secure: bool
    path: Mapping[str, Any]
    query: QueryParams
    form: FormData
    cookies: Mapping[str, str]
    local: bool
    """Nobody is configured: whoever sits at the machine may do all."""

    @property
    def base(self) -> str:
        """The path below which the site is public, without slash."""
        return urlsplit(self.house.settings.site.url).path.rstrip("/")

    @property
    def by(self) -> By:
        return By(self.user, self.role)

    def text(self, name: str) -> str:
        """A field of the form, trimmed; "" when it is not there."""
        found = self.form.get(name, "")
        return "" if isinstance(found, UploadFile) else found.strip().replace("\r\n", "\n")

    def texts(self, name: str) -> list[str]:
        return [each for each in self.form.getlist(name) if isinstance(each, str)]

    def numbers(self, name: str) -> list[int]:
        return [
            int(each)
            for each in self.texts(name)
            if each.isascii() and each.isdigit() and len(each) < 16
        ]

    def render(self, template: str, status: int = 200, **values: Any) -> Response:
        settings, engine = self.house.settings, self.house.engine()
        page = (
            _environment()
            .get_template(template)
            .render(
                call=self,
                base=self.base,
                desk=f"{self.base}/desk/",
                site=settings.site,
                version=VERSION,
                notice=unquote(self.cookies.get(NOTICE, "")),
                complaints=self.house.complaints or engine.get("complaints", ()),
                follows=self.house.follows(engine),
                now=self.house.store.now(),
                **values,
            )
        )
        response = HTMLResponse(page, status, HEADERS)
        if NOTICE in self.cookies:
            response.delete_cookie(NOTICE, path=f"{self.base}/desk/")
        return response

    def go(self, path: str, notice: str = "", **query: Any) -> Response:
        """To another page of the desk, after something was done. `path`: below it."""
        more = f"?{urlencode(query)}" if query else ""
        response = RedirectResponse(f"{self.base}/desk/{path}{more}", 303, HEADERS)
        if notice:
            response.set_cookie(
                NOTICE,
                quote(notice[:1000]),
                max_age=60,
                path=f"{self.base}/desk/",
                secure=self.secure,
                httponly=True,
                samesite="strict",
            )
        return response

    def trouble(self, status: int, title: str, lines: Sequence[str]) -> Response:
        return self.render("trouble.html", status, title=title, lines=lines, back=self._before())

    def _before(self) -> str:
        """The page of the desk that this was asked from; "" when it is not known."""
        came = urlsplit(self.asked.headers.get("referer", ""))
        if not came.path.startswith(f"{self.base}/desk/"):
            return ""
        return f"{came.path}?{came.query}" if came.query else came.path


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("config.desk"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "short": short,
        "when": when,
        "clock": clock,
        "said": said,
        "at": at,
        "format": _format,
        "count": _count,
        "public": public_url,
    }
    return made


def _count(number: int, one: str, many: str = "") -> str:
    """ "1 source", "12,000 sources"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


_FORMATS = {"rss": "RSS", "atom": "Atom", "cdf": "CDF", "json": "JSON Feed"}


def _format(name: str) -> str:
    """ "RSS 2.0" for "rss20"."""
    kind = name.rstrip("0123456789un")
    digits = name[len(kind) :].rstrip("un")
    if kind not in _FORMATS:
        return name or "unknown format"
    return f"{_FORMATS[kind]} {digits[0]}.{digits[1:]}" if len(digits) > 1 else _FORMATS[kind]

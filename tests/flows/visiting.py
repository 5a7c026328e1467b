"""Somebody who visits the desk: cookies, forms with their marks, raw requests.

anna = Visitor(site.port)
anna.log_in("anna", WORD)
anna.post("/desk/sources", action="pause", id="1")
"""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from http.cookies import SimpleCookie
from typing import Any, cast
from urllib.parse import quote, urlencode

from starlette.routing import Route

from config.desk.keys import Keys, hashed
from config.desk.web import Web

WORD = "correct horse battery"
_MARK = re.compile(rb'name="mark" value="([^"]+)"')


@lru_cache(maxsize=1)
def users() -> str:
    """Tables of an admin and an editor, both with WORD."""
    line = hashed(WORD)
    return "".join(
        f'[desk.users.{name}]\npassword = "{line}"\nrole = "{role}"\n'
        for name, role in (("anna", "admin"), ("bert", "editor"))
    )


@dataclass(frozen=True)
class Answer:
    """`headers`: names in lower case; of repeated ones the last."""

    status: int
    headers: Mapping[str, str]
    cookies: Sequence[str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Visitor:
    """`origin`: the address that the connection comes from."""

    port: int
    origin: str = "127.0.0.1"
    host: str = "127.0.0.1"
    headers: dict[str, str] = field(default_factory=dict)
    """Of each request."""
    prefix: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Redirects are not followed; cookies are kept, whatever their path."""
        given = self.headers | dict(headers or {})
        if self.cookies and "Cookie" not in given:
            given["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        source = None if ":" in self.host else (self.origin, 0)
        connection = http.client.HTTPConnection(
            self.host, self.port, timeout=30, source_address=source
        )
        try:
            connection.request(method, self.prefix + path, body, given)
            found = connection.getresponse()
            answer = Answer(
                found.status,
                {name.lower(): value for name, value in found.getheaders()},
                found.headers.get_all("Set-Cookie") or [],
                found.read(),
            )
        finally:
            connection.close()
        for line in answer.cookies:
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.coded_value
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers=_named(headers))

    def mark(self) -> str:
        """What forms of this session carry."""
        found = _MARK.search(self.get("/desk/add").body)
        assert found is not None
        return found[1].decode()

    def post(self, path: str, *, headers: Mapping[str, str] | None = None, **fields: Any) -> Answer:
        """A form as a browser sends it; `mark` as it should be, unless it is given."""
        fields = {"mark": self.mark()} | fields if "mark" not in fields else fields
        return self.send(path, {k: v for k, v in fields.items() if v is not None}, headers)

    def send(
        self, path: str, fields: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Answer:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask(
            "POST", path, urlencode(fields, doseq=True).encode(), kind | dict(headers or {})
        )

    def log_in(self, name: str, word: str = WORD, next: str = "") -> Answer:  # noqa: A002 - field
        there = f"?next={quote(next)}" if next else ""
        return self.send(f"/desk/login{there}", {"name": name, "password": word, "next": next})


@dataclass
class Caller:
    """Somebody who calls the API."""

    port: int
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, given: Any = None, **headers: str) -> Answer:
        more = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if given is not None:
            more["Content-Type"] = "application/json"
        body = None if given is None else json.dumps(given).encode()
        visitor = Visitor(self.port, headers=self.headers)
        return visitor.ask(method, f"/api{path}", body, more | _named(headers))

    def get(self, path: str) -> Any:
        """What must succeed."""
        found = self.ask("GET", path)
        assert found.status == 200, found
        return found.json


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def raw(port: int, request: bytes, host: str = "127.0.0.1", seconds: float = 20) -> bytes:
    """What comes back, until the server ends it or this long."""
    with socket.create_connection((host, port), timeout=seconds) as found:
        found.sendall(request)
        parts = []
        try:
            while piece := found.recv(65536):
                parts.append(piece)
        except (TimeoutError, ConnectionError):
            pass
        return b"".join(parts)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


@lru_cache(maxsize=1)
def routes() -> list[tuple[str, frozenset[str]]]:
    """Addresses of the desk, with {name} for what varies, and their methods."""
    web = Web(cast(Any, None), cast(Keys, None))
    return [
        (re.sub(r":\w+}", "}", each.path), frozenset(each.methods or ()))
        for each in web._app.routes
        if isinstance(each, Route)
    ]


def filled(path: str, **more: str) -> str:
    """With values: a first source, a first article, the category news."""
    known = {"number": "1", "slug": "news", "form": "rss", "name": "x"} | more
    return re.sub(r"{(\w+)}", lambda found: known.get(found[1], "1"), path)

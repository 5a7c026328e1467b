"""The API does what its description says (schemathesis), and what each of its addresses is for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from config.desk import Desk
from config.desk.api import api
from config.desk.house import House
from tests.flows.command import Installation, rss, until
from tests.flows.visiting import Caller, filled, raw, users
from tests.origin import Origin

pytestmark = pytest.mark.slow

MOST_NAMES = 1000
"""Of categories in a list."""
EXAMPLES = int(os.environ.get("EXAMPLES", "3"))
"""Of each operation. A longer run by hand: EXAMPLES=300 pytest tests/flows/test_api.py"""


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/one", rss("one", "two"))
        found.serve("/two", rss("three"))
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> Installation:
    here = Installation(tmp_path_factory.mktemp("api"))
    tables = [
        f'[[sources]]\nurl = "{origin.url(path)}"\ncategories = ["news"]\n'
        for path in ("/one", "/two")
    ]
    here.configure(
        "\n".join([users(), "[categories.news]", "[categories.staff]\nprivate = true", *tables])
    )
    here.verb("poll", "--now")
    here.verb("publish")
    return here


@pytest.fixture(scope="module")
def token(folder: Installation) -> str:
    return str(folder.json("token", "add", "fuzz", "--for", "api")["token"])


class _Present:
    """The desk of the installation of the moment: operations are known before there is one."""

    def __init__(self) -> None:
        self.desk: Desk | None = None
        self.token = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        assert self.desk is not None
        await self.desk(scope, receive, send)


def _with_room(described: Any) -> Any:
    """Without the ceiling of lists of names, which is tried below: to draw a thousand different
    ones took three quarters of the time in which all tests are collected."""
    if isinstance(described, dict):
        kept = {key: _with_room(value) for key, value in described.items()}
        if kept.get("uniqueItems"):
            assert kept.pop("maxItems") == MOST_NAMES
        return kept
    return [_with_room(each) for each in described] if isinstance(described, list) else described


present = _Present()
schema = schemathesis.openapi.from_dict(
    _with_room(api(cast(House, None)).openapi()),
    config=schemathesis.Config.from_dict(
        {
            "checks": {
                # 502: the address that was given can't be read.
                "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", 502]},
                # 400: of the right form, and still not to be done; 409: somebody else's edit.
                "positive_data_acceptance": {
                    "expected-statuses": ["2xx", 400, 401, 403, 404, 409, 502]
                },
            }
        }
    ),
)
schema.app = present


@pytest.fixture(scope="module")
def desk(folder: Installation, token: str) -> None:
    present.desk, present.token = Desk(folder.folder / "feedmill.toml", figures=dict), token


@schema.auth()
class _Token:
    """Sent with each call, but by the check that goes without."""

    def get(self, _case: Any, _context: Any) -> str:
        return present.token

    def set(self, case: Any, data: str, _context: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schema.hook
def map_body(context: Any, body: Any) -> Any:
    """No address of somebody's: what is added, looked at or moved to is asked for."""
    asked = context.operation.label in (
        "POST /api/sources", "POST /api/sources/look", "PATCH /api/sources/{number}",
    )  # fmt: skip
    if asked and isinstance(body, dict) and isinstance(body.get("url"), str):
        return {**body, "url": "http://127.0.0.1:9/"}
    return body


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.usefixtures("desk")
def test_as_described(case: Any) -> None:
    """Whatever is sent, right or wrong: the answers that are described, and no other."""
    case.call_and_validate(base_url="http://localhost")


# --- what each does, over HTTP


@pytest.fixture
def fresh(tmp_path: Path, origin: Origin) -> Installation:
    here = Installation(tmp_path)
    here.configure(
        f"""{users()}
# The news that we like.
[categories.news]
title = "News"  # short
[categories.staff]
private = true
[[sources]]
url = "{origin.url("/one")}"  # the first
categories = ["news"]
[[sources]]
url = "{origin.url("/two")}"
categories = ["news"]
"""
    )
    here.verb("poll", "--now")
    here.verb("publish")
    return here


def text_of(here: Installation) -> str:
    return (here.folder / "feedmill.toml").read_text()


def test_sources(fresh: Installation, origin: Origin) -> None:
    """Listed, told of, changed in the file whose comments stay, polled, added, removed."""
    token = fresh.json("token", "add", "ci", "--for", "api")["token"]
    origin.serve("/three", rss("four", title="Third"))
    with fresh.running() as site:
        you = Caller(site.port, token)
        listed = you.get("/sources")
        assert (listed["total"], listed["pages"], listed["page"]) == (2, 1, 1)
        assert {each["state"] for each in listed["sources"]} == {"ok"}
        assert you.get("/sources?q=no-such-thing")["total"] == 0
        assert you.get("/sources?state=failing")["total"] == 0
        assert you.get("/sources?category=news")["total"] == 2
        assert you.get("/sources/1")["url"] == origin.url("/one")
        assert [each["outcome"] for each in you.get("/sources/1/ledger")] == ["new"]
        before = text_of(fresh)
        done = you.ask("PATCH", "/sources/1", {"every": "2h", "title": "One"})
        assert done.json == {"changed": ["every", "title"]}
        after = text_of(fresh)
        assert 'every = "2h"' in after
        for comment in ("# The news that we like.", "# short", "# the first"):
            assert comment in after
        assert you.ask("PATCH", "/sources/1", {"every": None, "title": None}).status == 200
        assert text_of(fresh).split() == before.split()
        before = text_of(fresh)
        wrong = you.ask("PATCH", "/sources/1", {"every": "often"})
        assert wrong.status == 400
        assert "often" in wrong.json["detail"][0]
        assert you.ask("PATCH", "/sources/1", {"evry": "2h"}).status == 422
        assert you.ask("PATCH", "/sources/99", {"every": "2h"}).status == 404
        for path in ("/sources/99", "/sources/99/ledger", "/sources/0", "/sources/x"):
            assert you.ask("GET", path).status in (404, 422)
        assert text_of(fresh) == before
        asked = len(origin.asked("/one"))
        assert you.ask("POST", "/sources/1/poll").json == {"due": 1}
        assert until(lambda: len(origin.asked("/one")) > asked)
        assert you.ask("POST", "/sources/1/undo-redirect").json == {"undone": False}
        assert you.ask("POST", "/sources/1/release").json == {"released": 0}
        assert you.ask("POST", "/sources/1/discard").json == {"discarded": 0}
        added = you.ask("POST", "/sources", {"url": origin.url("/three"), "categories": ["news"]})
        assert added.status == 201, added
        assert added.json["added"][0]["articles"] == 1
        again = you.ask("POST", "/sources", {"url": origin.url("/three")})
        assert again.status == 400
        assert "already" in again.json["detail"][0]
        assert you.ask("POST", "/sources", {"url": origin.url("/none")}).status == 502
        too_many = [f"n{number}" for number in range(MOST_NAMES + 1)]
        wrong = you.ask("PATCH", "/sources/1", {"categories": too_many})
        assert wrong.status == 422
        assert str(MOST_NAMES) in wrong.json["detail"][0]
        assert you.ask("PATCH", "/sources/1", {"categories": too_many[1:]}).status == 400
        bulk = {"ids": [1, 2], "action": "pause"}
        assert you.ask("POST", "/sources/bulk", bulk).json == {"changed": 2}
        assert text_of(fresh).count("paused = true") == 2
        into = {"ids": [1], "action": "into"}
        assert you.ask("POST", "/sources/bulk", into).status == 400
        assert you.ask("POST", "/sources/bulk", into | {"category": "none"}).status == 404
        assert you.ask("DELETE", "/sources/2").json == {"removed": 1}
        assert origin.url("/two") not in text_of(fresh)
        assert you.ask("DELETE", "/sources/2").status == 404
        assert "Traceback" not in site.log.read_text()


def test_feeds(fresh: Installation) -> None:
    """Made, tried, changed, removed; one just made is listed at once; the file may be shut."""
    token = fresh.json("token", "add", "ci", "--for", "editor")["token"]
    with fresh.running() as site:
        you = Caller(site.port, token)
        made = you.ask("POST", "/feeds", {"slug": "more", "kind": "views", "limit": 5})
        assert (made.status, made.json) == (201, {"made": "more"})
        assert {each["feed"] for each in you.get("/feeds")} == {"all", "news", "staff", "more"}
        assert you.get("/feeds/more") == {"slug": "more", "kind": "views", "keys": {"limit": 5}}
        assert you.ask("POST", "/feeds", {"slug": "more"}).status == 400
        assert you.ask("POST", "/feeds", {"slug": "desk"}).status == 400
        assert you.ask("POST", "/feeds", {"slug": "../x"}).status == 422
        site.wait_for("/more/atom.xml", "Title of one")
        tried = you.ask("POST", "/feeds/more/try", {"match": {"title": "three"}}).json
        assert (len(tried["leaving"]), tried["staying"]) == (2, 1)
        assert you.ask("PATCH", "/feeds/more", {"match": {"title": "("}}).status == 400
        assert you.ask("PATCH", "/feeds/more", {"match": {"title": "three"}}).status == 200
        assert 'match = { title = "three" }' in text_of(fresh)
        assert you.ask("DELETE", "/feeds/more").json == {"removed": "more"}
        assert until(lambda: site.get("/more/atom.xml").status == 410)
        assert you.ask("GET", "/feeds/more").status == 404
        assert you.ask("DELETE", "/feeds/all").status == 400
        # Somebody else's work is not written over, nor a file that is wrong by now.
        file = fresh.folder / "feedmill.toml"
        right = text_of(fresh)
        file.write_text(right + "[poll\n")
        refused = you.ask("PATCH", "/feeds/news", {"limit": 7})
        assert refused.status in (400, 409)
        assert refused.json["detail"]
        assert text_of(fresh) == right + "[poll\n"


def test_articles(fresh: Installation) -> None:
    """Found, explained, merged, split, taken down for ever."""
    token = fresh.json("token", "add", "ci", "--for", "editor")["token"]
    with fresh.running() as site:
        you = Caller(site.port, token)
        ids = {each["guid"]: each["id"] for each in you.get("/articles")}
        assert set(ids) == {"one", "two", "three"}
        assert len(you.get("/articles?limit=1")) == 1
        assert until(lambda: len(you.get("/articles?q=three")) == 1)
        assert you.get("/articles?q=%00%22%27*") == []
        assert you.get(f"/articles/{ids['one']}")["title"] == "Title of one"
        assert len(you.get(f"/articles/{ids['one']}/history")) == 1
        other = {"other": str(ids["three"])}
        one = f"/articles/{ids['one']}"
        merged = you.ask("POST", f"{one}/merge", other)
        assert merged.json == {"together": [ids["one"], ids["three"]]}
        assert until(lambda: you.get(one)["story"]["rulings"])
        assert you.ask("POST", f"{one}/split", other).json["apart"] == [ids["one"], ids["three"]]
        assert you.ask("POST", f"{one}/merge", {"other": str(ids["one"])}).status == 400
        assert you.ask("POST", f"{one}/merge", {}).status == 400
        assert you.ask("POST", "/articles/999/merge", other).status == 404
        assert you.ask("POST", f"{one}/takedown").json == {"taken_down": [ids["one"]]}
        assert until(lambda: b"Title of one" not in site.get("/news/atom.xml").body)
        assert you.ask("POST", "/articles/999/takedown").status == 404
        assert you.ask("POST", "/takedowns", {"what": "http://a.test/yet-to-come"}).json == {
            "taken_down": []
        }
        assert you.ask("POST", "/takedowns", {"what": ""}).status == 422


def test_tokens(fresh: Installation) -> None:
    """Made, listed and revoked by admins; each opens what it is for, and nothing once revoked."""
    admin = fresh.json("token", "add", "ci", "--for", "api")["token"]
    with fresh.running() as site:
        you = Caller(site.port, admin)
        made = {
            purpose: you.ask("POST", "/tokens", {"label": purpose, "purpose": purpose}).json[
                "token"
            ]
            for purpose in ("api", "editor", "metrics", "ops")
        }
        made["staff"] = you.ask("POST", "/tokens", {"label": "s", "feed": "staff"}).json["token"]
        made["every"] = you.ask("POST", "/tokens", {"label": "e"}).json["token"]
        opened = {
            kind: {
                path
                for path in ("/api/status", "/api/tokens", "/desk/ops.atom", "/staff/atom.xml")
                if site.get(path, Authorization=f"Bearer {token}").status == 200
            }
            for kind, token in made.items()
        }
        assert opened == {
            "api": {"/api/status", "/api/tokens", "/desk/ops.atom"},
            "editor": {"/api/status", "/desk/ops.atom"},
            "metrics": set(),
            "ops": {"/desk/ops.atom"},
            "staff": {"/staff/atom.xml"},
            "every": {"/staff/atom.xml"},
        }
        for kind in ("metrics", "ops", "staff", "every"):
            status = site.get("/api/status", Authorization=f"Bearer {made[kind]}").status
            assert status == (403 if kind in ("metrics", "ops") else 401), kind
        kept = (fresh.folder / "var/private/.tokens.json").read_text()
        assert "@" not in kept
        assert set(json.loads(kept)) == {
            sha256(made[kind].encode()).hexdigest() for kind in ("staff", "every")
        }
        editor = Caller(site.port, made["editor"])
        for method, path, given in (
            ("GET", "/tokens", None), ("POST", "/tokens", {"label": "x"}),
            ("DELETE", "/tokens/s", None),
        ):  # fmt: skip
            assert editor.ask(method, path, given).status == 403
        labels = {each["label"] for each in you.get("/tokens")}
        assert labels == {"ci", "api", "editor", "metrics", "ops", "s", "e"}
        assert "token" not in you.get("/tokens")[0]
        assert you.ask("POST", "/tokens", {"label": "s"}).status == 400
        assert you.ask("POST", "/tokens", {"label": "n", "feed": "news"}).status == 400
        assert you.ask("DELETE", "/tokens/s").json == {"revoked": "s"}
        assert you.ask("DELETE", "/tokens/s").status == 404
        assert site.get("/staff/atom.xml", Authorization=f"Bearer {made['staff']}").status == 401
        assert you.ask("DELETE", "/tokens/api").status == 200
        for wrong in (made["api"], "", "x", admin.upper(), admin[:-1], f"{admin} x", f"@{admin}"):
            headers = {"Authorization": f"Bearer {wrong}"}
            assert Caller(site.port, headers=headers).ask("GET", "/status").status == 401, wrong
        for kind in ("Basic", "Token", ""):
            headers = {"Authorization": f"{kind} {admin}".strip()}
            assert Caller(site.port, headers=headers).ask("GET", "/status").status == 401
        assert Caller(site.port).ask("GET", f"/status?token={admin}").status == 401
        # By whatever name a scraper knows us: a token is sent by no page of another site.
        named = Caller(site.port, admin, headers={"Host": "feedmill.internal:80"})
        assert named.ask("GET", "/status").status == 200
        log = site.log.read_text()
    assert not any(each in log for each in (admin, *made.values()))


def test_what_is_wrong_is_told_alike(fresh: Installation) -> None:
    """A list of lines, whoever refuses."""
    token = fresh.json("token", "add", "ci", "--for", "api")["token"]
    with fresh.running() as site:
        you, nobody = Caller(site.port, token), Caller(site.port)
        answers = {
            401: nobody.ask("GET", "/status"),
            403: nobody.ask("POST", "/status", Origin="https://evil.test"),
            421: nobody.ask("GET", "/status", Host="evil.test"),
            404: you.ask("GET", "/none"),
            405: you.ask("DELETE", "/status"),
            413: you.ask("POST", "/takedowns", {}, Content_Length="12000001"),
            422: you.ask("POST", "/takedowns", {"what": 1}),
            400: you.ask("POST", "/tokens", {"label": "ci"}),
        }
        for status, answer in answers.items():
            assert answer.status == status, answer
            assert answer.headers["content-type"] == "application/json"
            lines = answer.json["detail"]
            assert lines
            assert all(isinstance(each, str) for each in lines)
        assert answers[405].headers["allow"] == "GET, HEAD"
        described = you.get("/openapi.json")
        for path, verbs in described["paths"].items():
            for verb, operation in verbs.items():
                assert {str(each) for each in answers} <= set(operation["responses"]), (path, verb)
        assert described["components"]["securitySchemes"] == {
            "token": {"type": "http", "scheme": "bearer"}
        }


def test_head(fresh: Installation) -> None:
    """As GET, without its body, wherever there is a GET (RFC 9110 §9.3.2); nowhere else, and with
    the same rights."""
    token = fresh.json("token", "add", "heads", "--for", "editor")["token"]
    with fresh.running() as site:
        site.wait_for("/news/rss.xml", "Title of two")
        you = Caller(site.port, token)
        paths = you.get("/openapi.json")["paths"]
        assert sum("get" in verbs for verbs in paths.values()) > 8
        for path, verbs in [*paths.items(), ("/api/openapi.json", {"get": 1})]:
            at = filled(path.removeprefix("/api"))
            head = you.ask("HEAD", at)
            assert head.body == b""
            if "get" not in verbs:
                assert head.status == 405, path
                allowed = {each.strip() for each in head.headers["allow"].split(",")}
                assert allowed == {verb.upper() for verb in verbs}, path
                continue
            got = you.ask("GET", at)
            assert head.status == got.status, path
            if path != "/api/status":  # tells the time
                assert head.headers["content-length"] == got.headers["content-length"], path
            assert head.headers["content-type"] == got.headers["content-type"]
            refused = you.ask("TRACE", at)
            assert refused.status == 405
            assert {"GET", "HEAD"} <= set(refused.headers["allow"].split(", ")), path
        assert Caller(site.port, "wrong").ask("HEAD", "/sources").status == 401
        request = f"HEAD /api/sources HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}"
        told = raw(site.port, f"{request}\r\nConnection: close\r\n\r\n".encode())
        assert told.startswith(b"HTTP/1.1 200 ")
        assert told.partition(b"\r\n\r\n")[2] == b""

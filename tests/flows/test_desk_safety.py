"""The desk, the API and the metrics under attack, as the installed command serves them: who comes
in, and with what (THREATS). test_desk_roles.py has what an editor may, test_desk_bodies.py what is
no form at all."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from config.desk.call import HEADERS
from tests.flows.command import Installation, Site
from tests.flows.guarded import PROXY, installation, settled, state, traceless
from tests.flows.visiting import Answer, Caller, Visitor, filled, raw, routes, status
from tests.origin import Origin

pytestmark = pytest.mark.slow

SAFE = {"GET", "HEAD"}
OPEN = ("/desk/login", "/desk/static/{name}", "/desk/ops.atom")
"""Those that lead no stranger to the login; the last one is a feed, and answers 401."""


# --- until a user is set


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> Iterator[Site]:
    """No user is set."""
    with installation(tmp_path_factory.mktemp("alone"), origin).running() as found:
        found.wait_for("/news/rss.xml", "Title of one")
        yield found


def knock(site: Site, path: str, host: bytes, *headers: bytes) -> int:
    lines = [b"GET %s HTTP/1.1" % path.encode(), *([b"Host: " + host] if host else []), *headers]
    return status(raw(site.port, b"\r\n".join([*lines, b"Connection: close", b"", b""])))


@pytest.mark.parametrize("path", ["/desk/", "/desk/sources", "/api/sources", "/metrics"])
def test_only_at_the_machine(alone: Site, path: str) -> None:
    """By loopback's names, and with no trace of a proxy; a header whose value is no text shows as
    well."""
    for host in (b"localhost", b"LOCALHOST:1", b"127.0.0.1", b"[::1]:80"):
        assert knock(alone, path, host) == 200, host
    for host in (
        b"", b"evil.test", b"localhost.evil.test", b"a@localhost", b"localhost/desk/ops.atom",
        b"localhost?x", b"localhost\xe9", b"\xff",
    ):  # fmt: skip
        assert knock(alone, path, host) in (400, 421), host
    assert knock(alone, path, b"localhost", b"Host: localhost") in (400, 421)
    assert knock(alone, path, b"localhost", b"Host: evil.test") in (400, 421)
    for trace in (
        b"Forwarded: for=1.2.3.4", b"Via: 1.1 x", b"X-Real-IP: 127.0.0.1", b"X-Forwarded-For:",
        b"X-Forwarded-For: 127.0.0.1", b"X-FORWARDED-HOST: localhost", b"X-Forwarded-Proto: http",
        b"X-Forwarded-Anything: x", b"X-Forwarded-For: \xff\xfe, 192.0.2.1",
    ):  # fmt: skip
        assert knock(alone, path, b"localhost", trace) in (401, 403), trace
    whole = f"http://evil.test{path}"
    assert knock(alone, whole, b"localhost") == 421
    assert traceless(alone)


def test_a_mistaken_proxy_is_not_let_in(alone: Site) -> None:
    """One that is trusted says who asks, never that he sits at the machine."""
    proxied = Visitor(alone.port, PROXY, headers={"X-Forwarded-For": "127.0.0.1"})
    assert proxied.get("/desk/").status == 403
    assert proxied.get("/api/sources").status == 401
    assert proxied.post("/desk/sources", mark="x", action="poll", id="1").status in (401, 403)
    assert b"user is set" in proxied.get("/desk/login").body


def test_forms_have_marks_at_the_machine(alone: Site) -> None:
    """Also where nobody logs in: another page in the same browser can't send them."""
    you, other = Visitor(alone.port), Visitor(alone.port)
    mark = you.mark()
    assert you.send("/desk/sources", {"mark": mark, "action": "poll", "id": 1}).status == 303
    for given in ("", "x", other.mark()):
        answer = you.send("/desk/sources", {"mark": given, "action": "poll", "id": 1})
        assert answer.status == 403
    stranger = Visitor(alone.port)
    assert stranger.send("/desk/sources", {"mark": mark, "action": "poll", "id": 1}).status == 403
    for headers in (
        {"Origin": "http://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
        {"Origin": f"http://127.0.0.1:{alone.port + 1}"}, {"Sec-Fetch-Site": "same-site"},
    ):  # fmt: skip
        assert you.post("/desk/sources", headers=headers, action="poll", id=1).status == 403
        assert Caller(alone.port, headers=headers).ask("POST", "/sources/1/poll").status == 403


# --- logins


def test_each_page_needs_a_login(site: Site) -> None:
    """All of them, in each of their methods; what leads on is the login."""
    stranger = Visitor(site.port)
    assert len(routes()) > 15
    for path, methods in routes():
        if path in OPEN:
            continue
        for method in methods | {"POST"}:
            answer = stranger.ask(method, filled(path))
            if method in SAFE:
                assert answer.status == 303, (method, path)
                assert answer.headers["location"].startswith("/desk/login?next=/desk/"), path
            else:
                assert answer.status == 401, (method, path)
            assert b"Title" not in answer.body
    for path in ("/api/openapi.json", "/api/sources", "/api/nothing", "/api", "/api/"):
        assert stranger.get(path).status == 401
    assert stranger.get("/desk/ops.atom").status == 401
    assert stranger.get("/desk/login").status == 200
    assert stranger.get("/desk/static/desk.css").status == 200


def test_metrics_at_the_machine(site: Site) -> None:
    """Once users are set, too; elsewhere with a token."""
    assert Visitor(site.port).get("/metrics").status == 200
    proxied = {"X-Forwarded-For": "192.0.2.1"}
    assert Visitor(site.port, PROXY, headers=proxied).get("/metrics").status == 401


def test_a_false_cookie_is_nobodys(site: Site, anna: Visitor) -> None:
    """Neither another's text, nor a cookie of another name."""
    good = anna.cookies["feedmill"]
    for cookie in ("feedmill=", "feedmill=x", f"feedmill={good[:-1]}", f"feedmill-mark={good}",
                   f"feedmill={good}x", "feedmill=\xe9", f'feedmill="{good} "', ";="):  # fmt: skip
        answer = Visitor(site.port).ask("GET", "/desk/", headers={"Cookie": cookie})
        assert answer.status == 303, cookie


@pytest.mark.parametrize(
    "there",
    ["//evil.test/", "/\\evil.test", "https://evil.test/", "javascript:alert(1)", "/desk/../../x",
     "/desk/%2e%2e/x", "/desk/%2f/evil.test", "/desk/\r\nSet-Cookie: a=b", "//[", "/news/"],
)  # fmt: skip
def test_a_login_leads_nowhere_else(site: Site, there: str) -> None:
    """Whatever its address asks for."""
    visitor = Visitor(site.port, "127.0.1.1")
    answer = visitor.log_in("anna", next=there)
    assert (answer.status, answer.headers["location"]) == (303, "/desk/")
    assert "a" not in visitor.cookies


def test_a_login_leads_on(site: Site) -> None:
    """To the page that was asked for."""
    visitor = Visitor(site.port, "127.0.1.2")
    answer = visitor.get("/desk/sources?q=a&state=ok")
    page = visitor.get(answer.headers["location"])
    found = re.search(r'name="next" value="([^"]*)"', page.text)
    assert found is not None
    there = found[1].replace("&amp;", "&")
    assert visitor.log_in("anna", next=there).headers["location"] == "/desk/sources?q=a&state=ok"


def test_five_wrong_passwords_of_one_address(site: Site) -> None:
    """Then it waits, whatever name it gives and whatever it says of where it comes from; others
    don't."""
    visitor = Visitor(site.port, "127.0.2.1")
    for number in range(5):
        visitor.headers = {"X-Forwarded-For": f"192.0.2.{number}"}
        assert visitor.log_in(f"nobody {number}", "wrong").status == 401
    answer = visitor.log_in("anna")
    assert answer.status == 429
    assert 0 < int(answer.headers["retry-after"]) <= 901
    assert "feedmill" not in visitor.cookies
    assert Visitor(site.port, "127.0.2.2").log_in("anna").status == 303


def test_five_wrong_passwords_for_one_name(site: Site) -> None:
    """From anywhere: behind the trusted proxy each client is his own, also with a header that he
    has begun himself."""
    proxied = Visitor(site.port, PROXY)
    for number in range(5):
        proxied.headers = {"X-Forwarded-For": f"198.51.100.1, 203.0.113.{number}"}
        assert proxied.log_in("carla", "wrong").status == 401
    proxied.headers = {"X-Forwarded-For": "203.0.113.77"}
    assert proxied.log_in("carla", "wrong").status == 429
    assert proxied.log_in("dora", "wrong").status == 401
    for _ in range(4):
        proxied.headers = {"X-Forwarded-For": "1.1.1.1, 203.0.113.77"}
        assert proxied.log_in("dora", "wrong").status == 401
    proxied.headers = {"X-Forwarded-For": "2.2.2.2, 203.0.113.77"}
    assert proxied.log_in("emil", "wrong").status == 429


def test_a_crowd_of_tries(site: Site) -> None:
    """At the same moment: five are judged, and the pages of others come meanwhile."""
    found: list[int] = []

    def come() -> None:
        found.append(Visitor(site.port, "127.0.2.9").log_in("fritz", "wrong").status)

    threads = [threading.Thread(target=come) for _ in range(30)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(found) == [401] * 5 + [429] * 25


def test_the_log_tells_of_logins(site: Site, anna: Visitor) -> None:
    """Who came, and from where somebody tried; never a name or word that was entered, since
    people type the one into the other's field; no lines of an attacker's."""
    evil = "x\r\n2026-01-01 info login name=root \x1b[31m"
    visitor = Visitor(site.port, "127.0.3.1", headers={"User-Agent": "y\tlogin name=root"})
    visitor.log_in(evil, "hunter-two-typed")
    Visitor(site.port, PROXY, headers={"X-Forwarded-For": "evil\tname=root"}).log_in("z", "z")
    text = site.log.read_text()
    assert "address=127.0.3.1" in text
    assert "name=anna" in text
    for word in ("root", "hunter-two-typed", "\x1b", "evil"):
        assert word not in text


def test_logging_out(site: Site) -> None:
    """Ends the session for the server as well; a form is needed."""
    visitor = Visitor(site.port)
    visitor.log_in("bert")
    kept = visitor.cookies["feedmill"]
    assert visitor.get("/desk/logout").status == 405
    assert visitor.post("/desk/logout", mark="x").status == 403
    assert visitor.get("/desk/").status == 200
    answer = visitor.post("/desk/logout")
    assert (answer.status, answer.headers["location"]) == (303, "/desk/login")
    assert "feedmill" not in visitor.cookies
    again = Visitor(site.port).ask("GET", "/desk/", headers={"Cookie": f"feedmill={kept}"})
    assert again.status == 303


# --- cookies


def test_cookies(site: Site) -> None:
    """For no script, no other site, no other part of ours; over https only, where it is that."""
    visitor = Visitor(site.port, "127.0.4.1")
    line = one(visitor.log_in("bert").cookies, "feedmill=").lower()
    for part in ("httponly", "samesite=strict", "path=/desk"):
        assert f"; {part}" in line
    assert "secure" not in line
    for headers, secure in (
        ({"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}, True),
        ({"X-Forwarded-Proto": "http"}, False),
    ):
        proxied = Visitor(site.port, PROXY, headers=headers)
        said = one(proxied.log_in("bert").cookies, "feedmill=").lower()
        assert ("; secure" in said) == secure
        notice = proxied.post("/desk/sources", action="poll", id=1).cookies
        said = one(notice, "feedmill-said=").lower()
        assert ("; secure" in said) == secure
        assert "; samesite=strict" in said
        assert "; httponly" in said
    untrusted = Visitor(site.port, headers={"X-Forwarded-Proto": "https"})
    assert "secure" not in one(untrusted.log_in("bert").cookies, "feedmill=").lower()


def one(lines: Any, name: str) -> str:
    [found] = [str(each) for each in lines if each.startswith(name)]
    return found


# --- forms


def test_no_form_without_its_mark(site: Site, anna: Visitor, here: Installation) -> None:
    """Every page that takes one, from whoever is not of this session or this site."""
    other = Visitor(site.port)
    other.log_in("anna")
    before, foreign, own = settled(here), other.mark(), anna.mark()
    count = 0
    for path, methods in routes():
        if "POST" not in methods or path == "/desk/login":
            continue
        count += 1
        fields: dict[str, Any] = {
            "action": "remove",
            "sure": "yes",
            "id": "1",
            "what": "x",
            "title": "Changed",
        }
        for mark in (None, "", foreign, own[:-1], own + "0", "é"):
            answer = anna.post(filled(path), mark=mark, **fields)
            assert answer.status == 403, (path, mark)
        for headers in (
            {"Origin": "https://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": f"http://127.0.0.1:{site.port}"},
        ):  # fmt: skip
            answer = anna.post(filled(path), mark=own, headers=headers, **fields)
            assert answer.status == 403, (path, headers)
        # A form can be sent without a type that any page may send, and as none.
        kind = {"Content-Type": "text/plain"}
        assert anna.ask("POST", filled(path), f"mark={own}".encode(), kind).status == 403
    assert count > 8
    assert state(here) == before
    evil = {"Origin": "https://evil.test"}
    stranger = Visitor(site.port)
    fields = {"name": "bert", "password": "x"}
    assert stranger.send("/desk/login", fields, evil).status == 403


def test_reading_changes_nothing(site: Site, anna: Visitor, here: Installation) -> None:
    """All pages, with what forms would send in their address; all of the API."""
    token = here.json("token", "add", "reader", "--for", "api")["token"]
    before = settled(here)
    words = f"?action=remove&sure=yes&id=1&what=x&mark={anna.mark()}&url=http://x.test&token=x"
    for path, methods in routes():
        for method in SAFE & methods:
            for query in ("", words):
                assert anna.ask(method, filled(path) + query).status < 500, path
    caller = Caller(site.port, token)
    for path, verbs in caller.get("/openapi.json")["paths"].items():
        if "get" in verbs:
            number = "1" if "source" in path else "2"
            got = caller.ask("GET", filled(path.removeprefix("/api"), number=number) + words)
            assert got.status < 500, path
    anna.get("/metrics?action=remove")
    assert state(here) == before


# --- headers


def fit(answer: Answer, path: str) -> None:
    for name, value in HEADERS.items():
        if name == "Cache-Control" and path.startswith("/desk/static/"):
            continue
        assert answer.headers.get(name.lower()) == value, (path, name, answer)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy


def test_headers(site: Site, anna: Visitor, here: Installation) -> None:
    """On every answer: pages, errors, redirects, the API, the metrics, to whomever."""
    token = here.json("token", "add", "headers", "--for", "api")["token"]
    stranger, caller = Visitor(site.port), Visitor(site.port)
    caller.headers = {"Authorization": f"Bearer {token}"}
    paths = [filled(path) for path, _ in routes()]
    paths += ["/desk", "/desk/none", "/desk/static/desk.css", "/desk/static/none", "/metrics",
              "/metrics/", "/metrics/x", "/api", "/api/", "/api/openapi.json", "/api/sources",
              "/api/sources/999", "/api/sources?page=0", "/api/none",
              "/desk/sources/999"]  # fmt: skip
    for path in paths:
        for who in (stranger, anna, caller):
            for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE", "TRACE"):
                if method == "POST" and path == "/desk/logout":
                    continue
                answer = who.ask(method, path)
                assert answer.status < 500, (method, path)
                fit(answer, path)
                if answer.status == 405:
                    assert answer.headers.get("allow"), (method, path)
        fit(stranger.ask("GET", path, headers={"Host": "evil.test"}), path)
        fit(stranger.ask("POST", path, headers={"Origin": "https://evil.test"}), path)
    assert traceless(site)

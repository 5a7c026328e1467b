"""What is sent to the desk is too much, never comes, or is no text (THREATS)."""

from __future__ import annotations

import socket
import time

import pytest

from tests.flows.command import Installation, Site
from tests.flows.guarded import traceless
from tests.flows.visiting import Answer, Visitor, filled, raw, routes, status

pytestmark = pytest.mark.slow


def test_a_large_body(site: Site, anna: Visitor) -> None:
    """Refused by its stated length, and by what comes where it states none."""
    stranger = Visitor(site.port, "127.0.5.1")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert stranger.ask("POST", "/desk/login", b"name=" + b"x" * 20_000, kind).status == 413
    cookie = f"feedmill={anna.cookies['feedmill']}"
    for path, size in (("/desk/login", 200_000), ("/desk/sources", 13_000_000)):
        answer = chunked(site, path, size, cookie)
        assert status(answer) == 413, answer[:200]
    stated = (
        b"POST /desk/sources HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n"
        b"Content-Length: %s\r\n\r\n"
    )
    for length in (b"13000000", b"9" * 30):
        found = raw(site.port, stated % (cookie.encode(), length), seconds=3)
        assert status(found) in (400, 413), found[:200]
    assert traceless(site)


def chunked(site: Site, path: str, size: int, cookie: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", site.port), timeout=20) as found:
        found.sendall(head.encode())
        piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        try:
            for _ in range(size // 0x10000 + 1):
                found.sendall(piece)
            found.sendall(b"0\r\n\r\n")
        except ConnectionError:
            pass
        return found.recv(4096)


def test_many_fields(site: Site, anna: Visitor) -> None:
    """A form of more than there are is refused; so is one of a stranger's at the login."""
    mark = anna.mark()
    body = f"mark={mark}&action=poll&id=1".encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert anna.ask("POST", "/desk/sources", body + b"&id=1" * 15_000, kind).status == 303
    assert anna.ask("POST", "/desk/sources", body + b"&id=1" * 30_000, kind).status == 400
    assert Visitor(site.port).ask("POST", "/desk/login", b"a=b&" * 100, kind).status == 400


def test_a_body_that_never_comes(site: Site) -> None:
    """It holds up nobody else; whoever breaks it off leaves no trace."""
    head = b"POST /desk/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nname="
    held = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(60)]
    try:
        for each in held:
            each.sendall(head)
        started = time.monotonic()
        assert Visitor(site.port, "127.0.5.2").log_in("bert").status == 303
        assert time.monotonic() - started < 5
    finally:
        for each in held:
            each.close()
    assert site.get("/healthz").status == 200
    assert traceless(site)


ODD = ["%ff", "%00", "%0d%0aX-Evil:%20y", "%ed%a0%80", "%E2%80%AE", "..%2f..%2fetc%2fpasswd", "%",
       "'\"><script>", "9" * 30, "9" * 5000, "-1", "1e9", "%F0%9F%98%80" * 50]  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_odd_addresses(site: Site, anna: Visitor, odd: str) -> None:
    """In paths and in queries: never an error of ours, never a header of theirs."""
    quoted = odd.replace('"', "%22").replace("<", "%3C").replace(">", "%3E")
    token_free = Visitor(site.port)
    for who in (anna, token_free):
        for path in ("/desk/{}", "/desk/static/{}", "/desk/sources/{}", "/desk/articles/{}",
                     "/desk/feeds/{}", "/desk/add/{}", "/desk/sources?q={}&page={}&state={}",
                     "/desk/articles?q={}", "/desk/login?next={}", "/desk/sources?sort={}",
                     "/desk/add?url={}", "/desk/feeds/new?kind={}"):  # fmt: skip
            answer = who.get(path.replace("{}", quoted))
            assert answer.status < 500, (path, answer)
            assert "x-evil" not in answer.headers
            assert b"<script>" not in answer.body
            assert b"root:" not in answer.body
    assert traceless(site)


def test_odd_forms(anna: Visitor, site: Site, here: Installation) -> None:
    """Bytes that are no text, in each field of each form."""
    mark, before = anna.mark(), (here.folder / "feedmill.toml").read_text()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    names = "id action title slug every rule_every rule_toml seen what other label feed to limit"
    fields = [*names.split(), "sources", "categories", "kind", "document"]
    for path, methods in routes():
        if "POST" not in methods or path.endswith(("/logout", "/login", "/remove")):
            continue
        for odd in ("%ff%fe", "%00", "%ed%a0%80", "9" * 5000, "-1", "%0d%0aX-Evil:y", "%1b%5B31m"):
            body = "&".join([f"mark={mark}", *(f"{name}={odd}" for name in fields)])
            answer = anna.ask("POST", filled(path), body.encode(), kind)
            assert answer.status < 500, (path, odd, answer)
            assert "x-evil" not in answer.headers
    for charset, value in (
        ("utf-7", b"+2AA-"), ("unicode_escape", b"\\ud800"), ("utf-16", b"\x00\xd8"),
        ("zlib", b"x"), ("idna", b"xn--x"), ("none", b"x"), ("utf-8", b"\x00"),
    ):  # fmt: skip
        answer = multipart(Visitor(site.port, "127.0.6.1"), "/desk/login", charset, value)
        assert answer.status in (400, 401, 429), (charset, answer)
        answer = multipart(anna, "/desk/sources", charset, value)
        assert answer.status in (400, 403), (charset, answer)
    broken = {"Content-Type": "multipart/form-data"}
    assert anna.ask("POST", "/desk/sources", b"--x\r\n", broken).status in (400, 403)
    assert traceless(site)
    assert (here.folder / "feedmill.toml").read_text() == before


def multipart(visitor: Visitor, path: str, charset: str, value: bytes) -> Answer:
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name, value)
        for name in (b"name", b"password", b"mark")
    ]
    kind = {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"}
    return visitor.ask("POST", path, b"".join(parts) + b"--b--\r\n", kind)


def test_a_notice_is_one_header(anna: Visitor) -> None:
    """What a notice repeats can't end its line; what a cookie claims is text."""
    answer = anna.post("/desk/articles", what="x\r\nX-Evil: y\u2028<b>")
    assert "x-evil" not in answer.headers
    text = anna.ask(
        "GET", "/desk/", headers={"Cookie": f"feedmill={anna.cookies['feedmill']}; "
                                  "feedmill-said=%3Cscript%3Ealert(1)%0D%0AX-Evil:%20y"}
    )  # fmt: skip
    assert text.status == 200
    assert b"<script>alert" not in text.body
    assert "x-evil" not in text.headers

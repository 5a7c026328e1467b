"""Ways to the desk: below a path behind a proxy, by IPv6, at the very first request, with a file
that is wrong, and while the file changes."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.flows.command import Installation, until
from tests.flows.visiting import WORD, Answer, Visitor, users

pytestmark = pytest.mark.slow

NEWS = '[categories.news]\ntitle = "News"\n'
_LINK = re.compile(r'(?:href|action|src)="([^"]*)"')


def installation(folder: Path, text: str = "", site: str = "", listen: str = "") -> Installation:
    found = Installation(folder)
    found.configure(text + NEWS)
    file = folder / "feedmill.toml"
    written = file.read_text().replace("[server]\n", '[server]\ntrusted_proxies = ["127.0.0.9"]\n')
    if site:
        written = written.replace("[site]\n", f'[site]\nurl = "{site}"\n')
    if listen:
        written = written.replace('listen = "127.0.0.1:', f'listen = "{listen}:')
    file.write_text(written)
    return found


@pytest.mark.parametrize("cut", [False, True])
def test_below_a_path(tmp_path: Path, cut: bool) -> None:
    """Whether the proxy takes the path off or not: every link, form, redirect and cookie has it."""
    here = installation(tmp_path, users(), "https://feeds.example.org/wire")
    headers = {
        "Host": "feeds.example.org",
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Proto": "https",
    }
    with here.running() as site:
        visitor = Visitor(site.port, "127.0.0.9", headers=headers, prefix="" if cut else "/wire")
        first = visitor.get("/desk/sources?q=a")
        assert first.headers["location"] == "/wire/desk/login?next=/desk/sources%3Fq%3Da"
        assert visitor.get("/desk").headers["location"] == "/wire/desk/"
        login = visitor.get("/desk/login?next=/desk/sources%3Fq%3Da")
        answer = visitor.log_in("anna", next="/desk/sources?q=a")
        assert answer.headers["location"] == "/wire/desk/sources?q=a"
        [cookie] = answer.cookies
        assert "; Path=/wire/desk;" in cookie
        assert "; secure" in cookie.lower()
        page = visitor.get("/desk/sources?q=a")
        assert page.status == 200
        for text in (login.text, page.text, visitor.get("/desk/feeds").text):
            for link in _LINK.findall(text):
                at = urlsplit(link)
                assert at.netloc in ("", "feeds.example.org")
                assert at.path.startswith("/wire/") or not at.path, link
        own = {"Origin": "https://feeds.example.org", "Sec-Fetch-Site": "same-origin"}
        done = visitor.post("/desk/feeds/new", headers=own, slug="more", title="More")
        assert done.headers["location"] == "/wire/desk/feeds/more"
        assert all("; Path=/wire/desk/;" in each for each in done.cookies)
        out = visitor.post("/desk/logout", headers=own)
        assert out.headers["location"] == "/wire/desk/login"
        assert "feedmill" not in visitor.cookies
        # A proxy that does not pass Host on: the browser's own word of the site still counts.
        visitor.headers = {k: v for k, v in headers.items() if k != "Host"}
        assert visitor.log_in("anna").status == 303
        done = visitor.post("/desk/feeds/new", headers=own, slug="other", title="Other")
        assert done.status == 303


@pytest.mark.parametrize("listen", ["[::1]", "[::]"])
def test_by_ipv6(tmp_path: Path, listen: str) -> None:
    """It is the machine itself too, also by IPv4 where both are listened on."""
    here = installation(tmp_path, listen=listen, site="http://localhost")
    process = here.start()
    hosts = ["::1"] if listen == "[::1]" else ["::1", "127.0.0.1"]
    try:
        visitor = Visitor(process.port, host="::1")
        assert until(lambda: ready(visitor), 40), process.log.read_text()
        for host in hosts:
            you = Visitor(process.port, host=host)
            for path in ("/desk/", "/metrics", "/api/status"):
                assert you.get(path).status == 200, (host, path)
            assert you.post("/desk/feeds/new", slug="more", title="M").status in (303, 422)
            proxied = Visitor(process.port, host=host, headers={"X-Forwarded-For": "::1"})
            assert proxied.get("/desk/").status == 403
    finally:
        process.stop()


def ready(visitor: Visitor) -> bool:
    try:
        return visitor.get("/readyz").status == 200
    except OSError:
        return False


def at_once(visit: Visitor, count: int) -> list[Answer]:
    found: list[Answer] = []
    threads = [
        threading.Thread(target=lambda: found.append(visit.ask("GET", "/api/status")))
        for _ in range(count)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return found


def test_the_first_ones(tmp_path: Path) -> None:
    """A crowd at the first moment: one desk is made for all of them, and feeds are served
    meanwhile."""
    with installation(tmp_path).running() as site:
        visitor = Visitor(site.port)
        found: list[Answer] = []
        crowd = threading.Thread(target=lambda: found.extend(at_once(visitor, 24)))
        crowd.start()
        while crowd.is_alive():
            assert site.get("/healthz").status == 200
        assert [each.status for each in found] == [200] * 24
        assert "Traceback" not in site.log.read_text()


def test_a_file_that_is_wrong_at_the_first_request(tmp_path: Path) -> None:
    """The desk works with what the engine does, and says what is wrong: to those who may come in,
    a stranger hears nothing of the file."""
    here = installation(tmp_path)
    file = here.folder / "feedmill.toml"
    right = file.read_text()
    with here.running() as site:
        file.write_text(right + '[poll]\ninterval = "often-s3cret"\n')
        visitor = Visitor(site.port)
        stranger = Visitor(site.port, headers={"X-Forwarded-For": "192.0.2.1"})
        assert "not TOML" in visitor.get("/desk/").text
        assert visitor.get("/api/status").json["complaints"]
        assert visitor.get("/metrics").status == 200
        for path, status in (("/desk/", 403), ("/api/status", 401), ("/metrics", 401)):
            answer = stranger.get(path)
            assert answer.status == status
            assert b"TOML" not in answer.body
            assert answer.headers["cache-control"] == "no-store"
        assert site.get("/readyz").status == 200
        file.write_text(right)
        assert visitor.get("/desk/").status == 200
        file.write_text(right.replace('host_delay = "0.001s"', "host_delay = 7"))
        assert until(lambda: b"poll.host_delay" in visitor.get("/desk/").body)
        assert visitor.get("/desk/sources").status == 200
        file.write_text(right)
        assert until(lambda: b"poll.host_delay" not in visitor.get("/desk/").body)
        assert "Traceback" not in site.log.read_text()


def test_a_file_that_changes_all_the_time(tmp_path: Path) -> None:
    """By other hands and the desk's own, right and wrong, while it is looked at: each answer is a
    whole one, and no edit is lost or written over another's."""
    here = installation(tmp_path)
    file = here.folder / "feedmill.toml"
    ended = threading.Event()
    found: list[int] = []

    def look(path: str) -> None:
        while not ended.is_set():
            found.append(Visitor(port).get(path).status)

    with here.running() as site:
        port = site.port
        threads = [
            threading.Thread(target=look, args=[each])
            for each in ("/desk/", "/desk/feeds", "/api/feeds", "/metrics")
        ]
        for each in threads:
            each.start()
        you, made = Visitor(port), []
        for number in range(6):
            text = file.read_text()
            file.write_text(text + "[poll\n")
            file.write_text(text + f"# {number}\n")
            answer = you.post("/desk/feeds/new", slug=f"made-{number}", title="Made")
            assert answer.status in (303, 409, 422), answer
            if answer.status == 303:
                made.append(f"[categories.made-{number}]")
        ended.set()
        for each in threads:
            each.join()
        assert set(found) == {200}
        text = file.read_text()
        assert all(each in text for each in made)
        assert all(f"# {number}\n" in text for number in range(6))
        assert made
        assert "Traceback" not in site.log.read_text()


def test_a_login_ends_with_its_password(tmp_path: Path) -> None:
    """As soon as the file says another one."""
    here = installation(tmp_path, users())
    file = here.folder / "feedmill.toml"
    with here.running() as site:
        visitor = Visitor(site.port)
        assert visitor.log_in("anna", WORD).status == 303
        assert visitor.get("/desk/").status == 200
        from config.desk.keys import hashed

        text = re.sub(
            r'(?<=anna]\npassword = ")[^"]+', hashed("another long one"), file.read_text()
        )
        file.write_text(text)
        assert until(lambda: visitor.get("/desk/").status == 303)
        assert visitor.log_in("anna", WORD).status == 401
        assert visitor.log_in("anna", "another long one").status == 303

"""What a hostile feed writes, and what is secret, at the desk: the one is shown as text, the other
nowhere (THREATS: stored XSS, secrets)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote
from xml.sax.saxutils import escape

import pytest

from config.desk.keys import hashed
from tests.flows.command import Installation
from tests.flows.visiting import WORD, Answer, Caller, Visitor, filled, routes
from tests.origin import Answer as Reply
from tests.origin import Origin, Received

pytestmark = pytest.mark.slow

XSS = "\"'><script>evil()</script><img src=x onerror=evil()>{{7*7}}</title></textarea>"
"""Breaks out of texts, attributes, titles, fields and templates, where it can."""
SCRIPT = "javascript:evil()"


def hostile(path: str) -> bytes:
    text = escape(XSS)
    items = "".join(
        f"<item><title>{text} {number}</title><guid isPermaLink='false'>{text}{number}</guid>"
        f"<link>{link}</link><author>{text}</author><category>{text}</category>"
        f"<description>{text} &lt;/iframe&gt; &lt;a href='{SCRIPT}'&gt;x&lt;/a&gt; "
        f"&lt;iframe srcdoc='&amp;lt;script&amp;gt;evil()'&gt;&lt;/iframe&gt; "
        f"&lt;form action='/desk/sources' method='post'&gt;&lt;input name='mark'&gt; "
        f"&lt;svg onload='evil()'&gt; {path}</description></item>"
        for number, link in enumerate((SCRIPT, f"http://a.test/{path}'onclick='evil()", "data:x"))
    )
    return (
        f"<rss version='2.0'><channel><title>{text}</title><link>{SCRIPT}</link>"
        f"<description>{text}</description>{items}</channel></rss>"
    ).encode()


SECRETS = {
    "query": "tok3n-query-aaaa",
    "word": "p4ss-cccc",
    "header": "h3ader-dddd",
    "login": "l0gin-eeee:w0rd-ffff",
    "proxy": "pr0xy-gggg:k3y-hhhh",
    "literal": "l1teral-iiii",
    "hook": "h00k-jjjj",
}


def told(request: Received) -> Reply:
    """Refused, and all that was asked repeated, as text and as a script would."""
    page = f"<title>{request.path}?{request.query} {request.headers} {XSS}</title>"
    return Reply(403, page.encode(), {"Content-Type": "text/html", "X-Told": request.query})


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/evil", hostile("evil"))
        for name in ("query", "user", "header", "login", "proxy", "literal"):
            found.answer(f"/bad/{name}", told)
        found.answer("/broken", Reply(200, f"<html>{XSS}".encode(), {"Content-Type": "text/html"}))
        found.serve("/good", hostile("good"))
        yield found


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> Installation:
    found = Installation(tmp_path_factory.mktemp("hostile"))
    quoted = XSS.replace("\\", "").replace('"', '\\"')

    def url(kind: str) -> str:
        return origin.url(f"/bad/{kind}")

    word, query, literal = SECRETS["word"], SECRETS["query"], SECRETS["literal"]

    tables = [
        f'url = "{origin.url("/evil")}"\ncategories = ["news"]',
        f'url = "{origin.url("/broken")}"\ntitle = "{quoted}"',
        f'url = "{origin.url("/good")}?key={query}"\nsecret_url = true',
        'url = { file = "query.secret" }',
        f'url = "{url("user").replace("//", f"//us3r:{word}@")}"',
        f'url = "{url("header")}"\nheaders = {{ X-Key = {{ file = "header.secret" }} }}',
        f'url = "{url("login")}"\nauth = {{ file = "login.secret" }}',
        f'url = "{url("proxy")}"\nproxy = {{ file = "proxy.secret" }}',
        f'url = "{url("literal")}?key={literal}"\nsecret_url = true',
    ]
    files = {
        "query": f"{url('query')}?token={SECRETS['query']}",
        "header": SECRETS["header"],
        "login": SECRETS["login"],
        "proxy": f"http://{SECRETS['proxy']}@127.0.0.1:9",
        "hook": f"http://127.0.0.1:9/{SECRETS['hook']}",
    }
    for name, text in files.items():
        (found.folder / f"{name}.secret").write_text(text)
    password = hashed(WORD)
    found.configure(
        f'[desk.users.anna]\npassword = "{password}"\nrole = "admin"\n'
        '[alerts]\nwebhook = { file = "hook.secret" }\n'
        f'[categories.news]\ntitle = "{quoted}"\n'
        f'[categories.staff]\ntitle = "Staff {quoted}"\nprivate = true\n'
        + "".join(f"[[sources]]\n{each}\n" for each in tables),
        poll='timeout = "5s"',
    )
    found.verb("poll", "--now")
    found.verb("publish")
    return found


class _Tags(HTMLParser):
    """What a browser would make of a page, as far as it matters here."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.documents: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and not (given.get("src") or "").endswith("/desk/static/desk.js"):
            self.wrong.append("a script")
        if tag == "img" and given.get("src") == "x":
            self.wrong.append("an image of theirs")
        for name, value in given.items():
            if name.startswith("on"):
                self.wrong.append(f"{tag} {name}")
            if name in ("href", "src", "action", "formaction"):
                scheme = re.sub(r"\s", "", value or "").lower().partition(":")[0]
                if scheme in ("javascript", "data", "vbscript"):
                    self.wrong.append(f"{tag} {value}")
        if tag == "iframe":
            if given.get("sandbox") != "" or set(given) - {"class", "sandbox", "title", "srcdoc"}:
                self.wrong.append(f"an open frame: {sorted(given)}")
            self.documents.append(given.get("srcdoc") or "")


def harmless(answer: Answer, path: str, *, framed: bool = False) -> None:
    """`framed`: whether the page has a frame for what is an author's."""
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return
    tags = _Tags()
    tags.feed(answer.text)
    tags.close()
    assert tags.wrong == [], path
    assert "49" not in re.findall(r">(\d+)</title>", answer.text)
    assert bool(tags.documents) == framed, path
    for document in tags.documents:
        inner = _Tags()
        inner.feed(document)
        assert "a script" not in inner.wrong, path


def hidden(here: Installation) -> list[str]:
    """As they stand, in parts, and as basic authentication writes them."""
    file = (here.folder / "feedmill.toml").read_text()
    parts = [part for each in SECRETS.values() for part in each.split(":")]
    logins = [SECRETS["login"], SECRETS["proxy"], f"us3r:{SECRETS['word']}"]
    return [*parts, *(b64encode(each.encode()).decode() for each in logins),
            *re.findall(r"\$argon2id[^\"]+", file)]  # fmt: skip


def leaks(here: Installation, text: str | bytes, *more: str) -> list[str]:
    data = text if isinstance(text, str) else text.decode("utf-8", "replace")
    plain = unquote(data)
    return [each for each in (*hidden(here), *more) if each in data or each in plain]


def pages(here: Installation) -> Iterator[tuple[str, bool]]:
    """All that can be read, for each source and article; whether it has a frame."""
    sources = [str(each["id"]) for each in here.json("sources")]
    articles = [str(each["id"]) for each in here.json("articles")]
    assert len(sources) == 9
    assert len(articles) == 6
    for path, methods in routes():
        if "GET" not in methods:
            continue
        numbers = articles if "articles" in path else sources
        for number in numbers if "{number}" in path else ["1"]:
            for slug in ("news", "staff", "all") if "{slug}" in path else ["news"]:
                yield (
                    filled(path, number=number, slug=slug, name="desk.css"),
                    path.startswith("/desk/articles/{"),
                )
    for path in ("/desk/articles", "/desk/sources"):
        yield f"{path}?q={XSS_QUOTED}&state={XSS_QUOTED}&category={XSS_QUOTED}", False
    yield f"/desk/add?url={XSS_QUOTED}", False
    yield f"/desk/feeds/{XSS_QUOTED}", False
    yield f"/desk/login?next={XSS_QUOTED}", False
    yield f"/desk/feeds/new?kind={XSS_QUOTED}", False
    yield f"/desk/articles?q={SECRETS['query'][:5]}", False


XSS_QUOTED = "%22%27%3E%3Cscript%3Eevil()%3C/script%3E%3Cimg%20src=x%20onerror=evil()%3E"


def test_every_page(here: Installation) -> None:
    """Read as an admin: nothing of an author's runs or frames, no secret is shown; the same of the
    API, the metrics, the feeds, the log."""
    token = here.json("token", "add", "crawler", "--for", "api")["token"]
    with here.running("--verbose") as site:
        anna = Visitor(site.port)
        assert anna.log_in("anna").status == 303
        seen = 0
        for path, framed in pages(here):
            answer = anna.get(path)
            assert answer.status < 500, path
            harmless(answer, path, framed=framed)
            assert leaks(here, answer.body, token) == [], path
            seen += b"evil()" in answer.body
        assert seen > 10  # it was shown: as text
        cookie = f"feedmill={anna.cookies['feedmill']}; feedmill-said={XSS_QUOTED}"
        harmless(anna.ask("GET", "/desk/", headers={"Cookie": cookie}), "notice")
        actions(here, anna, token)
        caller = Caller(site.port, token)
        api(here, caller)
        for path in ("/metrics", "/opml.xml", "/feeds.opml", "/news/atom.xml", "/news/", "/all/"):
            assert leaks(here, anna.get(path).body, token) == [], path
        log = site.log.read_text()
    assert "Traceback" not in log
    assert leaks(here, log, token, anna.cookies["feedmill"], WORD) == []


def actions(here: Installation, anna: Visitor, token: str) -> None:
    """What forms answer, also when they are refused."""
    mark = anna.mark()
    values = {"title": XSS, "every": XSS, "slug": XSS, "addresses": f"ftp://{XSS_QUOTED}/",
              "rule_every": XSS, "rule_toml": XSS, "what": XSS, "other": XSS, "label": XSS,
              "feed": XSS, "to": XSS, "sources": XSS, "categories": XSS, "text": XSS,
              "excerpt": XSS, "limit": XSS, "new_category": XSS, "seen": XSS}  # fmt: skip
    for path, methods in routes():
        if "POST" not in methods or path.endswith(("/login", "/logout", "/remove")):
            continue
        for action in ("", "try", "look", "into", "merge", XSS):
            for number in ("1", "3", "4", "9"):
                form = "page" if number == "1" else "rss"
                answer = anna.send(
                    filled(path, number=number, form=form),
                    {"mark": mark, "action": action, "id": number} | values,
                )
                assert answer.status < 500, (path, action)
                harmless(answer, f"{path} {action}", framed=b"<iframe" in answer.body)
                assert leaks(here, answer.body, token) == [], (path, action)
                assert leaks(here, str(answer.headers), token) == []
                if "{number}" not in path:
                    break
    # What a feed would look like: its page in a frame, its document as text.
    for form in ("page", "rss", "atom", "json"):
        answer = anna.send(f"/desk/feeds/news/preview/{form}", {"mark": mark, "kind": "categories"})
        assert answer.status == 200, form
        assert answer.headers["content-type"].startswith("text/html")
        harmless(answer, form, framed=form == "page")
    for one in range(1, 10):  # its document as it is read now
        answer = anna.send(f"/desk/sources/{one}/document", {"mark": mark})
        assert answer.status == 200
        harmless(answer, f"document {one}")
        assert leaks(here, answer.body, token) == [], one


def api(here: Installation, caller: Caller) -> None:
    for path, verbs in caller.get("/openapi.json")["paths"].items():
        for each in range(1, 10) if "{number}" in path else [1]:
            for method in verbs:
                if method == "delete" or ("tokens" in path and method == "post"):
                    continue
                at = filled(path.removeprefix("/api"), number=str(each))
                given = None if method == "get" else {"title": XSS, "url": f"ftp://{XSS_QUOTED}/"}
                answer = caller.ask(method.upper(), at, given)
                # 502: what a source has sent can't be read.
                assert answer.status < 500 or answer.status == 502, (method, at, answer)
                kind = (
                    "text/x-opml" if (method, path) == ("get", "/api/opml") else "application/json"
                )
                assert answer.headers["content-type"].startswith(kind), (method, at)
                assert leaks(here, answer.body, caller.token) == [], (method, at)
                assert leaks(here, str(answer.headers), caller.token) == []


def test_exports(here: Installation, tmp_path: Path) -> None:
    """The list that readers and other programs take."""
    assert leaks(here, here.verb("opml", "export")) == []

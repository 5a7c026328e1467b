"""E32, as the installed command keeps it: no secret in any output, log, answer or file.

Every kind of secret, on sources that answer, redirect elsewhere, fail, and repeat what they were
asked: what Feedmill writes and says is searched for them byte by byte.
"""

from __future__ import annotations

import json
import urllib.parse
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from config.cli import app
from tests.fetch.proxies import Proxy
from tests.flows.command import Installation, rss, until
from tests.origin import Answer, Origin, Received

pytestmark = pytest.mark.slow

QUERY, USER, PASSWORD = "tok3n-query-aaaa", "us3r-bbbb", "p4ss-cccc"
HEADER, LOGIN, WAY = "h3ader-dddd", "l0gin-eeee:w0rd-ffff", "pr0xy-gggg:k3y-hhhh"
LITERAL = "l1teral-iiii"
PARTS = [QUERY, USER, PASSWORD, HEADER, *LOGIN.split(":"), *WAY.split(":"), LITERAL]
HIDDEN = [
    *PARTS,
    *(b64encode(each.encode()).decode() for each in (LOGIN, WAY, f"{USER}:{PASSWORD}")),
]
"""As they stand, and as basic authentication writes them."""


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        yield found


@pytest.fixture
def elsewhere() -> Iterator[Origin]:
    with Origin(host="127.0.0.2") as found:
        yield found


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy(login=WAY) as found:
        yield found


def echo(request: Received) -> Answer:
    """A page that repeats all that it was asked, in its title and in headers."""
    told = f"{request.path}?{request.query} {request.headers}"
    page = f"<!doctype html><html><head><title>{told}</title></head><body>{told}</body></html>"
    return Answer(403, page.encode(), {"X-Told": request.query, "Content-Type": "text/html"})


def own_feed(request: Received) -> Answer:
    """A feed whose self link is what was asked, as generators write it."""
    link = f"http://{request.headers['host']}{request.path}?{request.query}"
    itself = f'<link xmlns="http://www.w3.org/2005/Atom" rel="self" href="{link}"/><item>'
    body = rss(request.path.strip("/"), link=f"http://{request.headers['host']}/")
    body = body.replace(b"<item>", itself.encode(), 1)
    return Answer(200, body, {"ETag": '"1"', "Content-Type": "application/rss+xml"})


@pytest.fixture
def here(tmp_path: Path, origin: Origin, elsewhere: Origin, proxy: Proxy) -> Installation:
    """Sources with each kind of secret (`good…`), whose requests are answered, redirected to
    another host, refused with an echo, or answered with a redirect to a hidden target."""
    found = Installation(tmp_path)
    environment = {
        "HEADER": f"Bearer {HEADER}",
        "LOGIN": LOGIN,
        "WAY": proxy.url.replace("//", f"//{WAY}@"),
    }
    tables = []
    for kind, route in {"good": own_feed, "bad": echo}.items():
        for name in ("query", "user", "header", "login", "way", "literal"):
            origin.answer(f"/{kind}/{name}", route)
            tables.append(_table(origin, kind, name, environment))
    elsewhere.answer("/page", echo)
    elsewhere.answer("/feed", own_feed)
    for kind, target in {"away": "/feed", "lost": "/page"}.items():
        to = {"Location": elsewhere.url(target)}
        for name in ("query", "user", "header", "login"):
            origin.answer(f"/{kind}/{name}", Answer(301, b"", to))
            tables.append(_table(origin, kind, name, environment))
    for name, value in environment.items():
        (tmp_path / f"{name}.secret").write_text(value)
    found.configure("\n".join(["[categories.news]", *tables]), poll='timeout = "5s"')
    text = (tmp_path / "feedmill.toml").read_text()
    (tmp_path / "feedmill.toml").write_text(
        text.replace('["127.0.0.0/8"]', '["127.0.0.0/8"]\nconcurrency = 4')
    )
    return found


def _table(origin: Origin, kind: str, name: str, environment: dict[str, str]) -> str:
    url, more = origin.url(f"/{kind}/{name}"), ""
    if name == "query":
        place = f"{kind}-query"
        environment[place] = f"{url}?token={QUERY}"
        return f'[[sources]]\nurl = {{ file = "{place}.secret" }}\ncategories = ["news"]'
    if name == "literal":
        url += f"?key={LITERAL}"
        more = "secret_url = true\n"
    elif name == "user":
        url = url.replace("//", f"//{USER}:{PASSWORD}@")
    elif name == "header":
        more = 'headers = { Authorization = { file = "HEADER.secret" } }\n'
    elif name == "login":
        more = 'auth = { file = "LOGIN.secret" }\n'
    elif name == "way":
        more = 'proxy = { file = "WAY.secret" }\n'
    return f'[[sources]]\nurl = {json.dumps(url)}\ncategories = ["news"]\n{more}'


def leaks(text: str | bytes) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    plain = urllib.parse.unquote_to_bytes(data)
    return [each for each in HIDDEN if each.encode() in data or each.encode() in plain]


def calls(sources: list[dict[str, Any]]) -> Iterator[list[str]]:
    """Every verb that has --json, with what it asks for; those that take a source, for each."""
    # typer carries a click of its own, without types of use here.
    group: Any = typer.main.get_command(app)
    for name, command in sorted(group.commands.items()):
        options = {option for each in command.params for option in each.opts}
        if "--json" not in options or name in ("backup", "restore", "preview", "add", "etiquette"):
            continue
        wanted = [each for each in command.params if each.param_type_name == "argument"]
        if not wanted:
            yield [name, "--json"]
            yield [name]
        for source in sources if wanted else []:
            yield [name, str(source["id"]), "--json"]
            yield [name, str(source["id"])]


def test_no_secret_leaves(here: Installation, origin: Origin, elsewhere: Origin) -> None:
    """Polled three times (good days, then not), verbosely, published, listed by every verb."""
    said = ""
    for options in (["--verbose"], ["--now", "--log-json"], ["--fresh"]):
        done = here.call("poll", *options)
        assert done.returncode == 0, done.stderr
        said += done.stdout + done.stderr
    for name in ("query", "user", "header", "login", "way", "literal"):
        origin.answer(f"/good/{name}", echo)
    done = here.call("poll", "--now", "--verbose", "--json")
    said += done.stdout + done.stderr + here.verb("publish")
    states = here.json("sources")
    assert len(states) == 20
    assert {each["error"]["kind"] for each in states if each["error"]} == {"blocked"}
    assert sum(each["articles"] for each in states) >= 10
    for arguments in calls(states):
        done = here.call(*arguments)
        assert "Traceback" not in done.stderr
        said += f"\n{arguments}\n{done.stdout}{done.stderr}"
    assert leaks(said) == []
    # What is tested was really in play.
    asked = " ".join(f"{each.query} {each.headers}" for each in origin.requests)
    assert {QUERY, HEADER, LITERAL} <= {each for each in PARTS if each in asked}
    assert b64encode(LOGIN.encode()).decode() in asked
    assert elsewhere.requests
    assert leaks(" ".join(f"{each.query} {each.headers}" for each in elsewhere.requests)) == []
    files = [each for each in here.public.rglob("*") if each.is_file()]
    assert files
    for each in files:
        if each.suffix not in (".gz", ".br"):
            assert leaks(each.read_bytes()) == [], each


def test_no_secret_is_served_or_logged(here: Installation, origin: Origin) -> None:
    """The same of `run`: its log, and every page and feed that it serves."""
    with here.running("--verbose") as site:
        assert until(lambda: len(origin.requests) >= 20, 60)
        site.wait_for("/news/atom.xml", "Title of good")
        pages = ["/", "/news/", "/news/rss.xml", "/news/atom.xml", "/all/", "/all/atom.xml"]
        pages += ["/opml.xml", "/robots.txt", "/healthz", "/readyz", "/metrics", "/desk", "/none"]
        served = b"".join(site.get(page).body for page in pages)
    assert leaks(served) == []
    assert leaks(site.log.read_bytes()) == []


def test_complaints_tell_no_secret(here: Installation) -> None:
    """A configuration that is wrong beside its secrets."""
    file = here.folder / "feedmill.toml"
    file.write_text(file.read_text().replace('timeout = "5s"', 'timeout = "5"\ntitel = "x"'))
    done = here.call("check")
    assert done.returncode == 2
    assert leaks(done.stdout + done.stderr) == []

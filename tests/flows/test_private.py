"""Private feeds (P39): in nothing that is public, for whoever has a token, until it is revoked."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.command import Installation, rss, until
from tests.origin import Origin

pytestmark = pytest.mark.slow

CONFIG = """
[hub]
enabled = true
[categories.news]
[categories.staff]
title = "Staff only"
private = true
[views.boardroom]
private = true
categories = ["news", "staff"]
[[sources]]
url = "{news}"
categories = ["news"]
[[sources]]
url = "{staff}"
categories = ["staff"]
"""
TEXT = "Both report this very long sentence about a ferry that was late on the first day of March. "


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin(host="0.0.0.0") as found:
        found.serve("/news", rss("open", title="News"), etag=True)
        found.serve("/staff", rss("hush-hush", title="Inside"), etag=True)
        yield found


@pytest.fixture
def here(tmp_path: Path, origin: Origin) -> Installation:
    found = Installation(tmp_path)
    urls = {
        "news": origin.url("/news", host="127.0.1.1"),
        "staff": origin.url("/staff", host="127.0.1.2"),
    }
    found.configure(CONFIG.format(**urls))
    return found


def test_nothing_public_has_it(here: Installation) -> None:
    """No file of the output folder, no feed of all, no list, no topic of the hub."""
    here.verb("poll", "--now")
    here.verb("publish")
    said = b"".join(path.read_bytes() for path in here.public.rglob("*") if path.is_file())
    assert b"open" in said
    for secret in (b"hush-hush", b"Inside", b"staff", b"Staff", b"boardroom"):
        assert secret not in said
    private = here.folder / "var" / "private"
    for name in ("atom.xml", "rss.xml", "feed.json", ".feed.json"):  # nor is it told to a hub
        assert b"/hub" not in (private / "staff" / name).read_bytes()
        assert b"/hub" in (here.public / "news" / name).read_bytes()
    assert b"hush-hush" in (private / "staff" / "atom.xml").read_bytes()
    assert private.stat().st_mode & 0o077 == 0
    boardroom = (private / "boardroom" / "rss.xml").read_bytes()
    assert b"hush-hush" in boardroom
    assert b"open" in boardroom
    with here.running() as site:
        form = "hub.mode=subscribe&hub.callback=http://127.0.0.1:1/&hub.topic=" + site.url(
            "/staff/atom.xml"
        )
        from tests.subscriber import post

        assert post(site.url("/hub"), form.encode()) == 404


def test_all_is_private(here: Installation) -> None:
    """An intranet: nothing at all is public but an empty index."""
    text = (here.folder / "feedmill.toml").read_text()
    news = "[categories.news]"
    text = text.replace(news, f"[categories.all]\nprivate = true\n{news}\nprivate = true")
    (here.folder / "feedmill.toml").write_text(text)
    here.verb("poll", "--now")
    here.verb("publish")
    said = b"".join(path.read_bytes() for path in here.public.rglob("*") if path.is_file())
    assert b"Title of open" not in said
    assert b"<html" in (here.public / "index.html").read_bytes()
    board = here.folder / "var" / "private" / "all" / "atom.xml"
    assert b"hush-hush" in board.read_bytes()


def test_a_private_feed_that_is_gone(here: Installation) -> None:
    """Not even that there was one is told."""
    here.verb("publish")
    text = (here.folder / "feedmill.toml").read_text()
    text = text.replace('[categories.staff]\ntitle = "Staff only"\nprivate = true\n', "")
    text = text.replace('categories = ["news", "staff"]', 'categories = ["news"]')
    (here.folder / "feedmill.toml").write_text(text.replace('categories = ["staff"]', ""))
    here.verb("publish")
    said = b"".join(path.read_bytes() for path in here.public.rglob("*") if path.is_file())
    assert b"staff" not in (here.public / ".site.json").read_bytes()
    assert b"Staff only" not in said
    assert not (here.folder / "var" / "private" / "staff").exists()


def test_a_token(here: Installation) -> None:
    """In the address, as a bearer's, as a password; for its feed only; gone when it is revoked."""
    here.verb("poll", "--now")
    with here.running() as site:
        site.wait_for("/news/atom.xml", "open")
        assert site.get("/staff/atom.xml").status == 401
        assert site.get("/staff/").status == 401
        made = here.json("token", "add", "ada", "--feed", "staff")
        token = made["token"]
        assert len(bytes.fromhex(token)) == 16
        assert made["urls"][0] == site.url(f"/staff/atom.xml?token={token}")
        page = site.get(f"/staff/atom.xml?token={token}")
        assert page.status == 200
        assert b"hush-hush" in page.body
        assert token.encode() not in page.body
        assert page.headers["cache-control"].startswith("private, ")
        assert "access-control-allow-origin" not in page.headers
        assert page.headers["x-robots-tag"] == "noindex"
        basic = base64.b64encode(f"ada:{token}".encode()).decode()
        for said in (f"Bearer {token}", f"Basic {basic}"):
            assert site.get("/staff/rss.xml", Authorization=said).status == 200
        assert site.get("/staff/", Authorization=f"Basic {basic}").status == 200
        tag = page.headers["etag"]
        again = site.get(f"/staff/atom.xml?token={token}", If_None_Match=tag)
        assert again.status == 304
        for wrong in ("", "x", token[:-1], token.upper() + "0"):
            assert site.get(f"/staff/atom.xml?token={wrong}").status == 401
        assert site.get(f"/boardroom/atom.xml?token={token}").status == 401
        for_all = here.json("token", "add", "eve")["token"]
        assert site.get(f"/boardroom/atom.xml?token={for_all}").status == 200
        assert site.get(f"/staff/nothing.xml?token={for_all}").status == 404
        assert [each["label"] for each in here.json("token", "list")] == ["ada", "eve"]
        assert "revoked" in here.verb("token", "revoke", "ada")
        assert site.get(f"/staff/atom.xml?token={token}").status == 401
        assert site.get(f"/boardroom/atom.xml?token={for_all}").status == 200
        log = site.log.read_text()
    with here.running() as site:
        site.wait_for("/news/atom.xml", "open")
        assert site.get(f"/boardroom/atom.xml?token={for_all}").status == 200
    known = here.database.read_bytes() + (here.folder / "var/private/.tokens.json").read_bytes()
    for each in (token, for_all):
        assert each not in log
        assert each.encode() not in known


def test_mistakes(here: Installation) -> None:
    """Of the verbs: an unknown feed, a public one, a name that has one already, one that has
    none."""
    here.json("token", "add", "ada")
    for arguments, said in (
        (["add", "bob", "--feed", "news"], "no such private feed"),
        (["add", "bob", "--feed", "staf"], 'did you mean "staff"?'),
        (["add", "ada"], "ada has a token already"),
        (["revoke", "adda"], 'did you mean "ada"?'),
    ):
        done = here.call("token", *arguments)
        assert done.returncode != 0
        assert said in done.stderr


def test_a_story_of_both(here: Installation, origin: Origin) -> None:
    """What a private source carries too is told by the public one, without a word of the other."""
    item = (
        "<item><guid isPermaLink='false'>{guid}</guid><title>Late ferry</title>"
        "<link>http://{guid}.test/1</link><description>" + TEXT * 5 + "</description></item>"
    )
    for path, guid in (("/staff", "s"), ("/news", "n")):
        body = rss(title=path).replace(
            b"</channel>", item.format(guid=guid).encode() + b"</channel>"
        )
        origin.serve(path, body, etag=True)
        here.verb("poll", "--now")
    here.verb("publish")
    public = (here.public / "news" / "atom.xml").read_text()
    assert "http://n.test/1" in public
    assert "s.test" not in public
    inside = (here.folder / "var" / "private" / "staff" / "atom.xml").read_text()
    assert "http://s.test/1" in inside


AGENTS = (
    "Feedly/1.0 (+https://f.test; 12 subscribers)",
    "Feedly/1.0 (; 7 subscribers)",
    "Inoreader/2 (3 subscribers; feed-id=9)",
    "NetNewsWire/6",
    "NetNewsWire/6",
    "curl/8",
)


def test_readers_are_counted(here: Installation) -> None:
    """Those that a service names, and of the others the distinct ones; no address is kept."""
    here.verb("poll", "--now")
    with here.running() as site:
        site.wait_for("/news/atom.xml", "open")
        for agent in AGENTS:
            site.get("/news/atom.xml", User_Agent=agent)
        site.get("/news/", User_Agent="Mozilla/5.0")  # a page is no feed
        site.stop()
        assert until(lambda: row(here)["subscribers"])
    # One of those that speak for themselves is the waiting above.
    assert row(here)["readers"] == {"Feedly": 12, "Inoreader": 3, "readers": 3}
    assert row(here)["subscribers"] == 18
    assert b"127.0.0.1" not in here.database.read_bytes().replace(b"http://127.0.0.1", b"")


def row(here: Installation) -> dict[str, object]:
    [found] = [each for each in here.json("feeds") if each["feed"] == "news"]
    return dict(found)

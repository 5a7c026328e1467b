"""What the desk shows before something is done, and lists, by the API as well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from tests.flows.command import Installation, Site, rss, until
from tests.flows.visiting import Caller, Visitor
from tests.origin import Origin

pytestmark = pytest.mark.slow

KEY = "open-sesame-7731"


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as found:
        for path in ("/one", "/two", "/three", "/tied", "/moved"):
            found.serve(path, rss(f"{path[1:]}-a", f"{path[1:]}-b", title=f"Title {path[1:]}"))
        page = (
            b"<!doctype html><title>A page</title>"
            b"<link rel='alternate' type='application/rss+xml' href='/two' title='Second'>"
            b"<link rel='alternate' type='application/rss+xml' href='/gone' title='Gone'>"
        )
        found.serve("/page", page, content_type="text/html")
        yield found


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> Installation:
    found = Installation(tmp_path_factory.mktemp("ways"))
    tied = f'headers = {{ Authorization = "Bearer {KEY}" }}\n'
    found.configure(
        '[categories.news]\ntitle = "News"\n'
        + f'[[sources]]\nurl = "{origin.url("/one")}"\ncategories = ["news"]\n'
        + f'[[sources]]\nurl = "{origin.url("/tied")}"\n{tied}'
    )
    found.verb("poll", "--now")
    found.verb("publish")
    return found


@pytest.fixture(scope="module")
def site(here: Installation) -> Iterator[Site]:
    with here.running() as found:
        yield found


def text_of(here: Installation) -> str:
    return (here.folder / "feedmill.toml").read_text()


def test_looking(here: Installation, site: Site, origin: Origin) -> None:
    """At a page, a feed, one that is configured, an address that is none; nothing is written."""
    you, before = Caller(site.port), text_of(here)
    seen = you.ask("POST", "/sources/look", {"url": origin.url("/page")}).json
    assert "an HTML page" in seen["page"]
    second, gone = seen["feeds"]
    assert (second["url"], second["title"]) == (origin.url("/two"), "Title two")
    assert (second["count"], second["format"], second["error"]) == (2, "rss20", None)
    assert second["titles"] == ["Title of two-a", "Title of two-b"]
    assert second["newest"].startswith("2026-11-20T10:00:00")
    assert (gone["title"], gone["count"]) == ("Gone", None)
    assert gone["error"]
    [itself] = you.ask("POST", "/sources/look", {"url": origin.url("/three")}).json["feeds"]
    assert itself["title"] == "Title three"
    [known] = you.ask("POST", "/sources/look", {"url": origin.url("/one")}).json["feeds"]
    assert known["configured"].startswith("feedmill.toml:")
    assert you.ask("POST", "/sources/look", {"url": origin.url("/none")}).status == 502
    assert you.ask("POST", "/sources/look", {"url": "ftp://x.test/"}).status == 400
    token = here.json("token", "add", "looks", "--for", "editor")["token"]
    private = {"url": origin.url("/two"), "allow_private": True}
    assert Caller(site.port, token).ask("POST", "/sources/look", private).status == 403
    assert text_of(here) == before


def test_a_document(site: Site, origin: Origin) -> None:
    """As it is now: one request; what can't be read is told."""
    you, asked = Caller(site.port), len(origin.asked("/one"))
    seen = you.ask("POST", "/sources/1/document").json
    assert (seen["status"], seen["format"], seen["title"]) == (200, "rss20", "Title one")
    assert seen["count"] == len(seen["entries"]) == 2
    first = seen["entries"][0]
    assert (first["guid"], first["title"]) == ("one-a", "Title of one-a")
    assert first["published_text"] == "Fri, 20 Nov 2026 10:00:00 GMT"
    assert first["published"] == "2026-11-20T10:00:00+00:00"
    assert len(origin.asked("/one")) == asked + 1
    assert you.ask("POST", "/sources/99/document").status == 404


@pytest.mark.parametrize(
    ("form", "kind"),
    [("rss", "application/rss+xml"), ("atom", "application/atom+xml"),
     ("json", "application/feed+json"), ("page", "text/html")],
)  # fmt: skip
def test_a_preview(here: Installation, site: Site, form: str, kind: str) -> None:
    """In each format, with other keys than those that are written; these stay."""
    you, before = Caller(site.port), text_of(here)
    plain = you.ask("POST", "/feeds/news/preview", {"form": form}).json
    assert plain["media_type"].startswith(kind)
    assert "Title of one-a" in plain["document"]
    assert "Title of one-b" in plain["document"]
    given = {"form": form, "match": {"title": "one-b"}, "title": "Other"}
    other = you.ask("POST", "/feeds/news/preview", given).json["document"]
    assert "Title of one-a" not in other
    assert "Title of one-b" in other
    assert "Other" in other
    if form in ("rss", "atom"):
        ElementTree.fromstring(other)
    if form == "json":
        assert json.loads(other)["title"].startswith("Other")
    assert you.ask("POST", "/feeds/news/preview", {"form": "pdf"}).status == 422
    assert you.ask("POST", "/feeds/none/preview", {"form": form}).status == 404
    wrong = {"form": form, "match": {"title": "("}}
    assert you.ask("POST", "/feeds/news/preview", wrong).status == 400
    assert text_of(here) == before


def test_lists(here: Installation, site: Site, origin: Origin) -> None:
    """Looked at, then taken; what is wrong is named by its line, and the rest taken; given back as
    the desk gives it."""
    you, before = Caller(site.port), text_of(here)
    text = (
        "<opml version='2.0'><head/><body>\n<outline text='Far away'>\n"
        f"<outline text='Third' xmlUrl='{origin.url('/three')}'/>\n"
        f"<outline text='First' xmlUrl='{origin.url('/one')}'/>\n"
        "<outline text='No' xmlUrl='gopher://x.test/'/>\n</outline></body></opml>"
    )
    dry = you.ask("POST", "/opml", {"text": text, "dry_run": True}).json
    assert [(each["url"], each["categories"], each["line"]) for each in dry["new"]] == [
        (origin.url("/three"), ["far-away"], 3)
    ]
    assert [each["line"] for each in dry["known"]] == [4]
    assert [each["line"] for each in dry["wrong"]] == [5]
    assert dry["categories"] == {"far-away": "Far away"}
    assert not dry["written"]
    assert text_of(here) == before
    into = {"text": text, "categories": ["nowhere"]}
    refused = you.ask("POST", "/opml", into)
    assert refused.status == 400
    assert '"create_categories": true' in refused.json["detail"][0]
    done = you.ask("POST", "/opml", {"text": text}).json
    assert done == dry | {"written": True}
    assert until(lambda: you.get("/sources?q=three")["total"] == 1)
    again = you.ask("POST", "/opml", {"text": text}).json
    assert (again["new"], again["written"]) == ([], False)
    for wrong in ("<opml>", "no list", " ", "<opml version='2.0'><head/><body/></opml>"):
        assert you.ask("POST", "/opml", {"text": wrong}).status == 400, wrong
    given = Visitor(site.port).get("/api/opml")
    assert given.headers["content-type"] == "text/x-opml; charset=utf-8"
    assert given.body == Visitor(site.port).get("/desk/sources.opml").body
    assert origin.url("/three") in given.text


def test_another_address(here: Installation, site: Site, origin: Origin) -> None:
    """A source keeps its number and articles; one that carries a secret is moved by no editor,
    whose secret goes nowhere."""
    token = here.json("token", "add", "moves", "--for", "editor")["token"]
    editor, admin, before = Caller(site.port, token), Caller(site.port), text_of(here)
    refused = editor.ask("PATCH", "/sources/2", {"url": origin.url("/catch")})
    assert refused.status == 403
    assert "it has headers of its own" in refused.json["detail"][0]
    for url, status in ((None, 400), ("", 422), ("ftp://x.test/", 400), ("file:///etc/x", 400)):
        assert editor.ask("PATCH", "/sources/1", {"url": url}).status == status, url
    assert text_of(here) == before
    assert origin.asked("/catch") == []
    running = site.log.read_text().count("event=running")
    given = {"url": origin.url("/moved"), "user_agent": "Ours/1"}
    assert editor.ask("PATCH", "/sources/1", given).status == 200
    assert f'was = "{origin.url("/one")}"' in text_of(here)
    assert until(lambda: admin.get("/sources/1")["url"] == origin.url("/moved"))
    # Until then what is polled is polled as it was.
    assert until(lambda: site.log.read_text().count("event=running") > running)
    assert admin.ask("POST", "/sources/1/poll").status == 200
    assert until(lambda: [each.headers["user-agent"] for each in origin.asked("/moved")][-1:]
                 == ["Ours/1"])  # fmt: skip
    assert admin.ask("PATCH", "/sources/2", {"url": origin.url("/two")}).status == 200
    assert KEY in text_of(here)

"""Each door complains in its own words: the command of its options, the desk and the API of what
they have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.command import Installation, Site, rss
from tests.flows.visiting import Caller, Visitor
from tests.origin import Origin

pytestmark = pytest.mark.slow

LIST = (
    "<opml version='2.0'><head/><body><outline text='x' xmlUrl='https://far.example/feed'/></body>"
    "</opml>"
)


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/one", rss("one"))
        page = b"<!doctype html><title>A page</title><p>Without any feed.</p>"
        found.serve("/page", page, content_type="text/html")
        yield found


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> Installation:
    found = Installation(tmp_path_factory.mktemp("words"))
    source = f'[[sources]]\nurl = "{origin.url("/one")}"\ncategories = ["news"]\n'
    found.configure("[categories.news]\n[categories.other]\n" + source)
    return found


@pytest.fixture(scope="module")
def site(here: Installation) -> Iterator[Site]:
    with here.running() as found:
        yield found


def test_of_what_is_added(here: Installation, site: Site, origin: Origin) -> None:
    """A category that there is not, an interval that is none, a page without a feed."""
    url, page = origin.url("/new"), origin.url("/page")
    for given, options, ours, theirs in (
        ({"categories": ["newone"]}, ["--category", "newone"],
         ["categories: newone: no such category", '"create_categories": true makes it'],
         ["--category newone: no such category", "--create-category adds"]),
        ({"every": "often"}, ["--every", "often"], ["every: "], ["--every: "]),
        ({"title": "a\nb"}, ["--title", "a\nb"], ["title: "], ["--title: "]),
    ):  # fmt: skip
        told = Caller(site.port).ask("POST", "/sources", {"url": url} | given)
        assert told.status == 400
        said = here.call("add", url, *options)
        assert said.returncode == 2
        assert all(each in told.json["detail"][0] for each in ours), told.json
        assert all(each in said.stderr for each in theirs), said.stderr
        assert "--" not in told.json["detail"][0]
    told = Caller(site.port).ask("POST", "/sources", {"url": page})
    assert told.status == 400
    assert '"guess": true' in told.json["detail"][0]
    assert "--" not in told.json["detail"][0]
    guessed = Caller(site.port).ask("POST", "/sources", {"url": page, "guess": True})
    assert "guess" not in guessed.json["detail"][0]
    assert "--guess" in here.call("add", page, "--yes").stderr
    you = Visitor(site.port)
    there = you.post("/desk/add", addresses=page).headers["location"]
    assert "let the usual paths be tried" in you.get(there).text
    assert "--" not in you.get(there).text.partition("<main")[2].replace("<!--", "")
    refused = you.post("/desk/add", addresses=page, every="often")
    assert "poll every: " in refused.text


def test_of_a_list(site: Site, tmp_path: Path) -> None:
    """At the desk nothing is said of the command's options; the command names the one that helps
    where a list can't be written."""
    shut = Installation(tmp_path)
    (tmp_path / "var").mkdir()
    for name in ("feedmill.toml", "var/desk.toml"):
        (tmp_path / name).write_text("# theirs\n")
        (tmp_path / name).chmod(0o444)
    (tmp_path / "list.opml").write_text(LIST)
    said = shut.call("opml", "import", "list.opml")
    assert said.returncode == 1
    assert "--dry-run shows the lines" in said.stderr
    told = Visitor(site.port).post("/desk/add/opml", text=LIST, categories="nowhere", action="add")
    assert told.status == 422
    assert "category nowhere: no such category" in told.text
    assert "--" not in told.text.partition("<main")[2]


def test_what_is_missing_or_no_such_thing(site: Site, here: Installation) -> None:
    """Named, also where all of it is missing; of another type it is not what was meant."""
    you = Caller(site.port)
    empty = you.ask("POST", "/takedowns")
    assert (empty.status, empty.json) == (422, {"detail": ["the body: it is needed, as JSON"]})
    none = you.ask("POST", "/takedowns", {})
    assert (none.status, none.json) == (422, {"detail": ["what: it is needed"]})
    before = (here.folder / "feedmill.toml").read_text()
    wrong: list[tuple[str, str, dict[str, Any], str]] = [
        ("PATCH", "/sources/1", {"paused": "yes"}, "paused: "),
        ("PATCH", "/sources/1", {"paused": 1}, "paused: "),
        ("PATCH", "/sources/1", {"preference": "5"}, "preference: "),
        ("PATCH", "/sources/1", {"categories": ["news", "news"]}, "news: named more than once"),
        ("PATCH", "/feeds/news", {"images": "off"}, "images: "),
        ("POST", "/sources", {"url": "http://x.test/", "categories": ["news", "other", "news"]},
         "news: named more than once"),
        ("POST", "/sources/bulk", {"ids": ["1"], "action": "pause"}, "ids.0: "),
        ("PATCH", "/sources/1?x=1", {"paused": True}, "x: there is no such parameter"),
    ]  # fmt: skip
    for method, path, given, text in wrong:
        told = you.ask(method, path, given)
        assert told.status == 422, (path, given, told)
        assert text in told.json["detail"][0], told.json
    assert (here.folder / "feedmill.toml").read_text() == before

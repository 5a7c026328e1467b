"""What the web server says of a feed's past: RFC 3229, 301 and 410, how long a copy is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from feeds.models import Category
from publisher.outlet import DirectoryOutlet
from publisher.web.app import App
from publisher.web.conditions import takes_parts
from tests.databases import Clock, Opened
from tests.publisher.asking import Server, Told
from tests.publisher.making import ATOM, SITE
from tests.publisher.test_history import ALL, NEWS, edit, show, take_down
from tests.publisher.test_publish import Site

NAMES = pytest.mark.parametrize("name", ["atom.xml", "rss.xml", "feed.json"])


class Served:
    """A site that publishes into a folder, and the server on it."""

    def __init__(self, opened: Opened, clock: Clock, folder: Path) -> None:
        self.clock, self.site = clock, Site(opened(), ALL, NEWS)
        self.outlet = DirectoryOutlet(folder)
        self.site.configure(ALL, NEWS, outlet=self.outlet)
        self.site.publish()
        self.server = Server(App(folder, SITE.url, lambda: None), [None], folder)

    def show(self, first: int, last: int) -> None:
        show(self.site, self.clock, first, last)

    def edit(self, name: str) -> None:
        edit(self.site, self.clock, name)
        self.site.publish()

    def ask(self, name: str, slug: str = "news", **headers: str) -> Told:
        return self.at(f"/{slug}/{name}", **headers)

    def at(self, path: str, **headers: str) -> Told:
        """Below the site's own path."""
        return self.server.ask(f"/news{path}", **headers)

    def since(self, told: Told, name: str = "atom.xml", **headers: str) -> Told:
        tag = told.headers["etag"]
        return self.ask(name, a_im="feed", if_none_match=tag, **headers)


@pytest.fixture
def served(opened: Opened, clock: Clock, tmp_path: Path) -> Served:
    return Served(opened, clock, tmp_path / "public")


def titles(told: Told, name: str) -> list[str]:
    if name == "feed.json":
        return [each["title"] for each in json.loads(told.body)["items"]]
    root: Any = etree.fromstring(told.body)
    items = root.iter(f"{ATOM}entry", "item")
    return [each.findtext(f"{ATOM}title") or each.findtext("title") for each in items]


@NAMES
def test_only_what_came_since(served: Served, name: str) -> None:
    """P31: 226 with the entries that were added or edited, and the tag of the whole."""
    served.show(1, 5)
    seen = served.ask(name)
    served.show(6, 7)
    served.edit("n2")
    told = served.since(seen, name)
    assert told.status == 226
    assert sorted(titles(told, name)) == ["Edited n2", "Title of n6", "Title of n7"]
    assert told.headers["im"] == "feed"
    assert told.headers["cache-control"] == "no-store, im"
    assert "A-IM" in told.headers["vary"]
    whole = served.ask(name)
    assert whole.status == 200
    assert len(titles(whole, name)) == 7
    assert told.headers["etag"] == whole.headers["etag"]
    assert told.headers["content-type"] == whole.headers["content-type"]
    assert served.since(told, name).status == 304
    assert len(told.body) < len(whole.body)


def test_the_tag_of_a_compressed_copy(served: Served) -> None:
    """A reader that got gzip or brotli names that tag."""
    served.show(1, 5)
    for coding in ("gzip", "br"):
        seen = served.ask("atom.xml", accept_encoding=coding)
        assert seen.headers["etag"].endswith(f'-{coding}"')
        served.show(*((6, 6) if coding == "gzip" else (7, 7)))
        told = served.since(seen, accept_encoding=coding)
        assert (told.status, len(titles(told, "atom.xml"))) == (226, 1)


def test_the_newest_version_that_is_named(served: Served) -> None:
    """Of several tags the newest counts; unknown ones do not."""
    served.show(1, 2)
    first = served.ask("atom.xml").headers["etag"]
    served.show(3, 3)
    second = served.ask("atom.xml").headers["etag"]
    served.show(4, 4)
    told = served.ask("atom.xml", a_im="feed", if_none_match=f'"x", {first}, {second}')
    assert titles(told, "atom.xml") == ["Title of n4"]
    told = served.ask("atom.xml", a_im="feed", if_none_match=first)
    assert sorted(titles(told, "atom.xml")) == ["Title of n3", "Title of n4"]


@pytest.mark.parametrize(
    "headers",
    [
        {"a_im": "feed"},
        {"a_im": "feed", "if_none_match": '"unknown"'},
        {"a_im": "vcdiff", "if_none_match": "TAG"},
        {"a_im": "feed;q=0", "if_none_match": "TAG"},
        {"if_none_match": "TAG"},
    ],
)
def test_else_the_whole(served: Served, headers: dict[str, str]) -> None:
    """Who asks for no part, or names no version that is known, gets 200 with all."""
    served.show(1, 5)
    tag = served.ask("atom.xml").headers["etag"]
    served.show(6, 6)
    told = served.ask("atom.xml", **{k: v.replace("TAG", tag) for k, v in headers.items()})
    assert (told.status, len(titles(told, "atom.xml"))) == (200, 6)
    assert "im" not in told.headers


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("feed", True), ("vcdiff, feed", True), ("FEED;q=0.5, gzip", True), ("feed , x", True),
        ("feed;q=0", False), ("feed;q=0.0", False), ("feeds", False), ("", False),
        ("x-feed", False),
    ],
)  # fmt: skip
def test_a_im(value: str, said: bool) -> None:
    assert takes_parts(value) is said


def test_a_takedown_is_told(served: Served) -> None:
    """RFC 6721 in a part: the entry that is gone, and nothing that is known."""
    served.show(1, 5)
    seen = served.ask("atom.xml")
    served.clock.forward(hours=1)
    gone = take_down(served.site, "n2")
    served.site.publish()
    told = served.since(seen)
    assert told.status == 226
    assert titles(told, "atom.xml") == []
    assert f'ref="{gone}"'.encode() in told.body
    served.show(6, 6)
    assert b"deleted-entry" not in served.since(told).body


def test_versions_are_remembered_over_restarts(served: Served) -> None:
    """The same folder, another publisher, another server."""
    served.show(1, 2)
    seen = served.ask("atom.xml")
    served.site.configure(ALL, NEWS, outlet=DirectoryOutlet(served.server.folder))
    served.show(3, 3)
    served.server.app = App(served.server.folder, SITE.url, lambda: None)
    assert titles(served.since(seen), "atom.xml") == ["Title of n3"]


def test_where_a_feed_was(served: Served) -> None:
    """A former slug leads on, a removed feed is gone; what never was is not found."""
    served.show(1, 3)
    outlet, world = served.outlet, Category(slug="world", title="World", limit=10, was="news")
    served.site.of["a"], served.site.slugs = "world", ("world", "tech")
    served.site.configure(ALL, world, outlet=outlet)
    served.site.publish()
    told = served.ask("atom.xml")
    assert (told.status, told.headers["location"]) == (301, f"{SITE.url}/world/atom.xml")
    told = served.at("/news/")
    assert (told.status, told.headers["location"]) == (301, f"{SITE.url}/world/")
    served.site.configure(ALL, outlet=outlet)
    served.site.publish(everything=True)
    for path in ("/world/atom.xml", "/world/", "/world/archive/0/rss.xml"):
        assert served.at(path).status == 410
    for path in ("/other/atom.xml", "/all/nothing.xml", "/.site.json", "/all/.feed.json"):
        assert served.at(path).status == 404


def test_a_dropped_archive(served: Served) -> None:
    """410 for what was sealed and is there no more; 404 for what is not sealed yet."""
    for start in range(1, 151, 50):
        served.show(start, start + 49)
    assert served.ask("archive/0/atom.xml").status == 200
    (served.server.folder / "news/archive/0/atom.xml").unlink()
    assert served.ask("archive/0/atom.xml").status == 410
    assert served.ask("archive/1/atom.xml").status == 404
    assert served.ask("archive/x/atom.xml").status == 404


def test_headers(served: Served) -> None:
    """P6, P33: how long a copy may be kept comes from the feed's own rhythm; a feed may be read
    by other sites' scripts; it names itself."""
    for number in range(1, 6):  # one every two hours
        served.show(number, number)
    told = served.ask("atom.xml")
    assert told.headers["cache-control"] == "public, max-age=1800"
    assert told.headers["access-control-allow-origin"] == "*"
    assert told.headers["link"] == f'<{SITE.url}/news/atom.xml>; rel="self"'
    page = served.at("/news/")
    assert "access-control-allow-origin" not in page.headers
    assert "link" not in page.headers
    assert page.headers["vary"] == "Accept-Encoding"
    tag = told.headers["etag"]
    same = served.ask("atom.xml", if_none_match=tag)
    for name in ("etag", "cache-control", "vary", "access-control-allow-origin"):
        assert same.headers[name] == told.headers[name]

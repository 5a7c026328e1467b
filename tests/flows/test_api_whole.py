"""What the API can't do it refuses in words, and does none of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.command import Installation, Site, rss
from tests.flows.guarded import traceless
from tests.flows.visiting import Caller, Visitor
from tests.origin import Origin

pytestmark = pytest.mark.slow

TEXT = """include = ["more.toml"]
"""
TABLES = """
[categories.news]
title = "News"
[views.best]
categories = ["news"]
"""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    with Origin() as origin:
        found = Installation(tmp_path)
        for path in ("/one", "/two"):
            origin.serve(path, rss(path))
        source = '[[sources]]\nurl = "{}"\ncategories = ["news"]\n'
        found.configure(TABLES + source.format(origin.url("/one")))
        file = tmp_path / "feedmill.toml"
        file.write_text(TEXT + file.read_text())
        (tmp_path / "more.toml").write_text(source.format(origin.url("/two")))
        yield found


@pytest.fixture
def site(here: Installation) -> Iterator[Site]:
    with here.running() as found:
        yield found


def texts(here: Installation) -> list[str]:
    return [(here.folder / name).read_text() for name in ("feedmill.toml", "more.toml")]


def test_a_category_that_a_view_names(here: Installation, site: Site) -> None:
    """It stays, with all that is in it; without that view it goes, from both files."""
    you, before = Caller(site.port), texts(here)
    refused = you.ask("DELETE", "/feeds/news")
    assert refused.status == 400
    assert "news" in refused.json["detail"][0]
    assert texts(here) == before
    assert you.ask("DELETE", "/feeds/best").json == {"removed": "best"}
    assert you.ask("DELETE", "/feeds/news").json == {"removed": "news"}
    assert "news" not in "".join(texts(here))


def test_a_list_that_is_read_only(here: Installation, site: Site) -> None:
    """Neither the sources that stand in it are changed, nor those that don't."""
    you, more = Caller(site.port), here.folder / "more.toml"
    before = texts(here)
    more.chmod(0o444)
    ids = [each["id"] for each in you.get("/sources")["sources"]]
    assert len(ids) == 2
    for action in ({"action": "pause"}, {"action": "remove"}):
        refused = you.ask("POST", "/sources/bulk", {"ids": ids} | action)
        assert refused.status == 409
        assert "more.toml is read-only" in refused.json["detail"][0]
    assert texts(here) == before
    more.chmod(0o644)
    done = you.ask("POST", "/sources/bulk", {"ids": ids, "action": "pause"})
    assert done.json == {"changed": 2}
    assert [text.count("paused = true") for text in texts(here)] == [1, 1]


@pytest.mark.parametrize("depth", [25, 300, 400, 900, 50_000])
def test_a_rule_without_end(here: Installation, site: Site, depth: int) -> None:
    """However deep: refused as any other that is wrong, by the API and by the form."""
    before = texts(here)
    kind = {"Content-Type": "application/json"}
    rule = b'{"not":' * depth + b'{"title":"x"}' + b"}" * depth
    for method, path in (("PATCH", "/api/feeds/news"), ("POST", "/api/feeds/news/try")):
        told = Visitor(site.port).ask(method, path, b'{"match":' + rule + b"}", kind)
        assert told.status == 400
        assert told.headers["content-type"] == "application/json"
        assert told.json["detail"]
    you = Visitor(site.port)
    toml = "{ not = " * depth + '{ title = "x" }' + " }" * depth
    # Saving asks first whether the form is the newest one, which this is not.
    for action in ("", "try") if depth > 100 else ("try",):
        told = you.post("/desk/feeds/news", action=action, rule_toml=toml)
        assert told.status in (409, 422)
        assert "deep" in told.text
    assert texts(here) == before
    assert traceless(site)

"""One story, once, as the operator sees it: sources over HTTP, the verbs, the published feeds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import feedparser
import pytest

from tests.flows.command import Installation
from tests.origin import Origin
from tests.stories.newsroom import document, post, prose

pytestmark = pytest.mark.slow

TEXT = prose(1, 90)
TITLE = "Fire in the harbour"


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as running:
        yield running


def feed(here: Installation, slug: str = "all", kind: str = "atom.xml") -> Any:
    return feedparser.parse((here.public / slug / kind).read_bytes())


def test_a_story_of_two_sources(here: Installation, origin: Origin) -> None:
    """It is one item; `explain` tells why, `split` and `merge` are the operator's word,
    `history` what was edited."""
    for name in "ab":
        one = post(
            TITLE,
            f"{name.upper()} wire – {TEXT}",
            guid=f"{name}1",
            link=f"https://{name}.example/1",
        )
        origin.serve(f"/{name}", document([one], f"https://{name}.example/"))
    here.configure(sources=[origin.url("/a"), origin.url("/b")])
    here.verb("poll")
    here.verb("publish")
    [entry] = feed(here).entries
    assert [link.href for link in entry.links if link.rel == "related"] == ["https://b.example/1"]

    [told] = here.json("explain", "https://b.example/1")
    [tie] = told["story"]["ties"]
    assert tie["tie"] == "nearly the same text"
    assert tie["contained"] > 0.9
    assert tie["shared"]
    assert told["polls"][0]["brought_it"]
    assert [each["in"] for each in told["feeds"]] == [True]
    words = here.verb("explain", "b1")
    assert "nearly the same text" in words
    assert "in all: since" in words

    here.verb("split", str(told["id"]))
    assert len(feed(here).entries) == 2
    here.verb("merge", str(told["id"]), str(tie["other"]))
    assert len(feed(here).entries) == 2, "what was sent stays"
    pair = [here.json("explain", str(each))[0] for each in sorted((told["id"], tie["other"]))]
    older, younger = sorted(pair, key=lambda each: each["story"]["twin_of"] or 0)
    assert older["story"]["twin_of"] is None
    assert younger["story"]["twin_of"] == older["story"]["id"]
    for one, other in ((older, younger), (younger, older)):
        twin = {"id": other["story"]["id"], "articles": [other["id"]]}
        assert one["story"]["twins"] == [twin]
        words = here.verb("explain", str(one["id"]))
        assert f"also told by {other['id']} (story {other['story']['id']})" in words

    edited = post(TITLE, prose(2, 90), guid="a1", link="https://a.example/1")
    origin.serve("/a", document([edited], "https://a.example/"))
    here.verb("poll", "--now")
    history = here.json("history", "a1")
    assert [each["revision"] for each in history] == [1, 2]
    assert "+ " in here.verb("history", "a1")


def test_taking_down(here: Installation, origin: Origin) -> None:
    """By link, before and after; it does not come back, and `explain` says so."""
    posts = [
        post(f"Post {n}", prose(n), guid=f"p{n}", link=f"https://a.example/{n}") for n in range(3)
    ]
    origin.serve("/a", document(posts, "https://a.example/"))
    here.configure(sources=[origin.url("/a")])
    here.verb("poll")
    here.verb("publish")
    assert here.json("takedown", "https://a.example/1") == {"taken_down": [2]}
    assert [entry.title for entry in feed(here).entries if entry.title == "Post 1"] == []
    here.verb("poll", "--fresh")
    here.verb("publish")
    assert len(feed(here).entries) == 2
    [told] = here.json("explain", "p1")
    assert told["taken_down"] == "https://a.example/1"
    assert here.verb("takedown", "tag:to.come,2026:1")
    done = here.call("takedown", "77")
    assert done.returncode == 2
    assert done.stderr.startswith("77: no stored article has this number")


def test_taking_down_what_others_have_too(here: Installation, origin: Origin) -> None:
    """An id that means something within its source only bars nothing at others."""
    for name in "ab":
        one = post(f"Of {name}", prose(ord(name)), guid="17", link=f"https://{name}.example/1")
        origin.serve(f"/{name}", document([one], f"https://{name}.example/"))
    here.configure(sources=[origin.url("/a"), origin.url("/b")])
    here.verb("poll")
    here.verb("publish")
    done = here.call("takedown", "17")
    assert done.returncode == 2
    assert "2 articles have it, name one by number" in done.stderr
    [number] = [e["id"] for e in here.json("articles") if e["title"] == "Of a"]
    assert here.json("takedown", str(number)) == {"taken_down": [number]}
    here.verb("poll", "--fresh")
    here.verb("publish")
    assert [entry.title for entry in feed(here).entries] == ["Of b"]


def test_a_flood(here: Installation, origin: Origin) -> None:
    """It is held, told in the log and in `sources`; `release` lets it in."""
    posts = [
        post(f"Post {n} {prose(n, 4)}", prose(n), guid=f"p{n}", link=f"https://a.example/{n}")
        for n in range(60)
    ]
    origin.serve("/a", document(posts[:20], "https://a.example/"))
    here.configure(sources=[origin.url("/a")])
    here.verb("poll")
    dated = "<pubDate>Fri, 20 Nov 2015 10:00:00 GMT</pubDate><description>"
    old = document(posts, "https://a.example/").replace(b"<description>", dated.encode())
    origin.serve("/a", old)
    done = here.call("poll", "--now")
    assert "flood held" in done.stderr
    assert "40 new articles are held" in here.verb("sources")
    [told] = here.json("explain", "p50")
    assert "held by the flood guard" in told["feeds"][0]["why"]
    assert here.json("release", "1") == {"released": 40}
    assert "held" not in here.verb("sources")
    assert here.json("discard", "1") == {"discarded": 0}


def test_retention(here: Installation, origin: Origin) -> None:
    """A running Feedmill takes away what is too many, and it stays away."""
    posts = [
        post(f"Post {n}", prose(n), guid=f"p{n}", link=f"https://a.example/{n}") for n in range(9)
    ]
    origin.serve("/a", document(posts, "https://a.example/"))
    here.configure("[retention]\nmax_articles = 4\n", sources=[origin.url("/a")])
    here.verb("poll")
    here.verb("publish")
    assert len(feed(here).entries) == 9
    here.verb("tidy")
    assert len(feed(here).entries) == 4
    here.verb("poll", "--fresh")
    here.verb("publish")
    assert len(feed(here).entries) == 4


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("explain", "nothing"), "nothing: no stored article has this number, id or link; see"),
        (("history", "https://a.example/x"), "https://a.example/x: no stored article has"),
        (("split", "1"), "1: no stored article has"),
        (("release", "9"), "9"),
    ],
)
def test_what_is_not_there(here: Installation, arguments: tuple[str, ...], complaint: str) -> None:
    """Says what, and what to do."""
    here.configure()
    done = here.call(*arguments)
    assert done.returncode == 2
    assert complaint in done.stderr

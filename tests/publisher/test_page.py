"""Pages and OPML: escaped, announced, readable without scripts."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urljoin

import html5lib
import pytest
from lxml import etree

from feeds.models import Category, Entry, Person
from publisher.render.page import render_index, render_page
from publisher.render.whole import render_site
from tests.publisher.making import NEWS, SITE, SOURCE, STATE, item
from tests.publisher.making import page as page_of

EVIL = "<script>alert(1)</script>\"'&"
XHTML = "{http://www.w3.org/1999/xhtml}"


def page(*entries: Entry) -> str:
    items = [item(each, n + 1) for n, each in enumerate(entries)]
    return render_page(SITE, page_of(*items)).body.decode()


def test_everything_is_escaped() -> None:
    """No text of a source becomes markup."""
    text = page(Entry(title=EVIL, link="https://a.test/?a=1&b=\"'", authors=(Person(name=EVIL),)))
    root = html5lib.parse(text)
    assert list(root.iter(f"{XHTML}script")) == []
    assert EVIL in "".join(root.itertext())
    hrefs = [each.get("href") for each in root.iter(f"{XHTML}a")]
    assert "https://a.test/?a=1&b=\"'" in hrefs


def test_titles_of_the_operator_are_escaped_too() -> None:
    """A category called `A & <B>` is called that."""
    odd = replace(SITE, title=EVIL)
    index = render_index(odd, [(Category(slug="x", title=EVIL), STATE, [item()])]).body.decode()
    assert list(html5lib.parse(index).iter(f"{XHTML}script")) == []


def test_feeds_are_announced() -> None:
    """P37: rel=alternate for each format, with absolute addresses."""
    root = html5lib.parse(page(Entry(title="T")))
    found = {
        each.get("type"): each.get("href")
        for each in root.iter(f"{XHTML}link")
        if each.get("rel") == "alternate"
    }
    assert found == {
        "application/atom+xml": SITE.feed("news", "atom.xml"),
        "application/rss+xml": SITE.feed("news", "rss.xml"),
        "application/feed+json": SITE.feed("news", "feed.json"),
    }


def test_a_page_needs_nothing_of_another_origin() -> None:
    """Stylesheet, icon and ways through the site are relative: the CSP takes them from the page's
    own origin only, and who comes by another name than site.url sees the same page."""
    index = render_index(SITE, [(NEWS, STATE, [item()])])
    for file in (index, render_page(SITE, page_of(item()))):
        root = html5lib.parse(file.body.decode())
        own = {
            urljoin(f"http://localhost:1/{file.path}", each.get("href"))
            for name in ("a", "link")
            for each in root.iter(f"{XHTML}{name}")
            if not each.get("href").startswith(("#", "https:"))
        }
        assert own >= {
            "http://localhost:1/",
            "http://localhost:1/feeds.opml",
            "http://localhost:1/static/feedmill.css",
            "http://localhost:1/static/favicon.svg",
        }
    assert "http://localhost:1/news/" in {
        urljoin("http://localhost:1/", each.get("href"))
        for each in html5lib.parse(index.body.decode()).iter(f"{XHTML}a")
    }


def test_endless_headline() -> None:
    """A title of 2,000 characters is a headline of at most 300."""
    root = html5lib.parse(page(Entry(title="word " * 400, link="https://a.test/1")))
    [link] = [each for each in root.iter(f"{XHTML}a") if each.get("href") == "https://a.test/1"]
    assert 200 < len("".join(link.itertext())) <= 300


def test_nothing_of_the_clock() -> None:
    """Same input, same bytes."""
    entry = Entry(title="T", link="https://a.test/1", content="<p>Text</p>")
    assert page(entry) == page(entry)


def test_no_title() -> None:
    """An item without a title is shown by its text, never as an empty link."""
    root = html5lib.parse(page(Entry(link="https://a.test/1", content="<p>Some words.</p>")))
    [link] = [each for each in root.iter(f"{XHTML}a") if each.get("href") == "https://a.test/1"]
    assert "".join(link.itertext()).strip()


@pytest.mark.parametrize("title", ["\u200b", "\ufeff\u202e", "\u00a0", "\u0301", "\u2060 \u200d"])
def test_a_title_that_nobody_sees(title: str) -> None:
    """Nothing but spaces, marks and controls is no title either: its link could not be found."""
    text = page(Entry(title=title, link="https://a.test/1", content="<p>Some words.</p>"))
    [link] = [each for each in html5lib.parse(text).iter(f"{XHTML}a") if each.text == "Some words."]
    assert link.get("href") == "https://a.test/1"


def test_empty_category() -> None:
    """It says that there is nothing yet."""
    assert "Nothing yet" in page()


def test_the_operators_time_zone() -> None:
    """Times on pages are those of site.timezone."""
    site = replace(SITE, timezone="Asia/Tokyo")
    assert "20 Nov 2026, 21:00" in render_page(site, page_of(item())).body.decode()


def test_the_site() -> None:
    """Index, OPML, stylesheet, icons, robots.txt."""
    files = {each.path: each for each in render_site(SITE, [(NEWS, STATE, [item()])])}
    assert {"index.html", "feeds.opml", "robots.txt", "favicon.ico"} <= set(files)
    root = etree.fromstring(files["feeds.opml"].body)
    [outline] = root.iter("outline")
    # OPML 2.0: `text` is required of every outline, and an attribute; readers list feeds by it.
    assert dict(outline.items()) == {
        "type": "rss",
        "text": "News – A wire",
        "title": "News – A wire",
        "xmlUrl": SITE.feed("news", "atom.xml"),
        "htmlUrl": SITE.page("news"),
    }
    assert outline.text is None
    assert root.get("version") == "2.0"
    assert SOURCE.title in files["index.html"].body.decode()

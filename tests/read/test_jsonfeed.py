"""aggregator.read.jsonfeed: both versions, and what people write instead."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from aggregator.read.jsonfeed import parse_json
from feeds.errors import NotAFeed
from feeds.models import Document, Enclosure, Person, Term

URL = "http://feed.test/dir/feed.json"


def feed(*items: Any, **members: Any) -> Document:
    whole = {"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": items, **members}
    return parse_json(json.dumps(whole).encode(), URL)


def test_everything() -> None:
    """Each member of version 1.1 has its place."""
    document = feed(
        {
            "id": 5,
            "url": "/5",
            "external_url": "http://other.test/5",
            "title": "A & <b>",
            "content_html": "<p onclick='x'>C <img src='i.png'></p>",
            "summary": "1 < 2",
            "image": "/i.png",
            "date_published": "2020-01-02T03:04:05-01:00",
            "date_modified": "2020-01-03T03:04:05Z",
            "authors": [{"name": "N", "url": "/n"}, {"name": "N", "url": "/n"}],
            "tags": ["a", "a", 3, "b"],
            "language": "de",
            "attachments": [
                {"url": "/a", "mime_type": "audio/x", "size_in_bytes": 7, "title": "t"}
            ],
        },
        home_page_url="http://page.test/",
        feed_url=URL,
        description="D",
        icon="/icon.png",
        language="en",
        hubs=[{"type": "WebSub", "url": "http://hub.test/"}, {"type": "rssCloud", "url": "/c"}],
        next_url="?p=2",
    )
    assert (document.title, document.subtitle, document.language) == ("T", "D", "en")
    assert (document.link, document.self_link) == ("http://page.test/", URL)
    assert document.image == "http://feed.test/icon.png"
    assert document.hubs == ("http://hub.test/",)
    assert document.older == URL + "?p=2"
    assert document.fault is None
    entry = document.entries[0]
    assert (entry.guid, entry.link) == ("5", "http://feed.test/5")
    assert entry.original_link == "http://other.test/5"
    assert (entry.title, entry.summary) == ("A & <b>", "1 &lt; 2")
    assert entry.content == '<p>C <img src="http://feed.test/i.png"></p>'
    assert entry.published == datetime(2020, 1, 2, 4, 4, 5, tzinfo=UTC)
    assert entry.updated == datetime(2020, 1, 3, 3, 4, 5, tzinfo=UTC)
    assert entry.authors == (Person(name="N", uri="http://feed.test/n"),)
    assert entry.terms == (Term(term="a"), Term(term="b"))
    assert entry.enclosures == (
        Enclosure(url="http://feed.test/a", type="audio/x", length=7, title="t"),
    )


def test_text_content_is_escaped_into_paragraphs() -> None:
    """content_text is no HTML."""
    entry = feed({"id": "1", "content_text": "a <b>\n\nc"}).entries[0]
    assert entry.content == "<p>a &lt;b&gt;</p><p>c</p>"


def test_version_1_author() -> None:
    """1.0 has one author; an item without URL has its external one as link."""
    document = feed(
        {"id": "1", "author": {"name": "N"}, "external_url": "http://o.test/"},
        version="https://jsonfeed.org/version/1",
    )
    assert document.format == "json1"
    assert document.entries[0].authors == (Person(name="N"),)
    assert document.entries[0].link == "http://o.test/"


def test_the_feeds_authors_are_its_items() -> None:
    """1.1, top level: they hold for an item that names none."""
    whole = {"authors": [{"name": "F"}]}
    assert feed({"id": "1"}, **whole).entries[0].authors == (Person(name="F"),)
    own = feed({"id": "1", "authors": [{"name": "N"}]}, **whole).entries[0]
    assert own.authors == (Person(name="N"),)


@pytest.mark.parametrize(
    ("items", "count", "fault"),
    [
        ([{"title": "x", "content_text": "y"}], 1, '"id"'),
        ([{"id": "1"}], 1, "content_text"),
        (["x", 1, None, {"id": "1", "content_text": ""}], 1, "no objects"),
        ([{}, {"id": True}, {"id": "1", "content_text": "x"}], 1, "neither"),
        ([{"id": 1.5, "url": 7, "title": [], "tags": "x", "attachments": {}, "authors": 3,
           "content_html": None, "date_published": 5}], 1, None),
    ],
)  # fmt: skip
def test_wrong_items_are_read_over(items: list[Any], count: int, fault: str | None) -> None:
    """One bad item costs itself; the document's fault says what was wrong."""
    document = feed(*items)
    assert len(document.entries) == count
    assert (fault or "") in (document.fault or "")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_encodings(encoding: str) -> None:
    """A BOM, or none of UTF-8's."""
    whole = {"version": "https://jsonfeed.org/version/1.1", "title": "é", "items": []}
    assert parse_json(json.dumps(whole, ensure_ascii=False).encode(encoding), URL).title == "é"


def test_lone_surrogates_are_left_out() -> None:
    """JSON can write what XML and UTF-8 can't carry."""
    body = rb'{"version":"https://jsonfeed.org/version/1.1","title":"a\ud800\u0000b","items":[]}'
    assert parse_json(body, URL).title == "ab"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "broken JSON"),
        (b'{"a":NaN}', "NaN"),
        (b'"x"', "no object"),
        (b'{"version":3}', '"version"'),
        (b'{"version":"https://x.test/"}', "https://x.test/"),
        (b'{"version":"https://jsonfeed.org/version/1","items":{}}', "no list"),
        (b"\xff\xfe\xff", "broken JSON"),
    ],
)
def test_refusals_name_the_fault(body: bytes, says: str) -> None:
    """What makes it no feed is told."""
    with pytest.raises(NotAFeed, match=says):
        parse_json(body, URL)

"""Any article that the store can hold is published in every format, read back equal, twice the same
bytes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.read.clean import Markup, clean_html, clean_title, clean_url
from feeds.models import Enclosure, Entry, Media, Person, Term
from feeds.text import collapse, xml_safe
from publisher.gate import gate
from publisher.render.all import RENDERERS
from publisher.render.atom import render_atom
from publisher.render.jsonfeed import render_json
from publisher.render.rss import render_rss
from publisher.render.site import Site
from tests.publisher.making import AT, SITE, item, page
from tests.publisher.reading_back import back, json_unlike, loaded, unlike

QUIET = Site(title=SITE.title, url=SITE.url, id=SITE.id)
"""Without a language of its own."""


def misread(text: str) -> bool:
    """What feedparser takes for UTF-8 that somebody read as Latin-1, and mends."""
    try:
        return text.encode("latin-1").decode("utf-8") != text
    except UnicodeError:
        return False


# C1 controls are published as they are; feedparser, like browsers, reads them as Windows-1252.
C1 = "".join(map(chr, range(0x80, 0xA0)))
TEXT = st.text(st.characters(codec=None, exclude_characters=C1), max_size=60)
LINE = TEXT.map(lambda text: clean_title(Markup(text, "text/plain"))).filter(
    lambda text: not misread(text)
)
WORD = TEXT.map(lambda text: collapse(xml_safe(text))).filter(lambda text: not misread(text))
PIECES = st.sampled_from(  # of HTML
    ["<p>", "</p>", "<b>", "</i>", "<div>", "<a href='/x?a=1&b'>", "</a>", "<img src=x.png>",
     "&lt;", "&amp;amp;", "]]>", "<![CDATA[", "-->", "<!--", "\x0b", "\ufffe", "\U0001f600",
     "<script>x",
     "<iframe src=//v.test>", "<table><td>", "<blockquote cite=' q'>", "&#x1F600;", "\u202e", "<"]
)  # fmt: skip
HTML = (
    st.lists(PIECES | TEXT, max_size=12)
    .map(lambda parts: clean_html("".join(parts), "https://a.test/p/")[0] or None)
    .filter(lambda html: html is None or not misread(html))
)
DEEP = st.integers(1, 400).map(lambda n: clean_html("<div>" * n + "x", "https://a.test/")[0])
URL = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=30).map(
    lambda text: clean_url(f"https://a.test/{text}", "https://a.test/")
)
MOMENT = st.integers(31_622_400, 1_795_000_000).map(lambda at: datetime.fromtimestamp(at, UTC))
PERSON = st.builds(Person, name=WORD, uri=st.none() | URL, email=st.none() | WORD).filter(
    lambda person: bool(person.name)
)
TYPE = st.none() | st.sampled_from(["audio/mpeg", "image/png", "podcast", "", "a/b; c=d"])
ENTRIES = st.builds(
    Entry,
    guid=st.none() | WORD.filter(bool),
    link=st.none() | URL,
    title=LINE,
    summary=st.none() | HTML,
    content=st.none() | HTML | DEEP,
    authors=st.lists(PERSON, max_size=3).map(tuple),
    contributors=st.lists(PERSON, max_size=2).map(tuple),
    terms=st.lists(
        st.builds(Term, term=WORD.filter(bool), scheme=st.none() | WORD | URL, label=st.none()),
        max_size=3,
    ).map(tuple),
    enclosures=st.lists(
        st.builds(
            Enclosure, url=URL.filter(bool), type=TYPE, length=st.none() | st.integers(0, 10**14)
        ),
        max_size=3,
    ).map(tuple),
    media=st.lists(
        st.builds(Media, url=URL.filter(bool), kind=st.sampled_from(["content", "thumbnail"]),
                  type=TYPE, width=st.none() | st.integers(0, 10**6)),
        max_size=2,
    ).map(tuple),
    image=st.none() | URL,
    rights=st.none() | LINE.filter(bool),
    license=st.none() | URL,
    language=st.none() | st.sampled_from(["en", "de-CH", "x", "no language", ""]),
    comments=st.none() | URL,
    extra=st.dictionaries(
        st.sampled_from(["itunes:duration", "itunes:episode", "georss:point", "podcast:chapters"]),
        st.sampled_from(["3", "1:02:03", "1.5 -2", "https://a.test/c.json", "nonsense"]),
        max_size=3,
    ),
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(ENTRIES, MOMENT, st.uuids()), min_size=1, max_size=3))
def test_any_article(made: list[tuple[Entry, datetime, Any]]) -> None:
    items = [
        replace(
            item(entry, number, published=when, updated=when, first_seen=AT),
            published_id=f"urn:uuid:{name}",
        )
        for number, (entry, when, name) in enumerate(made)
    ]
    whole = page(*{each.published_id: each for each in items}.values())
    for render in RENDERERS:
        file = render(QUIET, whole)
        assert render(QUIET, whole).body == file.body
        assert gate(file) == []
    for kind, render in (("atom", render_atom), ("rss", render_rss)):
        found = back(render(QUIET, whole)).entries
        assert len(found) == len(whole.items)
        for one, entry in zip(whole.items, found, strict=True):
            differences = unlike(one, entry, kind)
            assert differences == []
    told = loaded(render_json(QUIET, whole))["items"]
    for one, said in zip(whole.items, told, strict=True):
        assert json_unlike(one, said) == []


@pytest.mark.parametrize("length", [10, 400_000])
def test_any_length(length: int) -> None:
    entry = Entry(title="T" * 2000, content="<p>" + "ß" * length + "</p>", link="https://a.test/")
    whole = page(item(entry))
    for render in RENDERERS:
        assert gate(render(SITE, whole)) == []
    [found] = back(render_atom(SITE, whole)).entries
    assert len(found.content or "") >= min(length, 250_000)

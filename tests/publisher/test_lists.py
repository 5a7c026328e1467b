"""OPML 2.0 (P36): our feeds, and where their articles are from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.opml import read_opml
from feeds.models import Category, SourceInfo
from feeds.text import xml_safe
from publisher.render.opml import Group, render_feeds, render_sources
from tests.publisher.making import AT, NEWS, SITE, SOURCE

TECH = Category(slug="tech", title="Tech & more")
OTHER = SourceInfo(id=4, url="https://b.test/feed?a=1&b=2", title="B\x0b <b>", link=None)


TEXTS = st.text(st.sampled_from("aä\U0001f600 \t\n\r\x0b\x85\ufffe<>&'\"]\\"), max_size=9)
INFOS = st.builds(
    SourceInfo,
    id=st.integers(1, 3),
    url=TEXTS.map("https://a.test/{}".format),
    title=TEXTS,
    link=st.none() | TEXTS,
)
GROUPS = st.tuples(st.none() | st.builds(Category, slug=st.just("a-b"), title=TEXTS),
                   st.lists(INFOS, max_size=3))  # fmt: skip


@given(st.lists(GROUPS, max_size=3))
def test_sources_are_written_as_a_tree_is(groups: list[Group]) -> None:
    """Whatever they are called: to the byte what libxml2 makes of what it reads there."""
    body = render_sources(SITE, groups, AT).body
    root = etree.fromstring(body, etree.XMLParser(remove_blank_text=True))
    again = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    assert again == body
    told = [outline.get("text") for outline in root.iterfind(".//outline[@xmlUrl]")]
    assert told == [xml_safe(each.title or each.url) for _, some in groups for each in some]


def test_feeds() -> None:
    found = read_opml(render_feeds(SITE, [NEWS, TECH], AT).body)
    assert [(each.url, each.title) for each in found] == [
        ("https://wire.test/news/news/atom.xml", "News – A wire"),
        ("https://wire.test/news/tech/atom.xml", "Tech & more – A wire"),
    ]


def test_sources() -> None:
    """By category, each naming all of its own; those in none at the end. Imported again, they are
    what they were."""
    file = render_sources(SITE, [(NEWS, [SOURCE, OTHER]), (TECH, [SOURCE]), (None, [])], AT)
    root = etree.fromstring(file.body)
    assert (file.path, root.get("version")) == ("sources.opml", "2.0")
    for outline in root.iterfind(".//outline[@xmlUrl]"):
        assert outline.get("type") == "rss"
        assert outline.get("text") == outline.get("title")
    [first, *_] = root.iterfind(".//outline[@xmlUrl]")
    assert first.get("category") == "/news,/tech"
    assert first.get("htmlUrl") == SOURCE.link
    found = read_opml(file.body)
    assert [(each.url, each.folders) for each in found] == [
        (SOURCE.url, ("News",)),
        (OTHER.url, ("News",)),
        (SOURCE.url, ("Tech & more",)),
    ]
    assert found[1].title == "B"  # titles are lines of text there
    assert render_sources(SITE, [(NEWS, [SOURCE, OTHER])], AT).body == (
        render_sources(SITE, [(NEWS, [SOURCE, OTHER])], AT).body
    )

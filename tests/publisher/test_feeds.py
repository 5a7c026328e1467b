"""The feeds that we emit, against PUBLISHING.md: Atom and RSS, read back by others' parsers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from feeds.models import (
    Enclosure,
    Entry,
    FeedItem,
    Media,
    Origin,
    Person,
    RenderedFile,
    Term,
)
from feeds.text import xml_safe
from tests.publisher.making import AT, ATOM, SITE, SOURCE, atom, item, parsed, rss, tree
from tests.shared import shared

Render = Callable[..., RenderedFile]
BOTH = pytest.mark.parametrize("render", [atom, rss])
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
DC = "{http://purl.org/dc/elements/1.1/}"
HOSTILE = (
    "a\x0bb", "a\x00b", "\ufffe\uffff", "\ud800", "]]>", "<![CDATA[x]]>", "&amp;lt;", "&#0;",
    "<!--", "\u202e", "𝔘𝔫𝔦", "a\x85b", "\t\r\n", "  ",
)  # fmt: skip


def full(**more: Any) -> Entry:
    """An entry that gives everything."""
    values: dict[str, Any] = {
        "guid": "https://a.test/1#id",
        "title": "Ferries & boats",
        "link": "https://a.test/1",
        "summary": "<p>Short.</p>",
        "content": '<p>Long, with <a href="https://a.test/x?a=1&amp;b=2">a link</a>.</p>',
        "authors": (Person(name="Ada Lovelace"),),
        "terms": (Term(term="Sea"), Term(term="ships", scheme="https://a.test/t", label="Ships")),
        "enclosures": (
            Enclosure(url="https://a.test/a.mp3", type="audio/mpeg", length=123),
            Enclosure(url="https://a.test/b.ogg", type="audio/ogg"),
        ),
        "rights": "CC BY",
        "license": "https://creativecommons.org/licenses/by/4.0/",
    }
    return Entry(**(values | more))


def entries(file: RenderedFile) -> list[Any]:
    root = tree(file)
    return list(root.iter(f"{ATOM}entry", "item"))


@BOTH
@pytest.mark.parametrize("text", HOSTILE)
def test_p1_p2_characters(render: Render, text: str) -> None:
    """P1, P2: what XML can't carry is taken out before, and `]]>` survives."""
    entry = full(
        title=f"T {text} T",
        content=f"<p>{text}</p>",
        summary=text,
        authors=(Person(name=f"N {text}"),),
        terms=(Term(term=f"t {text}"),),
    )
    found = parsed(render(item(entry), site=replace(SITE, title=f"S {text}")))
    assert found.entries[0].title.startswith("T")
    if text == "]]>":
        assert "]]>" in found.entries[0].title


@BOTH
def test_p3_p4_content(render: Render) -> None:
    """P3, P4: cleaned content goes out as it was stored: absolute links, nothing active."""
    [entry] = parsed(render(item(full()))).entries
    [content] = entry.content
    assert 'href="https://a.test/x?a=1&amp;b=2"' in content.value
    assert "<script" not in content.value


@BOTH
def test_p5_media_type_and_declaration(render: Render) -> None:
    """P1, P5: UTF-8 with a declaration; a type of its own with charset."""
    file = render(item(full(title="Ærø")))
    assert file.body.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    assert "Ærø".encode() in file.body
    assert file.media_type.endswith("; charset=utf-8")
    assert "text/xml" not in file.media_type


@BOTH
def test_p7_same_input_same_bytes(render: Render) -> None:
    """P7: no clock in it; the feed's time is that of its newest event."""
    items = [item(full(), 1), item(number=2)]
    assert render(*items).body == render(*items).body
    assert render(*items).modified == AT
    assert str(datetime.now(UTC).year + 1).encode() not in render(*items).body
    [stamp] = [each.text for each in tree(render(*items)).iter("lastBuildDate", f"{ATOM}updated")][
        :1
    ]
    when = datetime.fromisoformat(stamp) if stamp[0].isdigit() else parsedate_to_datetime(stamp)
    assert when == AT


@BOTH
def test_order_is_kept(render: Render) -> None:
    """Items come in the order given: that of their placement, newest first."""
    items = [item(number=n) for n in (3, 1, 2)]
    titles = [each.title for each in parsed(render(*items)).entries]
    assert titles == ["Title 3", "Title 1", "Title 2"]


@BOTH
def test_empty_feed(render: Render) -> None:
    """A feed without stories is a feed."""
    assert parsed(render()).entries == []


def schema() -> Any:
    return etree.RelaxNG(etree.parse(shared("schemas/atom-rfc4287.rng")))


@pytest.mark.shared
def test_atom_is_valid() -> None:
    """RFC 4287's own schema: for everything, for nothing, and for an entry with nothing in it."""
    bare = item(Entry(), 3)
    for file in (atom(item(full())), atom(), atom(bare), atom(item(full()), bare)):
        schema().assertValid(tree(file))


def test_p8_p9_feed_level() -> None:
    """P8, P9: default namespace; one id, title, updated; self is the served address."""
    root = tree(atom(item(full())))
    assert root.nsmap[None] == "http://www.w3.org/2005/Atom"
    for name in ("id", "title", "updated"):
        assert len(root.findall(f"{ATOM}{name}")) == 1
    links = {(each.get("rel"), each.get("href")) for each in root.findall(f"{ATOM}link")}
    assert links == {
        ("self", "https://wire.test/news/news/atom.xml"),
        ("alternate", "https://wire.test/news/news/"),
    }


def test_p10_p11_authors_and_links() -> None:
    """P10, P11: an author always; without content a link, or content made of the title."""
    [with_link] = entries(atom(item(Entry(title="T", link="https://a.test/1"))))
    assert with_link.find(f"{ATOM}link[@rel='alternate']") is not None
    assert with_link.findtext(f"{ATOM}author/{ATOM}name") == "Source A"
    [bare] = entries(atom(item(Entry(title="Only a title"))))
    assert bare.findtext(f"{ATOM}content") == "Only a title"


@pytest.mark.parametrize("guid", ["https://a.test/1#id", "tag:a.test,2026:1", "URN:x:%7e", "mid:ü"])
def test_p12_upstream_id_verbatim(guid: str) -> None:
    """P12: byte for byte, in both formats."""
    assert tree(atom(item(full(guid=guid)))).findtext(f".//{ATOM}entry/{ATOM}id") == guid
    assert tree(rss(item(full(guid=guid)))).findtext(".//guid") == guid


def test_p14_the_feeds_own_id() -> None:
    """P14: of the site's id and the slug, so that a moved site keeps it."""
    here, moved = tree(atom()), tree(atom(site=replace(SITE, url="https://elsewhere.test")))
    assert here.findtext(f"{ATOM}id") == moved.findtext(f"{ATOM}id")
    assert here.findtext(f"{ATOM}id").startswith("urn:uuid:")


def test_p15_atom_source() -> None:
    """P15: id, title and updated of the source at least; its site and feed as links."""
    [entry] = entries(atom(item(full())))
    source = entry.find(f"{ATOM}source")
    assert source.findtext(f"{ATOM}title") == "Source A"
    assert source.findtext(f"{ATOM}id")
    assert source.findtext(f"{ATOM}updated")
    links = {each.get("rel"): each.get("href") for each in source.findall(f"{ATOM}link")}
    assert links == {"alternate": "https://a.test/", "self": "https://a.test/feed"}


@pytest.mark.parametrize(
    ("own", "published"),
    [("tag:b.test,2026:f", "tag:b.test,2026:f"), ("12", "urn:uuid:"), (None, "https://b.test/f")],
)
def test_p15_id_of_the_origin(own: str | None, published: str) -> None:
    """Kept as it is; made an IRI where it is none; else the address of that feed."""
    origin = Origin(id=own, title="B", feed_url="https://b.test/f")
    found = [
        each.findtext(f"{ATOM}source/{ATOM}id")
        for each in entries(atom(item(full(origin=origin)), item(full(guid="x", origin=origin), 2)))
    ]
    assert found[0] == found[1]
    assert found[0].startswith(published)


def test_p16_dates() -> None:
    """P16: published is kept, updated moves with a change."""
    later = AT + timedelta(hours=3)
    [entry] = entries(atom(item(full(), updated=later)))
    assert entry.findtext(f"{ATOM}published") == AT.isoformat()
    assert entry.findtext(f"{ATOM}updated") == later.isoformat()


def test_p17_p18_types_rights_enclosures() -> None:
    """P17, P18: html escaped once, titles are text; rights, license, enclosures carried."""
    [entry] = entries(atom(item(full())))
    assert entry.findtext(f"{ATOM}title") == "Ferries & boats"
    content = entry.find(f"{ATOM}content")
    assert content.get("type") == "html"
    assert content.text == full().content
    assert entry.findtext(f"{ATOM}rights") == "CC BY"
    links = [
        (each.get("rel"), each.get("length"), each.get("type"))
        for each in entry.findall(f"{ATOM}link")
    ]
    assert ("enclosure", "123", "audio/mpeg") in links
    assert ("enclosure", "0", "audio/ogg") in links
    assert any(rel == "license" for rel, _, _ in links)


def test_p19_channel() -> None:
    """P19: title, link, description, self link; items after them."""
    channel = tree(rss(item(full()))).find("channel")
    names = [etree.QName(each).localname for each in channel]
    assert {"title", "link", "description", "lastBuildDate", "ttl"} <= set(names)
    assert channel.find(f"{ATOM}link[@rel='self']").get("href") == SITE.feed("news", "rss.xml")
    assert channel.findtext("link") == SITE.page("news")
    assert names.index("item") > max(names.index(n) for n in ("title", "link", "description"))


@pytest.mark.parametrize(
    ("guid", "permalink"),
    [
        ("https://a.test/1", "true"),
        ("https://a.test/1#id", "false"),
        ("tag:a.test,2026:1", "false"),
        ("12345", "false"),
    ],
)
def test_p20_guid(guid: str, permalink: str) -> None:
    """P20: isPermaLink only where it is the item's own web address."""
    found = tree(rss(item(full(guid=guid)))).find(".//guid")
    assert (found.text, found.get("isPermaLink")) == (guid, permalink)


@BOTH
@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("https://ü.test/пост?q=日#é", "https://xn--tda.test/%D0%BF%D0%BE%D1%81%D1%82?q=%E6%97%A5#%C3%A9"),
        ("https://a.test/?tag[0]=x", "https://a.test/?tag%5B0%5D=x"),
        ("http://[2001:db8::1]/[a]", "http://[2001:db8::1]/%5Ba%5D"),
        ("https://a.test?a=%D0%BF", "https://a.test?a=%D0%BF"),
        ("https://a.test/100%?a=%4", "https://a.test/100%25?a=%254"),
        ("mailto:ü@a.test", "mailto:%C3%BC@a.test"),
    ],
)  # fmt: skip
def test_addresses_are_uris(render: Render, link: str, shown: str) -> None:
    """RFC 3986: what is beyond ASCII is percent-encoded as a browser would, an id never."""
    entry = full(guid=link, link=link, comments=link, enclosures=(Enclosure(url=link),) * 2)
    root = tree(render(item(entry, source=replace(SOURCE, url=link, link=link))))
    [one] = root.iter(f"{ATOM}entry", "item")
    addresses = [each.get("href") or each.get("url") for each in one.iter()]
    addresses += [one.findtext("link"), one.findtext("comments")]
    assert {each for each in addresses if each and "license" not in each} == {shown}
    assert (one.findtext(f"{ATOM}id") or one.findtext("guid")) == link


def test_p20_an_iri_is_no_permalink() -> None:
    assert (
        tree(rss(item(full(guid="https://a.test/ü", link="https://a.test/ü"))))
        .find(".//guid")
        .get("isPermaLink")
        == "false"
    )


def test_p21_source() -> None:
    """P21: title and feed address of the origin; its site's where the feed's is secret."""
    found = tree(rss(item(full()))).find(".//item/source")
    assert (found.text, found.get("url")) == ("Source A", "https://a.test/feed")
    secret = item(full(), source=replace(SOURCE, url=""))
    assert tree(rss(secret)).find(".//item/source").get("url") == "https://a.test/"
    assert b"a.test/feed" not in atom(secret).body


def test_p22_author_or_creator() -> None:
    """P22: an address in `author`, a name in dc:creator, never both."""
    named = tree(rss(item(full()))).find(".//item")
    assert (named.findtext(f"{DC}creator"), named.find("author")) == ("Ada Lovelace", None)
    mailed = full(authors=(Person(name="Ada", email="ada@a.test"),))
    found = tree(rss(item(mailed))).find(".//item")
    assert found.findtext("author") == "ada@a.test (Ada)"
    assert found.find(f"{DC}creator") is None
    nameless = full(authors=(Person(email="ada@a.test"),))
    assert tree(rss(item(nameless))).findtext(".//item/author") == "ada@a.test"


def test_p22_several_authors() -> None:
    """RSS has room for one `author`; none of several people is lost."""
    both = full(authors=(Person(name="Ada", email="ada@a.test"), Person(name="Bob", email="b@a.t")))
    found = tree(rss(item(both))).find(".//item")
    assert [each.text for each in found.findall(f"{DC}creator")] == ["Ada", "Bob"]
    assert found.find("author") is None


@pytest.mark.parametrize(
    "address", ["!@#$%^&*()", "a@b.test (Bob), c", 'x@a.test?subject=A">b</a>', "@", "a b@c.test"]
)
def test_p22_what_is_no_address(address: str) -> None:
    """The name stays, the rest is not sent on as an address."""
    odd = item(full(authors=(Person(name="Ada", email=address),)))
    assert entries(atom(odd))[0].find(f"{ATOM}author/{ATOM}email") is None
    assert entries(rss(odd))[0].findtext(f"{DC}creator") == "Ada"


def test_p23_description_then_content() -> None:
    """P23: summary in description, full text in content:encoded, in this order."""
    found = tree(rss(item(full()))).find(".//item")
    names = [each.tag for each in found]
    assert names.index("description") < names.index(CONTENT)
    assert found.findtext("description") == "<p>Short.</p>"
    assert found.findtext(CONTENT) == full().content


def test_p24_enclosure() -> None:
    """P24: one enclosure with url, length, type; the others as media:content."""
    found = tree(rss(item(full()))).find(".//item")
    [enclosure] = found.findall("enclosure")
    assert dict(enclosure.attrib) == {
        "url": "https://a.test/a.mp3",
        "length": "123",
        "type": "audio/mpeg",
    }
    media = [each.get("url") for each in found.iter("{http://search.yahoo.com/mrss/}content")]
    assert "https://a.test/b.ogg" in media


MEDIA = "{http://search.yahoo.com/mrss/}content"


@pytest.mark.shared
@pytest.mark.parametrize("kind", ["podcast", "<b>x</b>", "audio/", "/mpeg", "undefined", "a b/c d"])
def test_p24_what_is_no_media_type(kind: str) -> None:
    """One `type="podcast"` made the whole Atom feed invalid (RFC 4287, atomMediaType)."""
    wrong = (Enclosure(url="https://a.test/a", type=kind), Enclosure(url="https://a.test/b"))
    odd = item(
        full(enclosures=wrong, media=(Media(url="https://a.test/m", type=kind, medium=kind),))
    )
    schema().assertValid(tree(atom(odd)))
    links = entries(atom(odd))[0].findall(f"{ATOM}link[@rel='enclosure']")
    assert {each.get("type") for each in links} == {"application/octet-stream"}
    assert entries(rss(odd))[0].find("enclosure").get("type") == "application/octet-stream"
    for render in (atom, rss):
        found = entries(render(odd))[0].find(MEDIA)
        assert (found.get("type"), found.get("medium")) == (None, None)


def test_media_types_are_kept() -> None:
    """With their parameters."""
    kind = "audio/ogg; codecs=opus"
    good = item(full(enclosures=(Enclosure(url="https://a.test/a", type=kind),)))
    assert entries(rss(good))[0].find("enclosure").get("type") == kind


def test_category_schemes() -> None:
    """A scheme is an IRI in Atom (RFC 4287 §4.2.2.2); RSS takes any domain; the term is kept."""
    odd = item(full(terms=(Term(term="Sea", scheme="NYT topics"), Term(term="b", scheme="tag:x"))))
    found = entries(atom(odd))[0].findall(f"{ATOM}category")
    assert [(each.get("term"), each.get("scheme")) for each in found] == [
        ("Sea", None),
        ("b", "tag:x"),
    ]
    assert entries(rss(odd))[0].find("category").get("domain") == "NYT topics"


def test_p25_dates() -> None:
    """P25: RFC 822 with a four-digit year and a numeric zone."""
    text = tree(rss(item(full()))).findtext(".//item/pubDate")
    assert text == "Fri, 20 Nov 2026 12:00:00 +0000"


@BOTH
def test_p26_no_markup_in_titles(render: Render) -> None:
    """P26: a title that reads like markup is text, escaped once."""
    found = entries(render(item(full(title="Use <b> & &lt;i>"))))[0]
    assert (found.findtext("title") or found.findtext(f"{ATOM}title")) == "Use <b> & &lt;i>"


@BOTH
def test_cut_content_says_so(render: Render) -> None:
    """An item that was cut ends with the way to the whole of it."""
    [entry] = parsed(render(item(full(truncated=True)))).entries
    assert entry.content[0].value.endswith(
        '<p><a href="https://a.test/1">The whole article is at its source.</a></p>'
    )


TEXT = st.text(alphabet=st.characters(codec=None), max_size=40)


@pytest.mark.shared
@settings(max_examples=60, deadline=None)
@given(
    kind=TEXT, scheme=TEXT, address=TEXT, origin=st.builds(Origin, id=TEXT, title=TEXT), rights=TEXT
)
def test_any_text_beside_the_prose_makes_a_valid_feed(
    kind: str, scheme: str, address: str, origin: Origin, rights: str
) -> None:
    """Whatever stands where a media type, an IRI or an address should: RFC 4287's schema holds."""
    entry = full(
        enclosures=(Enclosure(url="https://a.test/a", type=kind),),
        media=(Media(url="https://a.test/m", type=kind, medium=scheme),),
        terms=(Term(term="t", scheme=scheme, label=rights),),
        authors=(Person(name="Ada", email=address),),
        origin=origin,
        rights=rights,
    )
    schema().assertValid(tree(atom(item(entry))))
    assert len(parsed(rss(item(entry))).entries) == 1


@settings(max_examples=60, deadline=None)
@given(title=TEXT, content=TEXT, name=TEXT, term=TEXT, guid=TEXT)
@example(title="", content="\x08", name="", term="", guid="")
def test_any_text_makes_a_good_feed(
    title: str, content: str, name: str, term: str, guid: str
) -> None:
    """Whatever characters come: both formats well-formed, with their item, twice the same bytes."""
    entry = Entry(
        guid=guid,
        title=title,
        link="https://a.test/1",
        content=content,
        authors=(Person(name=name),),
        terms=(Term(term=term),),
    )
    one: FeedItem = item(entry, published_id=xml_safe(guid).strip() or "urn:x:1")
    for render in (atom, rss):
        assert len(parsed(render(one)).entries) == 1
        assert render(one).body == render(one).body

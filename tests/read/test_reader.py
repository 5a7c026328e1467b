"""aggregator.read.reader: one tiny document per format, and what is no feed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator.read.reader import read, read_raw
from feeds.errors import EmptyDocument, NotAFeed, ReadError
from feeds.models import Document, Enclosure, Hints, Origin, Person, Term

URL = "http://feed.test/dir/feed"
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
ITEM = "<item><title>One</title><link>http://feed.test/1</link></item>"


def doc(text: str, content_type: str | None = None, url: str = URL) -> Document:
    return read(text.encode(), url, content_type)


def rss(inside: str, attributes: str = "", channel: str = "") -> Document:
    return doc(
        f'<rss version="2.0" {attributes}><channel><title>T</title>'
        f"<link>http://page.test/</link>{channel}<item>{inside}</item></channel></rss>"
    )


def atom(inside: str, feed: str = "") -> Document:
    return doc(
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title>{feed}'
        f"<entry><title>E</title>{inside}</entry></feed>"
    )


@pytest.mark.parametrize(
    ("text", "format_"),
    [
        (
            f'<rdf:RDF {RDF} xmlns="http://my.netscape.com/rdf/simple/0.9/">{ITEM}</rdf:RDF>',
            "rss090",
        ),
        (f'<rss version="0.91"><channel><title>T</title>{ITEM}</channel></rss>', "rss091u"),
        (
            '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "x.dtd">'
            f'<rss version="0.91"><channel><title>&copy;</title>{ITEM}</channel></rss>',
            "rss091n",
        ),
        (f'<rss version="0.92"><channel>{ITEM}</channel></rss>', "rss092"),
        (f'<rdf:RDF {RDF} xmlns="http://purl.org/rss/1.0/">{ITEM}</rdf:RDF>', "rss10"),
        (
            '<c:Channel xmlns:c="http://purl.org/net/rss1.1#">'
            f"<c:items>{ITEM}</c:items></c:Channel>",
            "rss11",
        ),
        (f'<rss version="2.0"><channel>{ITEM}</channel></rss>', "rss20"),
        (
            '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><title>One</title>'
            '<link rel="alternate" type="text/html" href="http://feed.test/1"/></entry></feed>',
            "atom03",
        ),
        (
            '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>One</title>'
            '<link href="/1"/></entry></feed>',
            "atom10",
        ),
        (
            '<CHANNEL HREF="http://feed.test/"><ITEM HREF="http://feed.test/1">'
            "<TITLE>One</TITLE></ITEM></CHANNEL>",
            "cdf",
        ),
        (
            '{"version":"https://jsonfeed.org/version/1","title":"T",'
            '"items":[{"id":1,"title":"One","url":"http://feed.test/1","content_text":"x"}]}',
            "json1",
        ),
        (
            '\ufeff {"version":"https://jsonfeed.org/version/1.1","title":"T",'
            '"items":[{"id":"1","title":"One","url":"/1","content_text":"x"}]}',
            "json11",
        ),
    ],
)
def test_every_format(text: str, format_: str) -> None:
    """Each format's item comes out alike, whatever the elements are called."""
    document = doc(text)
    assert document.format == format_
    assert [(entry.title, entry.link) for entry in document.entries] == [
        ("One", "http://feed.test/1")
    ]


def test_an_item_with_everything() -> None:
    """RSS 2.0 with the modules that feeds use."""
    entry = rss(
        """<title>A &amp;amp; B</title><link>/1</link><guid isPermaLink="false">g 1</guid>
        <dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator><category domain="d">c</category>
        <pubDate>Fri, 28 May 2010 21:03:38 CEST</pubDate><comments>http://page.test/c</comments>
        <description>&lt;p onclick="x()"&gt;S&lt;/p&gt;</description>
        <content:encoded><![CDATA[<p>C <img src="i.png" style="x"></p><script>x</script>]]>
        </content:encoded><enclosure url="a.mp3" length="12" type="audio/mpeg"/>
        <source url="http://other.test/feed">Other</source>
        <itunes:duration>1:02</itunes:duration><itunes:image href="http://page.test/i.jpg"/>
        <geo:lat>1.5</geo:lat><geo:long>2.5</geo:long>
        <media:thumbnail url="http://page.test/t.png" width="10" height="20"/>
        <feedburner:origLink>http://page.test/orig</feedburner:origLink>""",
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
        'xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#" '
        'xmlns:media="http://search.yahoo.com/mrss/" '
        'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"',
    ).entries[0]
    assert entry.title == "A & B"
    assert entry.guid == "g 1"
    assert entry.link == "http://feed.test/1"
    assert entry.authors == (Person(name="Ann"), Person(name="Bob"))
    assert entry.terms == (Term(term="c", scheme="d"),)
    assert entry.published == datetime(2010, 5, 28, 19, 3, 38, tzinfo=UTC)
    assert entry.published_text == "Fri, 28 May 2010 21:03:38 CEST"
    assert entry.summary == "<p>S</p>"
    assert entry.content == '<p>C <img src="http://feed.test/i.png"></p>'
    assert entry.enclosures == (
        Enclosure(url="http://feed.test/dir/a.mp3", type="audio/mpeg", length=12),
    )
    assert entry.origin == Origin(title="Other", feed_url="http://other.test/feed")
    assert entry.original_link == "http://page.test/orig"
    assert entry.comments == "http://page.test/c"
    assert entry.extra == {
        "itunes:duration": "1:02",
        "itunes:image": "http://page.test/i.jpg",
        "geo:lat": "1.5",
        "geo:long": "2.5",
    }
    assert [(media.kind, media.width) for media in entry.media] == [("thumbnail", 10)]
    assert not entry.truncated


def test_an_atom_entry_with_everything() -> None:
    """RFC 4287: texts by type, people, terms, links by relation, the source."""
    document = atom(
        """<id>  tag:x,1 </id><link href="/e" xml:base="http://base.test/"/>
        <link rel="enclosure" href="http://page.test/a" length="3" title="A"/>
        <link rel="license" href="http://cc.test/"/><author><name>N</name><email>e@x.test</email>
        <uri>http://n.test</uri></author><contributor><name>M</name></contributor>
        <category term="t" label="L" scheme="http://s.test/"/>
        <published>2020-01-02T03:04:05Z</published><updated>2020-01-03T03:04:05+01:00</updated>
        <rights type="html">&amp;copy; me</rights><summary>1 &lt; 2</summary>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><b>x</b></div></content>
        <source><id>urn:s</id><title>S</title><link rel="self" href="http://s.test/feed"/></source>""",
        """<id>urn:feed</id><link href="http://page.test/"/><link rel="self" href="/me"/>
        <link rel="hub" href="http://hub.test/"/><link rel="prev-archive" href="/old"/>
        <subtitle>Sub</subtitle><logo>/logo.png</logo><generator>G</generator>""",
    )
    assert document.id == "urn:feed"
    assert document.hubs == ("http://hub.test/",)
    assert document.self_link == "http://feed.test/me"
    assert document.older == "http://feed.test/old"
    assert (document.subtitle, document.generator) == ("Sub", "G")
    assert document.image == "http://feed.test/logo.png"
    entry = document.entries[0]
    assert entry.guid == "tag:x,1"
    assert entry.link == "http://base.test/e"
    assert entry.authors == (Person(name="N", uri="http://n.test", email="e@x.test"),)
    assert entry.contributors == (Person(name="M"),)
    assert entry.terms == (Term(term="t", scheme="http://s.test/", label="L"),)
    assert entry.updated == datetime(2020, 1, 3, 2, 4, 5, tzinfo=UTC)
    assert (entry.rights, entry.license) == ("© me", "http://cc.test/")
    assert (entry.summary, entry.content) == ("1 &lt; 2", "<b>x</b>")
    assert entry.origin == Origin(id="urn:s", title="S", feed_url="http://s.test/feed")
    assert entry.enclosures[0].title == "A"


@pytest.mark.parametrize(
    ("guid", "raw", "link"),
    [
        ("<guid>12345</guid>", "12345", None),
        ("<guid>http://page.test/1</guid>", "http://page.test/1", "http://page.test/1"),
        ("<guid>/p</guid>", "/p", "http://feed.test/p"),
        ('<guid isPermaLink="false">http://page.test/1</guid>', "http://page.test/1", None),
        ("<guid> a &amp; b </guid><link>/x</link>", "a & b", "http://feed.test/x"),
        ("<title>none</title>", None, None),
    ],
)
def test_ids_are_the_raw_text(guid: str, raw: str | None, link: str | None) -> None:
    """Never resolved: a redirect would change every such id. No number becomes a link."""
    entry = rss(guid).entries[0]
    assert (entry.guid, entry.link) == (raw, link)


def test_ids_are_raw_in_a_broken_document_too() -> None:
    """Where expat gives up and feedparser's loose parser reads, ids stay what they were."""
    document = doc(
        '<rss version="2.0"><channel><item><guid>12345</guid><title>x</b></title></item></rss>'
    )
    assert (document.entries[0].guid, document.entries[0].link) == ("12345", None)
    assert not document.wellformed
    assert document.fault


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "feed:http://x.test/", "http://[::1", ""]
)
def test_links_of_other_schemes_are_dropped(link: str) -> None:
    """http, https and mailto only; a bad URL is none and raises nothing."""
    entry = rss(f'<link>{link}</link><enclosure url="{link}"/><comments>{link}</comments>').entries[
        0
    ]
    assert (entry.link, entry.enclosures, entry.comments) == (None, (), None)


PODCAST = {
    "description": "<description>&lt;p&gt;What it is about&lt;/p&gt;</description>",
    "content": "<content:encoded>&lt;p&gt;All of its notes&lt;/p&gt;</content:encoded>",
    "summary": "<itunes:summary>In short</itunes:summary>",
    "long": "<itunes:summary>At length,\n\nand in text only</itunes:summary>",
    "same": "<itunes:summary>What it  is about</itunes:summary>",
    "dc": "<dc:description>In short</dc:description>",
    "image": '<media:content url="http://page.test/i.png"><media:description type="plain">'
    "A cat asleep on a very long and very soft sofa</media:description></media:content>",
}


@pytest.mark.parametrize(
    ("elements", "summary", "content"),
    [
        ("description summary content", "<p>What it is about</p>", "<p>All of its notes</p>"),
        ("description content summary", "<p>What it is about</p>", "<p>All of its notes</p>"),
        ("summary content description", "<p>What it is about</p>", "<p>All of its notes</p>"),
        ("description dc content", "<p>What it is about</p>", "<p>All of its notes</p>"),
        ("content summary", "In short", "<p>All of its notes</p>"),
        ("description summary", "In short", "<p>What it is about</p>"),
        ("summary description", "In short", "<p>What it is about</p>"),
        ("description long", "<p>What it is about</p>",
         "<p>At length,</p><p>and in text only</p>"),
        ("description same", "<p>What it is about</p>", None),
        ("summary", "In short", None),
        ("description image", "<p>What it is about</p>", None),
        ("image description", "<p>What it is about</p>", None),
        ("image", "A cat asleep on a very long and very soft sofa", None),
    ],
)  # fmt: skip
def test_the_summary_of_a_podcast_and_the_words_of_an_image_hide_no_text(
    elements: str, summary: str, content: str | None
) -> None:
    """Whatever their order: the text is content:encoded, else the longer of two."""
    [entry] = rss(
        "".join(PODCAST[name] for name in elements.split()),
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
        'xmlns:media="http://search.yahoo.com/mrss/"',
    ).entries
    assert (entry.summary, entry.content) == (summary, content)


def test_podcast_elements_are_links_too() -> None:
    """What an element of a podcast refers to is absolute, and http(s) or nothing."""
    entry = rss(
        """<itunes:image href="/i.jpg"/><podcast:chapters url="c.json" type="application/json"/>
        <podcast:transcript url="javascript:alert(1)" type="text/html"/>""",
        'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
        'xmlns:podcast="https://podcastindex.org/namespace/1.0"',
    ).entries[0]
    assert entry.extra == {
        "itunes:image": "http://feed.test/i.jpg",
        "podcast:chapters": "http://feed.test/dir/c.json",
    }
    assert (
        not rss(
            '<itunes:image href="data:image/png,x"/>',
            'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"',
        )
        .entries[0]
        .extra
    )


def test_authors() -> None:
    """Each has what is its own; an entry without any has its source's, else its feed's
    (RFC 4287 §4.2.1)."""
    whole = "<author><name>F</name></author>"
    one = "<author><name>N1</name><email>n1@a.test</email></author>"
    two = "<author><name>N2</name></author><author><email>n3@a.test</email></author>"
    assert atom(one + two, whole).entries[0].authors == (
        Person(name="N1", email="n1@a.test"),
        Person(name="N2"),
        Person(email="n3@a.test"),
    )
    assert atom("", whole).entries[0].authors == (Person(name="F"),)
    source = "<source><title>S</title><author><name>O</name></author></source>"
    assert atom(source, whole).entries[0].authors == (Person(name="O"),)
    editor = rss("<title>x</title>", "", "<managingEditor>e@a.test (E)</managingEditor>")
    assert editor.entries[0].authors == ()


def test_links_of_odd_forms() -> None:
    """An <A> of CDF, and an RSS link with an attribute beside its text."""
    cdf = doc('<CHANNEL HREF="http://a.test/"><ITEM><A HREF="/1">x</A></ITEM></CHANNEL>')
    assert cdf.entries[0].link == "http://feed.test/1"
    odd = rss('<link uri="at://did:plc:x/app">http://a.test/1</link>')
    assert odd.entries[0].link == "http://a.test/1"


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("<title>AT&amp;T &lt;b&gt;</title>", "AT&T <b>"),
        ('<title type="html">AT&amp;amp;T &lt;b&gt;x&lt;/b&gt;</title>', "AT&T x"),
        ('<title type="text">&lt;b&gt;x&lt;/b&gt;</title>', "<b>x</b>"),
    ],
)
def test_titles_by_type(title: str, text: str) -> None:
    """A text title keeps its "<"; an HTML title loses its tags."""
    document = doc(f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{title}</entry></feed>')
    assert document.entries[0].title == text


def test_relative_links_in_rss_mean_the_page() -> None:
    """RSS has no base of its own: "#note" belongs to the article, not to the feed's address."""
    entry = rss('<link>/a/1</link><description>&lt;a href="#n"&gt;n&lt;/a&gt;</description>')
    assert 'href="http://feed.test/a/1#n"' in (entry.entries[0].summary or "")


def test_bare_ampersands_and_undefined_entities() -> None:
    """The commonest fault: text and query strings come through, and the fault is named."""
    document = rss("<title>AT&T &nbsp;&eacute;</title><link>http://page.test/?a=1&copy=2</link>")
    assert document.entries[0].title == "AT&T é"
    assert document.entries[0].link == "http://page.test/?a=1&copy=2"
    assert not document.wellformed
    assert "ampersands" in (document.fault or "")


def test_a_truncated_document_gives_what_there_is() -> None:
    """Cut in the second item: the first is whole, and the fault is told."""
    document = doc(f'<rss version="2.0"><channel><title>T</title>{ITEM}<item><title>Tw')
    assert document.entries[0].title == "One"
    assert not document.wellformed
    assert document.fault


def test_control_characters_and_bad_references_are_left_out() -> None:
    """A vertical tab, U+FFFE or `&#99999999;` cost nothing but themselves."""
    document = rss("<title>a\x0bb&#11;&#99999999;\ufffec&#x10ffff;</title>")
    assert document.entries[0].title == "abc\U0010ffff"
    assert document.wellformed


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<rss version='2.0'><channel><title>é</title></channel></rss>".encode(), None),
        ("<rss version='2.0'><channel><title>é</title></channel></rss>".encode(), "text/xml"),
        (
            "<?xml version='1.0' encoding='iso-8859-1'?>"
            "<rss version='2.0'><channel><title>é</title></channel></rss>".encode("latin-1"),
            "application/rss+xml",
        ),
        (
            "<rss version='2.0'><channel><title>é</title></channel></rss>".encode("utf-16"),
            "text/xml; charset=iso-8859-1",
        ),
        (
            "<rss version='2.0'><channel><title>é</title></channel></rss>".encode("cp1252"),
            "text/html; charset=windows-1252",
        ),
    ],
)
def test_encodings(body: bytes, content_type: str | None) -> None:
    """BOM over charset over declaration over UTF-8 (RFC 7303 §3)."""
    assert read(body, URL, content_type).title == "é"


def test_hints() -> None:
    """ttl in minutes, hours and days to skip, sy:*: all in seconds and UTC."""
    document = rss(
        "<title>x</title>",
        'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"',
        "<ttl>90</ttl><skipHours><hour>24</hour><hour>5</hour></skipHours>"
        "<skipDays><day>Sunday</day></skipDays><sy:updatePeriod>daily</sy:updatePeriod>"
        "<sy:updateFrequency>2</sy:updateFrequency>",
    )
    assert document.hints == Hints(
        ttl=5400.0, skip_hours=(0, 5), skip_days=(6,), update_every=43200.0
    )


@pytest.mark.parametrize("ttl", ["-5", "0", "soon", "99999999999", "1e9", ""])
def test_hints_that_are_nonsense_are_none(ttl: str) -> None:
    """A hint over a year or below zero says nothing."""
    assert rss("", channel=f"<ttl>{ttl}</ttl>").hints == Hints()


@pytest.mark.parametrize("body", [b"", b" \r\n\t", b"\xef\xbb\xbf \n", b"\0\0"])
def test_empty(body: bytes) -> None:
    """Nothing at all is its own error."""
    with pytest.raises(EmptyDocument):
        read(body, URL, None)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<!DOCTYPE html><html><title>Blog</title></html>", "an HTML page"),
        (b"<!-- x --><html><body>Just a moment...</body></html>", "bot challenge"),
        (b"<html><input type='password'></html>", "login page"),
        (b"just some words", "plain text"),
        (b"<opml version='2.0'><body/></opml>", "OPML"),
        (b"<a><b/></a>", "no RSS"),
        (b"%PDF-1.4 <", "a PDF"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"{", "broken JSON"),
        (b"[1]", "outermost"),
        (b'{"items":[]}', '"version"'),
        (b'{"version":"https://jsonfeed.org/version/1"}', '"items"'),
        (b"[" * 100_000, "nested too deep"),
        (b"<?xml version='1.0'?><error>no</error>", "no RSS"),
    ],
)
def test_what_is_no_feed_is_named(body: bytes, says: str) -> None:
    """The operator reads what came instead."""
    with pytest.raises(NotAFeed, match=says):
        read(body, URL, None)


def test_entity_bombs_and_external_entities_do_nothing() -> None:
    """No expansion, no file, no request."""
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    for dtd in (f'<!ENTITY e0 "x">{bomb}', '<!ENTITY e11 SYSTEM "file:///etc/passwd">'):
        document = doc(
            f"<!DOCTYPE rss [{dtd}]><rss version='2.0'><channel><item><title>a&e11;</title>"
            "</item></channel></rss>"
        )
        assert len(document.entries[0].title) < 20


def test_repeated_items_stay() -> None:
    """Whether two entries are one is not the reader's affair."""
    assert len(doc(f"<rss version='2.0'><channel>{ITEM}{ITEM}</channel></rss>").entries) == 2


def test_a_feed_without_items_is_a_feed() -> None:
    """A new blog has none yet."""
    assert doc("<rss version='2.0'><channel><title>T</title></channel></rss>").title == "T"


def test_long_fields_are_bounded() -> None:
    """A title of a megabyte, a guid of one, an item of HTML over 512 KB."""
    entry = rss(
        f"<title>{'t ' * 500_000}</title><guid>{'g' * 1_000_000}</guid>"
        f"<description>{'&lt;p&gt;word&lt;/p&gt;' * 60_000}</description>"
    ).entries[0]
    assert len(entry.title) == 2000
    assert len(entry.guid or "") == 8192
    assert 512 * 1024 - 300 < len(entry.summary or "") <= 512 * 1024
    assert (entry.summary or "").endswith("word</p>")
    assert entry.truncated


def test_raw_reading_keeps_markup() -> None:
    """The suites judge the reading, not the cleaning."""
    body = b"<rss version='2.0'><channel><item><description>&lt;i style='x'&gt;a&lt;/i&gt;"
    body += b"</description></item></channel></rss>"
    assert read_raw(body, URL, None).entries[0].summary == "<i style='x'>a</i>"


def test_broken_feeds_raise_only_read_errors() -> None:
    """Every prefix of a document, and every byte of it flipped, is read or refused."""
    whole = f'<rss version="2.0"><channel><title>T&amp;</title>{ITEM}</channel></rss>'.encode()
    flipped = [whole[:n] + bytes([whole[n] ^ 0x15]) + whole[n + 1 :] for n in range(len(whole))]
    outcomes: set[type[object]] = set()
    for body in [whole[:n] for n in range(len(whole))] + flipped:
        try:
            outcomes.add(type(read(body, URL, None)))
        except ReadError as error:
            outcomes.add(type(error))
    assert outcomes == {Document, EmptyDocument, NotAFeed, ReadError}


@pytest.mark.parametrize("form", ["rss", "atom"])
def test_half_an_item_is_none(form: str) -> None:
    """A document that breaks off anywhere within its second item has one; a mere missing end of
    the whole takes nothing away."""
    item = "<item><title>{0}</title><link>http://a.test/{0}</link><guid>{0}</guid></item>"
    head = "<rss version='2.0'><channel><title>T</title>"
    if form == "atom":
        item = "<entry><title>{0}</title><link href='http://a.test/{0}'/><id>{0}</id></entry>"
        head = "<feed xmlns='http://www.w3.org/2005/Atom'><title>T</title>"
    first, second = item.format("one"), item.format("two")
    for cut in range(1, len(second)):
        found = read((head + first + second[:cut]).encode(), URL, None)
        assert [each.title for each in found.entries] == ["one"], second[:cut]
    assert len(read((head + first + second).encode(), URL, None).entries) == 2
    with pytest.raises(ReadError, match="breaks off"):
        read((head + first[:-4]).encode(), URL, None)

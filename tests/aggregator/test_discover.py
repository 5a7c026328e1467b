"""Which feeds a page names: themes as they are found, careless HTML, pages that mean harm."""

from __future__ import annotations

import time

import pytest

from aggregator.discover import Rank, candidates, guesses, meant, newest
from aggregator.tags import MAX_TAGS, decode, tags
from feeds.models import Document, Entry
from tests.aggregator.making import NOW

PAGE = "https://blog.example.org/2026/post"


def found(html: str | bytes, url: str = PAGE, content_type: str = "text/html") -> list[str]:
    body = html.encode() if isinstance(html, str) else html
    return [each.url for each in candidates(body, url, content_type)]


WORDPRESS = """<!DOCTYPE html><html lang="en-US"><head><meta charset="UTF-8">
<title>A blog about <link> tags</title>
<link rel="profile" href="https://gmpg.org/xfn/11">
<link rel="alternate" type="application/rss+xml" title="Blog &raquo; Feed" href="/feed/" />
<link rel="alternate" type="application/rss+xml" title="Blog &raquo; Comments Feed"
 href="/comments/feed/" />
<link rel="https://api.w.org/" href="/wp-json/" />
<link rel="alternate" title="JSON" type="application/json" href="/wp-json/wp/v2/posts/12" />
<link rel="alternate" type="application/json+oembed" href="/wp-json/oembed/1.0/embed?url=x" />
<link rel="alternate" type="text/xml+oembed" href="/wp-json/oembed/1.0/embed?format=xml" />
<link rel="EditURI" type="application/rsd+xml" href="/xmlrpc.php?rsd" />
</head><body><script>document.write('<link rel="alternate" type="application/rss+xml" href="/js">')
</script><!-- <link rel="alternate" type="application/rss+xml" href="/commented-out"> -->
<a href="/2026/post">A post</a></body></html>"""


def test_a_wordpress_page() -> None:
    """Its feed, and last the comments; not its API, nor what stands in scripts and comments."""
    every = candidates(WORDPRESS.encode(), PAGE, "text/html; charset=UTF-8")
    assert [(each.url.removeprefix("https://blog.example.org"), each.rank) for each in every] == [
        ("/feed/", Rank.LINK),
        ("/comments/feed/", Rank.COMMENTS),
    ]
    assert every[0].title == "Blog » Feed"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ('<link rel="alternate" type="application/atom+xml" href="a">', "/2026/a"),
        ('<link rel="alternate" type="application/feed+json" href="/f.json">', "/f.json"),
        ('<link rel="alternate" type="application/json" href="/feed.json">', "/feed.json"),
        ('<link rel="alternate" type="text/xml" href="/rss.xml">', "/rss.xml"),
        ('<link rel="alternate" type="application/rdf+xml" href="/x">', "/x"),
        ("<LINK REL=ALTERNATE TYPE=APPLICATION/RSS+XML HREF=/up>", "/up"),
        ("<link rel='home ALTERNATE nofollow' type='application/rss+xml' href='/l'>", "/l"),
        ('<link\n\trel = "alternate"\n type = application/rss+xml\n href = "/s"\n/>', "/s"),
        ('<link rel="alternate" type="application/rss+xml; charset=utf-8" href="/c">', "/c"),
        ('<link rel="feed" href="/anything">', "/anything"),
        ('<link rel="alternate" type="application/rss+xml" href="?a&amp;b=2">', "/2026/post?a&b=2"),
        ('<link rel="alternate" type="application/rss+xml" href=feed://blog.example.org/z>', "/z"),
        ('<link rel=alternate type="application/rss+xml" href="/open"', "/open"),
        ('<link rel=alternate type="application/rss+xml" href=" /blank\n ">', "/blank"),
        ('<a href="/feed">here</a>', "/feed"),
        ('<a href="/blog/index.xml"><img src="rss.png"></a>', "/blog/index.xml"),
        ('<a href="?feed=rss2">here</a>', "/2026/post?feed=rss2"),
        ('<a href="/syndicate/17">RSS feed</a>', "/syndicate/17"),
        ('<a href="/feeds/posts/default">here</a>', "/feeds/posts/default"),
    ],
)  # fmt: skip
def test_named(link: str, expected: str) -> None:
    url = found(f"<html><body>{link}")
    assert [each.replace("http:", "https:") for each in url] == [
        "https://blog.example.org" + expected
    ]


@pytest.mark.parametrize(
    "link",
    [
        '<link rel="alternate stylesheet" type="text/css" href="/rss.css">',
        '<link rel="alternate" hreflang="de" href="/de/">',
        '<link rel="alternate" type="application/json" href="/data.json">',
        '<link rel="alternate" type="application/xml" href="/sitemap.xml">',
        '<link rel="meta" type="application/rdf+xml" href="/foaf.rdf">',
        '<link rel="alternate" type="application/rss+xml" href="">',
        '<link rel="alternate" type="application/rss+xml" href>',
        '<link rel="alternate" type="application/rss+xml" href="javascript:feed()">',
        '<link rel="alternate" type="application/rss+xml" href="https://u:p@x.example/feed">',
        '<link rel="alternate" type="application/rss+xml" href="https://[::bad/feed">',
        '<link rel="alternate" type="application/rss+xml" href="#top">',
        '<link rel="alternate" type="application/rss+xml" href="/2026/post">',
        '<a href="https://elsewhere.example.com/feed">another\'s</a>',
        '<a href="/why-rss-is-not-dead">Why RSS is not dead: ten years of it in review</a>',
        '<a href="/feed.html">about our feeds</a>',
        '<a href="/sitemap.xml">map</a>',
        '<textarea><link rel="alternate" type="application/rss+xml" href="/t"></textarea>',
    ],
)
def test_not_named(link: str) -> None:
    assert found(f"<html><body>{link}") == []


def test_ranks_and_duplicates() -> None:
    """Links before anchors, wherever they stand; each once, though spelled in two ways."""
    page = """<a href="/all/rss.xml">RSS</a><a href="/feed">Feed</a>
    <link rel=alternate type=application/atom+xml href="https://blog.example.org/feed#main">
    <link rel=alternate type=application/rss+xml href="http://BLOG.example.org/feed?utm_source=x">
    <link rel=alternate type=application/rss+xml href="/rss">"""
    assert found(page) == [
        "https://blog.example.org/feed",
        "https://blog.example.org/rss",
        "https://blog.example.org/all/rss.xml",
    ]


def test_other_hosts() -> None:
    """An anchor counts on the site's own domain and on hosts that serve others' feeds; a link,
    which the page's author put there for this, anywhere."""
    page = """<a href="https://feeds.feedburner.com/Blog/rss">RSS</a>
    <a href="https://www.example.org/rss">RSS</a><a href="https://reader.example/rss?u=x">RSS</a>
    <link rel=alternate type=application/rss+xml href="//cdn.example.net/f">"""
    assert found(page) == [
        "https://cdn.example.net/f",
        "https://feeds.feedburner.com/Blog/rss",
        "https://www.example.org/rss",
    ]
    hosted = '<a href="https://two.github.io/feed.xml">RSS</a>'
    assert found(hosted, "https://one.github.io/") == []


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ('<base href="/deep/er/">', "https://blog.example.org/deep/er/f"),
        ('<base href="https://cdn.example.org">', "https://cdn.example.org/f"),
        ('<base target="_top"><base href="/one/"><base href="/two/">',
         "https://blog.example.org/one/f"),
        ('<base href="mailto:x@y">', "https://blog.example.org/2026/f"),
    ],
)  # fmt: skip
def test_base(base: str, expected: str) -> None:
    """The first one with a href, even when it stands after the link."""
    link = '<link rel="alternate" type="application/rss+xml" href="f">'
    assert found(link + base) == found(base + link) == [expected]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("Zür".encode("utf-16"), "text/html"),
        ("Zür".encode(), "text/html"),
        ("Zür".encode("latin-1"), "text/html"),
        ("Zür".encode("latin-1"), 'text/html; charset="ISO-8859-1"'),
        (b'<meta charset="windows-1252">' + "Zür".encode("cp1252"), "text/html"),
        (b'<meta charset="utf-16">' + "Zür".encode(), "text/html"),
        ("Zür".encode(), "text/html; charset=punycode"),
        ("Zür".encode(), "text/html; charset=no-such-thing"),
        (b"\xef\xbb\xbf" + "Zür".encode(), "text/html; charset=latin-1"),
    ],
)
def test_encodings(body: bytes, content_type: str) -> None:
    assert decode(body, content_type).endswith("Zür")


HOSTILE = [
    *("<div>", "<div></p>", "<", "<!--", "<!-- -", "<a", "<a ", '<a b="', "<a b='\"", "<link "),
    *("<title>", "<script>", "<script></scrip>", "<a            ", "<a href=/feed>", "&amp", "<a/"),
    *('<link rel=alternate type=application/rss+xml href="' + "&amp" * 100 + '">', "\0", "<a ="),
]


@pytest.mark.slow
@pytest.mark.parametrize("piece", HOSTILE, ids=lambda piece: piece[:20])
def test_hostile_pages_take_linear_time(piece: str) -> None:
    """10 MB of anything is over in seconds (libxml2 does not come back from `<div></p>`): ten times
    as long as a tenth of it, with room for a busy machine."""
    took = []
    for size in (1_000_000, 10_000_000):
        body = (piece * (size // len(piece) + 1))[:size].encode()
        started = time.process_time()
        assert len(candidates(body, PAGE, "text/html")) <= 10
        took.append(time.process_time() - started)
    assert took[1] < max(1.0, 25 * took[0])


def test_bounds() -> None:
    assert len(list(tags("<a href=x>" * (MAX_TAGS + 10)))) == MAX_TAGS
    many = "".join(f'<link rel="feed" href="/{number}">' for number in range(50))
    assert len(found(many)) == 10
    long = (
        '<link rel="feed" data-x="' + "x" * 100_000 + '" href="/late"><link rel="feed" href="/n">'
    )
    assert found(long) == ["https://blog.example.org/n"]


def test_guesses() -> None:
    """Beside the page, then at the root; none twice."""
    places = [each.url for each in guesses("https://example.org/blog")]
    assert places[:2] == ["https://example.org/blog/feed", "https://example.org/blog/rss.xml"]
    assert "https://example.org/feed" in places
    assert guesses("https://example.org/")[0].url == "https://example.org/feed"


# --- which one is meant -----------------------------------------------------------------


def document(*links: str, title: str = "A", kind: str = "rss20") -> Document:
    entries = tuple(Entry(link=f"https://a.example/{each}", published=NOW) for each in links)
    return Document(format=kind, title=title, entries=entries)


def test_meant() -> None:
    """One; or the first of several formats of one. A section of its own is a doubt."""
    main, other = document("1", "2", "3"), document("2", "3", kind="atom10")
    assert meant([]) is None
    assert meant([main]) == 0
    assert meant([main, other]) == 0
    assert meant([main, document("7", "8")]) is None
    assert meant([main, other, document("3", "8", "9")]) is None
    assert meant([document(), document()]) == 0
    assert meant([document(), document(title="B")]) is None


def test_newest() -> None:
    assert newest(document("1")) == NOW
    assert newest(Document(format="rss20", entries=(Entry(),))) is None

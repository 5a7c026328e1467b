"""aggregator.read.clean: safe HTML, cut at clean places; URLs that are links."""

from __future__ import annotations

import time
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.read.clean import (
    MAX_HTML,
    PLAIN_URL,
    Markup,
    clean_html,
    clean_title,
    clean_url,
    cut_html,
    text_to_html,
)

BASE = "http://page.test/a/b"


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ('<p onclick="x()" style="a" class="c" id="i">x</p>', "<p>x</p>"),
        ("a<script>b</script><style>c</style><template>d</template>e", "ae"),
        ("<form action='/x'><input name='n'><button>go</button></form>", "go"),
        ("<object data='x'>f</object><embed src='x'>", ""),
        ('<img src="i.png" srcset="j.png 2x" alt="A">',
         '<img src="http://page.test/a/i.png" alt="A">'),
        ("<img src='data:image/png;base64,x'>", "<img>"),
        ('<video src="/v" poster="p" controls></video>',
         '<video src="http://page.test/v" poster="http://page.test/a/p" controls=""></video>'),
        ("<b>open", "<b>open</b>"),
        ("1 &lt; 2 &amp; 3\x00\x0b", "1 &lt; 2 &amp; 3"),
        ("", ""),
    ],
)  # fmt: skip
def test_what_stays_and_what_goes(html: str, clean: str) -> None:
    """No script, form, frame, style or handler; sources absolute."""
    assert clean_html(html, BASE) == (clean, False)


@pytest.mark.parametrize(
    ("href", "found"),
    [
        ("/x", "http://page.test/x"),
        ("?q", "http://page.test/a/b?q"),
        ("//o.test/x", "http://o.test/x"),
        ("mailto:a@b.test", "mailto:a@b.test"),
        ("javascript:alert(1)", None),
        ("&#106;avascript:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("ftp://x.test/", None),
        ("data:text/html,x", None),
    ],
)
def test_links_in_html(href: str, found: str | None) -> None:
    """Absolute, and of http, https, mailto only."""
    html, _ = clean_html(f'<a href="{href}">x</a>', BASE)
    assert (f'href="{found}"' in html) if found else ("href" not in html)


@pytest.mark.parametrize(
    ("cite", "found"),
    [
        ("/x?a&amp;b", ' cite="http://page.test/x?a&amp;b"'),
        ("c d", ' cite="http://page.test/a/c%20d"'),
        ("javascript:alert(1)", ""),
        ("&#106;avascript:alert(1)", ""),
        ("data:x", ""),
        ("", ""),
    ],
)
def test_cite_is_a_link_too(cite: str, found: str) -> None:
    """Of quotations and of changes, whatever stands before it in the tag."""
    for tag in ("blockquote", "q", "ins", "del"):
        html, _ = clean_html(f'<p>a cite="b"</p><{tag} title="t" cite="{cite}">x</{tag}>', BASE)
        assert html == f'<p>a cite="b"</p><{tag} title="t"{found}>x</{tag}>'


@pytest.mark.parametrize("base", ["", "tag:x", "http://[::1", "not a url"])
def test_without_a_base_relative_links_go(base: str) -> None:
    """A base that is none raises nothing."""
    html, _ = clean_html('<a href="/x">x</a><a href="http://y.test/">y</a>', base)
    assert "/x" not in html
    assert 'href="http://y.test/"' in html


@pytest.mark.parametrize(
    "piece", ["<p>word word</p>", "é&eacute;", "<a href='http://x.test/a > b'>y</a> ", "x"]
)
def test_cut_at_a_clean_place(piece: str) -> None:
    """At most 512 KB, and never half a tag, entity or character."""
    html = piece * (MAX_HTML // len(piece) + 1000)
    cut = cut_html(html)
    assert len(cut.encode()) <= MAX_HTML
    assert html.startswith(cut)
    assert cut.rfind("<") <= cut.rfind(">")
    assert not cut.endswith(("&", "&e", "&eacute"))
    assert clean_html(html, BASE)[1]


@pytest.mark.parametrize("piece", ["1 < 2 ", "<p><a href='/x'>y</a></p>", "<b><i>x</i> "])
def test_what_is_stored_fits_the_limit(piece: str) -> None:
    """Cleaning lengthens: escapes, absolute links, end tags. What comes out is under 512 KB."""
    html, cut = clean_html(piece * (MAX_HTML // len(piece) - 1), BASE)
    assert cut
    assert len(html.encode()) <= MAX_HTML
    assert clean_html(html, BASE)[0] == html


def test_text_of_just_the_limit_is_not_cut() -> None:
    """512 KB are allowed."""
    assert clean_html("x" * MAX_HTML, BASE) == ("x" * MAX_HTML, False)


@pytest.mark.parametrize("tag", ["div", "b", "blockquote", "table", "a", "ul"])
def test_nesting_costs_little(tag: str) -> None:
    """50,000 open elements cost nh3 5 s; they are cut."""
    begun = time.process_time()
    html, truncated = clean_html(f"<{tag}>x" * 50_000, BASE)
    assert time.process_time() - begun < 1
    assert truncated
    assert html.count(f"<{tag}") <= 257


def test_old_pages_that_close_nothing_are_whole() -> None:
    """A thousand <p>, <li> and <br> that nobody closed are not nesting."""
    html, truncated = clean_html("<p>a<br><li>b" * 1000 + "end", BASE)
    assert "end" in html
    assert not truncated


def test_a_long_base_does_not_multiply() -> None:
    """8 KB of base before each of 40,000 links would be 300 MB."""
    html, _ = clean_html("<a href=a>" * 40_000, "http://page.test/" + "x" * 8000 + "/")
    assert len(html) <= 4 * MAX_HTML


@given(st.text(st.characters(codec=None)))
def test_cleaning_is_stable(text: str) -> None:
    """What is clean stays as it is, whatever came in (P1, rule 11)."""
    once, _ = clean_html(text, BASE)
    assert clean_html(once, BASE)[0] == once


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (" /x y ", "http://page.test/x%20y"),
        ("http://h.test/é?a=1&b=%20#f", "http://h.test/é?a=1&b=%20#f"),
        ("HTTP://h.test/", "http://h.test/"),
        ("mailto:a@b.test", "mailto:a@b.test"),
        ("ja\nvascript:x", None),
        ("file:///etc/passwd", None),
        ("http:///x", "http://page.test/x"),
        ("http://", "http://page.test/a/b"),
        ("http://[::1", None),
        ("http://h.test:99999/", None),
        ("http://h.test/" + "x" * 9000, None),
        ("", None),
    ],
)
def test_urls(url: str, found: str | None) -> None:
    """Absolute, of a scheme that we pass on, with nothing in it that breaks a header or XML."""
    assert clean_url(url, BASE) in (found, found and found.replace("http:", "HTTP:"))


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)))
def test_urls_never_raise(url: str, base: str) -> None:
    """Bad URLs are None."""
    found = clean_url(url, base)
    assert found is None or found[:4].lower() in ("http", "mail")


def test_plain_text_becomes_paragraphs() -> None:
    """Escaped; blank lines part paragraphs."""
    assert text_to_html("a <b>\nc\n\n d & e \n") == "<p>a &lt;b&gt;<br>c</p><p>d &amp; e</p>"
    assert text_to_html("one") == "one"
    assert text_to_html(" \n\n ") == ""
    assert clean_html(Markup("1 < 2", "text/plain").html, BASE)[0] == "1 &lt; 2"


def test_titles() -> None:
    """One line of at most 2,000 characters, ended at a word."""
    assert clean_title(Markup("a\n <b>&amp;</b>", "text/plain")) == "a <b>&amp;</b>"
    assert clean_title(Markup("a\n <b>&amp;</b>", "text/html")) == "a &"
    title = clean_title(Markup("word " * 10_000, "text/plain"))
    assert len(title) <= 2000
    assert title.endswith("word…")


def test_an_empty_reference_is_no_link() -> None:
    """P3: without a base `href=""` would be a relative link; text and other attributes stay."""
    html, _ = clean_html('<a href="" title="t">a</a> href="" <img src="" alt="i">', "file:///a")
    assert html == '<a title="t" rel="noopener noreferrer">a</a> href="" <img alt="i">'
    assert clean_html('<video src="" poster=""></video>', "")[0] == "<video></video>"


PARTS = st.sampled_from(
    [*"/?&=#;:@%.-_'\"|\\^ []é\t", "..", "a", "B", "1", "host", ":80", ":99999"]
)


@given(st.sampled_from(["http", "https"]), st.lists(PARTS, max_size=9).map("".join))
def test_a_plain_url_is_left_alone(scheme: str, rest: str) -> None:
    """The way round the joining and mending, for what nearly all URLs are, leads to the same."""
    url = f"{scheme}://{rest}"
    if PLAIN_URL.fullmatch(url):
        assert clean_url(f"\n{url}", BASE) == url == urljoin(BASE, url)

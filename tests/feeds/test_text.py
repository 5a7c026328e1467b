"""feeds.text: characters XML can carry, plain text of HTML, slugs, shortening."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.text import collapse, plain_text, shorten, slugify, xml_safe


@given(st.text(st.characters(codec=None)))
def test_any_text_survives_xml_once_it_is_safe(text: str) -> None:
    """P1: whatever a source wrote, an XML parser takes it back (surrogates, NUL, U+FFFE)."""
    safe = xml_safe(text)
    escaped = safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert ElementTree.fromstring(f"<a>{escaped}</a>").tag == "a"
    assert set(safe) <= set(text)


def test_characters_that_xml_carries_stay() -> None:
    """Nothing of ordinary text is lost: tab, newline, emoji, the private use area."""
    text = "a\tb\nc\rd é \U0001f600 \ue000 \ufffd"
    assert xml_safe(text) == text
    assert xml_safe("a\x00\x0b\ud800\udfff\ufffe\uffffb") == "ab"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("<p>one</p><p>two</p>", "one two"),
        ("b<b>ol</b>d", "bold"),
        ("a<br>b<br/>c", "a b c"),
        ("x<script>alert(1)</script><style>p{}</style>y", "xy"),
        ("  a\n\t b ", "a b"),
        ("AT&T", "AT&T"),
        ("1 < 2", "1 < 2"),
        ("caf&eacute; &#8212; &#x41;", "café — A"),
        ("<!-- no -->yes", "yes"),
        ("a<![x", "a<![x"),
        ("<![if x]>a<![endif]>", "a"),
        ("<svg><script/></svg>z", "z"),
        ("", ""),
    ],
)
def test_plain_text(html: str, text: str) -> None:
    """What a reader sees, on one line."""
    assert plain_text(html) == text


@given(st.text())
def test_plain_text_never_raises(html: str) -> None:
    """Hostile HTML gives some text, never an error."""
    assert "\n" not in plain_text(html)


@given(st.text())
def test_slugs_are_slugs(text: str) -> None:
    """A slug is empty or fully matches what a path may hold (THREATS, path traversal)."""
    slug = slugify(text)
    assert slug == "" or re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)


def test_slug_of_accents() -> None:
    """Latin letters lose their accents instead of vanishing."""
    assert slugify(" Économie & Politik: 2. Teil/.. ") == "economie-politik-2-teil"


@pytest.mark.parametrize(
    ("text", "slug"),
    [("Новости", "novosti"), ("日本 語", "riben-yu"), ("📰", "newspaper"), ("—", "")],
)
def test_slug_of_other_scripts(text: str, slug: str) -> None:
    """What is not written in Latin letters is transliterated: a folder named so is a category."""
    assert slugify(text) == slug


@given(st.text(), st.integers(0, 30))
def test_shortened_text_fits(text: str, n: int) -> None:
    """Never longer than asked."""
    assert len(shorten(text, n)) <= n or shorten(text, n) == text


def test_shortening_ends_at_a_word() -> None:
    """The last word is whole, unless it is the only one."""
    assert shorten("one two three", 9) == "one two…"
    assert shorten("one two three", 8) == "one two…"
    assert shorten("one two three", 13) == "one two three"
    assert shorten("abcdefghij", 5) == "abcd…"


@given(st.text(st.characters(codec=None)))
def test_shortcuts(text: str) -> None:
    """What is said about a text at a glance is what looking at each character says."""
    spaces, banned = (
        re.compile(r"\s+"),
        re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"),
    )
    assert collapse(text) == spaces.sub(" ", text).strip()
    assert xml_safe(text) == banned.sub("", text)

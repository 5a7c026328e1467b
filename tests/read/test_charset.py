"""aggregator.read.charset: labels that mislead, single bytes that are wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.read.charset import BEFORE, REPLACED, from_declaration, settle
from aggregator.read.reader import read
from feeds.models import Document

RUSSIAN = "Новости дня"
FEED = "<rss version='2.0'><channel><title>{}</title></channel></rss>"


def feed(title: str, declared: str = "") -> str:
    return f"<?xml version='1.0' encoding='{declared}'?>{FEED.format(title)}"


def doc(body: bytes, content_type: str | None = None) -> Document:
    return read(body, "http://feed.test/", content_type)


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("Shift_JIS", "cp932", "日本①"),
        ("euc-kr", "cp949", "한국 똠"),
        ("gb2312", "gb18030", "中文㐂"),
        ("big5", "big5hkscs", "香港㗎"),
        ("iso-8859-9", "cp1254", "“Türkçe ğ”"),
        ("tis-620", "cp874", "ไทย…"),
        ("koi8-r", "koi8-r", RUSSIAN),
        ("utf-16", "utf-16", RUSSIAN),
    ],
)
def test_a_label_means_its_superset(label: str, codec: str, text: str) -> None:
    """As browsers read it (WHATWG Encoding §4.2), whether the document or the server says it."""
    assert doc(feed(text, label).encode(codec)).title == text
    body = FEED.format(text).encode(codec)
    assert doc(body, f"text/xml; charset={label}").title == text


@pytest.mark.parametrize("label", ["windows-1251", "iso-8859-1", "us-ascii", "utf-16", "koi8-r"])
def test_utf_8_under_another_label(label: str) -> None:
    """Text of one byte a character is not UTF-8 by chance, so that UTF-8 it is."""
    found = doc(feed(RUSSIAN, label).encode())
    assert found.title == RUSSIAN
    assert label in str(found.fault)


def test_one_wrong_byte_costs_one_character() -> None:
    """Cut in the middle of a character, or pasted from elsewhere: the rest is read as it is."""
    body = feed("café “q” ¬", "utf-8").encode().replace("¬".encode(), b"\xe9")
    found = doc(body)
    assert (found.title, found.fault) == ("café “q” \ufffd", REPLACED)
    many = feed("日本" * 50 + "!", "shift_jis").encode("cp932").replace(b"!<", b"\x81<")
    assert doc(many).title == "日本" * 50 + "\ufffd"


def test_another_encoding_altogether_is_no_wrong_byte() -> None:
    """What is hardly ever valid is not of that encoding: windows-1251 that calls itself UTF-8."""
    body = feed(RUSSIAN, "windows-1251").encode("cp1251")
    assert doc(body, "text/xml; charset=utf-8").title == RUSSIAN


@pytest.mark.parametrize(
    "before", [b"\n\n ", b"Warning: x in <b>y.php</b>\n", b"\xef\xbb\xbf\n", b"<!-- c -->"]
)
def test_what_stands_before_the_declaration(before: bytes) -> None:
    """Blank lines, a PHP warning, a comment: feedparser's loose parser would take over."""
    found = doc(before + feed("é", "utf-8").encode())
    assert (found.title, found.fault, found.wellformed) == ("é", BEFORE, True)


@pytest.mark.parametrize(
    "body",
    [feed("x", "utf-8").encode(), b"\xef\xbb\xbf" + feed("x", "utf-8").encode(), b"",
     b"<html><svg><?xml version='1.0'?><svg>", b" " * 9000 + feed("x", "utf-8").encode()],
)  # fmt: skip
def test_a_body_that_begins_as_it_should(body: bytes) -> None:
    """Nothing is taken off, nor where no feed follows, nor beyond 4 KB."""
    assert from_declaration(body) == (body, None)


LABELS = ["", "utf-8", "shift_jis", "nonsense", "utf-16", "zlib", "idna", "punycode", "\0"]


@given(st.binary(max_size=60), st.sampled_from(LABELS))
def test_any_bytes(body: bytes, label: str) -> None:
    """Never raises; what is settled as UTF-8 after replacing is that."""
    found, charset, fault = settle(body, label)
    if fault == REPLACED:
        assert charset == "utf-8"
        assert found.decode("utf-8")

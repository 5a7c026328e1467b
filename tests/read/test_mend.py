"""aggregator.read.mend: entities and ampersands."""

from __future__ import annotations

import time

import pytest

from aggregator.read.mend import MAX_EXPANSION, expand, mend
from aggregator.read.reader import read


def title(subset: str, text: str) -> str:
    body = (
        f"<!DOCTYPE rss {subset}><rss version='2.0'><channel><title>{text}</title></channel></rss>"
    )
    return read(body.encode(), "http://feed.test/", None).title


@pytest.mark.parametrize(
    ("subset", "text", "found"),
    [
        ('[<!ENTITY co "Company">]', "&co; x", "Company x"),
        ("[\n<!ENTITY co 'Company'>\n<!ENTITY nbsp \"&#160;\">\n]", "&co;&nbsp;&co;",
         "Company Company"),
        ('PUBLIC "a>b" "c[d" [<!-- ]> --><!ENTITY co "x]>y">]', "&co;", "x]>y"),
        ('[<!ENTITY a "1"><!ENTITY b "&a;&a;">]', "&a;&b;", "1&b;"),
        ('[<!ENTITY a SYSTEM "file:///etc/passwd">]', "x&a;y", "x&a;y"),
        ('[<!ENTITY % a "b"><!ENTITY c "%a;">]', "&c;", "&c;"),
        ('[<!ENTITY a "1 &#38;lt; 2">]', "&a;", "1 < 2"),
        ("[]", "&eacute;&amp;", "é&"),
    ],
)  # fmt: skip
def test_entities_of_the_document(subset: str, text: str, found: str) -> None:
    """Short plain texts are put in; what refers to others, to files or to markup is not."""
    assert title(subset, text) == found


def test_sections_are_left_alone() -> None:
    """No entity is one in CDATA or in a comment."""
    body = b'<!DOCTYPE r [<!ENTITY a "b">]><r><!--&a;--><![CDATA[&a;]]>&a;</r>'
    assert expand(body) == b"<!DOCTYPE r ><r><!--&a;--><![CDATA[&a;]]>b</r>"
    assert mend(b"<r><![CDATA[&x;]]>&x;</r>") == b"<r><![CDATA[&x;]]>&amp;x;</r>"


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE r [<!ENTITY a "' + b"x" * 150 + b'">]><r>' + b"&a;" * 100_000 + b"</r>",
        b'<!DOCTYPE r [<!ENTITY a "' + b"x" * 100_000 + b'">]><r>' + b"&a;" * 50_000 + b"</r>",
        b"<!DOCTYPE r [" + b"<!ENTITY a " * 100_000,
        b"<!DOCTYPE r [" + b"'" * 100_001,
        b"<!DOCTYPE r " + b"'x' " * 100_000,
        b"<!DOCTYPE r [<!--" * 20_000,
        b"<!DOCTYPE r [" + b"<!--" * 50_000,
        b"<!--" * 100_000 + b"<!DOCTYPE r [",
        b"<?x?>" * 100_000 + b"<!DOCTYPE r [",
    ],
)
def test_bombs(body: bytes) -> None:
    """Neither time nor memory."""
    begun = time.process_time()
    assert len(expand(body)) <= len(body) + MAX_EXPANSION
    assert time.process_time() - begun < 1

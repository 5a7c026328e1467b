"""A tree made by expat is lxml's, for whatever both read; what it does not read is None."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from aggregator.outlines import DEEPEST, tree

CASES = sorted((Path(__file__).parents[1] / "data").rglob("*.opml"))
MORE = [
    b'<opml version="2.0"><body/></opml>',
    b'\xef\xbb\xbf<opml><body><outline text="a &amp; &#233; b" xmlUrl="http://a/?x=1&amp;y=2"/>'
    b"</body></opml>",
    '<?xml version="1.0" encoding="UTF-16"?><opml><outline text="é"/></opml>'.encode("utf-16"),
    '<?xml version="1.0" encoding="windows-1252"?><opml t="€"/>'.encode("cp1252"),
    b'<o:opml xmlns:o="http://o.test/" xmlns="http://d.test/" o:a="1" a="2"><body/></o:opml>',
    b"<opml><!-- <outline/> --><?pi?>text<![CDATA[<outline/>]]><outline t='a\n b\tc'/></opml>",
]


def shape(element: Any) -> Any:
    children = [shape(each) for each in element if isinstance(each.tag, str)]
    return element.tag, dict(element.attrib), children


@pytest.mark.parametrize("body", [*MORE, *(path.read_bytes() for path in CASES)])
def test_as_lxml(body: bytes) -> None:
    ours = tree(body)
    try:
        theirs = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        assert ours is None
        return
    if ours is None:
        assert b"<!DOCTYPE" in body or body.count(b"<outline") > DEEPEST
    else:
        assert shape(ours) == shape(theirs)


def test_every_case_of_ours() -> None:
    assert len(CASES) > 10


def test_lines() -> None:
    """Where an element begins, over however many lines it goes."""
    found = tree(b'<opml>\n<body>\n<outline\n text="a"\n/>\n<outline/></body></opml>')
    assert found is not None
    [body] = found
    assert (found.sourceline, body.sourceline) == (1, 2)
    assert [each.sourceline for each in body] == [3, 6]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<opml>",
        b"<opml></opml><opml/>",
        b'<opml a="1" a="2"/>',
        b"<opml>&nbsp;</opml>",
        b"<o:opml/>",
        b"<!DOCTYPE opml [<!ENTITY a 'b'>]><opml>&a;</opml>",
        b'<?xml version="1.0" encoding="no-such"?><opml/>',
        b"<opml>" * (DEEPEST + 1) + b"</opml>" * (DEEPEST + 1),
    ],
)
def test_none(body: bytes) -> None:
    assert tree(body) is None

"""OPML lists as other programs write them."""

from __future__ import annotations

import pytest

from aggregator.opml import BadOpml, read_opml


def test_nesting_and_careless_lists() -> None:
    """Folders are told, names in any case are read, comments and odd elements are passed over."""
    found = read_opml(
        b'<?xml version="1.0"?><OPML><BODY><!-- x --><Outline TEXT="A &amp; B"><outline title="C">'
        b'<outline type="rss" text="one" XMLURL=" http://a.org/1 "/></outline></Outline>'
        b'<outline xmlUrl="http://a.org/2"><outline xmlUrl="http://a.org/3"/></outline>'
        b"<x/></BODY></OPML>"
    )
    assert [(one.url, one.folders, one.title) for one in found] == [
        ("http://a.org/1", ("A & B", "C"), "one"),
        ("http://a.org/2", (), None),
        ("http://a.org/3", (), None),
    ]


@pytest.mark.parametrize("body", [b"", b"no xml", b"<html><body/></html>", b"\x00\x01"])
def test_not_opml(body: bytes) -> None:
    """Anything else is refused with its reason."""
    with pytest.raises(BadOpml):
        read_opml(body)


def test_bare_ampersands_are_kept() -> None:
    """Careless programs write addresses unescaped: every parameter arrives."""
    body = (
        b"<opml><body><outline text='A & B' xmlUrl='http://a.org/?x=1&y=2&amp;z=3'/></body></opml>"
    )
    (found,) = read_opml(body)
    assert (found.url, found.title) == ("http://a.org/?x=1&y=2&z=3", "A & B")


def test_half_a_list_is_refused() -> None:
    """A truncated list would quietly retire the sources that are missing."""
    with pytest.raises(BadOpml, match="not XML: Couldn't find end") as caught:
        read_opml(b"<opml><body>\n<outline xmlUrl='http://a.org/'/>\n<outline ")
    assert caught.value.line == 3


def test_entities_are_not_resolved() -> None:
    """Neither files nor bombs come in through a DTD: what declares any is refused as a whole."""
    body = (
        b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        b'<opml><body><outline text="&x;" xmlUrl="http://a.org/"/></body></opml>'
    )
    with pytest.raises(BadOpml, match="declares entities"):
        read_opml(body)

"""aggregator.read.split: where items lie, their digests and raw ids."""

from __future__ import annotations

import pytest

from aggregator.read.decode import decode
from aggregator.read.reader import read
from aggregator.read.split import split
from tests.shared import shared

RSS = b"""<?xml version='1.0' encoding='utf-8'?>
<rss version="2.0"><channel><title>T</title>
<item><guid> 1 </guid><title>a > b</title></item>
<item><title>two</title><source><guid>no</guid></source></item >
<Item/><x:entry xmlns:x="http://www.w3.org/2005/Atom"><x:id>&amp;3</x:id></x:entry>
</channel></rss>"""


def test_items_are_found_where_they_are() -> None:
    """Any case, any prefix; byte ranges cover the items exactly."""
    found = split(RSS)
    assert found is not None
    pieces = [RSS[item.start : item.end] for item in found.items]
    assert [piece[:6].lower() for piece in pieces] == [b"<item>", b"<item>", b"<item/", b"<x:ent"]
    assert all(piece.endswith(b">") for piece in pieces)
    assert [item.guid for item in found.items] == ["1", None, None, "&3"]
    assert [item.position for item in found.items] == [0, 1, 2, 3]


def test_what_is_left_is_the_same_document() -> None:
    """Cutting ranges out leaves the other items readable and equal."""
    found = split(RSS)
    assert found is not None
    first, *others = found.items
    rest = found.without([(item.start, item.end) for item in others])
    again = split(rest)
    assert again is not None
    assert [(item.guid, item.digest) for item in again.items] == [(first.guid, first.digest)]
    assert found.without([]) == RSS


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (b"<title>T<", b"<title>Other<", True),
        (b"a > b", b"a > c", False),
        (b'<rss version="2.0">', b'<rss version="2.0" xml:base="http://x.test/">', False),
        (b"<rss ", b"<!DOCTYPE rss><rss ", False),
    ],
)
def test_digests(old: bytes, new: bytes, same: bool) -> None:
    """Of the item, the start tags around it and the DTD; not of its neighbours."""
    before, after = split(RSS), split(RSS.replace(old, new, 1))
    assert before is not None
    assert after is not None
    assert (before.items[0].digest == after.items[0].digest) is same


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<rss><channel/></rss>",
        b"<rss><channel><item>",
        b"<rss><item><item/></item></rss>",
        b"<!DOCTYPE rss [<!ENTITY a 'b'>]><rss><item/></rss>",
        b"<rss><item>&nbsp;</item></rss>",
        b"<a>" * 3000 + b"<item/>" + b"</a>" * 3000,
    ],
)
def test_the_full_path(document: bytes) -> None:
    """Broken, nested, empty, with entities of its own or too deep: not for the splitter."""
    assert split(document) is None


def test_ids_of_the_feed_and_of_rdf() -> None:
    """atom:id of the feed is not an entry's; rdf:about is an item's id."""
    atom = split(b'<feed xmlns="http://www.w3.org/2005/Atom"><id> f </id><entry/></feed>')
    assert atom is not None
    assert (atom.feed_id, atom.items[0].guid) == ("f", None)
    rdf = split(
        b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        b' xmlns="http://purl.org/rss/1.0/"><item r:about="http://x.test/1"/></r:RDF>'
    )
    assert rdf is not None
    assert rdf.items[0].guid == "http://x.test/1"


@pytest.mark.shared
@pytest.mark.slow
def test_the_splitter_sees_what_feedparser_sees() -> None:
    """Over real feeds: as many items as entries, wherever the splitter says anything."""
    split_ones = 0
    for path in sorted(shared("corpus").iterdir()):
        data = decode(path.read_bytes(), None).data
        if (found := split(data)) is not None:
            split_ones += 1
            assert len(found.items) == len(read(data, "http://feed.test/", None).entries), path
    assert split_ones > 90

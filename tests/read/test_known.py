"""Reading what is new of a document: each entry as a full reading gives it, field by field."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.read.reader import read
from feeds.errors import ReadError
from feeds.models import Document, KnownItems
from tests.shared import shared

URL = "http://feed.test/dir/feed"


def rest(body: bytes, full: Document, new: Collection[int]) -> Document:
    """What reading gives when only the entries at these places are new."""
    fresh = {full.shown[place].digest for place in new}
    digests = frozenset(each.digest for each in full.shown) - fresh
    return read(body, URL, None, KnownItems(frame=full.frame, digests=digests))


def check(body: bytes, full: Document, new: Collection[int]) -> bool:
    """Compare with the full reading; whether anything was left out at all."""
    found = rest(body, full, new)
    fresh = {full.shown[place].digest for place in new}
    wanted = [
        entry for entry, each in zip(full.entries, full.shown, strict=True) if each.digest in fresh
    ]
    left_out = not all(each.read for each in found.shown)
    if left_out:
        assert list(found.entries) == wanted
        assert [each.read for each in found.shown] == [e.digest in fresh for e in full.shown]
    else:
        assert found.entries == full.entries
    plain = [replace(each, read=True) for each in found.shown]
    assert plain == list(full.shown)
    # An <image> of an item goes into that of the feed, in feedparser.
    header = replace(full, entries=(), shown=(), image=None)
    assert replace(found, entries=(), shown=(), image=None) == header
    return left_out


def choices(count: int, seed: str) -> list[set[int]]:
    """Nothing new, the first, the last, one in the middle, and random ones."""
    dice = random.Random(seed)
    some = [{n for n in range(count) if dice.random() < 0.4} for _ in range(3)]
    return [set(), {0}, {count - 1}, {count // 2}, *some]


def compared(name: str, body: bytes) -> bool | None:
    """Whether entries were left out; None when the document is read whole, or not at all."""
    try:
        full = read(body, URL, None)
    except ReadError:
        return None
    if not full.shown:
        return None
    left_out = [check(body, full, new) for new in choices(len(full.shown), name)]
    return any(left_out)


NASTY = {
    "namespaces": b"""<rss version="2.0" xmlns:a="u:1"><channel><title>T</title>
<item xmlns:itunes="u:1"><itunes:duration>1</itunes:duration><guid>1</guid></item>
<item xmlns:b="u:1"><b:duration>2</b:duration><guid>2</guid></item></channel></rss>""",
    "base": b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://b.test/x/"><title/>
<entry xml:base="y/"><id>1</id><link href="1"/>
<content type="html">&lt;a href="q">q&lt;/a></content>
</entry><entry><id>2</id><link href="2"/>
<content type="html">&lt;a href="q">q&lt;/a></content></entry>
<entry><id>3</id><link href="3"/><summary>s</summary></entry></feed>""",
    "divs in html": b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title>
<entry><id>1</id><title type="html"><div xml:base="http://evil.test/">a</div></title></entry>
<entry><id>2</id><title>b</title><link href="c"/>
<content type="html">&lt;img src="d"></content>
</entry></feed>""",
    "authors": b"""<rss version="2.0"><channel><title>T</title>
<managingEditor>m@x.test</managingEditor>
<item><guid>1</guid><author>a@b.test (A)</author></item>
<item><guid>2</guid><author>B</author></item>
<item><guid>3</guid></item></channel></rss>""",
    "atom authors": b"""<feed xmlns="http://www.w3.org/2005/Atom"><author><name>F</name></author>
<entry><id>1</id><author><name>A</name><email>a@b.test</email></author></entry>
<entry><id>2</id><author><name>B</name></author></entry><entry><id>3</id></entry></feed>""",
    "prefixes": b"""<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns:s="http://purl.org/rss/1.0/">
<s:channel r:about="http://x.test/"><s:title>T</s:title></s:channel>
<s:item r:about="http://x.test/1"><s:title>1</s:title></s:item>
<s:item r:about="http://x.test/2">
<s:title><![CDATA[<item>]]></s:title><!-- <item> --></s:item></r:RDF>""",
    "entities": b"""<!DOCTYPE rss [<!ENTITY x "ex">]>
<rss version="2.0"><channel><title>T</title>
<item><guid>1</guid><title>&x; &nbsp; AT&T</title></item>
<item><guid>2</guid></item></channel></rss>""",
    "latin": "<?xml version='1.0' encoding='iso-8859-1'?>"
    "<rss version='2.0'><channel><title>é</title>"
    "<item><guid>é</guid></item><item><guid>è</guid></item></channel></rss>".encode("latin-1"),
    "utf-16": "<?xml version='1.0' encoding='utf-16'?>"
    "<rss version='2.0'><channel><title>é</title>"
    "<item><guid>é</guid></item><item><guid>è</guid></item></channel></rss>".encode("utf-16"),
    "images": b"""<rss version="2.0"><channel><title>T</title>
<image><url>http://x.test/i</url></image>
<item><guid>1</guid><image><url>http://x.test/1</url><title>i</title><link>/i</link></image></item>
<item><guid>2</guid><title>2</title><link>/2</link></item></channel></rss>""",
    "sources": b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><id>1</id>
<source><id>s</id><title>S</title><author><name>X</name></author></source></entry>
<entry><id>2</id><source><title>S2</title></source></entry><entry><id>3</id></entry></feed>""",
    "the same twice": b"""<rss version="2.0"><channel><title>T</title>
<item><guid>1</guid></item>
<item><guid>1</guid></item><item><guid>2</guid></item></channel></rss>""",
    "json": json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "T",
     "language": "en",
     "authors": [{"name": "F"}],
     "items": [{"id": 1, "content_html": "<a href='x'>x</a>"}, {"id": 2},
     {"id": "3", "url": "/3", "authors": [{"name": "A"}]}, 7, {}]}).encode(),
}  # fmt: skip


@pytest.mark.parametrize("name", NASTY)
def test_nasty_ones(name: str) -> None:
    """What feedparser carries from item to item, and what the splitter could get wrong."""
    assert compared(name, NASTY[name])


@given(st.data())
@settings(max_examples=200)
def test_any_subset(data: st.DataObject) -> None:
    """Whatever is new."""
    body = NASTY[data.draw(st.sampled_from(sorted(NASTY)))]
    full = read(body, URL, None)
    check(body, full, data.draw(st.sets(st.integers(0, len(full.shown) - 1))))


def test_what_an_item_leaves_behind_colours_no_other() -> None:
    """A prefix of one item, a base, an author: the next item has its own or none."""
    second = read(NASTY["namespaces"], URL, None).entries[1]
    assert second.extra == {}
    second = read(NASTY["divs in html"], URL, None).entries[1]
    assert second.content == '<img src="http://feed.test/dir/d">'
    assert second.link == "http://feed.test/dir/c"


def test_the_frame_decides() -> None:
    """What the entries take from their document is part of it; what they don't take is not."""
    body = NASTY["atom authors"]
    full = read(body, URL, None)
    assert len(rest(body, full, {0}).entries) == 1
    assert (
        len(rest(body.replace(b"<entry>", b"<title>T</title><entry>", 1), full, {0}).entries) == 1
    )
    assert len(rest(body.replace(b">F<", b">G<"), full, {0}).entries) == 3
    known = KnownItems(frame=full.frame, digests=frozenset(e.digest for e in full.shown))
    assert len(read(body, "http://elsewhere.test/", None, known).entries) == 3
    assert read(body, URL, None, known).entries == ()


@pytest.mark.parametrize("tail", [b"<x>", b"&nbsp;<br>", b"<item><item/></item>"])
def test_what_is_not_well_formed_is_read_whole(tail: bytes) -> None:
    """Then no place is told, so that next time nothing is known."""
    body = NASTY["authors"].replace(b"</channel>", tail + b"</channel>")
    assert read(body, URL, None).shown == ()


@pytest.mark.shared
@pytest.mark.slow
def test_the_corpus() -> None:
    """Real feeds: all but a few are split, and read alike."""
    found = [compared(path.name, path.read_bytes()) for path in sorted(shared("corpus").iterdir())]
    assert sum(map(bool, found)) > 90


def documents(suites: Path) -> Iterator[tuple[str, bytes]]:
    """Every document of the suites."""
    for file in sorted(suites.glob("*.jsonl")):
        for case in map(json.loads, file.read_text("utf-8").splitlines()):
            if case["kind"] not in ("parse", "document"):
                continue
            if case.get("input_file"):
                body = (suites / case["input_file"]).read_bytes()
            elif "input_b64" in case:
                body = base64.b64decode(case["input_b64"])
            else:
                body = (case.get("input") or "").encode("utf-8", "surrogatepass")
            if len(body) < 1_000_000:
                yield case["id"], body


@pytest.mark.shared
@pytest.mark.slow
def test_the_suites() -> None:
    """Other projects' documents, most of them odd."""
    found = [compared(*each) for each in documents(shared("suites"))]
    assert sum(map(bool, found)) > 1000

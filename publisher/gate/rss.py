"""RSS 2.0 against P1–P4, P19–P26, P30. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from feeds.models import RenderedFile
from feeds.protocols import Fault
from publisher.gate.content import check_html
from publisher.gate.xml import (
    FH,
    A,
    addressed,
    at_most,
    counted,
    dated,
    exactly,
    media,
    parsed,
    repeated,
    typed,
)

DC = "{http://purl.org/dc/elements/1.1/}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
MODIFIED = "{http://purl.org/dc/terms/}modified"
_ONCE = ("title", "link", "description", "guid", "pubDate", "author", "enclosure", "source",
         "comments", CONTENT, f"{DC}rights", f"{DC}language", MODIFIED)  # fmt: skip
_RFC822 = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"(\d{4}) \d\d:\d\d:\d\d (?:[+-]\d{4}|GMT)"
)
_ADDRESS = re.compile(r"[^\s@]+@[^\s@()]+(?: \(.+\))?")


def check_rss(file: RenderedFile) -> list[Fault]:
    faults: list[Fault] = []
    root = parsed(file, faults)
    if root is None:
        return faults
    channel = root.find("channel")
    if root.tag != "rss" or root.get("version") != "2.0" or channel is None or len(root) != 1:
        faults.append(Fault(rule="P19", text="no rss of version 2.0 with one channel"))
        return faults
    items = channel.findall("item")
    faults += _channel(channel, file.path)
    for item in items:
        faults += _item(item)
    faults += repeated([item.findtext("guid") or "" for item in items], "P20")
    return faults


def _channel(channel: Any, path: str) -> Iterator[Fault]:
    yield from exactly(channel, "P19", ("title", "link", "description"), None)
    yield from addressed(channel.findtext("link"), "P19", None)
    links = channel.findall(f"{A}link")
    own = [link.get("href") or "" for link in links if link.get("rel") == "self"]
    if len(own) != 1 or not own[0].endswith(f"/{path}"):
        yield Fault(rule="P19", text=f"atom:link rel=self is {own}, not the address of {path}")
    tags = [child.tag for child in channel]
    if "item" in tags and any(tag != "item" for tag in tags[tags.index("item") :]):
        yield Fault(rule="P19", text="an element of the channel after its items")
    if (ttl := channel.findtext("ttl")) is not None:
        yield from counted(ttl, "P26", None)
    yield from _dated(channel.findtext("lastBuildDate"), None)
    if channel.find("language") is not None and channel.find(f"{DC}language") is not None:
        yield Fault(rule="P26", text="both language and dc:language")
    image = channel.find("image")
    if image is not None and image.findtext("title") != channel.findtext("title"):
        yield Fault(rule="P26", text="the image has another title than the channel")
    archived = channel.find(f"{FH}archive") is not None
    if archived != ("/archive/" in path):
        yield Fault(rule="P30", text="fh:archive stands on an archive, and on nothing else")


def _item(item: Any) -> Iterator[Fault]:
    named = item.findtext("guid")
    yield from exactly(item, "P20", ["guid"], named)
    yield from at_most(item, "P19", _ONCE, named)
    guid = item.find("guid")
    permanent = guid is not None and guid.get("isPermaLink", "true") != "false"
    if permanent and not re.match(r"https?://\S+$", named or ""):
        yield Fault(rule="P20", text="a guid that is no URL as permalink", item=named)
    if not (item.findtext("title") or item.findtext("description")):
        yield Fault(rule="P19", text="neither title nor description", item=named)
    for name in ("link", "comments"):
        if (url := item.findtext(name)) is not None:
            yield from addressed(url, "P19", named)
    yield from _dated(item.findtext("pubDate"), named)
    if (modified := item.findtext(MODIFIED)) is not None:
        yield from dated(modified, "P25", named)
    yield from _people(item, named)
    yield from _texts(item, named)
    source = item.find("source")
    if source is not None:
        yield from addressed(source.get("url"), "P21", named)
    for enclosure in item.findall("enclosure"):
        yield from addressed(enclosure.get("url"), "P24", named)
        yield from counted(enclosure.get("length"), "P24", named)
        yield from typed(enclosure.get("type"), "P24", named)
    yield from media(item, named)


def _dated(text: str | None, item: str | None) -> Iterator[Fault]:
    found = _RFC822.fullmatch(text or "")
    if found is None:
        yield Fault(rule="P25", text=f"{text!r} is no date of RFC 822", item=item)
    elif int(found[1]) < 1971:
        yield Fault(rule="P16", text=f"the date {text} is implausible", item=item)


def _people(item: Any, named: str | None) -> Iterator[Fault]:
    author = item.findtext("author")
    if author is not None and not _ADDRESS.fullmatch(author):
        yield Fault(rule="P22", text=f"author {author!r} is no address", item=named)
    if author is not None and item.find(f"{DC}creator") is not None:
        yield Fault(rule="P22", text="both author and dc:creator", item=named)


def _texts(item: Any, named: str | None) -> Iterator[Fault]:
    tags = [child.tag for child in item]
    short, full = item.find("description"), item.find(CONTENT)
    if short is not None and full is not None:
        if tags.index("description") > tags.index(CONTENT):
            yield Fault(rule="P23", text="content:encoded before description", item=named)
        if short.text == full.text:
            yield Fault(rule="P23", text="the same text twice", item=named)
    for text in (short, full):
        if text is not None and len(text):
            yield Fault(rule="P17", text="markup that is not escaped", item=named)
        elif text is not None:
            yield from check_html(text.text or "", named)

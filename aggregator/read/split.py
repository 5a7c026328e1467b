"""Where the items of an XML feed begin and end, found at the speed of expat. Pure.

Works on the UTF-8 that `decode` gives. Yields for each item its byte range, its digest,
its position and its raw id: what is needed to leave known items out before feedparser sees
them, and to keep ids as they were written (DESIGN, "Only what is new is read").
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from xml.parsers import expat

from aggregator.read.corrections import NAMESPACES
from aggregator.read.known import digest

MAX_DEPTH = 2000
"""Elements open at once; deeper is the full path's affair."""
_SEPARATOR = "\x1f"
# feedparser's own map, so that both see the same elements as items.
_PREFIXES = {uri.lower(): prefix for uri, prefix in NAMESPACES.items()}
_DOCTYPE = re.compile(rb"<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>", re.I | re.S)
_ITEMS = frozenset({"item", "entry"})
_IDS = frozenset({"guid", "id"})


@dataclass(frozen=True, slots=True)
class Item:
    """One item: bytes `start` to `end` of the document, counted from 0 in document order."""

    position: int
    start: int
    end: int
    digest: bytes
    """`known.digest` over the item, its ancestors' start tags and the DTD."""
    guid: str | None
    """Text of its guid or id, or rdf:about, trimmed; never resolved."""


@dataclass(frozen=True, slots=True)
class Split:
    """A document and its items."""

    data: bytes
    items: tuple[Item, ...]
    feed_id: str | None = None

    def without(self, ranges: Collection[tuple[int, int]]) -> bytes:
        """The document without these byte ranges of items."""
        kept, at = [], 0
        for start, end in sorted(ranges):
            kept.append(self.data[at:start])
            at = end
        return b"".join([*kept, self.data[at:]])


class _FullPath(Exception):
    """This document can't be split."""


@dataclass(slots=True)
class _Open:
    """An element that is open: its name as feedparser has it, and where it began."""

    name: str
    start: int
    tag_end: int = 0


def split(data: bytes) -> Split | None:
    """None when only the full path will do: not well-formed, nested items, or none at all."""
    try:
        return _Splitter(data).run()
    except (expat.ExpatError, _FullPath):
        return None


@dataclass(slots=True)
class _Splitter:
    data: bytes
    parser: expat.XMLParserType = field(init=False)
    stack: list[_Open] = field(default_factory=list)
    """What is open outside of items, and the open item."""
    items: list[Item] = field(default_factory=list)
    feed_id: str | None = None
    depth: int = 0
    """Elements that are open in the item, and it itself; 0 outside."""
    guid: str | None = None
    text: list[str] | None = None
    dtd: bytes = b""
    names: dict[str, str] = field(default_factory=dict)

    def run(self) -> Split:
        parser = self.parser = expat.ParserCreate("utf-8", _SEPARATOR)
        parser.buffer_text = True
        self.outside()
        parser.EntityDeclHandler = self.entity
        parser.Parse(self.data, True)
        if not self.items:
            raise _FullPath
        return Split(self.data, tuple(self.items), self.feed_id)

    def entity(self, *_: object) -> None:
        """feedparser keeps only entities without references: others can't be told apart here."""
        raise _FullPath

    def outside(self) -> None:
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end

    def inside(self) -> None:
        """Of what lies in an item only ids and its end matter: nearly all elements do."""
        self.parser.StartElementHandler = self.start_inside
        self.parser.EndElementHandler = self.end_inside

    def start(self, name: str, attributes: dict[str, str]) -> None:
        at = self.parser.CurrentByteIndex
        if not self.stack:
            doctype = _DOCTYPE.search(self.data, 0, at)
            self.dtd = doctype[0] if doctype else b""
        elif not self.stack[-1].tag_end:
            self.stack[-1].tag_end = at
        known = self.known(name)
        self.stack.append(_Open(known, at))
        if len(self.stack) > MAX_DEPTH:
            raise _FullPath
        if known in _ITEMS:
            self.open_item(attributes)
        elif known in _IDS and len(self.stack) == 2:
            self.listen()

    def start_inside(self, name: str, _attributes: dict[str, str]) -> None:
        self.depth += 1
        known = self.known(name)
        if known in _ITEMS or self.depth > MAX_DEPTH - len(self.stack):
            raise _FullPath
        # Only an id that is the item's own child: not one of atom:source.
        if known in _IDS and self.depth == 2:
            self.listen()

    def known(self, name: str) -> str:
        if (found := self.names.get(name)) is None:
            found = self.names[name] = _known(name)
        return found

    def listen(self) -> None:
        """To an id, and to no other text: these need not become strings."""
        self.text = []
        self.parser.CharacterDataHandler = self.text.append

    def heard(self) -> str:
        text, self.text = self.text or (), None
        self.parser.CharacterDataHandler = None
        return "".join(text).strip()

    def open_item(self, attributes: dict[str, str]) -> None:
        self.depth = 1
        self.guid = next(
            (value for name, value in attributes.items() if _known(name) == "rdf:about"), None
        )
        self.inside()

    def end(self, _name: str) -> None:
        element = self.stack.pop()
        if self.text is not None and element.name in _IDS:
            text = self.heard()
            if len(self.stack) == 1:
                self.feed_id = text or None

    def end_inside(self, name: str) -> None:
        self.depth -= 1
        if self.text is not None and self.names[name] in _IDS:
            text = self.heard()
            if self.depth == 1:
                self.guid = text or self.guid
        if not self.depth:
            self.close_item(self.stack.pop())

    def close_item(self, element: _Open) -> None:
        self.outside()
        # For <item/> expat gives the same index twice; the end tag else ends at its ">".
        at = self.parser.CurrentByteIndex
        stop = self.data.index(b">", at) + 1
        found = digest(self.data[element.start : stop], self.context())
        self.items.append(Item(len(self.items), element.start, stop, found, self.guid))
        self.guid = None

    def context(self) -> bytes:
        """The start tags of all open elements, and the DTD."""
        tags = [self.data[element.start : element.tag_end] for element in self.stack]
        return b"\0".join([self.dtd, *tags])


def _known(name: str) -> str:
    """Lower case, with feedparser's prefix for a namespace that it knows, "?" for others."""
    uri, _, local = name.rpartition(_SEPARATOR)
    lower = uri.lower()
    if "backend.userland.com/rss" in lower:
        return local.lower()
    prefix = _PREFIXES.get(lower, "" if not uri else "?")
    return f"{prefix}:{local}".lower() if prefix else local.lower()

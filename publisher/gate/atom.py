"""Atom against P1–P3, P8–P18, P30, P32. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from feeds.models import RenderedFile
from feeds.protocols import Fault
from publisher.gate.content import check_html
from publisher.gate.xml import (
    AT,
    FH,
    A,
    addressed,
    at_most,
    counted,
    dated,
    exactly,
    is_iri,
    media,
    parsed,
    repeated,
    typed,
)

_FEED = (f"{A}id", f"{A}title", f"{A}updated")
_ONE = (f"{A}content", f"{A}published", f"{A}rights", f"{A}source", f"{A}summary")


def check_atom(file: RenderedFile) -> list[Fault]:
    faults: list[Fault] = []
    root = parsed(file, faults)
    if root is None:
        return faults
    if root.tag != f"{A}feed" or root.nsmap.get(None) != A[1:-1]:
        faults.append(Fault(rule="P8", text="the root is no atom:feed in the default namespace"))
        return faults
    entries = root.findall(f"{A}entry")
    faults += _feed(root, file.path, entries)
    for entry in entries:
        faults += _entry(entry)
    ids = [entry.findtext(f"{A}id") or "" for entry in entries]
    faults += repeated(ids, "P14")
    faults += _history(root, file.path, set(ids))
    return faults


def _feed(root: Any, path: str, entries: list[Any]) -> Iterator[Fault]:
    yield from exactly(root, "P9", _FEED, None)
    named = root.findtext(f"{A}id") or ""
    if not named.startswith("urn:uuid:"):
        yield Fault(rule="P14", text=f"the feed's id is {named!r}")
    yield from dated(root.findtext(f"{A}updated"), "P9", None)
    own = [link.get("href") or "" for link in root.findall(f"{A}link") if link.get("rel") == "self"]
    if len(own) != 1 or not own[0].endswith(f"/{path}"):
        yield Fault(rule="P9", text=f"rel=self is {own}, not the address of {path}")
    yield from _links(root, None)
    if root.find(f"{A}author") is None and any(e.find(f"{A}author") is None for e in entries):
        yield Fault(rule="P10", text="neither the feed nor each entry has an author")
    for author in root.findall(f"{A}author"):
        yield from _person(author, None)


def _entry(entry: Any) -> Iterator[Fault]:
    item = entry.findtext(f"{A}id")
    yield from exactly(entry, "P11", _FEED, item)
    yield from at_most(entry, "P11", _ONE, item)
    if not is_iri(item):
        yield Fault(rule="P12", text=f"the id {item!r} is no IRI", item=item)
    yield from dated(entry.findtext(f"{A}updated"), "P16", item)
    if (published := entry.findtext(f"{A}published")) is not None:
        yield from dated(published, "P16", item)
    for person in (*entry.findall(f"{A}author"), *entry.findall(f"{A}contributor")):
        yield from _person(person, item)
    yield from _links(entry, item)
    content = entry.find(f"{A}content")
    alternate = any(link.get("rel", "alternate") == "alternate" for link in _linked(entry))
    if content is None and not alternate:
        yield Fault(rule="P11", text="neither content nor a link rel=alternate", item=item)
    yield from _texts(entry, item)
    yield from _source(entry.find(f"{A}source"), item)
    for term in entry.findall(f"{A}category"):
        if not term.get("term"):
            yield Fault(rule="P11", text="a category without term", item=item)
        if "scheme" in term.attrib and not is_iri(term.get("scheme")):
            yield Fault(rule="P11", text=f"the scheme {term.get('scheme')!r}", item=item)
    yield from media(entry, item)


def _linked(where: Any) -> list[Any]:
    found: list[Any] = where.findall(f"{A}link")
    return found


def _links(where: Any, item: str | None) -> Iterator[Fault]:
    alternates = Counter[tuple[str | None, str | None]]()
    for link in _linked(where):
        yield from addressed(link.get("href"), "P18", item)
        rel = link.get("rel", "alternate")
        if rel == "alternate":
            alternates[link.get("type"), link.get("hreflang")] += 1
        if rel == "enclosure":
            yield from typed(link.get("type"), "P18", item)
            yield from counted(link.get("length"), "P18", item)
    if any(count > 1 for count in alternates.values()):
        yield Fault(rule="P9", text="two alternates of one type and hreflang", item=item)


def _person(person: Any, item: str | None) -> Iterator[Fault]:
    yield from exactly(person, "P10", [f"{A}name"], item)
    if not (person.findtext(f"{A}name") or "").strip():
        yield Fault(rule="P10", text="a person without name", item=item)
    if (address := person.findtext(f"{A}email")) is not None and "@" not in address:
        yield Fault(rule="P10", text=f"the email {address!r}", item=item)
    if (uri := person.findtext(f"{A}uri")) is not None:
        yield from addressed(uri, "P10", item)


def _texts(entry: Any, item: str | None) -> Iterator[Fault]:
    for name in ("title", "summary", "content", "rights"):
        for text in entry.findall(f"{A}{name}"):
            if len(text):
                yield Fault(rule="P17", text=f"markup that is not escaped in {name}", item=item)
            elif text.get("type") == "html":
                yield from check_html(text.text or "", item)
            elif text.get("type", "text") != "text":
                yield Fault(rule="P17", text=f"{name} of type {text.get('type')!r}", item=item)


def _source(source: Any, item: str | None) -> Iterator[Fault]:
    if source is None:
        yield Fault(rule="P15", text="no atom:source", item=item)
        return
    yield from exactly(source, "P15", _FEED, item)
    if not is_iri(source.findtext(f"{A}id")):
        yield Fault(rule="P15", text="the source's id is no IRI", item=item)
    yield from dated(source.findtext(f"{A}updated"), "P15", item)
    for link in _linked(source):
        yield from addressed(link.get("href"), "P15", item)


def _history(root: Any, path: str, ids: set[str]) -> Iterator[Fault]:
    rels = {link.get("rel") for link in _linked(root)}
    if "/archive/" in path:
        if root.find(f"{FH}archive") is None or "current" not in rels:
            yield Fault(rule="P30", text="an archive without fh:archive or rel=current")
        if "next-archive" in rels:
            yield Fault(rule="P30", text="a sealed archive names its next")
    elif root.find(f"{FH}archive") is not None:
        yield Fault(rule="P30", text="the subscription document says that it is an archive")
    for gone in root.findall(f"{AT}deleted-entry"):
        if not gone.get("ref") or gone.get("ref") in ids:
            yield Fault(rule="P32", text=f"at:deleted-entry of {gone.get('ref')!r}")
        yield from dated(gone.get("when"), "P32", None)

"""What Atom and RSS are both checked for: characters, namespaces, dates, addresses. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree

from feeds.models import RenderedFile
from feeds.protocols import Fault

A = "{http://www.w3.org/2005/Atom}"
FH = "{http://purl.org/syndication/history/1.0}"
AT = "{http://purl.org/atompub/tombstones/1.0}"
MEDIA = "{http://search.yahoo.com/mrss/}"
RFC3339 = re.compile(r"(\d{4})-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_DECLARED = re.compile(rb"<\?xml version=['\"]1\.0['\"] encoding=['\"]UTF-8['\"]\?>\s*<", re.I)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!#$&'()*+,./0-9:;=?@A-Z_a-z~%\[\]-]+")
_TYPE = re.compile(r"[!#$&^_.+A-Za-z0-9-]+/[!#$&^_.+A-Za-z0-9-]+(?:\s*;.*)?")
EARLIEST = 1971
"""Years before it are a clock that was not set (P16)."""


def parsed(file: RenderedFile, faults: list[Fault]) -> Any:
    """The root element; None, with a fault, for what is not well-formed."""
    if not _DECLARED.match(file.body):
        faults.append(Fault(rule="P1", text="it does not begin with a declaration of UTF-8"))
    if b"<![CDATA[" in file.body:
        faults.append(Fault(rule="P2", text="it has a CDATA section"))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    try:
        return etree.fromstring(file.body, parser)
    except etree.XMLSyntaxError as error:
        faults.append(Fault(rule="P1", text=f"it is not well-formed: {error}"))
        return None


def exactly(where: Any, rule: str, names: Iterable[str], item: str | None) -> Iterator[Fault]:
    """Each of these child elements is there once."""
    counts = Counter(child.tag for child in where)
    for name in names:
        if counts[name] != 1:
            yield Fault(rule=rule, text=f"{counts[name]} elements {local(name)}", item=item)


def at_most(where: Any, rule: str, names: Iterable[str], item: str | None) -> Iterator[Fault]:
    counts = Counter(child.tag for child in where)
    for name in names:
        if counts[name] > 1:
            yield Fault(rule=rule, text=f"{counts[name]} elements {local(name)}", item=item)


def local(name: str) -> str:
    return name.rpartition("}")[2]


def dated(text: str | None, rule: str, item: str | None) -> Iterator[Fault]:
    found = RFC3339.fullmatch(text or "")
    if found is None:
        yield Fault(rule=rule, text=f"{text!r} is no date of RFC 3339", item=item)
    elif int(found[1]) < EARLIEST:
        yield Fault(rule="P16", text=f"the date {text} is implausible", item=item)


def is_iri(text: str | None) -> bool:
    return text is not None and _ABSOLUTE.fullmatch(text) is not None


def addressed(url: str | None, rule: str, item: str | None) -> Iterator[Fault]:
    if url is None or not _URI.fullmatch(url):
        yield Fault(rule=rule, text=f"{url!r} is no absolute URI", item=item)


def typed(kind: str | None, rule: str, item: str | None) -> Iterator[Fault]:
    if kind is None or not _TYPE.fullmatch(kind):
        yield Fault(rule=rule, text=f"{kind!r} is no media type", item=item)


def counted(length: str | None, rule: str, item: str | None) -> Iterator[Fault]:
    if length is None or not (length.isascii() and length.isdigit()):
        yield Fault(rule=rule, text=f"the length is {length!r}", item=item)


def repeated(ids: Iterable[str], rule: str) -> Iterator[Fault]:
    for one, count in Counter(ids).items():
        if count > 1:
            yield Fault(rule=rule, text=f"{count} items have the id {one!r}", item=one)


def media(where: Any, item: str | None) -> Iterator[Fault]:
    """Media RSS, in both formats."""
    for each in where.iter(f"{MEDIA}content", f"{MEDIA}thumbnail"):
        yield from addressed(each.get("url"), "P24", item)
        if "type" in each.attrib:
            yield from typed(each.get("type"), "P24", item)
        for name in ("width", "height", "fileSize", "duration"):
            if name in each.attrib:
                yield from counted(each.get(name), "P24", item)

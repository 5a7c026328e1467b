"""OPML 1.0–2.0 lists of sources, as other programs write them (opml.org/spec2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from feeds.text import plain_text

MAX_DEPTH = 32
_BARE_AMPERSAND = re.compile(rb"&(?!(?:#[0-9]+|#[xX][0-9a-fA-F]+|amp|lt|gt|quot|apos);)")


class BadOpml(ValueError):
    """No OPML could be read; the message says why, `line` where."""

    def __init__(self, text: str, line: int = 1) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed of a list. `folders`: the titles of the outlines around it, outermost first."""

    url: str
    title: str | None = None
    folders: tuple[str, ...] = ()
    line: int | None = None


def read_opml(body: bytes) -> list[Outline]:
    """The feeds of an OPML document, in its order. Raises BadOpml.

    Lenient where programs are careless: names of elements and attributes in any case, feeds
    without type="rss", documents without head, bare ampersands in addresses. Anything else that
    is not well-formed is refused: half a list would quietly retire the other half's sources, and
    a recovering parser makes `?a=1&b=2` into `?a=1=2`. Entities and the network are off
    (THREATS.md).
    """
    try:
        root = _parse(body)
    except etree.XMLSyntaxError as error:
        try:
            root = _parse(_BARE_AMPERSAND.sub(b"&amp;", body))
        except etree.XMLSyntaxError:
            line = error.lineno or 1
            raise BadOpml(f"not XML: {error.msg.rpartition(', line')[0] or error.msg}", line) from (
                error
            )
    if root is None or _name(root) != "opml":
        raise BadOpml("no <opml> element at its root")
    body_element = next((child for child in root if _name(child) == "body"), root)
    return list(_walk(body_element, ()))


def _parse(body: bytes) -> Any:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    return etree.fromstring(body, parser)


def _walk(parent: Any, folders: tuple[str, ...]) -> Iterator[Outline]:
    for element in parent:
        if _name(element) != "outline":
            continue
        attributes = {name.lower(): value.strip() for name, value in element.attrib.items()}
        title = plain_text(attributes.get("title") or attributes.get("text") or "") or None
        if url := attributes.get("xmlurl"):
            yield Outline(url=url, title=title, folders=folders, line=element.sourceline)
        inner = folders if url or title is None else (*folders, title)
        if len(inner) <= MAX_DEPTH:
            yield from _walk(element, inner)


def _name(element: Any) -> str:
    return etree.QName(element).localname.lower() if isinstance(element.tag, str) else ""

"""A well-formed XML document as a small tree, made by expat: what reading a list of sources takes.
Pure."""

from __future__ import annotations

from collections.abc import Iterator
from xml.parsers import expat

DEEPEST = 200
"""Elements in each other; what is deeper is left to who can say so."""


class Element:
    """An element as lxml has it: tag and attributes of a namespace are `{uri}name`, iterating gives
    its children; `sourceline`: where it begins, from 1."""

    __slots__ = ("attrib", "children", "sourceline", "tag")

    def __init__(self, tag: str, attrib: dict[str, str], sourceline: int) -> None:
        self.tag, self.attrib, self.sourceline = tag, attrib, sourceline
        self.children: list[Element] = []

    def __iter__(self) -> Iterator[Element]:
        return iter(self.children)

    def __len__(self) -> int:
        return len(self.children)


class _NotHere(Exception):
    """A document type, or too deep."""


def tree(body: bytes) -> Element | None:
    """Its root; None for what is not well-formed or deeper than DEEPEST, has a document type, or
    an encoding that expat doesn't know."""
    parser = expat.ParserCreate(None, "}")
    top = Element("", {}, 1)
    stack = [top]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) > DEEPEST:
            raise _NotHere
        given = {_braced(key): value for key, value in attributes.items()}
        element = Element(_braced(name), given, parser.CurrentLineNumber)
        stack[-1].children.append(element)
        stack.append(element)

    def end(_name: str) -> None:
        stack.pop()

    def doctype(*_: object) -> None:
        raise _NotHere

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, _NotHere, LookupError, ValueError):
        return None
    return top.children[0]


def _braced(name: str) -> str:
    return f"{{{name}" if "}" in name else name

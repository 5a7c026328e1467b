"""Ampersands and entities that no XML parser takes, written so that one does. Pure.

A bare `&` and an undefined `&nbsp;` are the commonest faults of feeds; feedparser's loose parser,
which takes over then, makes "AT&T;" of "AT&T" and eats query strings (`?a=1&copy=2`).
"""

from __future__ import annotations

import re
from html.entities import html5

_PIECE = re.compile(
    rb"(<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z))"
    rb"|&(?:(#(?:[0-9]+|[xX][0-9a-fA-F]+);)|([a-zA-Z][a-zA-Z0-9]*);)?",
    re.S,
)
_XML = frozenset({b"amp", b"lt", b"gt", b"quot", b"apos"})


def mend(data: bytes) -> bytes:
    """The document with HTML's entities as numbers and every other bare `&` as `&amp;`.

    Left alone where it defines entities of its own.
    """
    return data if b"<!ENTITY" in data else _PIECE.sub(_mended, data)


def _mended(match: re.Match[bytes]) -> bytes:
    section, number, name = match.groups()
    if section or number or name in _XML:
        return match[0]
    if name and (text := html5.get(f"{name.decode()};")):
        return "".join(f"&#{ord(character)};" for character in text).encode()
    return b"&amp;" + match[0][1:]

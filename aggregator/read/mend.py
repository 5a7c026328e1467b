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
MAX_EXPANSION = 4_000_000
"""Bytes that all entities of a document may come to."""
# Possessive throughout: a hostile DTD must not be tried in every way.
_MISC = rb"<\?.*?(?:\?>|\Z)|<!--.*?(?:-->|\Z)"
_QUOTED = rb"\"[^\"]*+\"|'[^']*+'"
_SUBSET = re.compile(
    rb"(\s*+(?>(?:%b)\s*+)*+<!DOCTYPE(?>[^>\[\"']|%b)*+)" % (_MISC, _QUOTED)
    + rb"\[((?>%b|%b|[^\]\"'])*+)\]\s*+>" % (_QUOTED, _MISC),
    re.S | re.I,
)
# A text without references other than to characters, and without markup.
_ENTITY = re.compile(
    rb"<!ENTITY\s+([a-zA-Z][a-zA-Z0-9]*)\s+([\"'])"
    rb"((?>[^&%<\"']|&#[0-9]{1,7};|&#[xX][0-9a-fA-F]{1,6};){0,200}+)\2\s*>"
)
_XML = frozenset({b"amp", b"lt", b"gt", b"quot", b"apos"})


def mend(data: bytes) -> bytes:
    """The document with HTML's entities as numbers and every other bare `&` as `&amp;`."""
    return _PIECE.sub(_mended, data)


def expand(data: bytes) -> bytes:
    """The document without its internal DTD subset, and the short plain texts that this defines
    as entities put in where they are used.

    feedparser knows only entities that stand on a line of their own, and expat would expand a
    bomb. Entities that refer to others, to files or to the network mean nothing here.
    """
    found = _SUBSET.match(data)
    if found is None:
        return data
    texts = {name: value for name, _, value in _ENTITY.findall(found[2])}
    data = found[1] + b">" + data[found.end() :]
    longest = max(map(len, texts.values()), default=0)
    if not longest or data.count(b"&") * longest > MAX_EXPANSION:
        return data
    return _PIECE.sub(lambda match: texts.get(match[3] or b"", match[0]), data)


def _mended(match: re.Match[bytes]) -> bytes:
    section, number, name = match.groups()
    if section or number or name in _XML:
        return match[0]
    if name and (text := html5.get(f"{name.decode()};")):
        return "".join(f"&#{ord(character)};" for character in text).encode()
    return b"&amp;" + match[0][1:]

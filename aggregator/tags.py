"""The <link>, <a> and <base> tags of a page, whatever state its HTML is in. Pure and linear.

Not a parser of HTML: where tags begin and what attributes they have is all that discovery asks,
and libxml2 does not come back from 10 MB of `<div></p>` (nor may a page end its process). Every
look here goes forward only, and each tag is looked at over a bounded length.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MAX_TAGS = 5000
"""Of one page; those after are not looked at."""
MAX_TAG = 4096
"""Characters of one tag."""
MAX_ATTRIBUTES = 32

_TAG = re.compile(
    r"<(?:(!--)|(script|style|textarea|title|iframe|xmp|noembed|noframes|link|a|base)(?=[\s/>]))",
    re.IGNORECASE,
)
_WANTED = frozenset(("link", "a", "base"))
_ATTRIBUTE = re.compile(
    r"""[\s/]*([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*)))?"""
)
_TEXT = re.compile(r"[^<]{0,200}")
_DECLARED = re.compile(rb"<meta[^>]{1,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
# Python knows stranger ones (punycode takes quadratic time), no page is written in them.
_SOUND = re.compile(r"utf[-_]?(8|16)|ascii|(iso8859|cp|koi8|mac|gb|big5|euc|shift|iso2022)")


@dataclass(frozen=True, slots=True)
class Tag:
    """`name` and names of attributes in lower case; `text`: up to the next tag."""

    name: str
    attributes: Mapping[str, str]
    text: str = ""


def tags(page: str) -> Iterator[Tag]:
    """In the order of the page. Comments, scripts and other raw texts are passed over."""
    position, seen = 0, 0
    absent: set[str] = set()
    while (found := _TAG.search(page, position)) and seen < MAX_TAGS:
        name = "!--" if found[1] else found[2].lower()
        if name not in _WANTED:
            position = _past(page, found, name, absent)
            continue
        seen += 1
        attributes, position = _attributes(page, found.end())
        text = _TEXT.match(page, position) if name == "a" else None
        yield Tag(name, attributes, html.unescape(text[0]) if text else "")


def _past(page: str, found: re.Match[str], name: str, absent: set[str]) -> int:
    """Where a comment or raw text ends; right behind its start when it does not end."""
    if name in absent:
        return found.end()
    if found[1]:
        end = page.find("-->", found.start() + 2)  # `<!-->` is a whole one
    else:
        close = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(page, found.end())
        end = close.start() if close else -1
    if end < 0:
        absent.add(name)
        return found.end()
    return end + 2


def _attributes(page: str, position: int) -> tuple[dict[str, str], int]:
    """(the first of each name, where the tag ends)."""
    found: dict[str, str] = {}
    limit = min(len(page), position + MAX_TAG)
    for _ in range(MAX_ATTRIBUTES):
        match = _ATTRIBUTE.match(page, position, limit)
        if match is None:
            break
        value = next((each for each in match.groups()[1:] if each is not None), "")
        found.setdefault(match[1].lower(), html.unescape(value))
        position = match.end()
    while page[position : position + 1] in ("/", " ", "\t", "\n", "\r", "\f") and position < limit:
        position += 1
    return found, position + (page[position : position + 1] == ">")


def decode(body: bytes, content_type: str | None) -> str:
    """The text of a page: byte order mark, charset parameter, meta, UTF-8, windows-1252."""
    for mark, name in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"),
                       (codecs.BOM_UTF16_BE, "utf-16-be")):  # fmt: skip
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    given = _CHARSET.search(content_type or "")
    declared = _DECLARED.search(body[:4096])
    for label in (given and given[1], declared and declared[1].decode("ascii", "replace")):
        if label and (codec := _sound(label)):
            return body.decode(codec, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("windows-1252", "replace")


def _sound(label: str) -> str | None:
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return None
    # A page that says UTF-16 in ASCII bytes is none (HTML, prescan: UTF-8 then).
    name = "cp1252" if name in ("iso8859-1", "ascii") else name
    return name if _SOUND.match(name) and not name.startswith("utf-16") else None

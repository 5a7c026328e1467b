"""Which character encoding a body is in, where its label misleads. Pure.

What a browser would do (WHATWG Encoding): a label means its superset (feeds call themselves
shift_jis and hold cp932), and one bad byte costs one character. feedparser would give the label up
instead, and read the whole document as windows-1252.
"""

from __future__ import annotations

import re

REPLACED = "it holds bytes that are not of its character encoding"
BEFORE = "something stands before its XML declaration"

_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?\sencoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_SUPERSETS = {
    "cp932": "shift_jis shift-jis sjis x-sjis ms_kanji windows-31j",
    "cp949": "euc-kr ks_c_5601-1987 ks_c_5601-1989 ksc5601 korean",
    "gb18030": "gb2312 gb_2312 gb_2312-80 gbk x-gbk cp936",
    "big5hkscs": "big5 big5-hkscs cn-big5 x-x-big5",
    "cp1254": "iso-8859-9 iso8859-9 latin5",
    "cp874": "tis-620 iso-8859-11 windows-874 dos-874",
}
_NAMES = {label: name for name, labels in _SUPERSETS.items() for label in labels.split()}
_ONE_BYTE = re.compile(r"(?:windows|cp)-?125\d|iso-?8859-?\d+|koi8-?[ru]|us-ascii|macintosh")
_WIDE = re.compile(r"u(?:tf|cs)?[-_]?(?:16|32|2|4)|iso-10646-ucs-[24]")
_HIGH = re.compile(rb"[\x80-\xff]")
_SEQUENCE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")
_RARE = 20
"""Of so many bytes above ASCII one may be wrong: random ones are often valid in these."""
_BEFORE = re.compile(
    rb"\A(?!(?:\xef\xbb\xbf)?<\?xml).{1,4096}?(?=<\?xml[^>]*\?>\s*(?:<!--.*?-->\s*|<\?.*?\?>\s*|<!DOCTYPE[^>\[]*>\s*)*"
    rb"<(?:[\w-]+:)?(?:rss|feed|rdf|channel)[\s>])",
    re.I | re.S,
)


def from_declaration(body: bytes) -> tuple[bytes, str | None]:
    """The body from its XML declaration on (blank lines and PHP's warnings come before some), and
    what is wrong with that."""
    before = _BEFORE.match(body[:8192])
    return (body[before.end() :], BEFORE) if before else (body, None)


def settle(body: bytes, label: str) -> tuple[bytes, str, str | None]:
    """(the body, its charset, what is wrong with it) of one without BOM. `label`: the charset
    parameter, or "". The charset is "" where nothing is to be said beyond the declaration."""
    declared = _DECLARED.match(body[:512])
    name = (label or (declared[1].decode("ascii") if declared else "utf-8")).lower()
    if _WIDE.match(name):  # a declaration that can be read so is not in it
        return (body, "utf-8", f"it is declared as {name}") if declared else (body, label, None)
    if _ONE_BYTE.fullmatch(name) and _is_utf8(body):
        return body, "utf-8", f"it is declared as {name}, but it is utf-8"
    name = _NAMES.get(name, name)
    if _decodes(body, name):
        return body, name if name in _SUPERSETS else label, None
    if (text := _mostly(body, name)) is not None:
        return text.encode("utf-8"), "utf-8", REPLACED
    return body, label, None


def _is_utf8(body: bytes) -> bool:
    """Beyond ASCII: text of one byte a character is no UTF-8 by chance."""
    return _decodes(body, "utf-8") and not body.isascii()


def _decodes(body: bytes, name: str) -> bool:
    """`bytes.decode`: it knows no codec that is none of text (zlib, say)."""
    try:
        body.decode(name)
    except (ValueError, LookupError):  # ValueError: also a NUL in the name
        return False
    return True


def _mostly(body: bytes, name: str) -> str | None:
    """The text with U+FFFD for what is wrong, when that is little."""
    if not body or 0 in body[:4]:  # UTF-16 or 32, whatever it says
        return None
    try:
        text = body.decode(name, "replace")
    except (ValueError, LookupError):
        return None
    if not text:
        return None
    wrong = text.count("\ufffd")
    if name in ("utf-8", "utf8"):
        return text if wrong <= len(_SEQUENCE.findall(body)) else None
    return text if wrong * _RARE <= len(_HIGH.findall(body)) else None

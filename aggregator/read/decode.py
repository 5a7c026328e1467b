"""A body in any encoding → UTF-8 that an XML parser can take. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from feedparser.encodings import RE_XML_PI_ENCODING, convert_to_utf8, parse_content_type

from aggregator.read.charset import from_declaration, settle

_CONTROL = bytes({*range(32)} - {9, 10, 13})
_NO_CHARACTER = re.compile(rb"\xef\xbf[\xbe\xbf]")
# But for those that are fine at a glance, which are nearly all.
_CHARREF = re.compile(
    rb"&#(?!(?:3[2-9]|[4-9][0-9]|[1-9][0-9]{2,3});|x(?:[2-9a-fA-F][0-9a-fA-F]|20[0-9a-fA-F]{2});)"
    rb"(?:[xX]([0-9a-fA-F]+)|([0-9]+));?"
)
DECLARATION = b"<?xml version='1.0' encoding='utf-8'?>"
"""With it begins all that `decode` gives, whatever was there before."""
_DECLARATION = re.compile(rb"<\?xml[^>]*>")
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe\0\0", ""), (b"\xff\xfe", "utf-16le"),
         (b"\xfe\xff", "utf-16be"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body as UTF-8 that an XML parser can take, and what was wrong with its encoding."""

    data: bytes
    fault: str | None = None


def decode(body: bytes, content_type: str | None) -> Decoded:
    """The body in UTF-8, without characters and character references that no XML may hold.

    The order of RFC 7303 §3: BOM, charset parameter, XML declaration, UTF-8.
    """
    body, before = from_declaration(body)
    charset = next((name for bom, name in _BOMS if body.startswith(bom)), None)
    odd = None
    if charset is None:
        body, charset, odd = settle(body, parse_content_type(content_type or "")[1])
    result: dict[str, Any] = {}
    data = _ready(body, charset)
    if data is None:
        data = _converted(body, charset, result)
        if not result.get("encoding"):
            return Decoded(body, "its character encoding could not be found out")
    fault = before or odd or (str(result["bozo_exception"]) if result.get("bozo") else None)
    plain = _NO_CHARACTER.sub(b"", data.translate(None, _CONTROL))
    if len(plain) != len(data):
        data, fault = plain, fault or "it holds control characters"
    if b"&#" in data:
        data = _CHARREF.sub(_character, data)
    return Decoded(data, fault)


def _ready(body: bytes, charset: str) -> bytes | None:
    """What `_converted` would give, where all that says something says UTF-8, rightly."""
    if charset == "utf-8":
        body = body.removeprefix(b"\xef\xbb\xbf")
    else:
        declared = RE_XML_PI_ENCODING.match(body[:1024])
        if charset or not declared or declared[1].lower() != b"utf-8":
            return None
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    rest, found = _DECLARATION.subn(b"", body, 1) if body.startswith(b"<?xml") else (body, 0)
    return DECLARATION + (rest if found else b"\n" + body)


def _converted(body: bytes, charset: str, result: dict[str, Any]) -> bytes:
    """As feedparser does; its findings go into `result`."""
    # As application/xml: text/xml would mean us-ascii, and no type at all iso-8859-1.
    header = f"application/xml; charset={charset}" if charset else "application/xml"
    return bytes(convert_to_utf8({"content-type": header}, body, result))


def _character(match: re.Match[bytes]) -> bytes:
    """The reference as it stood, or nothing: feedparser raises on `&#99999999;`."""
    digits, base = (match[1], 16) if match[1] else (match[2], 10)
    code = int(digits, base) if len(digits) < 9 else 0x110000
    allowed = code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0x10FFFF
    return match[0] if allowed and code not in (0xFFFE, 0xFFFF) else b""

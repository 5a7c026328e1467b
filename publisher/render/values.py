"""Values that the formats take only in one form: what is in another form is not sent on. Pure.

Sources write anything there: `type="podcast"` breaks the grammar of RFC 4287 (atomMediaType) for
the whole feed, a bare word as scheme would be resolved against our own address.
"""

from __future__ import annotations

import re

import ada_url

UNKNOWN_TYPE = "application/octet-stream"
MEDIUMS = frozenset({"image", "audio", "video", "document", "executable"})
"""Of Media RSS 1.5.1; there is no other."""

_PART = r"[A-Za-z0-9!#$&^_.+-]+"
_MEDIA_TYPE = re.compile(rf"{_PART}/{_PART}(?:\s*;[\x20-\x7e]*)?")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_URI = re.compile(r"(?:[!#$&'()*+,./0-9:;=?@A-Z_a-z~-]|%[0-9A-Fa-f]{2})+")
_STRAY = re.compile(r"%(?![0-9A-Fa-f]{2})|[\[\]]")
_AUTHORITY = re.compile(r"[^:/?#]+:(?://[^/?#]*)?")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"\\?&]+@[^\s@<>()\[\],;:\"\\?&]+")


def media_type(text: str | None) -> str | None:
    """A media type (RFC 6838 §4.2), or None."""
    found = (text or "").strip()
    return found if _MEDIA_TYPE.fullmatch(found) else None


def iri(text: str | None) -> str | None:
    """An absolute IRI (RFC 3987), or None."""
    return text if text and _IRI.fullmatch(text) else None


def uri(url: str) -> str:
    """A URL by the grammar of RFC 3986, as a browser would send it: RSS takes no IRI, and neither
    format a bracket outside the host or a bare percent sign. Others are left as they stand."""
    if _URI.fullmatch(url):
        return url
    try:
        text = str(ada_url.URL(url).href)
    except ValueError:
        return url
    end = found.end() if (found := _AUTHORITY.match(text)) else 0
    return text[:end] + _STRAY.sub(lambda found: f"%{ord(found[0]):02X}", text[end:])


def language(text: str | None) -> str | None:
    """A language tag (RFC 5646 §2.1, its shape), or None."""
    return text if text and _LANGUAGE.fullmatch(text) else None


def email(text: str | None) -> str | None:
    """A bare address (`ada@a.test`), or None."""
    return text if text and text.isprintable() and _EMAIL.fullmatch(text) else None

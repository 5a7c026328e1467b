"""What tells that an entry need not be read again: its digest and its document's frame. Pure."""

from __future__ import annotations

from hashlib import blake2b
from importlib.metadata import version

import msgspec

from feeds.models import Document

READING_VERSION = 1
"""To be raised whenever the same bytes are read otherwise than before: then all is read again."""
_READERS = f"{READING_VERSION} {version('feedparser')} {version('nh3')}".encode()
SIZE = 8
"""Bytes of a digest: two of a document's 2,000 items meet by chance once in 10^13 documents."""


def digest(*parts: bytes) -> bytes:
    """Of the bytes that a reading depends on, and of who reads them."""
    found = blake2b(_READERS, digest_size=SIZE)
    for part in parts:
        found.update(b"%d\0" % len(part))
        found.update(part)
    return found.digest()


def frame(document: Document, url: str) -> bytes:
    """Of what an entry takes from elsewhere in its document: the base of its links, the authors and
    the language it inherits."""
    around = (url, document.format, document.link, document.authors, document.language)
    return digest(msgspec.msgpack.encode(around))

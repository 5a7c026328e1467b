"""feedparser's only door: bytes of RSS, RDF, Atom or CDF → Document. Pure.

feedparser gets bytes in a BytesIO, never a str (a str opens URLs and files), already converted
to UTF-8, with its own sanitiser and URL rewriting off, and corrected (corrections.py). What it
returns is looked at here and in scribe.py, and nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from typing import Any

import feedparser
from feedparser import encodings

from aggregator.read.bounds import MAX_ENTRIES
from aggregator.read.clean import Clean, Wash
from aggregator.read.corrections import correct
from aggregator.read.scribe import Scribe
from feeds.errors import NotAFeed, ReadError
from feeds.models import Document
from feeds.text import collapse

correct()


def parse(data: bytes, url: str, wash: Wash | None = None) -> tuple[Document, tuple[bool, ...]]:
    """Read UTF-8 of `decode` as it came from `url`. Raises NotAFeed, ReadError.

    The second value tells for each entry whether its link was only guessed from its guid.
    """
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": url}
    try:
        found = feedparser.parse(
            BytesIO(data),
            response_headers=headers,
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        AssertionError,
        RecursionError,
    ) as error:
        raise ReadError(f"the feed is broken: {type(error).__name__}: {error}"[:300]) from error
    entries = list(found.get("entries") or ())
    version = found.get("version") or _guess(data, bool(entries), found.feed)
    if not version:
        raise NotAFeed("no RSS, Atom or other feed in it")
    scribe = Scribe(url, version, wash or Clean(), found.feed)
    document = scribe.document(entries[:MAX_ENTRIES], data)
    return _faulted(document, found, len(entries)), tuple(
        _guessed_link(entry) for entry in entries[:MAX_ENTRIES]
    )


def _guessed_link(entry: Any) -> bool:
    links = entry.get("links") or ()
    return bool(entry.get("guidislink")) and not any(
        link.get("rel") == "alternate" for link in links
    )


def _guess(data: bytes, has_entries: bool, feed: Any) -> str:
    """The format of a document that feedparser gives no version."""
    head = re.sub(rb"<!--.*?-->", b"", data[:65536], flags=re.S)
    root = re.search(rb"<(?:[\w.-]+:)?([a-zA-Z][\w.-]*)", head)
    name = root[1].lower() if root else b""
    if name in (b"html", b"body", b"head", b"script", b"opml", b"svg"):
        return ""
    if name == b"channel" and (has_entries or feed):
        return "rss11" if b"http://purl.org/net/rss1.1#" in head else "cdf"
    return "rss" if has_entries else ""


def _faulted(document: Document, found: Any, count: int) -> Document:
    """The document with its fault: what the XML parser said, or that there was too much."""
    error = found.get("bozo_exception") if found.get("bozo") else None
    broken = error is not None and not isinstance(
        error, encodings.NonXMLContentType | encodings.CharacterEncodingOverride
    )
    fault = collapse(str(error))[:300] if broken else None
    if count > MAX_ENTRIES:
        fault = f"{count} entries, of which {MAX_ENTRIES} were read"
    return replace(document, wellformed=not broken, fault=fault) if fault or broken else document

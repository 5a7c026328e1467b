"""Podcast and geo elements of an entry (`Entry.extra`), as XML. Pure.

Only values that their specifications allow are sent on: Apple's podcast tags, the podcast
namespace, W3C geo, GeoRSS simple.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from publisher.render.build import sub
from publisher.render.values import uri

NAMESPACES = {
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "podcast": "https://podcastindex.org/namespace/1.0",
    "geo": "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "georss": "http://www.georss.org/georss",
}
_NUMBER = r"[+-]?\d{1,9}(?:\.\d{1,20})?"
_TEXTS = {
    "itunes:duration": r"\d{1,9}|\d{1,4}:\d\d(?::\d\d)?",
    "itunes:episode": r"[1-9]\d{0,8}",
    "itunes:season": r"[1-9]\d{0,8}",
    "itunes:episodeType": r"full|trailer|bonus",
    "itunes:explicit": r"true|false|yes|no|clean",
    "itunes:block": r"(?i:yes)",
    "itunes:title": r".{1,500}",
    "podcast:episode": r"\d{1,9}(?:\.\d{1,9})?",
    "podcast:season": r"\d{1,9}",
    "geo:lat": _NUMBER,
    "geo:long": _NUMBER,
    "georss:point": rf"{_NUMBER} {_NUMBER}",
}
# Apple takes both; readers and validators of before 2019 only these.
_SPELLED = {
    ("itunes:explicit", "true"): "yes",
    ("itunes:explicit", "false"): "clean",
    ("itunes:explicit", "no"): "clean",
}
_PATTERNS = {name: re.compile(pattern) for name, pattern in _TEXTS.items()}
_TRANSCRIPTS = {
    "vtt": "text/vtt",
    "srt": "application/x-subrip",
    "json": "application/json",
    "html": "text/html",
}
_WEB = re.compile(r"https?://[^\s]+")


def allowed(extra: Mapping[str, str]) -> dict[str, str]:
    """Those that can be sent on, by name."""
    found = {}
    for name, value in sorted(extra.items()):
        if name in _PATTERNS:
            good = _PATTERNS[name].fullmatch(value) is not None
        else:
            good = name in _LINKS and _WEB.fullmatch(value) is not None
        if good:
            found[name] = value
    return found


def write(parent: Any, extra: Mapping[str, str]) -> None:
    for name, value in allowed(extra).items():
        prefix, _, local = name.partition(":")
        tag = f"{{{NAMESPACES[prefix]}}}{local}"
        value = _SPELLED.get((name, value), value)
        if name in _LINKS:
            sub(parent, tag, **_LINKS[name](uri(value)))
        else:
            sub(parent, tag, value)


def _transcript(url: str) -> dict[str, str]:
    ending = urlsplit(url).path.rpartition(".")[2].lower()
    return {"url": url, "type": _TRANSCRIPTS.get(ending, "text/plain")}


_LINKS: Mapping[str, Any] = {
    "itunes:image": lambda url: {"href": url},
    "podcast:transcript": _transcript,
    "podcast:chapters": lambda url: {"url": url, "type": "application/json+chapters"},
}

"""Which hub a feed names, and under which topic: Link headers before the document. Pure.

WebSub §4: what the headers say comes first, then the links of the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urldefrag, urljoin

from aggregator.identity.urls import is_web
from feeds.models import Document

_MAX = 16_384
"""Characters of a Link header that are looked at."""
_LINK = re.compile(
    r"""[\s,]*<([^<>]*)>((?:\s*;\s*[^\s=;,"]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*))?)*)"""
)
_PARAM = re.compile(r""";\s*([^\s=;,"]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?""")


class Announced(NamedTuple):
    """What a feed says of where its changes are pushed."""

    hub: str | None
    topic: str | None
    """Its rel=self."""


def announced(headers: Mapping[str, str], url: str, document: Document) -> Announced:
    """`headers`: names in lower case, repeated ones joined; `url`: of the answer. A hub that is no
    web address is none."""
    said: dict[str, str] = {}
    for rel, target in links(headers.get("link", ""), url):
        if is_web(target):
            said.setdefault(rel, target)
    hub = said.get("hub") or next((each for each in document.hubs if is_web(each)), None)
    return Announced(hub=hub, topic=said.get("self") or document.self_link)


def links(header: str, url: str) -> Iterator[tuple[str, str]]:
    """(relation in lower case, absolute target) in order (RFC 8288 §3). Those about another
    resource (`anchor`) are left out, and so is what follows something that is no link."""
    at = 0
    while (found := _LINK.match(header, at, _MAX)) is not None:
        at = found.end()
        parameters: dict[str, str] = {}
        for name, quoted, plain in _PARAM.findall(found[2]):
            value = re.sub(r"\\(.)", r"\1", quoted) or plain
            parameters.setdefault(name.lower(), value)  # §3.3: the first rel counts
        target = _resolved(url, found[1])
        if target is None or _elsewhere(url, parameters.get("anchor")):
            continue
        for rel in parameters.get("rel", "").lower().split():
            yield rel, target


def _resolved(url: str, target: str) -> str | None:
    try:
        return urljoin(url, target.strip())
    except ValueError:
        return None


def _elsewhere(url: str, anchor: str | None) -> bool:
    if anchor is None:
        return False
    there = _resolved(url, anchor)
    return there is None or urldefrag(there).url != urldefrag(url).url

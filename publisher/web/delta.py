"""RFC 3229 with the instance manipulation "feed": of a document, only what came since the version
that the reader names. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lxml import etree

_ATOM = "{http://www.w3.org/2005/Atom}"
_DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"


def delta(name: str, body: bytes, events: Mapping[str, int], since: int) -> bytes:
    """The document `name` (rss.xml, atom.xml, feed.json) without the items whose newest event (by
    id) the reader has seen. An item that is not named is kept."""
    if name.endswith(".json"):
        return _json(body, events, since)
    root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, huge_tree=True))
    for each in list(root.iter(f"{_ATOM}entry", "item", _DELETED)):
        if events.get(_id(each), since + 1) <= since:
            each.getparent().remove(each)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _id(item: Any) -> str:
    if item.tag == _DELETED:
        return str(item.get("ref"))
    return item.findtext(f"{_ATOM}id") or item.findtext("guid") or ""


def _json(body: bytes, events: Mapping[str, int], since: int) -> bytes:
    feed = json.loads(body)
    kept = [each for each in feed["items"] if events.get(each["id"], since + 1) > since]
    return json.dumps(feed | {"items": kept}, ensure_ascii=False).encode("utf-8", "replace")

"""HTML inside a feed: absolute links, nothing active (P3, P4). Pure."""

from __future__ import annotations

import re
from collections import OrderedDict
from hashlib import blake2b

from lxml import etree

from feeds.protocols import Fault

_ACTIVE = frozenset(
    re.findall(
        r"\w+",
        """script object embed applet meta form input button select textarea iframe frame frameset
        link base style svg math template noscript""",
    )
)
_ADDRESSES = {"href", "src", "cite", "poster", "longdesc", "background", "action", "data"}
_EMBEDDED = ("http://", "https://")
_LINKED = (*_EMBEDDED, "mailto:")
_KEPT = 8192
_known: OrderedDict[bytes, tuple[tuple[str, str], ...]] = OrderedDict()
"""What was found in texts: the same one stands in three formats, and in the next version too."""


def check_html(html: str, item: str | None) -> list[Fault]:
    digest = blake2b(html.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    found = _known.get(digest)
    if found is None:
        found = tuple(_faults(html))
        _known[digest] = found
        if len(_known) > _KEPT:
            _known.popitem(last=False)
    return [Fault(rule=rule, text=text, item=item) for rule, text in found]


def _faults(html: str) -> list[tuple[str, str]]:
    if "<" not in html:
        return []
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    root = etree.fromstring(f"<div>{html}</div>".encode("utf-8", "replace"), parser)
    found = []
    for element in root.iter() if root is not None else ():
        if not isinstance(element.tag, str):
            continue
        tag = element.tag.lower()
        if tag in _ACTIVE:
            found.append(("P4", f"an element <{tag}>"))
        for name, value in element.attrib.items():
            low = str(name).lower()
            if low.startswith("on") or low in ("style", "srcdoc", "srcset"):
                found.append(("P4", f"an attribute {low} of <{tag}>"))
            elif low in _ADDRESSES:
                found += _address(tag, low, str(value))
    return found


def _address(tag: str, name: str, value: str) -> list[tuple[str, str]]:
    """A link may lead to a fragment of nothing: that is relative, too."""
    low = value.lower()
    if low.startswith(_LINKED if name == "href" else _EMBEDDED):
        return []
    scheme = low.partition(":")[0]
    absolute = ":" in low and scheme.replace("+", "").replace("-", "").replace(".", "").isalnum()
    rule = "P4" if absolute else "P3"
    return [(rule, f"{name}={value[:80]!r} of <{tag}>")]

"""The HTML page against P37: readable without scripts, its feeds named, nothing from elsewhere but
pictures. Pure.
"""

from __future__ import annotations

from lxml import etree

from feeds.models import RenderedFile
from feeds.protocols import Fault

_FORMATS = {"application/atom+xml", "application/rss+xml", "application/feed+json"}


def check_page(file: RenderedFile) -> list[Fault]:
    try:
        text = file.body.decode("utf-8")
    except UnicodeDecodeError as error:
        return [Fault(rule="P1", text=f"it is no UTF-8: {error}")]
    root = etree.fromstring(text.encode(), etree.HTMLParser(encoding="utf-8", huge_tree=True))
    if root is None or not root.get("lang"):
        return [Fault(rule="P37", text="no page with a language")]
    found = []
    named = {
        link.get("type")
        for link in root.iter("link")
        if link.get("rel") == "alternate" and link.get("href")
    }
    if missing := _FORMATS - named:
        found.append(Fault(rule="P37", text=f"no rel=alternate for {', '.join(sorted(missing))}"))
    for element in root.iter("script", "iframe", "object", "embed"):
        found.append(Fault(rule="P37", text=f"an element <{element.tag}>"))
    for link in root.iter("a"):
        href = (link.get("href") or "").strip().lower()
        if href.startswith(("javascript:", "data:", "vbscript:")):
            article = next(link.iterancestors("article"), None)
            item = article.get("data-id") if article is not None else None
            found.append(Fault(rule="P4", text=f"a link to {href[:40]!r}", item=item))
    return found

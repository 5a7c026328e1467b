"""OPML 2.0 (P36): the lists of our own feeds and of their sources. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from feeds.models import Category, RenderedFile, SourceInfo
from feeds.text import xml_safe
from publisher.render.build import sub
from publisher.render.site import Site
from publisher.render.values import uri

MEDIA_TYPE = "text/x-opml; charset=utf-8"
Group = tuple[Category | None, Sequence[SourceInfo]]
"""A category with its sources; None: those that are in none."""


def render_feeds(site: Site, categories: Sequence[Category], modified: datetime) -> RenderedFile:
    """`feeds.opml`: what a reader imports to follow every category."""
    root, body = _opml(site.title, modified)
    for category in categories:
        title = f"{category.title} – {site.title}"
        sub(
            body,
            "outline",
            type="rss",
            text=title,
            title=title,
            xmlUrl=site.feed(category.slug, "atom.xml"),
            htmlUrl=site.page(category.slug),
        )
    return _file("feeds.opml", root, modified)


def render_sources(site: Site, groups: Sequence[Group], modified: datetime) -> RenderedFile:
    """`sources.opml`: where the articles are from, by category; a source of several stands in
    each, and names all of them. As text, since a tree of 100,000 takes 150 MB."""
    named: dict[int, list[str]] = {}
    for category, sources in groups:
        for source in sources if category is not None else ():
            named.setdefault(source.id, []).append(f"/{category.slug}" if category else "")
    lines: list[str] = []
    for category, sources in groups:
        if category is None:
            lines += (_source("    ", each, named) for each in sources)
            continue
        title = _quoted(category.title)
        end = ">" if sources else "/>"
        lines.append(f'    <outline text="{title}" title="{title}"{end}')
        lines += (_source("      ", each, named) for each in sources)
        if sources:
            lines.append("    </outline>")
    file = _file("sources.opml", _opml(f"Sources of {site.title}", modified)[0], modified)
    if lines:
        inside = "\n".join(["<body>", *lines, "  </body>"]).encode()
        file = replace(file, body=file.body.replace(b"<body/>", inside))
    return file


def _source(indent: str, source: SourceInfo, named: Mapping[int, Sequence[str]]) -> str:
    title = _quoted(source.title or source.url)
    more = ""
    if source.link:
        more += f' htmlUrl="{_quoted(uri(source.link))}"'
    if places := named.get(source.id):
        more += f' category="{_quoted(",".join(places))}"'
    url = _quoted(uri(source.url))
    return f'{indent}<outline type="rss" text="{title}" title="{title}" xmlUrl="{url}"{more}/>'


def _quoted(text: str) -> str:
    """As libxml2 writes an attribute."""
    return escape(xml_safe(text), _ESCAPES) if _MARKED.search(text) else text


_ESCAPES = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_MARKED = re.compile(r"[^ !#-%'-;=?-~\xa0-\u3fff]")
"""What may be no part of an attribute as it stands, and whatever is not worth a closer look."""


@dataclass
class Node:
    """An outline, and those in it."""

    attributes: Mapping[str, str | None]
    inside: list[Node] = field(default_factory=list)


def render_list(title: str, nodes: Sequence[Node], modified: datetime) -> bytes:
    """A list with folders in each other, and whatever attributes its outlines have."""
    root, body = _opml(title, modified)
    _put(body, nodes)
    return _file("", root, modified).body


def _put(place: Any, nodes: Sequence[Node]) -> None:
    for node in nodes:
        outline = sub(place, "outline", **node.attributes)
        for name, value in node.attributes.items():
            if value == "":
                outline.set(name, value)
        _put(outline, node.inside)


def _opml(title: str, modified: datetime) -> tuple[Any, Any]:
    root = etree.Element("opml", version="2.0")
    head = sub(root, "head")
    sub(head, "title", title)
    sub(head, "dateModified", format_datetime(modified, usegmt=True))
    return root, sub(root, "body")


def _file(path: str, root: Any, modified: datetime) -> RenderedFile:
    text = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return RenderedFile(path=path, body=text, media_type=MEDIA_TYPE, modified=modified)

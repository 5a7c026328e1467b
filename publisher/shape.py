"""How much of an article a feed carries: all of it, some words, a headline; with its pictures or
without. Pure.
"""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape

from feeds.models import Category, Entry, FeedItem
from feeds.text import plain_text

# What reading has cleaned has its attributes in double quotes, and ">" in them escaped.
_PICTURE = re.compile(r"<img\b[^>]*>|</?picture\b[^>]*>|(?<=<video)( [^>]*?)? poster=\"[^\"]*\"")


def shaped(item: FeedItem, category: Category) -> FeedItem:
    """The item as that feed carries it."""
    if category.excerpt is None and category.images:
        return item
    entry = item.article.entry
    if not category.images:
        entry = _without_pictures(entry)
    if category.excerpt is not None:
        entry = _excerpt(entry, category.excerpt)
    return replace(item, article=replace(item.article, entry=entry))


def _excerpt(entry: Entry, words: int) -> Entry:
    if words == 0:
        return replace(entry, content=None, summary=None, truncated=False)
    text = plain_text(entry.content or entry.summary or "").split()
    if not text:
        return entry
    short = " ".join(text[:words]) + (" …" if len(text) > words else "")
    return replace(entry, content=None, summary=escape(short, quote=False), truncated=False)


def _without_pictures(entry: Entry) -> Entry:
    return replace(
        entry,
        content=entry.content and _PICTURE.sub(r"\1", entry.content),
        summary=entry.summary and _PICTURE.sub(r"\1", entry.summary),
        image=None,
        media=tuple(
            each
            for each in entry.media
            if each.kind != "thumbnail"
            and each.medium != "image"
            and not (each.type or "").startswith("image/")
        ),
        extra={name: text for name, text in entry.extra.items() if name != "itunes:image"},
    )

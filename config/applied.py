"""What a configuration says of sources and feeds, as plain values: to be kept while it is at work,
and compared with the next one. Secrets are not in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from config.settings import Settings
from feeds.models import Category, Source

_LEFT_OUT = frozenset(("url", "slug", "declared_at", "headers", "auth", "proxy", "was", "guessed"))
Said = Mapping[str, Any]
"""Key → value, where that is not the default."""


def described(settings: Settings) -> dict[str, dict[str, Said]]:
    """ "sources" by URL, "feeds" by slug; a source of which nothing is said is not named."""
    sources = {url: said for url, each in settings.sources.items() if (said := of(each))}
    return {"sources": sources, "feeds": {each.slug: of(each) for each in settings.feeds}}


def of(one: Source | Category) -> Said:
    return {
        each.name: _plain(value)
        for each in fields(one)
        if each.name not in _LEFT_OUT and (value := getattr(one, each.name)) != each.default
    }


def changes(before: Said, after: Said) -> dict[str, tuple[Any, Any]]:
    """Key → (what it said, what it says); None: the default."""
    return {
        key: (before.get(key), after.get(key))
        for key in (*after, *(key for key in before if key not in after))
        if before.get(key) != after.get(key)
    }


def _plain(value: Any) -> Any:
    """As JSON gives it back."""
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)

"""What a configuration says of sources and feeds, as plain values: to be kept while it is at work,
and compared with the next one. Secrets are not in it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import fields
from hashlib import blake2b
from typing import Any

from config.reference import duration
from config.rules import as_table
from config.settings import Settings
from feeds.models import Category, Match, Source

_LEFT_OUT = frozenset(("url", "slug", "declared_at", "was", "guessed", "view"))
_HIDDEN = frozenset(("headers", "auth", "proxy"))
"""That they changed is told, never what they say."""
_DURATIONS = frozenset(("every", "timeout", "max_age", "hold", "delay"))
Said = Mapping[str, Any]
"""Key → value, where that is not the default."""


def described(settings: Settings) -> dict[str, Any]:
    """ "sources" by URL, "feeds" by slug; a source of which nothing is said is not named. "salt":
    for the next one to be compared."""
    salt = secrets.token_hex(16)
    sources = {url: said for url, each in settings.sources.items() if (said := of(each, salt))}
    return {
        "salt": salt,
        "sources": sources,
        "feeds": {each.slug: of(each, salt) for each in settings.feeds},
    }


def of(one: Source | Category, salt: str | None) -> Said:
    """By the keys of the file. `salt` None: without what is hidden."""
    found: dict[str, Any] = {}
    for each in fields(one):
        value = getattr(one, each.name)
        if each.name in _LEFT_OUT or not _is_said(each.name, value, each.default):
            continue
        # In a view it is another thing than in a category, under the same name.
        key = "max_age" if each.name == "shown_age" else each.name
        if key not in _HIDDEN:
            found[key] = _plain(value)
        elif salt is not None:
            found[key] = {"hidden": _mark(value, salt)}
    return found


def changes(before: Said, after: Said) -> dict[str, tuple[Any, Any]]:
    """Key → (what it said, what it says), as the file has them; None: the default."""
    return {
        key: (_written(key, before.get(key)), _written(key, after.get(key)))
        for key in (*after, *(key for key in before if key not in after))
        if before.get(key) != after.get(key)
    }


def _is_said(name: str, value: Any, default: Any) -> bool:
    return bool(value) if name == "headers" else bool(value != default)


def _mark(value: Any, salt: str) -> str:
    """Two bytes: enough to see that it is another one (but for one time in 65,536), too few to try
    guesses of a password by."""
    said = sorted(value.items()) if isinstance(value, Mapping) else value
    return blake2b(json.dumps(said).encode(), key=bytes.fromhex(salt), digest_size=2).hexdigest()


def _plain(value: Any) -> Any:
    """As JSON gives it back."""
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    return as_table(value) if isinstance(value, Match) else value


def _written(key: str, value: Any) -> Any:
    if isinstance(value, Mapping) and "hidden" in value:
        return "(hidden)"
    if key in _DURATIONS and value is not None:
        return duration(value)
    return "headline" if key == "excerpt" and value == 0 else value

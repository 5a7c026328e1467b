"""What a complaint may repeat of a value: it goes on to the log, the desk, `status` and the
operations feed, and whoever reads those may not know what the file knows.

By the key, not by the looks of the value: an address without its scheme, a password where a table
belongs, look like any text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from config.lines import Path as KeyPath

_SECRET: tuple[KeyPath, ...] = (
    ("store", "url"),
    ("poll", "proxy"),
    ("alerts", "webhook"),
    ("desk", "users"),
)
_OF_SOURCES = frozenset(("auth", "headers", "proxy"))
_ADDRESS = frozenset(("url", "file", "was"))
"""Of a source whose address is a secret."""


NONE_HERE = "is not what belongs here"
"""Of a value that can't be told of in other words without repeating it."""


def is_secret(path: KeyPath, hidden: frozenset[int]) -> bool:
    """Whether nothing of what stands there is repeated: there, below it, or around it (a table that
    is none may be the secret, one line too high). `hidden`: sources whose address is one."""
    if any(path[: len(each)] == each[: len(path)] for each in _SECRET):
        return True
    if path[:1] != ("sources",) or len(path) < 3:
        return False
    return path[2] in _OF_SOURCES or (path[1] in hidden and path[2] in _ADDRESS)


def hidden_sources(raw: Mapping[str, Any]) -> frozenset[int]:
    """Those whose address is a secret, or is to be one, by their places in the file."""
    found = raw.get("sources")
    tables = found if isinstance(found, list) else []
    return frozenset(
        index for index, each in enumerate(tables) if isinstance(each, dict) and _hides(each)
    )


def _hides(table: Mapping[str, Any]) -> bool:
    if table.get("secret_url") not in (None, False) or "auth" in table:
        return True
    if any(isinstance(table.get(key), dict) for key in ("url", "proxy")):
        return True
    headers = table.get("headers")
    return isinstance(headers, dict) and any(isinstance(each, dict) for each in headers.values())


def said(error: ValueError, *, secret: bool) -> str:
    """What a checker says of a value. `secret`: without the value."""
    if not secret or not isinstance(error, PydanticCustomError):
        return str(error)
    return str((error.context or {}).get("discreet") or NONE_HERE)

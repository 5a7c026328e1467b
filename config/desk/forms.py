"""Forms of settings: keys as fields, fields as keys; the configuration says what is right."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any

from config.changing import Seen
from config.desk.call import Call
from feeds.errors import ConfigError

SOURCE: Mapping[str, str] = {
    "title": "text",
    "every": "text",
    "timeout": "text",
    "preference": "number",
    "max_age": "text",
    "max_articles": "number",
    "user_agent": "text",
    "paused": "switch",
    "allow_private": "switch",
}
FEED: Mapping[str, str] = {
    "title": "text",
    "limit": "number",
    "max_age": "text",
    "delay": "text",
    "hold": "text",
    "backlog": "number",
    "excerpt": "excerpt",
    "images": "on",
    "also_line": "switch",
    "upgrade": "switch",
    "private": "switch",
}
"""Key → kind of field. "switch" is off by default, "on" is on."""


def as_form(fields: Mapping[str, str], table: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in the fields for what is written."""
    found: dict[str, Any] = {}
    for key, kind in fields.items():
        value = table.get(key)
        if kind in ("switch", "on"):
            found[key] = "yes" if (value is True or (value is None and kind == "on")) else ""
        else:
            found[key] = "" if value is None else str(value)
    return found


def of_form(fields: Mapping[str, str], call: Call) -> dict[str, Any]:
    """Keys with what was entered; None for what is left at its default. Raises ConfigError."""
    return {key: _value(key, kind, call.text(key)) for key, kind in fields.items()}


def _value(key: str, kind: str, text: str) -> Any:
    if kind == "switch":
        return True if text else None
    if kind == "on":
        return None if text else False
    if not text:
        return None
    if kind == "number" or (kind == "excerpt" and text.isascii() and text.isdigit()):
        try:
            return int(text)
        except ValueError as error:
            raise ConfigError([f"{key}: {text} is no whole number"]) from error
    return text


def seen_text(table: Mapping[str, Any]) -> str:
    """What a form carries along, so that an edit made meanwhile is noticed: a digest, since the
    table may hold secrets, and a keyed one, since those may be short."""
    text = json.dumps(table, sort_keys=True, default=str)
    return hmac.new(_KEY, text.encode(), hashlib.sha256).hexdigest()


def seen_of(text: str) -> Seen | None:
    if not text:
        return None
    return lambda table: hmac.compare_digest(seen_text(table).encode(), text.encode())


_KEY = secrets.token_bytes(32)
"""Of this process: a form that was opened before a restart counts as edited meanwhile."""

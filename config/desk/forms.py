"""Forms of settings: keys as fields, fields as keys; the configuration says what is right."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from config.desk.call import Call
from feeds.errors import ConfigError, EditError

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


def as_form(fields: Mapping[str, str], table: Mapping[str, Any]) -> dict[str, str]:
    """What stands in the fields for what is written."""
    found: dict[str, str] = {}
    for key, kind in fields.items():
        value = table.get(key)
        if kind in ("switch", "on"):
            # A list of networks is a yes too.
            found[key] = "yes" if (bool(value) if value is not None else kind == "on") else ""
        else:
            found[key] = "" if value is None else str(value).strip()
    return found


def entered(fields: Mapping[str, str], call: Call) -> dict[str, str]:
    """What stands in the fields that came."""
    return {key: call.text(key) for key in fields}


def of_form(fields: Mapping[str, str], call: Call, table: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that differ from what is written, with what was entered; None for what is left at
    its default. What a field can't show whole (networks, say) stays, as long as nobody touches it.
    Raises ConfigError with each that is wrong."""
    before, values, complaints = as_form(fields, table), dict[str, Any](), list[str]()
    for key, kind in fields.items():
        if (text := call.text(key)) == before[key]:
            continue
        try:
            values[key] = _value(key, kind, text)
        except ConfigError as error:
            complaints += error.complaints
    if complaints:
        raise ConfigError(complaints)
    return values


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


def print_of(table: Mapping[str, Any], call: Call) -> str:
    """What a form carries along of a table, so that an edit made meanwhile is noticed. Not the
    table itself: there may be secrets in it."""
    told = json.dumps(table, sort_keys=True, default=str)
    return hmac.new(call.mark.encode(), told.encode(), hashlib.sha256).hexdigest()


def unseen(table: Mapping[str, Any], call: Call) -> bool:
    """Whether somebody else has changed it since the form was made."""
    return not hmac.compare_digest(print_of(table, call).encode(), call.text("seen").encode())


def meanwhile(fields: Mapping[str, str], call: Call, table: Mapping[str, Any]) -> EditError:
    """What to say then: where the form and the file differ."""
    said = [
        f"{key} is {before or 'not set'} there, {text or 'not set'} here"
        for key, before in as_form(fields, table).items()
        if (text := call.text(key)) != before
    ]
    text = "somebody else has changed this meanwhile; nothing was written"
    return EditError("\n".join([f"{text}. Save again to write what this form says", *said]))

"""What a document says, as TOML writes it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def value_text(value: Any) -> str:
    """On one line. JSON's strings are TOML's basic strings, but for DEL."""
    if isinstance(value, Mapping):
        inner = ", ".join(pair_text(name, each) for name, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(value_text, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def pair_text(name: str, value: Any) -> str:
    return f"{key_text(name)} = {value_text(value)}"


def key_text(*names: str) -> str:
    """One key, dotted where there are several names."""
    return ".".join(
        each if _BARE.fullmatch(each) else json.dumps(each, ensure_ascii=False) for each in names
    )

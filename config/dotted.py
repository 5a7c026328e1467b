"""Keys as complaints name them."""

from __future__ import annotations

import re

from config.lines import Path as KeyPath
from config.values import shown

_BARE = re.compile(r"[\w-]+")


def dotted(path: KeyPath) -> str:
    """("sources", 0, "every") → "sources[1].every": people count from one."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            word = part if _BARE.fullmatch(part) else shown(part)
            text += f".{word}" if text else word
    return text

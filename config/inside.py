"""What stands inside a value of a TOML text: the elements of a list, the pairs of an inline table,
with their places. Of documents that TOML has accepted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from config.lines import Path, inner_key

_SPACE = re.compile(r"(?:\s|\#[^\n]*)*")
_PLAIN = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|[^,\[\]{}\#\n\r]+",
    re.DOTALL,
)


@dataclass(slots=True)
class Value:
    """`start` to `end` of the text. `kind`: "[" of a list, "{" of an inline table, else ""."""

    start: int
    end: int = 0
    kind: str = ""
    items: list[Item] = field(default_factory=list)


@dataclass(slots=True)
class Item:
    """An element, or a pair (then with its `keys`)."""

    start: int
    value: Value
    keys: Path = ()
    comma: int | None = None
    """Where the comma behind it ends, when there is one."""

    @property
    def end(self) -> int:
        return self.value.end


def value_at(text: str, position: int) -> Value:
    """The value that begins there, or after blanks."""
    position = _space(text, position)
    kind = text[position : position + 1]
    if kind not in ("[", "{"):
        found = _PLAIN.match(text, position)
        end = position + len(found[0].rstrip()) if found else position
        return Value(position, end)
    value = Value(position, kind=kind)
    position = _space(text, position + 1)
    while position < len(text) and text[position] not in "]}":
        start = position
        keys, position = inner_key(text, start) if kind == "{" else ((), start)
        item = Item(start, value_at(text, position), keys)
        value.items.append(item)
        position = _space(text, item.end)
        if text[position : position + 1] == ",":
            item.comma = position + 1
            position = _space(text, item.comma)
        elif position <= start:
            break
    value.end = position + 1
    return value


def _space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position

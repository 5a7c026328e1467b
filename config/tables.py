"""Tables of a TOML text: added, changed and taken away, while all else stays as it was written.

A splice of the text, not a library: tomlkit takes 2.5 s for 10,000 sources and puts a new table
below the closing comments; tomlrt takes 0.35 s and parts a commented-out key from the table that
it stands in. Ours takes 0.1 s, and only has to know where tables begin and end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from config.lines import Path, Statement, comment_of, statements

Value = Any
"""What TOML can say: texts, numbers, switches, lists and tables of these."""
Table = Mapping[str, Value]
Change = Table | None
"""Keys with their new values (None: without that key); None: without the table."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(slots=True)
class _Span:
    """A table: where its header begins, its pairs, where what is its own ends."""

    place: Path
    header: Statement
    pairs: list[Statement] = field(default_factory=list)
    end: int = 0


def places(text: str) -> list[Path]:
    """All tables that have a header, in their order: ("sources", 0), ("categories", "world")."""
    return [each.place for each in _spans(text, list(statements(text)))]


def change_tables(text: str, wanted: Mapping[Path, Change]) -> str:
    """The text with these tables changed. What has no header of its own stays as it is: the caller
    compares."""
    spans = list(_spans(text, list(statements(text))))
    by_place = {each.place: each for each in spans}
    ending = "\r\n" if "\r\n" in text else "\n"
    edits: dict[tuple[int, int], str] = {}
    tables: set[tuple[int, int]] = set()
    """Those of the edits that take a whole table away."""
    for place, change in wanted.items():
        if place not in by_place:
            continue
        inside = [each for each in spans if each.place[: len(place)] == place]
        going = inside
        if change is not None:
            # A key may be a table of its own: [sources.headers] below [[sources]].
            deep = len(place)
            going = [
                each for each in inside if each.place[deep : deep + 1] in {(k,) for k in change}
            ]
            edits |= _edits(text, by_place[place], change, ending)
        tables |= {(each.header.start, each.end) for each in going}
    for start, end in sorted(edits.keys() | tables, reverse=True):
        if (start, end) in tables:
            text = _without(text, start, end, ending)
        else:
            text = text[:start] + edits[start, end] + text[end:]
    return text


def _without(text: str, start: int, end: int, ending: str) -> str:
    """Blank lines around a table that goes become one; a comment above must not stick to what
    follows."""
    head, tail = text[:start], text[end:]
    stripped = tail.lstrip("\r\n")
    blank = tail[: len(tail) - len(stripped)]
    if head.endswith(("\n\n", "\n\r\n")) or not head:
        return head + stripped
    return head + (blank if blank or not stripped else ending) + stripped


def _edits(text: str, span: _Span, change: Table, ending: str) -> dict[tuple[int, int], str]:
    """(from, to) → what is to stand there."""
    found: dict[tuple[int, int], str] = {}
    last = span.pairs[-1] if span.pairs else span.header
    line = text[last.start : last.end]
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    added = ""
    for key, value in change.items():
        pairs = [each for each in span.pairs if each.keys[0] == key]
        for each in pairs:
            found[each.start, each.end] = ""
        if value is None:
            continue
        if not pairs:
            added += f"{indent}{_key(key)} = {value_text(value)}{ending}"
            continue
        old = text[pairs[0].start : pairs[0].end]
        lead = old[: len(old) - len(old.lstrip(" \t"))]
        note = comment_of(old)
        rest = f"  {note}" if note else ""
        end = ending if old.endswith("\n") else ""
        found[pairs[0].start, pairs[0].end] = f"{lead}{_key(key)} = {value_text(value)}{rest}{end}"
    if added:
        ended = line.endswith("\n") or found.get((last.start, last.end)) == ""
        found[last.end, last.end] = added if ended else ending + added
    return found


def _spans(text: str, found: Sequence[Statement]) -> Iterator[_Span]:
    """A comment right below a table is its own (a key that was commented out), unless it stands
    right above the next table."""
    counts: dict[Path, int] = {}
    span: _Span | None = None
    below = 0
    """Where the comments right below end."""
    for each in found:
        if each.header:
            if span is not None:
                yield span
            span, below = _Span(_placed(each, counts), each, end=each.end), each.end
        elif span is None:
            continue
        elif each.keys:
            span.pairs.append(each)
            span.end = below = each.end
        elif below == each.start and _comment(text, each):
            below = each.end
        else:
            span.end = below
    if span is not None:
        span.end = below
        yield span


def _placed(header: Statement, counts: dict[Path, int]) -> Path:
    """With the position of each list's table in its path, as config.lines has it."""
    path: Path = ()
    for depth, part in enumerate(header.keys):
        path = (*path, part)
        if depth == len(header.keys) - 1 and header.header == "[[":
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _comment(text: str, line: Statement) -> bool:
    return text[line.start : line.end].lstrip(" \t").startswith("#")


# --- new tables


def add_tables(text: str, name: str, tables: Sequence[str]) -> str:
    """The text with these tables (each as `table_lines` gives it) after the last table of that
    name, or at the end."""
    ending = "\r\n" if "\r\n" in text else "\n"
    at, indent = _end_of(text, name)
    head, tail = text[:at], text[at:]
    if head and not head.endswith("\n"):
        head += ending
    blocks = "".join(f"\n{_indented(table, indent)}" for table in tables)
    if not head:
        blocks = blocks[1:]
    if tail and not tail.lstrip(" \t").startswith(("\n", "\r\n")):
        blocks += "\n"
    return head + blocks.replace("\n", ending) + tail


def table_lines(header: str, table: Table) -> str:
    """`header`: "[[sources]]", "[categories.world]"."""
    return f"{header}\n" + "".join(f"{key} = {value_text(each)}\n" for key, each in table.items())


def value_text(value: Value) -> str:
    """As TOML writes it. JSON's strings are TOML's basic strings, but for DEL."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(name)} = {value_text(each)}" for name, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(value_text, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _indented(table: str, indent: str) -> str:
    # By TOML's ends of lines: str.splitlines knows more, and text may hold them (U+0085, U+2028).
    return re.sub(r"(?m)^(?!\Z)", lambda _: indent, table)


def _end_of(text: str, name: str) -> tuple[int, str]:
    """(where the last table of that name ends, how its header is indented); the end of the text
    when there is none.

    A comment right below a table is its own (a key that was commented out), unless it stands
    right above the next table.
    """
    found = list(statements(text))
    inside, last, indent = False, None, None
    for index, each in enumerate(found):
        if each.header:
            inside = each.keys[0] == name
        if inside and each.keys:
            last = index
            if indent is None:
                line = text[each.start : each.end]
                indent = line[: len(line) - len(line.lstrip(" \t"))]
    if last is None:
        return len(text), ""
    below = last + 1
    while below < len(found) and text.startswith("#", _unindented(text, found[below])):
        below += 1
    if below < len(found) and found[below].keys:
        below = last + 1
    return found[below - 1].end, indent or ""


def _unindented(text: str, line: Statement) -> int:
    position = line.start
    while text[position : position + 1] in (" ", "\t"):
        position += 1
    return position

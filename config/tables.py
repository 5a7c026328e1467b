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
    compares. Takes time with the text's length, not with that times the number of tables."""
    inside: dict[Path, list[_Span]] = {}
    """The tables below each path, itself with them."""
    for span in _spans(text, list(statements(text))):
        for deep in range(1, len(span.place) + 1):
            inside.setdefault(span.place[:deep], []).append(span)
    ending = "\r\n" if "\r\n" in text else "\n"
    edits: dict[tuple[int, int], str | None] = {}
    """(from, to) → what is to stand there; None: a whole table that goes."""
    for place, change in wanted.items():
        own = next((each for each in inside.get(place, ()) if each.place == place), None)
        if own is None:
            continue
        going = inside[place]
        if change is not None:
            # A key may be a table of its own: [sources.headers] below [[sources]].
            going = [each for key in change for each in inside.get((*place, key), ())]
            edits |= _edits(text, own, change, ending)
        edits |= {(each.header.start, each.end): None for each in going}
    return _edited(text, edits, ending)


def _edited(text: str, edits: Mapping[tuple[int, int], str | None], ending: str) -> str:
    pieces: list[str] = []
    """Of what is to follow, the last one first."""
    at = len(text)
    for start, end in sorted(edits, reverse=True):
        pieces.append(text[end:at])
        at = start
        if (new := edits[start, end]) is not None:
            pieces.append(new)
            continue
        # Blank lines around a table that goes become one; a comment above must not stick to what
        # follows.
        blank = _taken_blank(pieces)
        if start and not text.endswith(("\n\n", "\n\r\n"), 0, start):
            pieces.append(blank if blank or not pieces else ending)
    return text[:at] + "".join(reversed(pieces))


def _taken_blank(pieces: list[str]) -> str:
    """The line ends with which they begin, taken away from them."""
    blank = ""
    while pieces:
        piece = pieces.pop()
        rest = piece.lstrip("\r\n")
        blank += piece[: len(piece) - len(rest)]
        if rest:
            pieces.append(rest)
            break
    return blank


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

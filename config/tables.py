"""Tables of a TOML text: added, changed and taken away, while all else stays as it was written.

A splice of the text, not a library: tomlkit takes 2.5 s for 10,000 sources and puts a new table
below the closing comments; tomlrt takes 0.35 s and parts a commented-out key from the table that
it stands in. Ours takes 0.1 s, and only has to know where tables begin and end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import tomli

from config.lines import Path, Statement, statements
from config.splicing import Splice
from config.written import pair_text, value_text

Table = Mapping[str, Any]
Change = Table | None
"""Keys with their new values (None: without that key); None: without the table."""


def change_tables(text: str, wanted: Mapping[Path, Change], document: Table | None = None) -> str:
    """The text with these tables changed, in whatever form they stand there: below a header, with
    dotted keys, inline. What is not there stays so: the caller compares."""
    splice = Splice(text, document)
    for place, change in wanted.items():
        if change is None:
            splice.remove(place)
        else:
            splice.change(place, change)
    return splice.text_after()


# --- new tables


def add_tables(text: str, name: str, tables: Sequence[str]) -> str:
    """The text with these tables (each as `table_lines` gives it) after the last table of that
    name, or at the end; where those stand in one list or inline table, into it."""
    splice = Splice(text)
    if splice.holds_inline((name,)):
        said = tomli.loads("".join(tables))[name]
        if isinstance(said, list):
            splice.append((name,), [value_text(each) for each in said])
        else:
            splice.append((name,), [pair_text(key, each) for key, each in said.items()])
        return splice.text_after()
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
    return f"{header}\n" + "".join(f"{pair_text(key, each)}\n" for key, each in table.items())


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

"""Where a key stands: tomllib tells lines for syntax errors only, so the text is scanned once.

The scanner runs over documents that tomllib has accepted, so it only has to know where keys
begin: it follows strings, comments and brackets, and reads headers and dotted keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import tomli

Path = tuple[str | int, ...]

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_DOTTED = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_HEADER = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_DOTTED})[ \t]*\]")
_PAIR = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=")
_INNER = re.compile(rf"\s*({_DOTTED})[ \t]*=")
_PART = re.compile(_KEY)
_SIMPLE = re.compile(
    r"(?:[ \t]*([A-Za-z0-9_-]+)[ \t]*=[ \t]*"
    r"""(?:"[^"\\\n]*"|'[^'\n]*'|[\w.+-]+|\[[ \t]*"[^"\\\n]*"[ \t]*\])"""
    r"|(\[\[)([A-Za-z0-9_-]+)\]\]"
    r"|)[ \t]*(?:\#[^\n]*)?\n"
)
"""A pair or a [[header]] on a line of its own, a blank line or a comment, as nearly all are: a
quarter of the time. `""` of a longer string is no string of this kind, since no quote may follow
it."""
_REST = re.compile(r"[ \t]*(?:\#[^\n]*|\r)?\n")
"""What follows nearly every header; and a line that says nothing."""
_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[\[\]{},\n]"
    r"|[^\s,\[\]{}\#\"'=]+",
    re.DOTALL,
)


class Statement(NamedTuple):
    """A header, a pair, or a line with neither; `start` to `end` (its line end included) in the
    text."""

    start: int
    end: int
    header: str = ""
    """"[" or "[[" of a header."""
    keys: Path = ()
    """What it names, as it is written: not yet under its table."""


def statements(text: str) -> Iterator[Statement]:
    """All of the text, in order, without gaps."""
    position = 0
    while position < len(text):
        if found := _SIMPLE.match(text, position):
            _, end = found.span()
            pair, header, name = found.groups()
            yield Statement(position, end, header or "", (pair or name,) if pair or name else ())
            position = end
            continue
        start, header = position, ""
        keys: Path = ()
        if found := _HEADER.match(text, position):
            header, keys = found[1], _parts(found[2])
            position = found.end() + (header == "[[")
        if rest := _REST.match(text, position):
            position = rest.end()
            yield Statement(start, position, header, keys)
            continue
        if header:
            pass
        elif found := _PAIR.match(text, position):
            keys, position = _parts(found[1]), found.end()
        position, _ = _statement(text, position, 0, (), {})
        yield Statement(start, position, header, keys)
        if position <= start:
            break


def inner_key(text: str, position: int) -> tuple[Path, int]:
    """(the key that begins there, within an inline table, where its value begins)"""
    found = _INNER.match(text, position)
    return (_parts(found[1]), found.end()) if found else ((), position)


def value_start(text: str, pair: Statement) -> int:
    """Behind its equals sign."""
    found = _PAIR.match(text, pair.start)
    return found.end() if found else pair.end


def comment_of(statement: str) -> str:
    """The comment that a pair ends with; "" without one."""
    depth, position = 0, statement.index("=") + 1
    while (token := _TOKEN.search(statement, position)) is not None:
        mark, position = token[0], token.end()
        depth += (mark in ("[", "{")) - (mark in ("]", "}"))
        if mark.startswith("#") and depth == 0:
            return mark.rstrip()
    return ""


def key_lines(text: str) -> dict[Path, int]:
    """path of keys and list positions → line (from 1), for headers, pairs, and what stands
    inside lists and inline tables."""
    found: dict[Path, int] = {}
    tables: dict[Path, int] = {}
    base: Path = ()
    position, line = 0, 1
    while position < len(text):
        if simple := _SIMPLE.match(text, position):
            if simple[1] is not None:
                found.setdefault((*base, simple[1]), line)
            elif simple[3] is not None:
                base = _open(found, tables, (simple[3],), True, line)
            position, line = simple.end(), line + 1
            continue
        start, path = position, base[:0]
        if header := _HEADER.match(text, position):
            base = _open(found, tables, _parts(header[2]), header[1] == "[[", line)
            position = header.end() + (header[1] == "[[")
        elif pair := _PAIR.match(text, position):
            path = _place(found, base, _parts(pair[1]), line)
            position = pair.end()
        position, line = _statement(text, position, line, path, found)
        if position <= start:
            break
    return found


def _place(found: dict[Path, int], base: Path, key: Path, line: int) -> Path:
    """The path of a key, dotted or not, of that table."""
    path = base + key
    for length in range(len(base) + 1, len(path) + 1):
        found.setdefault(path[:length], line)
    return path


def _open(
    found: dict[Path, int], tables: dict[Path, int], name: Path, many: bool, line: int
) -> Path:
    """The path of a table that a header opens; lists count their tables."""
    path: Path = ()
    for depth, part in enumerate(name):
        path = (*path, part)
        last = depth == len(name) - 1
        if last and many:
            tables[path] = tables.get(path, -1) + 1
            found.setdefault(path, line)
        if path in tables:
            path = (*path, tables[path])
        found.setdefault(path, line)
    return path


def _unquoted(part: str) -> str:
    """A quoted key; as it stands in a text that is no TOML (one that is being edited)."""
    try:
        return next(iter(tomli.loads(f"{part} = 0")))
    except tomli.TOMLDecodeError:
        return part


def _parts(dotted: str) -> Path:
    parts = []
    for part in _PART.findall(dotted):
        bare = part[0] not in "\"'"
        parts.append(part if bare else _unquoted(part))
    return tuple(parts)


def marks(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    """Strings, comments, brackets, commas, ends of lines, and words between them, in order."""
    return _TOKEN.finditer(text, start, end)


def dotted_keys(keys: Path) -> str:
    """As a document writes them."""
    return ".".join(str(part) for part in keys)


@dataclass
class _Bracket:
    """A list or an inline table that is open. `index`: of the list's element. `inside`: the path
    of the value that is being read, None where the next one has not begun."""

    path: Path
    index: int | None
    inside: Path | None = None


def _statement(
    text: str, position: int, line: int, path: Path, found: dict[Path, int]
) -> tuple[int, int]:
    """From a value (or what follows a header) to the next statement and its line."""
    brackets: list[_Bracket] = []
    while True:
        top = brackets[-1] if brackets else None
        if top and top.index is None and not top.inside and (pair := _INNER.match(text, position)):
            line += text.count("\n", position, pair.start(1))
            top.inside = _place(found, top.path, _parts(pair[1]), line)
            position = pair.end()
            continue
        if (token := _TOKEN.search(text, position)) is None:
            return len(text), line
        mark, position = token[0], token.end()
        if top and top.index is not None and not top.inside and mark[0] not in "],#\n":
            top.inside = (*top.path, top.index)
            found[top.inside] = line
        line += mark.count("\n")
        if mark in ("[", "{"):
            at = path if top is None else top.inside or top.path
            brackets.append(_Bracket(at, 0 if mark == "[" else None))
        elif mark in ("]", "}") and brackets:
            brackets.pop()
        elif mark == "," and top:
            top.inside = None
            top.index = None if top.index is None else top.index + 1
        elif mark == "\n" and not brackets:
            return position, line


def line_of(lines: dict[Path, int], path: Path) -> int:
    """The line of the longest known beginning of that path."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1

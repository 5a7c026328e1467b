"""Where a key stands: tomllib tells lines for syntax errors only, so the text is scanned once.

The scanner runs over documents that tomllib has accepted, so it only has to know where keys
begin: it follows strings, comments and brackets, and reads headers and dotted keys.
"""

from __future__ import annotations

import re
import tomllib

Path = tuple[str | int, ...]

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_DOTTED = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_HEADER = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_DOTTED})[ \t]*\]")
_PAIR = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=")
_PART = re.compile(_KEY)
_SKIP = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[\[\]{}\n]",
    re.DOTALL,
)


def key_lines(text: str) -> dict[Path, int]:
    """path of keys and list positions → line (from 1), for headers and pairs. Keys inside
    inline tables are not told apart from the key that holds them."""
    found: dict[Path, int] = {}
    tables: dict[Path, int] = {}
    base: Path = ()
    position, line = 0, 1
    while position < len(text):
        if header := _HEADER.match(text, position):
            base = _open(found, tables, _parts(header[2]), header[1] == "[[", line)
            end = header.end() + (header[1] == "[[")
        elif pair := _PAIR.match(text, position):
            path = base + _parts(pair[1])
            for length in range(len(base) + 1, len(path) + 1):
                found.setdefault(path[:length], line)
            end = pair.end()
        else:
            end = position
        start, (position, lines) = position, _end_of_statement(text, end)
        line += lines
        if position <= start:
            break
    return found


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


def _parts(dotted: str) -> Path:
    parts = []
    for part in _PART.findall(dotted):
        bare = part[0] not in "\"'"
        parts.append(part if bare else next(iter(tomllib.loads(f"{part} = 0"))))
    return tuple(parts)


def _end_of_statement(text: str, position: int) -> tuple[int, int]:
    """(where the next statement begins, line ends passed)."""
    depth = lines = 0
    while found := _SKIP.search(text, position):
        mark, position = found[0], found.end()
        lines += mark.count("\n")
        if mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
        elif mark == "\n" and depth <= 0:
            return position, lines
    return len(text), lines


def line_of(lines: dict[Path, int], path: Path) -> int:
    """The line of the longest known beginning of that path."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1

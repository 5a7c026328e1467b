"""One entry more in a list at the top of the configuration: where it goes in the text. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from config.lines import Statement, marks, statements


def add_entry(text: str, key: str, entry: str) -> str:
    """The text with that text in the list `key`, as its last element; the list is made when there
    is none: below the line where it is commented out, else before the first table."""
    top = _top(text)
    for each in top:
        if each.keys == (key,):
            return _appended(text, each, entry)
    ending = "\r\n" if "\r\n" in text else "\n"
    return _made(text, top, key, f"{key} = [{_quoted(entry)}]{ending}", ending)


def _quoted(entry: str) -> str:
    # JSON's strings are TOML's basic strings, but for DEL.
    return json.dumps(entry, ensure_ascii=False).replace("\x7f", "\\u007f")


def _top(text: str) -> list[Statement]:
    """What stands above the first table."""
    found = []
    for each in statements(text):
        if each.header:
            break
        found.append(each)
    return found


def _appended(text: str, at: Statement, entry: str) -> str:
    """Behind the last element, on a line of its own where the others have theirs."""
    last, close = None, None
    for mark in marks(text, at.start, at.end):
        if mark[0] == "]":
            close = mark
        elif mark[0] != "\n" and not mark[0].startswith("#"):
            last = mark if close is None else last
    if last is None or close is None:
        return text  # no list; the comparison afterwards tells so
    comma = "" if last[0] in ("[", ",") else ","
    line_end = text.find("\n", last.end(), close.start())
    if line_end < 0:
        space = "" if last[0] == "[" else " "
        return text[: last.end()] + comma + space + _quoted(entry) + text[last.end() :].lstrip(" ")
    if text[line_end - 1] == "\r":
        line_end -= 1
    ending = "\r\n" if text[line_end] == "\r" else "\n"
    line = text.rfind("\n", 0, last.start()) + 1
    found = re.match(r"[ \t]*", text[line : last.start()])
    indent = (found[0] if found else "") if line > at.start else "  "
    behind = "," if last[0] == "," else ""
    new = f"{ending}{indent}{_quoted(entry)}{behind}"
    return text[: last.end()] + comma + text[last.end() : line_end] + new + text[line_end:]


def _made(text: str, top: Sequence[Statement], key: str, line: str, ending: str) -> str:
    def put(at: int, before: str = "", after: str = "") -> str:
        return text[:at] + before + line + after + text[at:]

    hint = re.compile(rf"#[ \t]*{key}[ \t]*=")
    for each in reversed(top):
        if hint.match(text, each.start):
            return put(each.end, "" if text[: each.end].endswith("\n") else ending)
    if pairs := [each for each in top if each.keys]:
        end = pairs[-1].end
        return put(end, "" if text[:end].endswith("\n") else ending)
    # Comments right above the first table are its own, unless the file begins with them.
    first = len(top)
    while first and text.startswith("#", top[first - 1].start):
        first -= 1
    first = first or len(top)
    end = top[first - 1].end if first else 0
    head = text[:end]
    before = ending if head and not head.endswith("\n") else ""
    if head.strip() and top[first - 1].keys == () and text.startswith("#", top[first - 1].start):
        before += ending
    return put(end, before, ending if text[end:].strip() else "")

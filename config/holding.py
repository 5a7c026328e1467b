"""Elements of a list and pairs of an inline table: taken out, put in, while what stays keeps its
lines and comments. Pure: gives what is to stand where."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from config.inside import Item, Value
from config.written import pair_text, value_text

Edit = tuple[int, int, str]
"""(from, to, what is to stand there)"""


def list_edits(text: str, at: Value, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Edit]:
    """That list becomes the new one. `old`: what it says."""
    before, after = [repr(each) for each in old], [repr(each) for each in new]
    steps = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    gone: set[int] = set()
    added: dict[int, list[str]] = {}
    for step, i1, i2, j1, j2 in steps:
        if step == "equal":
            continue
        same = min(i2 - i1, j2 - j1)
        for n in range(same):
            yield from value_edits(text, at.items[i1 + n].value, old[i1 + n], new[j1 + n])
        gone |= set(range(i1 + same, i2))
        if more := [value_text(each) for each in new[j1 + same : j2]]:
            added.setdefault(i1 + same - 1, []).extend(more)
    yield from held_edits(text, at, gone, added)


def value_edits(text: str, at: Value, old: Any, new: Any) -> Iterator[Edit]:
    """That value becomes the new one, in the form that it has."""
    if at.kind == "[" and isinstance(old, list) and isinstance(new, (list, tuple)):
        yield from list_edits(text, at, old, new)
    elif at.kind == "{" and isinstance(new, Mapping) and _simple(at):
        gone, names = set(), {}
        for index, item in enumerate(at.items):
            name = str(item.keys[0])
            names[name] = item
            if name not in new:
                gone.add(index)
            elif not same(old[name], new[name]):
                yield from value_edits(text, item.value, old[name], new[name])
        more = [pair_text(key, each) for key, each in new.items() if key not in names]
        yield from held_edits(text, at, gone, {len(at.items) - 1: more} if more else {})
    else:
        yield at.start, at.end, value_text(new)


def _simple(at: Value) -> bool:
    """Whether it has no dotted keys, which part a key into several pairs."""
    return all(len(each.keys) == 1 for each in at.items)


def same(one: Any, other: Any) -> bool:
    """Whether TOML has the same for both: True == 1 == 1.0, to Python."""
    return type(one) is type(other) and repr(one) == repr(other)


def held_edits(
    text: str, at: Value, gone: set[int], added: Mapping[int, Sequence[str]]
) -> Iterator[Edit]:
    """Without the items of these positions, and with new ones behind others (-1: before all)."""
    items = at.items
    if len(gone) == len(items):
        yield from _anew(text, at, [each for n in sorted(added) for each in added[n]])
        return
    kept = [n for n in range(len(items)) if n not in gone]
    for start, end in _joined([_cut(text, at, n, kept) for n in sorted(gone)]):
        yield start, end, ""
    behind: dict[int, list[str]] = {}
    for n in sorted(added):
        stays = max((each for each in kept if each <= n), default=-1)
        behind.setdefault(stays, []).extend(added[n])
    for n, new in behind.items():
        if n >= 0:
            yield from _behind(text, items[n], new)
        else:
            first = items[kept[0]]
            indent = _indent(text, at, first)
            glue = ", " if indent is None else f",{_ending(text)}{indent}"
            yield first.start, first.start, "".join(each + glue for each in new)


def _anew(text: str, at: Value, new: Sequence[str]) -> Iterator[Edit]:
    """What is in it goes, and its comments stay."""
    first, last = (at.items[0], at.items[-1]) if at.items else (None, None)
    if first is None or last is None:
        glue = " " if at.kind == "{" else ""
        if new:
            yield at.start + 1, at.start + 1, f"{glue}{', '.join(new)}{glue}"
        return
    whole = first.start, last.comma or last.end
    if "\n" not in text[whole[0] : whole[1]]:
        yield *whole, ", ".join(new)
        return
    if new:
        yield first.start, first.end, ", ".join(new)
    else:
        yield first.start, first.comma or first.end, ""
    for start, end in _joined([_cut(text, at, n, []) for n in range(1, len(at.items))]):
        yield start, end, ""
    if new and last is not first and first.comma is not None and last.comma is None:
        yield first.comma - 1, first.comma, ""


def _cut(text: str, at: Value, n: int, kept: Sequence[int]) -> tuple[int, int]:
    """What goes along with an item."""
    item = at.items[n]
    end = item.comma or item.end
    if _indent(text, at, item) is not None:
        line = text.rfind("\n", 0, item.start) + 1
        rest = re.compile(r"[ \t]*(?:\#[^\r\n]*)?(?:\r?\n|\Z)").match(text, end)
        if rest:
            return line, rest.end()
    before = max((each for each in kept if each < n), default=None)
    after = at.items[n + 1] if n + 1 < len(at.items) else None
    if after is not None and "\n" not in text[end : after.start]:
        return item.start, after.start
    if before is not None and "\n" not in text[at.items[before].end : item.start]:
        return at.items[before].end, item.end
    return item.start, end


def _indent(text: str, at: Value, item: Item) -> str | None:
    """Of an item that has a line of its own; None for one that shares it."""
    line = text.rfind("\n", 0, item.start) + 1
    lead = text[line : item.start]
    if line <= at.start or lead.strip():
        return None
    rest = re.compile(r"[ \t]*(?:\#[^\r\n]*)?\r?\n").match(text, item.comma or item.end)
    return lead if rest else None


def _behind(text: str, item: Item, new: Sequence[str]) -> Iterator[Edit]:
    line = text.rfind("\n", 0, item.start) + 1
    lead = text[line : item.start]
    own = line > 0 and not lead.strip()
    rest = re.compile(r"[ \t]*(?:\#[^\r\n]*)?(?=\r?\n)").match(text, item.comma or item.end)
    if not own or rest is None:
        yield item.end, item.end, "".join(f", {each}" for each in new)
        return
    if item.comma is None:
        yield item.end, item.end, ","
    glue = f"{_ending(text)}{lead}"
    tail = "," if item.comma is not None else ""
    yield (
        rest.end(),
        rest.end(),
        "".join(f"{glue}{each}{tail if n == len(new) - 1 else ','}" for n, each in enumerate(new)),
    )


def _ending(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _joined(cuts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(cuts):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found

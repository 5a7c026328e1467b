"""One text, and what is to be changed in it: found by path in every form that TOML has for it."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import tomli

from config.holding import Edit, held_edits, same, value_edits
from config.inside import Value, value_at
from config.lines import Path, Statement, comment_of, statements, value_start
from config.places import Span, spans
from config.written import key_text, pair_text, value_text


@dataclass(slots=True)
class _Named:
    """Where something is said of a path: a header, or a pair."""

    path: Path
    span: Span
    pair: Statement | None


@dataclass(slots=True)
class _Hit:
    """One place of what is looked for. `exact`: that itself, not something within it."""

    exact: bool
    named: _Named
    value: Value | None = None
    """Of a pair, exact."""
    holder: Value | None = None
    index: int = 0
    """Its place in a list or an inline table."""

    @property
    def header(self) -> bool:
        return self.named.pair is None


@dataclass(slots=True)
class _Held:
    """What is to become of a list or an inline table."""

    at: Value
    gone: set[int] = field(default_factory=set)
    added: dict[int, list[str]] = field(default_factory=dict)


class Splice:
    """Of one text. Edits are gathered, and made at the end."""

    def __init__(self, text: str, document: Mapping[str, Any] | None = None) -> None:
        """`document`: what the text says, for whoever has read it."""
        self._text, self._given = text, document
        self._ending = "\r\n" if "\r\n" in text else "\n"
        self._edits: list[Edit] = []
        self._gone: set[tuple[int, int]] = set()
        """Ranges of pairs that go."""
        self._tables: set[tuple[int, int]] = set()
        """Ranges of whole tables that go."""
        self._held: dict[int, _Held] = {}
        self._removed: list[Path] = []
        self._values: dict[int, Value] = {}
        self._by_path: dict[Path, list[_Named]] = {}
        """By the first two parts of their paths, or the only one."""
        self._all = list(self._named())
        for each in self._all:
            self._by_path.setdefault(each.path[:2], []).append(each)

    def _below_top(self, path: Path) -> list[_Named]:
        """All of a path that has one part."""
        return [each for each in self._all if each.path[0] == path[0]]

    def _named(self) -> Iterator[_Named]:
        found = list(statements(self._text))
        top = Span((), Statement(0, 0))
        for each in found:
            if each.header:
                break
            if each.keys:
                top.pairs.append(each)
        for span in (top, *spans(self._text, found)):
            if span.place:
                yield _Named(span.place, span, None)
            for pair in span.pairs:
                yield _Named((*span.place, *pair.keys), span, pair)

    @cached_property
    def _document(self) -> Mapping[str, Any]:
        return tomli.loads(self._text) if self._given is None else self._given

    def _said(self, path: Path) -> Any:
        found: Any = self._document
        for part in path:
            found = found[part]
        return found

    # --- finding

    def _hits(self, path: Path) -> list[_Hit]:
        near = self._below_top(path) if len(path) == 1 else []
        for key in (path[:1], path[:2]) if len(path) > 1 else ():
            near += self._by_path.get(key, ())
        found = []
        for each in near:
            if each.path[: len(path)] == path:
                exact = each.path == path
                value = None
                if exact and each.pair is not None:
                    value = self._value(each.pair)
                found.append(_Hit(exact, each, value))
            elif each.pair is not None and path[: len(each.path)] == each.path:
                value = self._value(each.pair)
                found += _within(each, value, path[len(each.path) :])
        return found

    def _value(self, pair: Statement) -> Value:
        if (value := self._values.get(pair.start)) is None:
            value = value_at(self._text, value_start(self._text, pair))
            self._values[pair.start] = value
        return value

    # --- changing

    def change(self, place: Path, change: Mapping[str, Any]) -> None:
        """Keys of a table; None: without that key."""
        added = {key: each for key, each in change.items() if not self._assign((*place, key), each)}
        if added:
            self._add(place, added)
            return
        hits = self._hits(place)
        if hits and not any(each.exact for each in hits) and all(map(self._goes, hits)):
            self._keep_empty(place, hits[0])

    def _goes(self, hit: _Hit) -> bool:
        pair, span = hit.named.pair, hit.named.span
        if hit.holder is not None:
            return hit.index in self._holding(hit.holder).gone
        if pair is not None and (pair.start, pair.end) in self._gone:
            return True
        return (span.header.start, span.end) in self._tables

    def _keep_empty(self, place: Path, first: _Hit) -> None:
        """A table that was made by what was in it, and has nothing left."""
        pair, span = first.named.pair, first.named.span
        if first.holder is not None:
            keys = first.holder.items[first.index].keys
            name = key_text(*map(str, keys[: _depth(keys, place)]))
            self._holding(first.holder).added.setdefault(first.index, []).append(f"{name} = {{}}")
        elif pair is not None and len(span.place) < len(place):
            self._gone.discard((pair.start, pair.end))
            self._edits.append((pair.start, pair.end, self._line(pair, span, place, {})))
        else:
            at = span.header.start
            names = key_text(*(str(each) for each in place if isinstance(each, str)))
            self._edits.append((at, at, f"[{names}]{self._ending}"))

    def remove(self, place: Path) -> None:
        """A table, and what it alone was in."""
        self._drop(self._hits(place))
        self._removed.append(place)

    def holds_inline(self, path: Path) -> bool:
        """Whether that is a list or an inline table as a whole."""
        return self._inline(path) is not None

    def append(self, path: Path, items: list[str]) -> None:
        """To what holds inline: elements or pairs, as they are written."""
        at = self._inline(path)
        if at is not None:
            self._holding(at).added.setdefault(len(at.items) - 1, []).extend(items)

    def _inline(self, path: Path) -> Value | None:
        for each in self._hits(path):
            if each.exact and each.value is not None and each.value.kind:
                return each.value
        return None

    def _assign(self, path: Path, value: Any) -> bool:
        """False: it is yet to be added."""
        hits = self._hits(path)
        if value is None or not hits:
            self._drop(hits)
            return value is None
        old, first = self._said(path), hits[0]
        if same(old, value):
            return True
        if len(hits) == 1 and first.exact and first.value is not None:
            self._edits += value_edits(self._text, first.value, old, value)
            return True
        if (
            isinstance(old, dict)
            and isinstance(value, Mapping)
            and (value or any(each.exact and each.header for each in hits))
        ):
            self.change(path, dict.fromkeys(key for key in old if key not in value) | dict(value))
            return True
        self._drop(hits)
        pair = first.named.pair
        if pair is None or first.holder is not None:
            return False
        self._gone.discard((pair.start, pair.end))
        self._edits.append((pair.start, pair.end, self._line(pair, first.named.span, path, value)))
        return True

    def _line(self, pair: Statement, span: Span, path: Path, value: Any) -> str:
        """What takes the place of that pair, with its comment."""
        old = self._text[pair.start : pair.end]
        name = key_text(*map(str, path[len(span.place) :]))
        note = comment_of(old)
        rest = f"  {note}" if note else ""
        end = self._ending if old.endswith("\n") else ""
        return f"{_lead(old)}{name} = {value_text(value)}{rest}{end}"

    def _drop(self, hits: Iterable[_Hit]) -> None:
        for each in hits:
            pair = each.named.pair
            if each.holder is not None:
                self._holding(each.holder).gone.add(each.index)
            elif pair is None:
                self._tables.add((each.named.span.header.start, each.named.span.end))
            else:
                self._gone.add((pair.start, pair.end))

    def _holding(self, at: Value) -> _Held:
        return self._held.setdefault(at.start, _Held(at))

    def _add(self, place: Path, added: Mapping[str, Any]) -> None:
        hits = self._hits(place)
        exact = next((each for each in hits if each.exact), None)
        if exact is not None and exact.header:
            span = exact.named.span
            last = span.pairs[-1] if span.pairs else span.header
            self._below(last, [pair_text(key, each) for key, each in added.items()])
        elif exact is not None and exact.value is not None and exact.value.kind == "{":
            more = [pair_text(key, each) for key, each in added.items()]
            held = self._holding(exact.value)
            held.added.setdefault(len(exact.value.items) - 1, []).extend(more)
        elif exact is None and hits:
            self._add_beside(place, added, hits)

    def _add_beside(self, place: Path, added: Mapping[str, Any], hits: list[_Hit]) -> None:
        """To a table that is nowhere as a whole: dotted keys, or the header of a table within."""
        dotted = [
            each
            for each in hits
            if each.named.pair is not None and len(each.named.span.place) < len(place)
        ]
        if not dotted:
            names = key_text(*(str(each) for each in place if isinstance(each, str)))
            span = hits[0].named.span
            indent = _lead(self._text[span.header.start : span.header.end])
            lines = [f"[{names}]", *(pair_text(key, each) for key, each in added.items()), ""]
            text = "".join(f"{indent if each else ''}{each}{self._ending}" for each in lines)
            at = self._above(span.header)
            self._edits.append((at, at, text))
            return
        last = dotted[-1]
        if last.holder is not None:
            keys = last.holder.items[last.index].keys
            base = [*map(str, keys[: _depth(keys, place)])]
            more = [f"{key_text(*base, key)} = {value_text(each)}" for key, each in added.items()]
            held = self._holding(last.holder)
            held.added.setdefault(len(last.holder.items) - 1, []).extend(more)
            return
        assert last.named.pair is not None
        base = [str(each) for each in place[len(last.named.span.place) :]]
        lines = [f"{key_text(*base, key)} = {value_text(each)}" for key, each in added.items()]
        self._below(last.named.pair, lines)

    def _below(self, last: Statement, lines: Iterable[str]) -> None:
        line = self._text[last.start : last.end]
        added = "".join(f"{_lead(line)}{each}{self._ending}" for each in lines)
        gone = (last.start, last.end) in self._gone
        if not (line.endswith("\n") or gone):
            added = self._ending + added
        self._edits.append((last.end, last.end, added))

    def _above(self, header: Statement) -> int:
        """Where the comments that stand right above a header begin."""
        at = header.start
        while at:
            start = self._text.rfind("\n", 0, at - 1) + 1
            if not self._text[start:at].lstrip(" \t").startswith("#"):
                break
            at = start
        return at

    # --- making it so

    def text_after(self) -> str:
        """The text with all of it."""
        self._drop_empty()
        for held in self._held.values():
            self._edits += held_edits(self._text, held.at, held.gone, held.added)
        whole = sorted(self._tables)
        gone = [each for each in self._gone if not _inside(whole, *each)]
        edits: dict[tuple[int, int], str | None] = dict.fromkeys(gone, "")
        whole = sorted((*whole, *gone))
        for start, end, new in self._edits:
            if _inside(whole, start, end):
                continue
            edits[start, end] = (edits.get((start, end)) or "") + new
        return _edited(self._text, edits | dict.fromkeys(self._tables), self._ending)

    def _drop_empty(self) -> None:
        """What held nothing but what was removed: `sources = []`, `[views]`."""
        for above in {each[:-1] for each in self._removed if len(each) == 2}:
            shells, others = [], False
            for each in self._below_top(above):
                pair, span = each.pair, each.span
                if len(each.path) == 1 and pair is None:
                    shells.append(_Hit(True, each))
                elif len(each.path) == 1 and pair is not None:
                    value = self._value(pair)
                    held = self._held.get(value.start)
                    if held is not None and len(held.gone) == len(value.items) and not held.added:
                        shells.append(_Hit(True, each, value))
                    else:
                        others = True
                elif pair is None or (pair.start, pair.end) not in self._gone:
                    others |= (span.header.start, span.end) not in self._tables
            if shells and not others:
                self._drop(shells)


def _inside(whole: list[tuple[int, int]], start: int, end: int) -> bool:
    """Whether that is within one of these ranges, in order; what is put right before or behind one
    is not."""
    at = bisect_right(whole, (start, sys.maxsize)) - 1
    return at >= 0 and start < whole[at][1] and not start == end == whole[at][0]


def _within(named: _Named, value: Value, rest: Path) -> Iterator[_Hit]:
    """Where it stands in a list or an inline table."""
    if value.kind == "[":
        at = rest[0]
        if isinstance(at, int) and at < len(value.items):
            inner = value.items[at].value
            if len(rest) == 1:
                yield _Hit(True, named, inner, value, at)
            else:
                yield from _within(named, inner, rest[1:])
        return
    for index, item in enumerate(value.items):
        keys = item.keys
        if keys[: len(rest)] == rest:
            exact = keys == rest
            yield _Hit(exact, named, item.value if exact else None, value, index)
        elif keys and rest[: len(keys)] == keys:
            yield from _within(named, item.value, rest[len(keys) :])


def _depth(keys: Path, place: Path) -> int:
    """How many of the first keys of a dotted pair name the end of that place."""
    return max(n for n in range(1, len(keys)) if keys[:n] == place[-n:])


def _lead(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _edited(text: str, edits: Mapping[tuple[int, int], str | None], ending: str) -> str:
    """(from, to) → what is to stand there; None: a whole table that goes. Blank lines around that
    become one, at the end none; a comment above must not stick to what follows."""
    pieces: list[str] = []
    """Of what is to follow, the last one first."""
    at = len(text)
    for start, end in sorted(edits, reverse=True):
        pieces.append(text[end:at])
        at = start
        if (new := edits[start, end]) is not None:
            pieces.append(new)
            continue
        blank = _taken_blank(pieces)
        if start and not text.endswith(("\n\n", "\n\r\n"), 0, start):
            pieces.append(blank if blank or not pieces else ending)
        elif start and not pieces:
            pieces.append(blank)
            at -= len(ending)
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

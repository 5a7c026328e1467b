"""Where the tables of a TOML text stand, and what is in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from config.lines import Path, Statement


@dataclass(slots=True)
class Span:
    """A table: where its header begins, its pairs, where what is its own ends."""

    place: Path
    header: Statement
    pairs: list[Statement] = field(default_factory=list)
    end: int = 0


def spans(text: str, found: Sequence[Statement]) -> Iterator[Span]:
    """A comment right below a table is its own (a key that was commented out), unless it stands
    right above the next table."""
    counts: dict[Path, int] = {}
    span: Span | None = None
    below = 0
    """Where the comments right below end."""
    for each in found:
        if each.header:
            if span is not None:
                yield span
            span, below = Span(_placed(each, counts), each, end=each.end), each.end
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

"""The table of `feedmill sources`: one line a source; on a narrow terminal, notes below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.showing import print_table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_COLOURS = {
    "ok": "green",
    **dict.fromkeys(("failing", "blocked"), "red"),
    **dict.fromkeys(("paused", "quiet", "waiting"), "yellow"),
    "retired": "dim",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One source, in words."""

    source: str
    word: str
    """Its standing, for the colour."""
    status: str
    last: str
    next: str
    articles: str
    notes: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[str, ...]:
        return self.source, self.status, self.last, self.next, self.articles


_HEAD = Line(
    source="source", word="", status="status", last="last", next="next", articles="articles"
)
_COLUMNS = _HEAD.cells


def show(lines: Sequence[Line]) -> None:
    """Where a script or a pager reads, always one line a source, unfolded."""
    from rich.console import Console

    console, table = Console(), _wide(lines)
    if console.is_terminal and Console(width=10_000).measure(table).maximum > console.width:
        _narrow(console, lines)
    else:
        print_table(table)


def _wide(lines: Sequence[Line]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(*_COLUMNS, "notes", box=None, pad_edge=False)
    table.columns[4].justify = "right"
    for line in lines:
        cells = [Text(cell) for cell in (*line.cells, "; ".join(line.notes))]
        cells[1].stylize(_COLOURS.get(line.word, ""))
        table.add_row(*cells)
    return table


def _narrow(console: Console, lines: Sequence[Line]) -> None:
    """The address takes what the other columns leave; a longer one has a line of its own."""
    from rich.text import Text

    rows = [_HEAD, *lines]
    widths = [max(len(row.cells[n]) for row in rows) for n in range(len(_COLUMNS))]
    left = console.width - sum(widths[1:]) - 2 * len(widths[1:])
    if left < 0:
        _narrower(console, lines)
        return
    widths[0] = min(widths[0], left)
    for line in rows:
        cells = [Text(cell) for cell in line.cells]
        cells[1].stylize(_COLOURS.get(line.word, ""))
        if cells[0].cell_len > widths[0]:
            console.print(cells[0], overflow="fold")
            cells[0] = Text()
        for cell, width in zip(cells, widths, strict=True):
            cell.align("right" if cell is cells[-1] else "left", width)
        console.print(Text("  ").join(cells), style="bold" if line is _HEAD else "")
        _below(console, *line.notes)


def _narrower(console: Console, lines: Sequence[Line]) -> None:
    """Where not even the other columns have room: the address, and all else in words below it."""
    from rich.text import Text

    for line in lines:
        console.print(Text(line.source), overflow="fold")
        polls = (("last", line.last), ("next", line.next))
        facts = (line.status, *(f"{name} {at}" for name, at in polls if at))
        _below(console, f"{'; '.join(facts)}; {line.articles} articles", *line.notes)


def _below(console: Console, *texts: str) -> None:
    from rich.padding import Padding
    from rich.text import Text

    for text in texts:
        console.print(Padding(Text(text, overflow="fold"), (0, 0, 0, 4)))

"""Whether a source costs the same among many, and beside many articles.

    python -m tests.benchmarks.growth [--among 1000,10000,100000]
        [--beside 10000,100000,1000000] [--rounds 3] [--day 600] [--json FILE]

The rounds `idle` (all 304) and `grown` (a tenth with one new item) of `make bench`, with short
documents: among so many sources, then of 2,000 in a database with so many articles. Sources are
configured by OPML; `start` is that of a command without any. `--day`: so many seconds of a day
among the most of them (tests.benchmarks.day).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks import day
from tests.benchmarks.contestants import Feedmill
from tests.benchmarks.origins import origin
from tests.benchmarks.rows import Row, rounds_of, show

BOUND = 1.3
"""Times the smallest: what the largest may cost a source."""
BESIDE = 2_000
"""Sources that are polled beside many articles."""
SHORT, HELD = ", short", " articles"
"""How the rows among more sources and beside more articles end."""


def among(
    folder: Path, count: int, rounds: int, label: str, articles: int = 0, stretch: float = 0
) -> Iterator[Row]:
    """`label` goes behind who is measured; `articles`: that the database holds before; `stretch`:
    seconds of a day that are run with them (tests.benchmarks.day)."""
    folder.mkdir(parents=True)
    if articles:
        fill = [sys.executable, "-m", "tests.benchmarks.filled", str(folder / "f.db")]
        subprocess.run([*fill, str(articles)], check=True)
    with origin("--n", str(count), "--small") as server:

        def grow(number: int) -> None:
            server.ask(f"tick?fraction=0.1&seed={number}")

        ours = Feedmill(folder, server.sources)
        ours.name += label
        imported = rounds_of("import", [ours], count)
        yield imported
        yield rounds_of("idle", [ours] * rounds, count)
        yield rounds_of("grown", [ours] * rounds, count, grow)
        if stretch:
            day.show(day.run(folder, server, stretch, 0.1, imported.ms))


def growth(
    folder: Path, sources: Sequence[int], articles: Sequence[int], rounds: int, stretch: float = 0
) -> Iterator[Row]:
    """A round among so many sources, and of 2,000 beside so many articles."""
    for count in sources:
        day_too = stretch if count == max(sources) else 0
        yield from among(folder / f"s{count}", count, rounds, SHORT, stretch=day_too)
    for held in articles:
        label = f", {held // 1000}k{HELD}"
        yield from among(folder / f"a{held}", BESIDE, rounds, label, held)


def add_sizes(options: argparse.ArgumentParser) -> None:
    options.add_argument("--among", type=_numbers, default=[1_000, 10_000], help="sources")
    options.add_argument("--beside", type=_numbers, default=[10_000, 100_000], help="articles")


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",") if each]


def verdicts(rows: Sequence[Row]) -> None:
    """Of the rows of `growth` among these; rows were measured many minutes apart, so by what the
    machine was worth at the time."""
    for axis, end in (("more sources", SHORT), ("more articles", HELD)):
        theirs = [row for row in rows if row.name.endswith(end)]
        for scenario in ("idle", "grown"):
            costs = [row.yards for row in theirs if row.scenario == scenario]
            if len(costs) > 1 and costs[0]:
                times = max(costs) / costs[0]
                told = "within" if times <= BOUND else "OVER"
                print(f"{scenario}, {axis}: {times:.2f} times the smallest ({told} {BOUND})")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add_sizes(options)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--day", type=float, default=0, help="seconds of it, among the most")
    options.add_argument("--json", type=Path, help="write the rows there, too")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        rows = growth(Path(name), chosen.among, chosen.beside, chosen.rounds, chosen.day)
        verdicts(show(rows, chosen.json))


if __name__ == "__main__":
    main()

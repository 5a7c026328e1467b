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
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.benchmarks import day
from tests.benchmarks.contestants import Feedmill
from tests.benchmarks.origins import origin
from tests.benchmarks.rows import Row, rounds_of, row, show, write

BOUND = 1.3
"""Times the smallest: what the largest may cost a source."""
BESIDE = 2_000
"""Sources that are polled beside many articles."""


def among(
    folder: Path, count: int, rounds: int, label: str, articles: int = 0, stretch: float = 0
) -> list[Row]:
    """`label` goes behind the scenarios' names; `articles`: that the database holds before;
    `stretch`: seconds of a day that are run with them (tests.benchmarks.day)."""
    folder.mkdir(parents=True)
    if articles:
        fill = [sys.executable, "-m", "tests.benchmarks.filled", str(folder / "f.db")]
        subprocess.run([*fill, str(articles)], check=True)
    with origin("--n", str(count), "--small") as server:

        def nothing(_number: int) -> None:
            pass

        def grow(number: int) -> None:
            server.ask(f"tick?fraction=0.1&seed={number}")

        ours = Feedmill(folder, server.sources)
        imported = row("import", ours.name, count, [ours.empty()], [ours.round()])
        rows = [imported]
        for scenario, before in (("idle", nothing), ("grown", grow)):
            rows.append(rounds_of(scenario, ours, count, rounds, before))
            told = f"{rows[-1].ms} ms, {rows[-1].yards} yards, {rows[-1].peak_mb} MB"
            print(f"{count} sources{label}: {scenario} {told}", file=sys.stderr)
        if stretch:
            day.show(day.run(folder, server, stretch, 0.1, imported.ms))
    return [replace(row, name=f"{row.name}{label}") for row in rows]


def growth(
    folder: Path, sources: Sequence[int], articles: Sequence[int], rounds: int, stretch: float = 0
) -> list[Row]:
    """A round among so many sources, and of 2,000 beside so many articles."""
    many, full = [], []
    for count in sources:
        day_too = stretch if count == max(sources) else 0
        many += among(folder / f"s{count}", count, rounds, ", short", stretch=day_too)
    for held in articles:
        label = f", {held // 1000}k articles"
        full += among(folder / f"a{held}", BESIDE, rounds, label, held)
    verdict(many, "more sources")
    verdict(full, "more articles")
    return [*many, *full]


def add_sizes(options: argparse.ArgumentParser) -> None:
    options.add_argument("--among", type=_numbers, default=[1_000, 10_000], help="sources")
    options.add_argument("--beside", type=_numbers, default=[10_000, 100_000], help="articles")


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",") if each]


def verdict(rows: Sequence[Row], axis: str) -> None:
    for scenario in ("idle", "grown"):
        # They were measured many minutes apart: by what the machine was worth at the time.
        costs = [row.yards for row in rows if row.scenario == scenario]
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
    show(rows)
    if chosen.json:
        write(chosen.json, rows)


if __name__ == "__main__":
    main()

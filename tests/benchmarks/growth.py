"""Whether a source costs the same among many, and beside many articles.

    python -m tests.benchmarks.growth [--sources 1000,10000,100000]
        [--articles 10000,100000,1000000] [--beside 2000] [--rounds 3] [--day 600] [--json FILE]

The rounds `idle` (all 304) and `grown` (a tenth with one new item) of `make bench`, with short
documents: among so many sources, then `--beside` sources in a database with so many articles.
Sources are configured by OPML; `start` is that of a command without any.
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
            show(rows[-1:])
        if stretch:
            day.show(day.run(folder, server, stretch, 0.1, imported.ms))
    return [replace(row, name=f"{row.name}{label}") for row in rows]


def verdict(rows: Sequence[Row], axis: str) -> None:
    for scenario in ("idle", "grown"):
        costs = [row.ms for row in rows if row.scenario == scenario]
        if len(costs) > 1 and costs[0]:
            times = max(costs) / costs[0]
            told = "within" if times <= BOUND else "OVER"
            print(f"{scenario}, {axis}: {times:.2f} times the smallest ({told} {BOUND})")


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",") if each]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--sources", type=_numbers, default=[1_000, 10_000, 100_000])
    options.add_argument("--articles", type=_numbers, default=[10_000, 100_000, 1_000_000])
    options.add_argument("--beside", type=int, default=2000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--day", type=float, default=0, help="seconds of it, among the most")
    options.add_argument("--json", type=Path, help="write the rows there, too")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        many = [
            row
            for count in chosen.sources
            for row in among(
                folder / f"s{count}",
                count,
                chosen.rounds,
                "",
                stretch=chosen.day if count == max(chosen.sources) else 0,
            )
        ]
        full = [
            row
            for held in chosen.articles
            for row in among(
                folder / f"a{held}", chosen.beside, chosen.rounds, f" {held // 1000}k", held
            )
        ]
    show([*many, *full])
    verdict(many, "more sources")
    verdict(full, "more articles")
    if chosen.json:
        write(chosen.json, [*many, *full])


if __name__ == "__main__":
    main()

"""`make bench`: what a round costs, next to the loop that most people would write.

    python -m tests.benchmarks [--rounds 3] [--sources 2000] [--only cold,idle] [--json FILE]
        [--among 1000,10000] [--beside 10000,100000]

cold     the 100 documents of the corpus, never seen before; sfeed and newsboat too, if installed
idle     so many sources (documents under 100 kB), all answering 304
grown    the same, a tenth of them with one new item
bare     the same without validators: every document comes, a tenth of them with one new item
still    the same without validators, nothing new
growth   idle and grown, short documents, `--among` so many sources, and 2,000 `--beside` so many
         articles (tests.benchmarks.growth; `make bench MOST=1` goes on to 100,000 and 1,000,000)
parts    reading, storing, rendering, each alone (tests.benchmarks.components)

Everything that is measured runs on one core, the origin on another; CPU seconds are those of the
whole process tree, less those of a start that finds nothing to do; medians of the rounds. The loop
runs the first two. The last column is the same in thousandths of a fixed piece of work that was
measured around each round (tests.benchmarks.yardstick): by it, rounds that lie apart are compared.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

from tests.benchmarks import growth
from tests.benchmarks.components import components
from tests.benchmarks.contestants import Contestant, Feedmill, PlainLoop
from tests.benchmarks.origins import origin
from tests.benchmarks.peers import peers
from tests.benchmarks.rows import Row, rounds_of, row, show, write

Make = Callable[[Path, list[str]], Contestant]
CONTESTANTS: tuple[Make, ...] = (PlainLoop, Feedmill)
"""The baseline first."""
SCENARIOS = ("cold", "idle", "grown", "bare", "still", "growth", "parts")
WARM = SCENARIOS[1:5]


def cold(folder: Path, rounds: int) -> list[Row]:
    with origin("--n", "100") as server:
        sources = server.sources
        found = []
        for make in (CONTESTANTS[0], *peers(), *CONTESTANTS[1:]):
            tries = [make(folder / f"cold-{make.__name__}-{i}", sources) for i in range(rounds)]
            empty = [one.empty() for one in tries]
            found.append(
                row("cold", tries[0].name, len(sources), empty, [one.round() for one in tries])
            )
        return found


def warm(folder: Path, rounds: int, count: int, only: Collection[str]) -> list[Row]:
    """The scenarios whose sources were all polled before."""
    found = []
    with origin("--n", str(count), "--max-size", "100000") as server:

        def nothing(_number: int) -> None:
            pass

        def grow(number: int) -> None:
            server.ask(f"tick?fraction=0.1&seed={number}")

        loop = PlainLoop(folder / "loop", server.sources)
        if "idle" in only:
            loop.round()
            found.append(rounds_of("idle", loop, count, rounds, nothing))
        ours = Feedmill(folder / "feedmill", server.sources)
        ours.round()
        for scenario, before in (("idle", nothing), ("grown", grow)):
            if scenario in only:
                found.append(rounds_of(scenario, ours, count, rounds, before))
        server.ask("set?validators=0")
        for scenario, before in (("bare", grow), ("still", nothing)):
            if scenario in only:
                found.append(rounds_of(scenario, ours, count, rounds, before))
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--sources", type=int, default=2000, help="of all but the cold round")
    options.add_argument("--only", default=",".join(SCENARIOS), help="scenarios, with commas")
    options.add_argument("--json", type=Path, help="write the rows there, too")
    growth.add_sizes(options)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        only = chosen.only.split(",")
        rows = cold(folder, chosen.rounds) if "cold" in only else []
        if set(only) & set(WARM):
            rows += warm(folder, chosen.rounds, chosen.sources, only)
        if "growth" in only:
            rows += growth.growth(folder, chosen.among, chosen.beside, chosen.rounds)
        if "parts" in only:
            rows += components()
    show(rows)
    if chosen.json:
        write(chosen.json, rows)


if __name__ == "__main__":
    main()

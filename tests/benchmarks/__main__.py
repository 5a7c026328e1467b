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
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from tests.benchmarks import growth
from tests.benchmarks.components import components
from tests.benchmarks.contestants import Contestant, Feedmill, PlainLoop
from tests.benchmarks.origins import origin
from tests.benchmarks.peers import peers
from tests.benchmarks.rows import Row, rounds_of, show

Make = Callable[[Path, list[str]], Contestant]
CONTESTANTS: tuple[Make, ...] = (PlainLoop, Feedmill)
"""The baseline first."""
SCENARIOS = ("cold", "idle", "grown", "bare", "still", "growth", "parts")
WARM = SCENARIOS[1:5]


def cold(folder: Path, rounds: int) -> Iterator[Row]:
    with origin("--n", "100") as server:
        sources = server.sources
        for make in (CONTESTANTS[0], *peers(), *CONTESTANTS[1:]):
            tries = [make(folder / f"cold-{make.__name__}-{i}", sources) for i in range(rounds)]
            yield rounds_of("cold", tries, len(sources))


def warm(folder: Path, rounds: int, count: int, only: Collection[str]) -> Iterator[Row]:
    """The scenarios whose sources were all polled before."""
    with origin("--n", str(count), "--max-size", "100000") as server:

        def grow(number: int) -> None:
            server.ask(f"tick?fraction=0.1&seed={number}")

        loop = PlainLoop(folder / "loop", server.sources)
        if "idle" in only:
            loop.round()
            yield rounds_of("idle", [loop] * rounds, count)
        ours = Feedmill(folder / "feedmill", server.sources)
        ours.round()
        if "idle" in only:
            yield rounds_of("idle", [ours] * rounds, count)
        if "grown" in only:
            yield rounds_of("grown", [ours] * rounds, count, grow)
        server.ask("set?validators=0")
        if "bare" in only:
            yield rounds_of("bare", [ours] * rounds, count, grow)
        if "still" in only:
            yield rounds_of("still", [ours] * rounds, count)


def asked(folder: Path, chosen: argparse.Namespace) -> Iterator[Row]:
    """The scenarios of `--only`, in the order of their description."""
    only = chosen.only.split(",")
    if "cold" in only:
        yield from cold(folder, chosen.rounds)
    if set(only) & set(WARM):
        yield from warm(folder, chosen.rounds, chosen.sources, only)
    if "growth" in only:
        yield from growth.growth(folder, chosen.among, chosen.beside, chosen.rounds)
    if "parts" in only:
        yield from components()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--sources", type=int, default=2000, help="of all but the cold round")
    options.add_argument("--only", default=",".join(SCENARIOS), help="scenarios, with commas")
    options.add_argument("--json", type=Path, help="write the rows there, too")
    growth.add_sizes(options)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        growth.verdicts(show(asked(Path(name), chosen), chosen.json))


if __name__ == "__main__":
    main()

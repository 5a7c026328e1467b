"""`make bench`: what a round costs, next to the loop that most people would write.

    python -m tests.benchmarks [--rounds 3] [--sources 2000] [--only cold,idle] [--json FILE]

cold     the 100 documents of the corpus, never seen before
idle     so many sources (documents under 100 kB), all answering 304
grown    the same, a tenth of them with one new item
bare     the same without validators: every document comes, a tenth of them with one new item
still    the same without validators, nothing new

Everything that is measured runs on one core, the origin on another; CPU seconds are those of the
whole process tree, less those of a start that finds nothing to do; medians of the rounds. The loop
runs the first two.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.benchmarks.contestants import Contestant, Cost, Feedmill, PlainLoop
from tests.benchmarks.origins import Origin, origin

Make = Callable[[Path, list[str]], Contestant]
CONTESTANTS: tuple[Make, ...] = (PlainLoop, Feedmill)
"""The baseline first."""
SCENARIOS = ("cold", "idle", "grown", "bare", "still")


@dataclass(frozen=True)
class Row:
    """`cpu`: seconds without the start; `ms`: of CPU per source."""

    scenario: str
    name: str
    sources: int
    per_second: float
    cpu: float
    ms: float
    start: float
    peak_mb: float
    new: int


def row(scenario: str, name: str, sources: int, empty: list[Cost], rounds: list[Cost]) -> Row:
    start = statistics.median(cost.cpu for cost in empty)
    cpu = statistics.median(cost.cpu for cost in rounds) - start
    wall = statistics.median(cost.wall for cost in rounds)
    wall -= statistics.median(cost.wall for cost in empty)
    return Row(
        scenario=scenario,
        name=name,
        sources=sources,
        per_second=round(sources / wall, 1),
        cpu=round(cpu, 2),
        ms=round(cpu / sources * 1000, 2),
        start=round(start, 2),
        peak_mb=round(max(cost.peak for cost in rounds) / 1e6, 1),
        new=int(rounds[-1].said["new"]),
    )


def cold(folder: Path, rounds: int) -> list[Row]:
    with origin("--n", "100") as server:
        sources = server.sources
        found = []
        for make in CONTESTANTS:
            tries = [make(folder / f"cold-{make.__name__}-{i}", sources) for i in range(rounds)]
            empty = [one.empty() for one in tries]
            found.append(
                row("cold", tries[0].name, len(sources), empty, [one.round() for one in tries])
            )
        return found


def rounds_of(
    scenario: str, one: Contestant, server: Origin, rounds: int, before: Callable[[int], None]
) -> Row:
    """`before` is told the number of each round."""
    empty = [one.empty() for _ in range(rounds)]
    costs = []
    for number in range(rounds):
        before(number)
        costs.append(one.round())
    return row(scenario, one.name, len(server.sources), empty, costs)


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
            found.append(rounds_of("idle", loop, server, rounds, nothing))
        ours = Feedmill(folder / "feedmill", server.sources)
        ours.round()
        for scenario, before in (("idle", nothing), ("grown", grow)):
            if scenario in only:
                found.append(rounds_of(scenario, ours, server, rounds, before))
        server.ask("set?validators=0")
        for scenario, before in (("bare", grow), ("still", nothing)):
            if scenario in only:
                found.append(rounds_of(scenario, ours, server, rounds, before))
    return found


def show(rows: list[Row]) -> None:
    print(
        "scenario  who          sources  sources/s   CPU s  CPU ms/source  start s  peak MB    new"
    )
    for one in rows:
        print(
            f"{one.scenario:<9} {one.name:<12} {one.sources:>7} {one.per_second:>10} {one.cpu:>7}"
            f" {one.ms:>14} {one.start:>8} {one.peak_mb:>8} {one.new:>6}"
        )
    loops = {one.scenario: one for one in rows if one.name == PlainLoop.name}
    for ours in rows:
        base = loops.get(ours.scenario, ours)
        if base is ours:
            continue
        print(
            f"{ours.scenario}: {ours.name} takes {ours.cpu / base.cpu:.2f} of the CPU of the "
            f"{base.name}, {ours.per_second / base.per_second:.1f} times its speed"
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--sources", type=int, default=2000, help="of all but the cold round")
    options.add_argument("--only", default=",".join(SCENARIOS), help="scenarios, with commas")
    options.add_argument("--json", type=Path, help="write the rows there, too")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        only = chosen.only.split(",")
        rows = cold(folder, chosen.rounds) if "cold" in only else []
        if set(only) - {"cold"}:
            rows += warm(folder, chosen.rounds, chosen.sources, only)
    show(rows)
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(one) for one in rows], indent=1))


if __name__ == "__main__":
    main()

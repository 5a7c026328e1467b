"""What a scenario cost: one row of the table, to be shown, written and read again."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests.benchmarks.contestants import Contestant, Cost, PlainLoop
from tests.benchmarks.yardstick import yardstick


@dataclass(frozen=True)
class Row:
    """`cpu`: seconds without the start; `ms`: of CPU per source; `yards`: the same in thousandths
    of the yardstick that was measured around it, or 0 where none was."""

    scenario: str
    name: str
    sources: int
    per_second: float
    cpu: float
    ms: float
    start: float
    peak_mb: float
    new: int
    yards: float = 0.0


def _row(scenario: str, name: str, sources: int, empty: list[Cost], rounds: list[Cost]) -> Row:
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


def _nothing(_number: int) -> None:
    pass


def rounds_of(
    scenario: str,
    contestants: Sequence[Contestant],
    sources: int,
    before: Callable[[int], None] = _nothing,
) -> Row:
    """A round of each, all of one name: the same one again, or new ones. `before` is told the
    number of each round."""
    empty, costs, shares = [], [], []
    for number, one in enumerate(contestants):
        before(number)
        paces = [yardstick()]
        empty.append(one.empty())
        costs.append(one.round())
        paces.append(yardstick())
        shares.append((costs[-1].cpu - empty[-1].cpu) / statistics.mean(paces))
    yards = round(statistics.median(shares) / sources * 1000, 3)
    return replace(_row(scenario, contestants[0].name, sources, empty, costs), yards=yards)


def show(rows: Iterable[Row], path: Path | None = None) -> list[Row]:
    """Each as soon as it is measured; with `path` they are written there, too, so that a run that
    is ended early leaves what it has."""
    print(
        f"scenario  {'who, or what':<45} {'sources':>7}  sources/s   CPU s  CPU ms/source  start s"
        "  peak MB   stored  by yardstick",
        flush=True,
    )
    shown: list[Row] = []
    for one in rows:
        print(
            f"{one.scenario:<9} {one.name:<45} {one.sources:>7} {one.per_second:>10} {one.cpu:>7}"
            f" {one.ms:>14} {one.start:>8} {one.peak_mb:>8} {one.new:>8} {one.yards or '':>13}",
            flush=True,
        )
        shown.append(one)
        if path:
            write(path, shown)
    loops = {one.scenario: one for one in rows if one.name == PlainLoop.name}
    for ours in shown:
        base = loops.get(ours.scenario, ours)
        if base is ours or base.sources != ours.sources:
            continue
        print(
            f"{ours.scenario}: {ours.name} takes {ours.cpu / base.cpu:.2f} of the CPU of the "
            f"{base.name}, {ours.per_second / base.per_second:.1f} times its speed"
        )
    return shown


def write(path: Path, rows: list[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(one) for one in rows], indent=1) + "\n")


def read(path: Path) -> list[Row]:
    return [Row(**one) for one in json.loads(path.read_text())]

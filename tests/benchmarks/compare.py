"""`make bench-compare OLD=… NEW=…`: whether what was measured has become dearer.

    python -m tests.benchmarks.compare OLD.json NEW.json [--slack 0.15]

Row by row of the files that `make bench` writes; ends with 1 when a row takes more CPU per source
or memory than before by more than the slack, stores less, or is missing. Figures drift with the
machine, so CPU is compared by the yardstick that was measured around each row
(tests.benchmarks.yardstick); of the rows that nothing of ours changes, the plain loop's and
feedparser's, the same shows how far that holds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.rows import Row, read


@dataclass(frozen=True)
class Change:
    """One row as it was and as it is; `now` None: it was not measured again. `regressed`: why it
    is worse, in words; none where it is not."""

    was: Row
    now: Row | None
    regressed: tuple[str, ...]

    def line(self) -> str:
        was, now = self.was, self.now
        head = f"{was.scenario:<9} {was.name:<45} {was.sources:>7}"
        if now is None:
            return f"{head}  not measured"
        return (
            f"{head} {was.ms:>8.2f} {now.ms:>8.2f} {_dearer(was, now):>6.2f}"
            f" {was.peak_mb:>8.1f} {now.peak_mb:>8.1f} {was.new:>7} {now.new:>7}"
            + "".join(f"  {word}" for word in self.regressed)
        )


def compared(old: Sequence[Row], new: Sequence[Row], slack: float) -> Iterator[Change]:
    """One for each row of `old`, in its order; rows that only `new` has are no regression. Pure."""
    found = {(row.scenario, row.name, row.sources): row for row in new}
    for was in old:
        now = found.get((was.scenario, was.name, was.sources))
        yield Change(was, now, ("missing",) if now is None else tuple(_worse(was, now, slack)))


def _worse(was: Row, now: Row, slack: float) -> Iterator[str]:
    if _dearer(was, now) > 1 + slack:
        yield "more CPU"
    if _ratio(was.peak_mb, now.peak_mb) > 1 + slack:
        yield "more memory"
    if now.new < was.new:
        yield "fewer articles"


def _dearer(was: Row, now: Row) -> float:
    """Times as much CPU as before."""
    if was.yards and now.yards:
        return _ratio(was.yards, now.yards)
    return _ratio(was.ms, now.ms)


def _ratio(was: float, now: float) -> float:
    return now / was if was > 0 else 1.0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("old", type=Path)
    options.add_argument("new", type=Path)
    options.add_argument("--slack", type=float, default=0.15, help="share that counts as the same")
    chosen = options.parse_args()
    print(
        f"scenario  {'who, or what':<45} sources   CPU ms, was, now  times   peak MB, was, now"
        "   articles"
    )
    changes = list(compared(read(chosen.old), read(chosen.new), chosen.slack))
    for change in changes:
        print(change.line())
    sys.exit(any(change.regressed for change in changes))


if __name__ == "__main__":
    main()

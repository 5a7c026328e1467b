"""How often to ask: requests and delays of each rule, by pattern and over the mix.

    python -m tests.benchmarks.cadence [--seed 1] [--days 120] [--mix steady=8,office=18,...]

Deterministic: the same seed gives the same table. Delays in minutes from a post to the poll that
finds it; requests a source and day; the time of learning is counted in.
"""

from __future__ import annotations

import argparse

from tests.benchmarks.cadence.patterns import MIX, PREDICTABLE
from tests.benchmarks.cadence.rules import CommaFeed, Feedmill, Fixed, Miniflux
from tests.benchmarks.cadence.simulate import DAYS, Make, Sample, Tally, compare, samples, tuned

OTHERS: dict[str, Make] = {
    "fixed 60 min": Fixed,
    "entry frequency": Miniflux,
    "empirical": CommaFeed,
}
RULES: dict[str, Make] = {"Feedmill": Feedmill, **OTHERS}


def cell(tally: Tally) -> str:
    if not tally.delays:
        return f"{tally.daily:.1f} · –"
    return f"{tally.daily:.1f} · {tally.median:.0f} · {tally.p95:.0f}"


def table(found: dict[str, dict[str, Tally]], mix: dict[str, int]) -> None:
    print("| pattern | sources |", " | ".join(RULES), "| delay per request |")
    print("|---|---|" + "---|" * (len(RULES) + 1))
    for name in (*mix, "mix"):
        ours, fixed = found["Feedmill"][name], found["fixed 60 min"][name]
        cost = "–"
        if ours.delays:
            cost = f"{ours.daily * ours.mean / (fixed.daily * fixed.mean):.2f}"
            cost += "" if name in (*PREDICTABLE, "mix") else " *"
        count = mix.get(name, sum(mix.values()))
        cells = " | ".join(cell(found[rule][name]) for rule in RULES)
        print(f"| {name} | {count} | {cells} | {cost} |")


def same_median(ours: Tally, sources: list[Sample]) -> None:
    print(
        "| at the same median over the mix | stretched by | requests | median | p95 | ours need |"
    )
    print("|---|---|---|---|---|---|")
    print(f"| Feedmill | 1 | {ours.daily:.1f} | {ours.median:.0f} | {ours.p95:.0f} | |")
    for name, make in OTHERS.items():
        scale, tallies = tuned(make, sources, ours.median)
        one = tallies["mix"]
        print(
            f"| {name} | {scale:.2f} | {one.daily:.1f} | {one.median:.0f} | {one.p95:.0f} "
            f"| {ours.daily / one.daily:.2f} |"
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--days", type=float, default=DAYS)
    options.add_argument("--mix", help="pattern=sources,…; the default is in patterns.py")
    chosen = options.parse_args()
    mix = MIX
    if chosen.mix:
        pairs = (each.split("=") for each in chosen.mix.split(","))
        mix = {name: int(count) for name, count in pairs}
    sources = samples(mix, chosen.seed, chosen.days)
    found = {name: compare(make, 1.0, sources) for name, make in RULES.items()}
    print("Requests a source and day · median delay · p95 delay, minutes:\n")
    table(found, mix)
    print()
    same_median(found["Feedmill"]["mix"], sources)


if __name__ == "__main__":
    main()

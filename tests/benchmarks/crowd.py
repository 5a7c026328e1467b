"""Ten thousand sources on fifty hosts, all due at the start of `feedmill run`.

    python -m tests.benchmarks.crowd [--sources 10000] [--hosts 50] [--latency-ms 50] [--json FILE]

The origin counts: most requests at once on one host, the smallest gap between two of them, how
many came in each stretch of time. Memory is the sum of PSS over the process tree. Ends when every
source was asked once.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.cores import MEASURED_CORE
from tests.benchmarks.measured import descendants, pss
from tests.benchmarks.origins import Origin, origin
from tests.flows.command import free_port

LOOK = 2.0
"""Seconds between two looks at the origin's counters and our memory."""


@dataclass(frozen=True)
class Look:
    """After so many seconds: requests so far, PSS in MB."""

    seconds: float
    requests: int
    mb: float


@dataclass(frozen=True)
class Crowd:
    sources: int
    hosts: int
    seconds: float
    """Until the last source had been asked."""
    asked: int
    requests: int
    most_on_one_host: int
    smallest_gap: float
    most_in_flight: int
    busiest: float
    """Requests per second in the busiest stretch, and in all below."""
    mean: float
    mb_early: float
    """Once a tenth was asked; `mb_late`: at the end, `mb_peak`: in between."""
    mb_late: float
    mb_peak: float


def run(folder: Path, server: Origin, hosts: int, patience: float) -> Crowd:
    sources = server.sources
    config = folder / "feedmill.toml"
    config.write_text(
        f'[server]\nlisten = "127.0.0.1:{free_port()}"\n'
        '[poll]\nallow_private = ["127.0.0.0/8"]\n'
        + "".join(f'[[sources]]\nurl = "{url}"\n' for url in sources)
    )
    server.ask("reset?scenario=crowd")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.cli", "--config", str(config), "run"],
            stdout=log,
            stderr=log,
            preexec_fn=lambda: os.sched_setaffinity(0, {MEASURED_CORE}),
        )
        try:
            looks, stats = watch(process, server, len(sources), patience)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
    return summed(len(sources), hosts, looks, stats)


def watch(
    process: subprocess.Popen[bytes], server: Origin, wanted: int, patience: float
) -> tuple[list[Look], dict[str, Any]]:
    begun, looks = time.monotonic(), list[Look]()
    while True:
        time.sleep(LOOK)
        stats = json.loads(server.ask("stats"))
        passed = time.monotonic() - begun
        memory = sum(pss(pid) for pid in (process.pid, *descendants(process.pid))) / 1e6
        looks.append(Look(passed, stats["requests"], memory))
        if stats["distinct_sources"] >= wanted or passed > patience or process.poll() is not None:
            return looks, stats


def summed(sources: int, hosts: int, looks: list[Look], stats: dict[str, Any]) -> Crowd:
    first = Look(0.0, 0, 0.0)
    rates = [
        (after.requests - before.requests) / (after.seconds - before.seconds)
        for before, after in zip([first, *looks], looks, strict=False)
    ]
    early = next((each for each in looks if each.requests * 10 >= sources), looks[-1])
    return Crowd(
        sources=sources,
        hosts=hosts,
        seconds=round(looks[-1].seconds, 1),
        asked=stats["distinct_sources"],
        requests=stats["requests"],
        most_on_one_host=stats["peak_on_one_host"],
        smallest_gap=stats["min_gap_on_one_host"] or 0.0,
        most_in_flight=stats["peak_in_flight"],
        busiest=round(max(rates), 1),
        mean=round(stats["requests"] / looks[-1].seconds, 1),
        mb_early=round(early.mb, 1),
        mb_late=round(looks[-1].mb, 1),
        mb_peak=round(max(each.mb for each in looks), 1),
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--sources", type=int, default=10_000)
    options.add_argument("--hosts", type=int, default=50)
    options.add_argument("--latency-ms", type=int, default=50)
    options.add_argument("--patience", type=float, default=1200.0, help="seconds at the most")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    wanted = ("--n", str(chosen.sources), "--hosts", str(chosen.hosts))
    latency = ("--latency-ms", str(chosen.latency_ms))
    with origin("--small", *wanted, *latency) as server, tempfile.TemporaryDirectory() as name:
        crowd = run(Path(name), server, chosen.hosts, chosen.patience)
    for key, value in asdict(crowd).items():
        print(f"{key:<18}{value:>10}")
    if chosen.json:
        chosen.json.write_text(json.dumps(asdict(crowd), indent=1))


if __name__ == "__main__":
    main()

"""A day at 100,000 sources, each asked once an hour: a stretch of it, run for real.

    python -m tests.benchmarks.day [--sources 100000] [--seconds 600] [--fraction 0.1] [--json FILE]

All sources are imported, their due times laid evenly over an hour, and `feedmill run` is left to
itself for so long, while one source in ten has a new item. The rest of the day is as that
stretch: CPU as a share of two cores, growth of the database from what is written in it.
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
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from feeds.store import open_store
from feeds.store.tables import host, source
from tests.benchmarks.contestants import Feedmill
from tests.benchmarks.cores import MEASURED_CORE
from tests.benchmarks.measured import descendants, pss
from tests.benchmarks.origins import Origin, origin
from tests.flows.command import free_port

HOUR = timedelta(hours=1)
LOOK = 10.0
"""Seconds between two looks at the memory."""
HOURLY = 'interval = "1h"\nmin_interval = "1h"\nmax_interval = "1h"\n'
CORES = 2
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Day:
    sources: int
    seconds: float
    requests: int
    per_second: float
    wanted_per_second: float
    """What `sources` an hour are."""
    new: int
    """Articles stored meanwhile."""
    cpu: float
    """Seconds in the stretch, of the whole process tree."""
    of_two_cores: float
    """Share."""
    peak_mb: float
    import_ms: float
    """CPU of the import before, a source."""
    database_mb: float
    """Before the stretch."""
    grown_mb_a_day: float


def laid_evenly(database: Path, count: int) -> None:
    """Due times of all sources, over the hour that begins now."""
    store = open_store(f"sqlite:///{database}")
    now = store.now()
    store.close()
    engine = sa.create_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        ids = connection.execute(sa.select(source.c.id).order_by(source.c.id)).scalars().all()
        dues = [{"n": i, "due": now + HOUR * (at / count)} for at, i in enumerate(ids)]
        due = sa.bindparam("due", type_=source.c.next_due.type)
        laid = sa.update(source).where(source.c.id == sa.bindparam("n"))
        connection.execute(laid.values(next_due=due, wake=due), dues)
        first = sa.select(sa.func.min(source.c.wake)).where(source.c.host == host.c.name)
        connection.execute(sa.update(host).values(wake=first.scalar_subquery()))
    engine.dispose()


def settled(config: Path, database: Path) -> None:
    """What `run` does after an import by `poll`, once: the first feeds, and the search in their
    stories. No day is like that."""
    publish = [sys.executable, "-m", "config.cli", "--config", str(config), "publish"]
    subprocess.run(publish, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    store = open_store(f"sqlite:///{database}")
    while store.index_texts():
        pass
    store.close()


def spent(tree: list[int]) -> float:
    """CPU seconds of these processes, and of those that they have waited for."""
    found = 0.0
    for pid in tree:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found += sum(map(int, fields[11:15])) / _TICKS
    return found


def stretch(config: Path, server: Origin, seconds: float, hourly: float) -> dict[str, Any]:
    """`feedmill run` for so long. Each source is asked once at the most, so that what is new in it
    may be there from the beginning."""
    server.ask(f"tick?fraction={hourly}&seed=1")
    before = json.loads(server.ask("stats"))["requests"]
    with config.with_name("log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.cli", "--config", str(config), "run"],
            stdout=log,
            stderr=log,
            preexec_fn=lambda: os.sched_setaffinity(0, {MEASURED_CORE}),
        )
        begun, peak = time.monotonic(), 0
        try:
            while (passed := time.monotonic() - begun) < seconds and process.poll() is None:
                time.sleep(min(LOOK, seconds - passed))
                tree = [process.pid, *descendants(process.pid)]
                peak = max(peak, sum(map(pss, tree)))
            passed = time.monotonic() - begun
            asked = json.loads(server.ask("stats"))["requests"] - before
        finally:
            cpu = spent([process.pid, *descendants(process.pid)])
            process.send_signal(signal.SIGTERM)
            process.wait()
    if process.returncode:
        sys.exit(f"run ended with {process.returncode}: see {config.with_name('log')}")
    return {"seconds": passed, "requests": asked, "cpu": cpu, "peak": peak}


def stored(database: Path) -> tuple[int, int]:
    """(articles, bytes in use)."""
    store = open_store(f"sqlite:///{database}")
    articles = store.counts()["articles"]
    store.close()
    engine = sa.create_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        pragma = ("page_count", "freelist_count", "page_size")
        pages, free, size = (
            int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()) for name in pragma
        )
    engine.dispose()
    return articles, (pages - free) * size


def run(folder: Path, server: Origin, seconds: float, hourly: float, import_ms: float) -> Day:
    """Of sources that were imported into `folder` (contestants.Feedmill) at that cost."""
    count = len(server.sources)
    config, database = folder / "feedmill.toml", folder / "f.db"
    text = config.read_text().replace("[poll]\n", f"[poll]\n{HOURLY}")
    config.write_text(text + f'[server]\nlisten = "127.0.0.1:{free_port()}"\n')
    settled(config, database)
    laid_evenly(database, count)
    articles, before = stored(database)
    ran = stretch(config, server, seconds, hourly)
    more, after = stored(database)
    rate, day = ran["requests"] / ran["seconds"], 86_400 / ran["seconds"]
    return Day(
        sources=count,
        seconds=round(ran["seconds"], 1),
        requests=ran["requests"],
        per_second=round(rate, 2),
        wanted_per_second=round(count / 3600, 2),
        new=more - articles,
        cpu=round(ran["cpu"], 2),
        of_two_cores=round(ran["cpu"] / ran["seconds"] / CORES, 4),
        peak_mb=round(ran["peak"] / 1e6, 1),
        import_ms=round(import_ms, 2),
        database_mb=round(before / 1e6, 1),
        grown_mb_a_day=round((after - before) / 1e6 * day, 1),
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--sources", type=int, default=100_000)
    options.add_argument("--seconds", type=float, default=600.0)
    options.add_argument("--fraction", type=float, default=0.1, help="with a new item")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    wanted = ("--n", str(chosen.sources), "--small")
    with origin(*wanted) as server, tempfile.TemporaryDirectory() as name:
        ours = Feedmill(Path(name), server.sources)
        import_ms = (ours.round().cpu - ours.empty().cpu) / chosen.sources * 1000
        day = run(Path(name), server, chosen.seconds, chosen.fraction, import_ms)
    show(day)
    if chosen.json:
        chosen.json.write_text(json.dumps(asdict(day), indent=1))


def show(day: Day) -> None:
    for key, value in asdict(day).items():
        print(f"{key:<18}{value:>10}")


if __name__ == "__main__":
    main()

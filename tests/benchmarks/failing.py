"""A day on which everything fails, and the day after, on a driven clock.

    python -m tests.benchmarks.failing [--sources 10000] [--json FILE]

Each source is a host of its own at which nothing listens: real connections, really refused, by the
real fetcher, schedule, claims and store; only the time between them is skipped. Then every host
answers, and what is looked at is how far the recovery is spread.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aggregator.fetch import HttpFetcher
from aggregator.identity.urls import default_rules
from aggregator.poll import Limits, Poller
from aggregator.read.reader import read
from config import logs
from config.poll_log import log_poll
from feeds.models import Poll, Source
from feeds.store import Store, open_store
from tests.origin import Origin

TTL = timedelta(minutes=2)
BATCH = 500
STEP = timedelta(seconds=20)
"""Between two looks at what is due; a real tick is a second, and a day of these takes hours."""
FEED = b"<rss version='2.0'><channel><title>Back</title></channel></rss>"


@dataclass(frozen=True)
class Day:
    """`busiest`: the most requests in one minute; `cpu` in seconds; sizes in bytes at its end."""

    requests: int
    first_hour: int
    last_hour: int
    busiest: int
    cpu: float
    failing: int
    """Sources that stand with an error."""
    database: int
    log: int


class World:
    """A store, a poller and a clock that is moved on to whatever is due next."""

    def __init__(self, folder: Path, urls: Iterable[str]) -> None:
        self.at = datetime(2026, 3, 2, 8, tzinfo=UTC)
        self.database, self.log = folder / "day.db", folder / "day.log"
        self._stream = self.log.open("w")
        logs.configure(file=self._stream)
        self.store: Store = open_store(f"sqlite:///{self.database}", now=self.now)
        sources = [Source(url=url) for url in urls]
        self.store.sync_sources(sources)
        self._poller = Poller(
            sources={source.url: source for source in sources},
            fetcher=HttpFetcher("Feedmill/bench", now=self.now),
            read=read,
            archive=self.store.archive,
            seen=self.store.seen,
            rules=default_rules(),
            now=self.now,
            limits=Limits(timeout=5.0, allow_private=True),
        )

    def now(self) -> datetime:
        return self.at

    def day(self) -> Day:
        """The next 24 hours."""
        end, cpu = self.at + timedelta(days=1), time.process_time()
        minutes: Counter[int] = Counter()
        begun = self.at
        while (soon := self.store.next_claimable()) is not None and soon < end:
            self.at = max(soon, self.at + STEP)
            while claims := self.store.claim_due(BATCH, TTL):
                self._record([self._poller(claim) for claim in claims])
                minutes[(self.at - begun) // timedelta(minutes=1)] += len(claims)
        self.at = end
        self._stream.flush()
        return Day(
            requests=minutes.total(),
            first_hour=sum(count for minute, count in minutes.items() if minute < 60),
            last_hour=sum(count for minute, count in minutes.items() if minute >= 23 * 60),
            busiest=max(minutes.values(), default=0),
            cpu=round(time.process_time() - cpu, 1),
            failing=sum(state.error_kind is not None for state in self.store.sources()),
            database=self._size(),
            log=self.log.stat().st_size,
        )

    def _record(self, polls: list[Poll]) -> None:
        for poll, result in zip(polls, self.store.record(polls), strict=True):
            log_poll(poll, result)

    def _size(self) -> int:
        return sum(path.stat().st_size for path in self.database.parent.glob("day.db*"))

    def close(self) -> None:
        self.store.close()
        self._stream.close()


def host(number: int) -> str:
    """One loopback address for each source."""
    return f"127.{number // 62500 + 1}.{number // 250 % 250}.{number % 250 + 1}"


def failing_days(count: int, folder: Path) -> dict[str, Day]:
    """The first and second day of failure, and the day of recovery."""
    with Origin(host="0.0.0.0") as origin:  # on a port that is closed until it is needed
        port = origin.port
    world = World(folder, (f"http://{host(i)}:{port}/feed" for i in range(count)))
    try:
        days = {"failing": world.day(), "failing on": world.day()}
        with Origin(host="0.0.0.0", port=port) as origin:
            origin.serve("/feed", FEED, etag=True)
            days["back"] = world.day()
        return days
    finally:
        world.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--sources", type=int, default=10_000)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        days = failing_days(chosen.sources, Path(name))
    columns = tuple(each.name for each in fields(Day))
    print(f"{'day':<12}" + "".join(f"{column:>12}" for column in columns))
    for title, day in days.items():
        print(f"{title:<12}" + "".join(f"{asdict(day)[column]:>12}" for column in columns))
    if chosen.json:
        chosen.json.write_text(json.dumps({k: asdict(v) for k, v in days.items()}, indent=1))


if __name__ == "__main__":
    main()

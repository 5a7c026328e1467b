"""How fast the desk's pages are with many sources, and what an edit costs.

    python -m tests.benchmarks.desk [--sources 10000] [--rounds 9]

A real installation: that many sources, imported from the bench's origin, in forty categories;
then `feedmill run`, and each page asked for several times: median and worst, in ms as a browser
waits, and the CPU ms of the web server's process. The bound is 200 ms. `edit`: of one source, as
the desk does it; `bulk`: of all of them at once.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from config.changing import change_sources, source_table
from config.load import load
from tests.benchmarks.origins import origin
from tests.flows.command import Installation, Site, children

BOUND = 200.0
CATEGORIES = 40
PAGES = (
    "/desk/", "/desk/sources", "/desk/sources?sort=title&page=40", "/desk/sources?state=failing",
    "/desk/sources?q=777", "/desk/sources?category=c7", "/desk/sources/77", "/desk/add",
    "/desk/feeds", "/desk/feeds/new", "/desk/feeds/c7", "/desk/articles", "/desk/articles?q=item",
    "/desk/articles/7", "/desk/ops.atom", "/metrics", "/api/sources", "/api/sources/77",
)  # fmt: skip


def configure(here: Installation, urls: list[str]) -> None:
    categories = "".join(f'[categories.c{n}]\ntitle = "Category {n}"\n' for n in range(CATEGORIES))
    sources = "".join(
        f'\n[[sources]]\nurl = "{url}"\ncategories = ["c{n % CATEGORIES}"]\n'
        for n, url in enumerate(urls)
    )
    here.configure(categories + sources, poll="per_host = 100\nconcurrency = 64")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sources", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="feedmill-desk-") as name:
        here = Installation(Path(name))
        with origin("--n", str(given.sources), "--small") as server:
            configure(here, server.sources)
            here.verb("poll", "--now", timeout=3000)
            here.verb("publish", timeout=600)
            edit(here)
            bulk(here)
            with here.running() as site:
                pages(site, given.rounds)


def edit(here: Installation) -> None:
    file = here.folder / "feedmill.toml"
    settings = load(file)
    source = list(settings.sources.values())[len(settings.sources) // 2]
    spent = []
    for number in range(3):
        began = time.process_time()
        seen = source_table(settings, source)
        change_sources(settings, [(source, {"title": f"Another {number}"})], seen.__eq__)
        spent.append(time.process_time() - began)
        settings = load(file)
    print(f"edit     {statistics.median(spent) * 1000:6.0f} CPU ms")


def bulk(here: Installation) -> None:
    settings = load(here.folder / "feedmill.toml")
    wanted = [(each, {"categories": ["c1"]}) for each in settings.sources.values()]
    began = time.process_time()
    change_sources(settings, wanted)
    print(f"bulk     {(time.process_time() - began) * 1000:6.0f} CPU ms")


def pages(site: Site, rounds: int) -> None:
    server = _server(site)
    site.get("/desk/")  # what is imported for the first page is imported
    worst = 0.0
    for path in PAGES:
        waited, began = [], _cpu(server)
        for _ in range(rounds):
            at = time.perf_counter()
            page = site.get(path)
            waited.append(1000 * (time.perf_counter() - at))
            assert page.status == 200, (path, page.status)
        spent = 1000 * (_cpu(server) - began) / rounds
        middle = statistics.median(waited)
        worst = max(worst, middle)
        print(f"{path:36} {middle:6.0f} ms, at worst {max(waited):6.0f}, CPU {spent:6.0f} ms, "
              f"{len(page.body) // 1000:4} kB")  # fmt: skip
    print(f"the slowest page: {worst:.0f} ms (bound: {BOUND:.0f})")
    if worst > BOUND:
        sys.exit(1)


def _server(site: Site) -> int:
    for pid in children(site.process.pid):
        if b"config.serving" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise SystemExit("the web server's process was not found")


def _cpu(pid: int) -> float:
    """Seconds, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


if __name__ == "__main__":
    main()

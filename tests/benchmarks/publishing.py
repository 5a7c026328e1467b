"""What publishing one new article costs, and how fast feeds are served next to nginx.

    python -m tests.benchmarks.publishing [--only rendering,serving] [--seconds 4] [--polls 0]

rendering   a category of 100 articles of the corpus, of which one is new: CPU ms of each format;
            the gate's and the compressions' apart
serving     a feed of 100 kB from one worker of ours and one of nginx on the same core, the same
            folder, asked by wrk on the other: 200 with gzip, and 304; median of five, as ratios.
            --polls N: a running Feedmill polls N sources every second beside them.

nginx and wrk are Debian's packages of these names.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from feeds.models import FeedItem, RenderedFile
from publisher.gate import gate
from publisher.outlet import _PACKERS, DirectoryOutlet
from publisher.render.all import RENDERERS
from publisher.web.server import WebServer
from tests.benchmarks.cores import MEASURED_CORE, ORIGIN_CORE
from tests.benchmarks.origins import origin
from tests.flows.command import Installation
from tests.publisher.making import SITE, page
from tests.publisher.reading_back import documents, items
from tests.shared import shared

LENGTH, ROUNDS = 100_000, 5


def stories(count: int) -> list[FeedItem]:
    """Real articles, as many from each source as makes a hundred."""
    bodies = [path.read_bytes() for path in sorted(shared("corpus").iterdir()) if path.is_file()]
    some = [item for document in documents(bodies) for item in items(document)[:4]][:count]
    return [
        replace(
            item,
            seq=number,
            story_id=number,
            published_id=f"urn:uuid:00000000-0000-0000-0000-{number:012}",
            article=replace(item.article, id=number),
        )
        for number, item in enumerate(some)
    ]


def rendering() -> None:
    found = stories(101)
    for render in RENDERERS:  # as the publishing before had it
        gate(render(SITE, page(*found[:100])))
    total = [0.0, 0.0, 0.0]
    for render in RENDERERS:
        at = [time.process_time()]
        file = render(SITE, page(*found[1:]))
        at.append(time.process_time())
        gate(file)
        at.append(time.process_time())
        for pack in _PACKERS.values():
            pack(file.body)
        at.append(time.process_time())
        spans = [1000 * (b - a) for a, b in pairwise(at)]
        total = [a + b for a, b in zip(total, spans, strict=True)]
        name = render.__name__.removeprefix("render_")
        print(f"{name:8} {len(file.body):8} bytes, CPU ms: rendered {spans[0]:5.1f}, "
              f"checked {spans[1]:5.1f}, gzip and brotli {spans[2]:5.1f}")  # fmt: skip
    print(f"all      CPU ms: rendered {total[0]:5.1f}, checked {total[1]:5.1f}, "
          f"gzip and brotli {total[2]:5.1f}")  # fmt: skip


def serving(seconds: int, polls: int) -> None:
    for tool in ("wrk", "nginx"):
        if shutil.which(tool) is None and not Path(f"/usr/sbin/{tool}").exists():
            sys.exit(f"{tool} is missing: install Debian's {tool}")
    with tempfile.TemporaryDirectory(prefix="feedmill-serving-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        _put(folder / "public")
        with (
            _polling(folder / "polling", polls),
            _ours(folder / "public") as ours,
            _nginx(folder) as theirs,
        ):
            rates: dict[tuple[str, str], list[float]] = {}
            for _ in range(ROUNDS):
                for who, url in (("feedmill", ours), ("nginx", theirs)):
                    tag = _tag(url)
                    for what, headers in (
                        ("200", ["Accept-Encoding: gzip"]),
                        ("304", ["Accept-Encoding: gzip", f"If-None-Match: {tag}"]),
                    ):
                        rates.setdefault((what, who), []).append(_wrk(url, headers, seconds))
    for what in ("200", "304"):
        mine, other = (statistics.median(rates[what, who]) for who in ("feedmill", "nginx"))
        print(f"{what}: feedmill {mine:,.0f}/s, nginx {other:,.0f}/s, ratio {mine / other:.2f}")


def _put(public: Path) -> None:
    some = stories(100)
    rendered = [RENDERERS[1](SITE, page(*some[:n])) for n in range(1, 101)]
    nearest = min(rendered, key=lambda file: abs(len(file.body) - LENGTH))
    print(f"a feed of {len(nearest.body):,} bytes")
    file = RenderedFile(
        path="news/atom.xml",
        body=nearest.body,
        media_type=nearest.media_type,
        modified=datetime(2026, 11, 20, tzinfo=UTC),
    )
    DirectoryOutlet(public).put(file)


@contextmanager
def _polling(folder: Path, polls: int) -> Iterator[None]:
    """A Feedmill of its own that polls so many sources every second, on whatever core is free."""
    if not polls:
        yield
        return
    with origin("--n", str(polls), "--small") as found:
        here = Installation(folder)
        lists = "".join(f'[[sources]]\nurl = "{url}"\nevery = "1s"\n' for url in found.sources)
        here.configure(lists, poll='min_interval = "1s"')
        with here.running():
            time.sleep(5)  # the first poll of each, which reads all of it
            found.ask("reset?scenario=beside")
            began = time.monotonic()
            yield
            asked = json.loads(found.ask("stats"))["requests"]
            print(f"beside them {asked / (time.monotonic() - began):.0f} polls/s")


@contextmanager
def _ours(public: Path) -> Iterator[str]:
    port = _port()
    server = WebServer("127.0.0.1", port, public, f"http://127.0.0.1:{port}")
    server.start()
    process = server._process
    assert process is not None
    subprocess.run(["taskset", "-a", "-p", "-c", str(MEASURED_CORE), str(process.pid)],
                   check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    try:
        _wait(url := f"http://127.0.0.1:{port}/news/atom.xml")
        subprocess.run(["taskset", "-a", "-p", "-c", str(MEASURED_CORE), str(process.pid)],
                       check=True, stdout=subprocess.DEVNULL)  # fmt: skip
        yield url
    finally:
        server.stop()


@contextmanager
def _nginx(folder: Path) -> Iterator[str]:
    port = _port()
    config = folder / "nginx.conf"
    config.write_text(
        f"user root; daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error;\n"
        "events { worker_connections 1024; }\n"
        "http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;\n"
        "open_file_cache max=100;\n"
        f"server {{ listen 127.0.0.1:{port}; root {folder}/public; gzip_static on;\n"
        "types { application/atom+xml xml; } add_header Vary Accept-Encoding; } }\n"
    )
    command = ["taskset", "-c", str(MEASURED_CORE), "nginx", "-p", str(folder), "-c", str(config)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(url := f"http://127.0.0.1:{port}/news/atom.xml")
            yield url
        finally:
            process.terminate()


def _wrk(url: str, headers: list[str], seconds: int) -> float:
    given = [part for header in headers for part in ("-H", header)]
    command = ["taskset", "-c", str(ORIGIN_CORE), "wrk", "-t1", "-c32", f"-d{seconds}s", *given]
    done = subprocess.run([*command, url], capture_output=True, text=True, check=True)
    if "Non-2xx or 3xx" in done.stdout:
        sys.exit(done.stdout)
    found = re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout)
    assert found is not None, done.stdout
    return float(found[1])


def _tag(url: str) -> str:
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return str(answer.headers["ETag"])


def _port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait(url: str) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"{url} does not answer")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    options.add_argument("--only", default="rendering,serving")
    options.add_argument("--seconds", type=int, default=4)
    options.add_argument("--polls", type=int, default=0)
    chosen = options.parse_args()
    if "rendering" in chosen.only:
        rendering()
    if "serving" in chosen.only:
        serving(chosen.seconds, chosen.polls)


if __name__ == "__main__":
    main()

"""aggregator.read.pool: what a hostile document costs, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aggregator.read.pool import ReaderPool
from aggregator.read.reader import read
from feeds.errors import (
    EmptyDocument,
    NotAFeed,
    ReadCrashed,
    ReadError,
    ReadTooHungry,
    ReadTooSlow,
)

ROOT = Path(__file__).resolve().parents[2]
URL = "http://feed.test/dir/feed"
FEED = b"""<rss version="2.0" xmlns:itunes="http://www.itunes.com/DTDs/PodCast-1.0.dtd"><channel>
<title>T</title><ttl>60</ttl><item><title>One</title><guid>1</guid><category>c</category>
<author>a@b.test (A)</author><pubDate>Fri, 28 May 2010 21:03:38.5 +0200</pubDate>
<enclosure url="/a.mp3" length="5" type="audio/mpeg"/><itunes:duration>5:00</itunes:duration>
<source url="http://other.test/">Other</source><description>&lt;b&gt;x&lt;/b&gt;</description>
</item></channel></rss>"""
SLOW = b"<rss version='2.0'><channel><item><author>%b</author></item></channel></rss>" % (
    b"a" * 40_000
)
"""feedparser's e-mail pattern is quadratic: 9.5 s of CPU under the GIL (FACTS)."""
HUNGRY = b"<rss version='2.0'><channel>%b</channel></rss>" % (b"<item><a>b</a></item>" * 150_000)
"""3 MB that feedparser makes some 300 MB of."""


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    found = ReaderPool(2, timeout=1.0, memory=96 << 20)
    yield found
    found.close()


def stat(pid: int) -> tuple[str, int]:
    """(state, parent) of a process; a zombie's state is Z."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "Z", 0
    return fields[0], int(fields[1])


def descendants(pid: int) -> set[int]:
    """All processes below one that are alive."""
    parents = {int(path.name): stat(int(path.name)) for path in Path("/proc").glob("[0-9]*")}
    found: set[int] = set()
    above = {pid}
    while above:
        above = {child for child, (state, up) in parents.items() if up in above and state != "Z"}
        found |= above
    return found


def ended(pids: set[int]) -> bool:
    """Whether all are gone within five seconds."""
    deadline = time.monotonic() + 5
    while any(stat(pid)[0] != "Z" for pid in pids):
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.01)
    return True


def test_a_document_crosses_the_boundary_unchanged(pool: ReaderPool) -> None:
    """What the worker read is equal to what reading here gives, down to dates and mappings."""
    document = pool(FEED, URL, "application/rss+xml")
    assert document == read(FEED, URL, "application/rss+xml")
    assert document.entries[0].extra["itunes:duration"] == "5:00"
    assert document.entries[0].published is not None


def test_errors_keep_their_class_and_message(pool: ReaderPool) -> None:
    """The poll sees the same error as without processes."""
    with pytest.raises(EmptyDocument):
        pool(b" \n", URL, None)
    with pytest.raises(NotAFeed, match="HTML page"):
        pool(b"<!doctype html><title>x</title>", URL, None)


def test_a_slow_document_is_ended_and_others_are_not(pool: ReaderPool) -> None:
    """The deadline holds within a second, and the other worker reads on meanwhile."""
    pool(FEED, URL, None)
    with ThreadPoolExecutor(2) as threads:
        begun = time.monotonic()
        slow = threads.submit(pool, SLOW, URL, None)
        longest = 0.0
        while not slow.done():
            at = time.monotonic()
            pool(FEED, URL, None)
            longest = max(longest, time.monotonic() - at)
        with pytest.raises(ReadTooSlow):
            slow.result()
        assert time.monotonic() - begun < 5
        assert longest < 1
    assert pool(FEED, URL, None).title == "T"


@pytest.mark.slow
def test_a_hungry_document_is_ended() -> None:
    """Memory over the limit is its own error, and the next document is read."""
    pool = ReaderPool(1, timeout=30.0, memory=64 << 20)
    try:
        with pytest.raises(ReadTooHungry, match="64 MB"):
            pool(HUNGRY, URL, None)
        assert pool(FEED, URL, None).title == "T"
    finally:
        pool.close()


def test_a_worker_killed_from_outside_is_replaced() -> None:
    """The system's OOM killer takes an idle worker: the next document is read all the same."""
    pool = ReaderPool(1, timeout=5.0)
    try:
        before = descendants(os.getpid())
        pool(FEED, URL, None)
        workers = {pid for pid in descendants(os.getpid()) - before if not descendants(pid)}
        workers = {pid for pid in workers if b"tracker" not in cmdline(pid)}
        assert workers
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        assert ended(workers)
        assert read_at_last(pool) == "T"
    finally:
        pool.close()


def test_no_document_pays_for_a_killed_fork_server() -> None:
    """Its workers die with it: what they were reading is read again, in new ones."""
    pool, busy = ReaderPool(2, timeout=30.0), SLOW.replace(b"a" * 30_000, b"")
    before = descendants(os.getpid())
    try:
        pool(FEED, URL, None)
        with ThreadPoolExecutor(4) as threads:
            readings = [threads.submit(pool, busy, URL, None) for _ in range(4)]
            workers = {pid for pid in descendants(os.getpid()) - before if not descendants(pid)}
            while all(stat(pid)[0] != "R" for pid in workers):
                threading.Event().wait(0.005)
            for pid in descendants(os.getpid()) - before - workers:
                os.kill(pid, signal.SIGKILL)
            assert [len(each.result(60).entries) for each in readings] == [1, 1, 1, 1]
    finally:
        pool.close()


def cmdline(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def read_at_last(pool: ReaderPool) -> str:
    """The title, after at most one reading that the dying worker took with it."""
    try:
        return pool(FEED, URL, None).title
    except ReadCrashed:
        return pool(FEED, URL, None).title


def test_many_threads_share_the_pool(pool: ReaderPool) -> None:
    """Thread-safe: each thread gets its own document."""
    bodies = [FEED.replace(b"<title>T<", b"<title>T%d<" % n) for n in range(60)]
    with ThreadPoolExecutor(12) as threads:
        titles = list(threads.map(lambda body: pool(body, URL, None).title, bodies))
    assert titles == [f"T{n}" for n in range(60)]


def test_a_closed_pool_reads_nothing_more() -> None:
    """Closing ends the processes, also twice, also unused; a later reading is refused."""
    pool = ReaderPool(1)
    pool.close()
    with pytest.raises(ReadCrashed, match="closed"):
        pool(FEED, URL, None)
    pool.close()


def test_closing_ends_a_reading_under_way() -> None:
    """SIGTERM has ten seconds: no reading holds up the end."""
    pool = ReaderPool(1, timeout=30.0)
    pool(FEED, URL, None)
    failed: list[Exception] = []

    def reading() -> None:
        try:
            pool(SLOW, URL, None)
        except ReadError as error:
            failed.append(error)

    thread = threading.Thread(target=reading)
    thread.start()
    begun = time.monotonic()
    pool.close()
    thread.join(10)
    assert not thread.is_alive()
    assert time.monotonic() - begun < 5
    assert len(failed) == 1


SPARING = """
import sys
from aggregator.read.pool import ReaderPool
def main():
    for number in range(2):
        pool = ReaderPool(1, timeout=60)
        print(pool(FEED, "http://feed.test/", None).title, flush=True)
        pool.close(server=True)
    sys.stdin.read()
FEED = sys.argv[1].encode()
if __name__ == "__main__":
    main()
"""


def test_the_fork_server_ends_with_the_last_pool(tmp_path: Path) -> None:
    """Where nothing more is to be read, and it can be had again."""
    script = tmp_path / "program.py"
    script.write_text(SPARING)
    with subprocess.Popen(
        [sys.executable, script, FEED.decode()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as program:
        assert program.stdout is not None
        assert [program.stdout.readline() for _ in range(2)] == [b"T\n"] * 2
        servers = {each for each in descendants(program.pid) if b"forkserver" in said(each)}
        assert ended(servers)
        assert program.poll() is None
        program.communicate()
    assert program.returncode == 0


def said(pid: int) -> bytes:
    """The command line of a process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


PROGRAM = """
import os, sys, threading
from aggregator.read.pool import ReaderPool
def main():
    pool = ReaderPool(2, timeout=60)
    print(pool(sys.stdin.buffer.read(), "http://feed.test/", None).title, flush=True)
    threading.Event().wait()
if __name__ == "__main__":
    main()
"""


def test_nothing_outlives_a_killed_parent(tmp_path: Path) -> None:
    """kill -9 of the main process leaves no worker and no fork server behind."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write(FEED)
        program.stdin.close()
        assert program.stdout.readline() == b"T\n"
        left = descendants(program.pid)
        assert len(left) >= 3
        program.send_signal(signal.SIGKILL)
        assert ended(left)

"""`feedmill run`: polls, publishes, serves, and ends when told."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import feedparser
import pytest

from tests.flows.command import Installation, Site, alive, children, rss, until
from tests.origin import Answer, Origin, Received

SECRET = "token-dont-tell-7781"
CONFIG = """
[categories.news]
title = "News"
[[sources]]
url = "{good}"
categories = ["news"]
[[sources]]
url = "{missing}"
[[sources]]
url = "{private}"
headers = {{ Authorization = {{ env = "FEED_TOKEN" }} }}
"""


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/good", rss("one", "two"), etag=True)
        found.serve("/private", rss("secret", title="Private wire"))
        yield found


@pytest.fixture
def here(tmp_path: Path, origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setenv("FEED_TOKEN", f"Bearer {SECRET}")
    found = Installation(tmp_path)
    private = origin.url("/private").replace("//", "//user:pass-dont-tell@") + f"?key={SECRET}"
    found.configure(
        CONFIG.format(good=origin.url("/good"), missing=origin.url("/missing"), private=private)
    )
    return found


def test_the_main_job(here: Installation, origin: Origin) -> None:
    """Sources in, category feeds out: pages, feeds, OPML; and no secret in logs or output."""
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of two")
        # Each file is replaced whole, one after the other: the Atom feed follows.
        found = feedparser.parse(site.wait_for("/news/atom.xml", "Title of two").body)
        assert {each.title for each in found.entries} == {"Title of one", "Title of two"}
        for path in ("/", "/news/", "/all/rss.xml", "/feeds.opml", "/healthz", "/robots.txt"):
            assert site.get(path).status == 200, path
        moved = site.get("/news")
        assert (moved.status, moved.headers["location"]) == (308, site.url("/news/"))
        page = site.get("/news/rss.xml")
        again = site.get("/news/rss.xml", If_None_Match=page.headers["etag"])
        assert (again.status, again.body) == (304, b"")
        assert until(lambda: "kind=http" in site.log.read_text())
        assert until(lambda: len(origin.asked("/private")) == 1)
        site.wait_for("/all/rss.xml", "Title of secret")
        states = here.json("sources")
        assert [each["status"] for each in states] == ["ok", "failing", "ok"]
        told = json.dumps([states, here.json("articles")]) + here.verb("sources")
    for file in here.public.rglob("*"):
        told += file.read_bytes().decode("latin-1") if file.is_file() else ""
    told += site.log.read_text()
    assert SECRET not in told
    assert "dont-tell" not in told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_when_told(here: Installation, origin: Origin, number: int) -> None:
    """Within 10 s although a server holds its answer: exit code 0, claims released, no process
    left over."""
    held = threading.Event()
    origin.answer("/good", Answer(200, rss("late"), gate=held))
    with here.running() as site:
        assert until(lambda: origin.asked("/good"))
        family = children(site.process.pid)
        code, seconds = site.stop(number)
    assert code == 0
    assert seconds < 10
    assert until(lambda: not alive(family)), family
    held.set()
    origin.serve("/good", rss("now"))
    assert here.json("poll", "--source", origin.url("/good"))["new"] == 1


def test_ends_in_time_while_the_database_is_locked(here: Installation, origin: Origin) -> None:
    """Another process writes, and writes: each of our last words would wait 10 s for it."""
    held = threading.Event()
    origin.answer("/good", Answer(200, rss("late"), gate=held))
    with here.running() as site:
        assert until(lambda: origin.asked("/good"))
        with closing(sqlite3.connect(here.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            family = children(site.process.pid)
            code, seconds = site.stop()
        assert code == 0
        assert seconds < 10
        assert until(lambda: not alive(family)), family
        assert "stopping took too long" in site.log.read_text()
    held.set()
    assert here.verb("check")


def test_one_run_for_a_database(here: Installation) -> None:
    """The second one refuses, says why, and does not disturb the first."""
    with here.running() as site:
        second = here.call("run")
        assert second.returncode == 1
        assert "another" in second.stderr
        assert "Traceback" not in second.stderr
        assert site.get("/healthz").status == 200


def test_a_port_that_is_taken(here: Installation) -> None:
    """Exit code 2, and the setting is named."""
    with socket.create_server(("127.0.0.1", here.port)):
        done = here.call("run")
    assert done.returncode == 2
    assert "server.listen" in done.stderr
    assert str(here.port) in done.stderr


def test_json_logs(here: Installation) -> None:
    """With --log-json each line is one object with time, level and event."""
    with here.running("--log-json") as site:
        site.wait_for("/news/rss.xml", "Title of two")
        assert until(lambda: "poll failed" in site.log.read_text())
    lines = [json.loads(line) for line in site.log.read_text().splitlines()]
    assert {"running", "polled", "poll failed", "stopped"} <= {each["event"] for each in lines}
    assert all({"timestamp", "level", "event"} <= set(each) for each in lines)


def test_new_articles_arrive_while_it_runs(here: Installation, origin: Origin) -> None:
    """What a poll beside it brings is published within seconds, under an own ETag."""
    with here.running() as site:
        before = site.wait_for("/news/rss.xml", "Title of two").headers["etag"]
        origin.serve("/good", rss("three", "one", "two"), etag=True)
        here.verb("poll", "--now", "--source", origin.url("/good"))
        after = site.wait_for("/news/rss.xml", "Title of three")
        assert after.headers["etag"] != before


def test_the_web_server_comes_back(here: Installation) -> None:
    """Killed, it is started again; the log says so."""
    with here.running() as site:
        assert until(lambda: server_of(site) is not None)
        server = server_of(site)
        assert server is not None
        signal_to(server)
        assert until(lambda: server_of(site) not in (None, server))
        site.wait_for("/readyz")
        assert "starting it again" in site.log.read_text()


def server_of(site: Site) -> int | None:
    for pid in alive(children(site.process.pid)):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"config.serving" in command:
            return pid
    return None


def signal_to(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_per_host_limit_holds_after_a_restart(tmp_path: Path) -> None:
    """Everything due at once, four hosts: never two requests to one host at a time (E19)."""
    at_once: dict[str, int] = {}
    worst: dict[str, int] = {}
    lock = threading.Lock()
    arrived = threading.Barrier(4)

    def reply(request: Received) -> Answer:
        host = request.headers["host"]
        with lock:
            at_once[host] = at_once.get(host, 0) + 1
            worst[host] = max(worst.get(host, 0), at_once[host])
        with contextlib.suppress(threading.BrokenBarrierError):
            arrived.wait(5)  # all four hosts are asked at the same time, once at least
        with lock:
            at_once[host] -= 1
        return Answer(200, rss(request.path))

    here = Installation(tmp_path)
    with Origin(host="0.0.0.0") as origin:
        urls = []
        for number in range(20):
            origin.answer(f"/{number}", reply)
            urls.append(origin.url(f"/{number}", host=f"127.0.2.{number % 4 + 1}"))
        here.configure(sources=urls)
        assert here.json("poll")["new"] == 20
        assert set(worst.values()) == {1}
        assert origin.most_at_once == 4


def test_a_damaged_database(here: Installation) -> None:
    """`run` refuses, with what to do, before it asks or publishes anything."""
    here.verb("poll")
    content = bytearray(here.database.read_bytes())
    half = len(content) // 2 // 4096 * 4096
    content[half : half + 40_000] = bytes(len(content[half : half + 40_000]))
    here.database.write_bytes(content)
    done = here.call("run")
    assert done.returncode == 1
    assert "put a backup in its place" in done.stderr
    assert not here.public.exists()


def test_a_full_disk(here: Installation, origin: Origin) -> None:
    """Not ready, and the feeds are served; one line says it; all goes on when there is room."""
    held = threading.Event()
    origin.answer("/good", Answer(200, rss(*(f"n{n}" for n in range(3000))), gate=held))
    with here.running() as site:
        assert until(lambda: origin.asked("/good"))
        limit_files(site, here.database.stat().st_size + 50_000)
        held.set()
        assert until(lambda: site.get("/readyz").status == 503)
        assert site.get("/all/rss.xml").status == 200
        limit_files(site, resource.RLIM_INFINITY)
        site.wait_for("/all/rss.xml", "Title of n7")
        site.wait_for("/readyz")
        assert site.log.read_text().count("record failed, retrying") == 1


def limit_files(site: Site, size: int) -> None:
    """As a disk that has no more room."""
    for pid in (site.process.pid, *alive(children(site.process.pid))):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

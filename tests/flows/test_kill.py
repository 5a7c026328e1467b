"""kill -9 at any moment loses nothing but the poll in hand."""

from __future__ import annotations

import io
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import feedparser
import pytest
from lxml import etree

from tests.flows.command import Installation, alive, children, rss, until
from tests.origin import Answer, Origin, Received

pytestmark = pytest.mark.slow

SOURCES, KILLS = 12, 20
SEED = int.from_bytes(os.urandom(4))
"""Other moments each time; told when the test fails."""
CONFIG = """
[categories.all]
limit = 5000
"""


class Growing:
    """An origin whose documents have one item more each time, and come in two pieces."""

    def __init__(self, origin: Origin) -> None:
        self.given: dict[str, int] = {}
        self.urls = []
        for number in range(SOURCES):
            path = f"/{number}"
            origin.answer(path, self.reply)
            self.urls.append(origin.url(path, host=f"127.0.3.{number + 1}"))

    def reply(self, request: Received) -> Answer:
        count = self.given[request.path] = self.given.get(request.path, 0) + 1
        name = request.path.strip("/")
        return Answer(200, rss(*(f"{name}-{n}" for n in reversed(range(count)))))


@contextmanager
def reading(folder: Path, broken: list[str]) -> Iterator[None]:
    """Parse what is published, again and again, as a web server's visitors would."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.01):
            for path in (folder / "all" / "atom.xml", folder / "all" / "rss.xml"):
                if path.exists():
                    try:
                        etree.fromstring(path.read_bytes())
                    except etree.XMLSyntaxError as error:
                        broken.append(f"{path.name}: {error}")

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_kill_9_at_twenty_random_points(tmp_path: Path) -> None:
    """Of polling and publishing, alone and within `run`: the database is sound, no article is
    there twice, every file is whole, no process survives; and the next poll finds everything."""
    moments, broken = random.Random(SEED), list[str]()
    here = Installation(tmp_path)
    with Origin(host="0.0.0.0") as origin:
        growing = Growing(origin)
        here.configure(
            CONFIG + "".join(f'[[sources]]\nurl = "{u}"\nevery = "1s"\n' for u in growing.urls)
        )
        here.verb("poll")
        here.verb("publish")
        with reading(here.public, broken):
            for number in range(KILLS):
                kill_once(here, moments, verb=("run", "run", "poll", "publish")[number % 4])
                check_database(here.database)
        assert broken == []
        here.verb("poll", "--now")
        here.verb("publish")
        articles = here.json("articles", "--limit", "100000")
        counted = Counter(each["guid"] for each in articles)
        assert [guid for guid, times in counted.items() if times > 1] == [], f"seed {SEED}"
        # The last poll saw each document whole: all that it ever held is there.
        assert len(counted) == sum(growing.given.values()), f"seed {SEED}"
    found = feedparser.parse(io.BytesIO((here.public / "all" / "atom.xml").read_bytes()))
    assert not found.bozo
    assert {each.title.removeprefix("Title of ") for each in found.entries} == set(counted)
    leftovers = [path for path in here.public.rglob("*") if path.is_file() and is_temporary(path)]
    assert leftovers == [], f"seed {SEED}"


def kill_once(here: Installation, moments: random.Random, verb: str) -> None:
    if verb == "run":
        site = here.start()
        site.wait_for("/readyz")
        wait = moments.uniform(0, 1.5)
        process = site.process
    else:
        process = subprocess.Popen(
            [*here.command, verb, *(["--now"] if verb == "poll" else [])],
            cwd=here.folder,
            env=here.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait = moments.uniform(0.5, 2.0)
    # The moment itself is what is tested.
    time.sleep(wait)
    family = children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert until(lambda: not alive(family)), f"seed {SEED}: left over {alive(family)}"


def check_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",), f"seed {SEED}"


def is_temporary(path: Path) -> bool:
    """Half-written; the notes for the web server are whole."""
    return path.name.startswith(".") and path.name not in (".feed.json", ".site.json")

"""The installed command, run as a user runs it: a folder of its own, a configuration, verbs.

here = Installation(tmp_path)
here.configure(sources=[origin.url("/feed")])
here.verb("poll", "--now")                  # exit code 0, else the test fails
here.json("articles")                       # what a verb says with --json
with here.running() as site:                # `feedmill run`, ready when the block begins
    site.get("/all/atom.xml")
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from itertools import count, islice
from pathlib import Path
from typing import IO, Any

from tests.flows.forked import Forked, can_be_forked

COMMAND = (sys.executable, "-m", "config.cli")
ROOT = Path(__file__).resolve().parents[2]
HEADER = """\
[site]
title = "A wire"
contact = "ops@example.org"
[server]
listen = "127.0.0.1:{port}"
[poll]
host_delay = "0.001s"
allow_private = ["127.0.0.0/8"]
{poll}
"""


Process = subprocess.Popen[bytes] | Forked


@dataclass(frozen=True)
class Page:
    """`headers`: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Site:
    """A running `feedmill run`."""

    process: Process
    port: int
    log: Path

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path: str, **headers: str) -> Page:
        """Redirects are not followed. A header's name is given with _ for -."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url(path), headers=given)
        try:
            with _opener.open(request, timeout=20) as answer:
                return Page(answer.status, _lower(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Page(error.code, _lower(error.headers), error.read())

    def wait_for(self, path: str, text: str = "", seconds: float = 60) -> Page:
        """Until the page is there (and holds this text)."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                page = self.get(path)
                if page.status == 200 and text.encode() in page.body:
                    return page
            except OSError:
                page = None
            if self.process.poll() is not None or time.monotonic() > deadline:
                code = self.process.poll()
                raise AssertionError(f"{path}: {page} (exit {code})\n{self.log.read_text()}")
            # What is waited for happens in another process: nothing to be woken by.
            time.sleep(0.05)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """(exit code, seconds that it took)"""
        started = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(30), time.monotonic() - started


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode().replace("\r\n", "\n")


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in headers.items()}


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any) -> None:
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)


class Installation:
    """A folder with a feedmill.toml, and the command run in it."""

    def __init__(self, folder: Path, command: Sequence[str] = COMMAND) -> None:
        self.folder, self.command = folder, list(command)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.variables: dict[str, str] = {}
        """Of the environment, beside the usual ones."""

    @property
    def public(self) -> Path:
        return self.folder / "var" / "public"

    @property
    def database(self) -> Path:
        return self.folder / "var" / "feedmill.db"

    def configure(self, text: str = "", *, sources: Sequence[str] = (), poll: str = "") -> None:
        """Write feedmill.toml: a header for tests, `text`, and these URLs without category."""
        lists = [f"[[sources]]\nurl = {json.dumps(url)}" for url in sources]
        content = "\n".join([HEADER.format(port=self.port, poll=poll), text, *lists, ""])
        (self.folder / "feedmill.toml").write_text(content)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("FEEDMILL_")}
        return kept | {"TZ": "UTC", "COLUMNS": "200"} | self.variables | more

    def call(
        self, *arguments: str, timeout: float = 120, given: str | None = None, **more: str
    ) -> _Done:
        """Run a verb; `given` is its standard input; other keywords are environment variables."""
        with (
            tempfile.TemporaryFile() as put,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as said,
        ):
            put.write((given or "").encode())
            put.seek(0)
            process = self._begin(arguments, put, out, said, **more)
            try:
                code = process.wait(timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise
            texts = [_text(each) for each in (out, said)]
        return subprocess.CompletedProcess([*self.command, *arguments], code, *texts)

    def _begin(
        self, arguments: Sequence[str], put: IO[Any], out: IO[Any], said: IO[Any], **more: str
    ) -> Process:
        environment = self.environment(**more)
        streams: dict[str, Any] = {"stdin": put, "stdout": out, "stderr": said}
        if tuple(self.command) == COMMAND and can_be_forked(environment):
            return Forked(arguments, cwd=self.folder, env=environment, **streams)
        command = [*self.command, *arguments]
        return subprocess.Popen(command, cwd=self.folder, env=environment, **streams)

    def verb(self, *arguments: str, timeout: float = 120) -> str:
        """What a verb that must succeed prints."""
        done = self.call(*arguments, timeout=timeout)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def json(self, *arguments: str, timeout: float = 120) -> Any:
        return json.loads(self.verb(*arguments, "--json", timeout=timeout))

    def start(self, *arguments: str) -> Site:
        """`feedmill run`, not waited for."""
        log = self.folder / "run.log"
        with log.open("ab") as output, Path(os.devnull).open("rb") as nothing:
            process = self._begin([*arguments, "run"], nothing, output, output)
        return Site(process, self.port, log)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Site]:
        site = self.start(*arguments)
        try:
            site.wait_for("/readyz")
            yield site
        finally:
            if site.process.poll() is None:
                site.process.terminate()
                try:
                    site.process.wait(20)
                except subprocess.TimeoutExpired:
                    site.process.kill()
                    site.process.wait()


_Done = subprocess.CompletedProcess[str]


def free_port() -> int:
    """One that nobody comes by before it is used: below those that the system hands out, to
    connections too, and of a thousand that are this worker's own."""
    for port in islice(_ports, 1000):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise AssertionError("all of this worker's ports are in use")


def _own_ports() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    # Runs of the suite at the same time begin elsewhere.
    return ((21 + worker) * 1000 + at % 1000 for at in count(os.getpid()))


_ports = _own_ports()


def rss(*items: str, title: str = "A source", link: str = "http://a.test/") -> bytes:
    """An RSS document whose items have these names as guid, title and part of their link."""
    shown = "".join(
        f"<item><title>Title of {name}</title><guid isPermaLink='false'>{name}</guid>"
        f"<link>{link}{name}</link><pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate>"
        f"<description>Text of {name}</description></item>"
        for name in items
    )
    return (
        f"<rss version='2.0'><channel><title>{title}</title><link>{link}</link>"
        f"<description>d</description>{shown}</channel></rss>"
    ).encode()


def children(pid: int) -> set[int]:
    """All descendants of a process, as they are now."""
    parents: dict[int, int] = {}
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                fields = (each / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(each.name)] = int(fields[1])
    found: set[int] = set()
    todo = [pid]
    while todo:
        now = todo.pop()
        more = [child for child, parent in parents.items() if parent == now]
        found.update(more)
        todo.extend(more)
    return found


def alive(pids: set[int]) -> set[int]:
    """Those that still run; a zombie does not."""
    found = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            found.add(pid)
    return found


def until(happened: Any, seconds: float = 40) -> bool:
    """Whether it became true in time; for what other processes do."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True

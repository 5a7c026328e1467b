"""The web server: granian in a process of its own beside the poller, clear of its GIL.

It is told over its standard input how the engine fares (one line a beat: "ready", or what is
wrong) and ends when that input ends, so it never outlives the engine, not even a kill -9. Another
module may be its process, one that serves with callbacks for hubs (config.serving); what that one
must know and nobody else may see comes as the first line.

The socket is the engine's, and is handed to the process: one that follows another (another folder,
say) takes connections from the same queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feeds.protocols import Callbacks
    from publisher.web.app import Behind
    from publisher.web.counting import Counting
    from publisher.web.hub import Subscriptions
    from publisher.web.search import Search

STALE = 30.0
"""Seconds after which a silent engine counts as not ready."""
READY = "ready"
END = "end in "
"""What the process is told at last, with the seconds that it has."""
LEFT = 2.0
"""Those seconds, when the engine was killed and could not tell."""
COUNTS = 20.0
"""Seconds between two words on who reads."""
SERVING = "serving"
"""What the process says when it takes connections."""
BACKLOG = 1024
"""Who may wait until somebody takes him: a process needs a second or two to begin."""


class AddressTaken(OSError):
    """Something else listens there."""


class WebServer:
    """Starts, informs and stops the server process."""

    def __init__(
        self,
        host: str,
        port: int,
        folder: Path,
        site_url: str,
        *,
        private: Path | None = None,
        module: str = "publisher.web.server",
        hello: str | None = None,
        hear: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """`module` is run with these five as arguments; `hello`: its first line. `hear`
        is told each line that it says."""
        self._args = [host, str(port), str(folder), site_url, str(private or "")]
        self._hear = hear
        self._module, self._hello = module, hello
        self._process: subprocess.Popen[str] | None = None
        self._listener: threading.Thread | None = None
        self._socket: socket.socket | None = None
        self._serving = threading.Event()
        self._lock = threading.Lock()

    def become(self, other: WebServer) -> bool:
        """Go on as that one, if the process need not be another; its new first line is told."""
        if self._args != other._args or self._module != other._module:
            return False
        if self._hello != other._hello:
            self._hello = other._hello
            if self._hello is not None:
                self.tell(self._hello)
        return True

    def same_address(self, other: WebServer) -> bool:
        return self._args[:2] == other._args[:2]

    def check(self) -> None:
        """Raises AddressTaken."""
        listening(self._args[0], int(self._args[1])).close()

    def follow(self, other: WebServer) -> None:
        """Take connections from that one's queue, if it has the same address; it goes on as well,
        until it is stopped."""
        if self.same_address(other) and other._socket is not None:
            self._socket, other._socket = other._socket, None

    def start(self) -> None:
        """Raises AddressTaken."""
        if self._socket is None:
            self._socket = listening(self._args[0], int(self._args[1]))
        self._serving.clear()
        number = self._socket.fileno()
        command = [sys.executable, "-m", self._module, *self._args, str(number)]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            pass_fds=[number],
        )
        self._listener = threading.Thread(target=self._listen, args=[self._process], daemon=True)
        self._listener.start()
        if self._hello is not None:
            self.tell(self._hello)

    def _listen(self, process: subprocess.Popen[str]) -> None:
        """What it says, until it ends."""
        if process.stdout is not None:
            for line in process.stdout:
                if line.strip() == SERVING:
                    self._serving.set()
                else:
                    self._hear(line.strip())

    def tell(self, state: str = READY) -> None:
        """Say that the engine is ready, or what is wrong with it."""
        with self._lock, contextlib.suppress(OSError):
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.write(state.replace("\n", " ") + "\n")
                self._process.stdin.flush()

    def answers(self, within: float = 0.0) -> bool:
        """Whether it takes connections by now, or in so many seconds."""
        return self._serving.wait(within) and self.runs()

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ended(self) -> int | None:
        """The exit code of a process that should run and does not; None while it runs."""
        return self._process.poll() if self._process else None

    def stop(self, timeout: float = 5.0) -> None:
        """Whom it has taken it answers, but for at most so many seconds."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is None:
            return
        self.tell(f"{END}{timeout}")
        with self._lock, contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._listener is not None:  # its last word is heard yet
            self._listener.join(1.0)


def listening(host: str, port: int) -> socket.socket:
    """A socket that does. Raises AddressTaken with the reason when it can't."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        # What was closed a minute ago holds up nobody (TIME_WAIT).
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(BACKLOG)
        found.setblocking(False)  # as Granian takes from it
    except OSError as error:
        found.close()
        raise AddressTaken(error.errno, error.strerror) from error
    return found


class Beat:
    """The engine's last word, and when it came."""

    def __init__(self) -> None:
        self._word, self._at = "starting", time.monotonic()

    def hear(self, word: str) -> None:
        self._word, self._at = word, time.monotonic()

    def readiness(self) -> str | None:
        if time.monotonic() - self._at > STALE:
            return "the engine does not answer"
        return None if self._word == READY else self._word


async def serve(
    socket_number: int,
    folder: Path,
    site_url: str,
    private: Path | None = None,
    *,
    callbacks: Callbacks | None = None,
    subscriptions: Subscriptions | None = None,
    search: Search | None = None,
    behind: Behind | None = None,
    told: Callable[[str], None] = lambda _line: None,
) -> None:
    """Serve on a listening socket until standard input ends. Said on standard output: SERVING when
    that has begun; who reads what, a line of JSON each time: [day, [[slug, kind of reader, how
    many], …]]. `behind`: another application for paths of its own; `told`: hears the lines of
    standard input that begin with "{"."""
    from publisher.web.app import App
    from publisher.web.handed import Handed  # only this process pays for granian
    from publisher.web.rsgi import Rsgi

    beat = Beat()
    app = App(
        folder,
        site_url,
        beat.readiness,
        callbacks=callbacks,
        subscriptions=subscriptions,
        search=search,
        private=private,
        behind=behind,
    )
    answering = Rsgi(app)
    listening = socket.socket(fileno=socket_number)
    server = Handed(answering, listening, lambda: _out(SERVING), BACKLOG)
    running = asyncio.create_task(server.serve())
    ended, left = asyncio.Event(), LEFT
    loop = asyncio.get_running_loop()

    def listen() -> None:
        nonlocal left
        for line in sys.stdin:
            if line.startswith("{"):
                told(line)
            elif line.startswith(END):
                left = float(line.removeprefix(END))
            else:
                beat.hear(line.strip())
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=listen, daemon=True).start()
    counting = asyncio.create_task(_say_readers(app.counting))
    waiting = asyncio.create_task(ended.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        answering.part()
        # Half of the time for those who have not asked yet, and for those who keep their connection
        # to be told; then for what takes long, which shall be over before we are killed.
        await server.leave(left * 0.5)
    counting.cancel()
    _say(app.counting)
    if not running.done():
        server.stop()  # type: ignore[no-untyped-call]
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(running, left * 0.3)


def _run(serving: Coroutine[Any, Any, None]) -> None:
    """On uvloop where there is one: a fifth more requests."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(serving)
    else:
        uvloop.run(serving)


async def _say_readers(counting: Counting) -> None:
    while True:
        await asyncio.sleep(COUNTS)
        _say(counting)


def _say(counting: Counting) -> None:
    day, rows = counting.news()
    if rows:
        _out(json.dumps([day, rows]))


def _out(line: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # the engine is gone: so are we, soon
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def main(
    callbacks: Callbacks | None = None,
    subscriptions: Subscriptions | None = None,
    search: Search | None = None,
    behind: Behind | None = None,
    told: Callable[[str], None] = lambda _line: None,
    at_end: Callable[[], None] = lambda: None,
) -> None:
    # The address is for whoever looks at the list of processes.
    _host, _port, folder, site_url, private, number = sys.argv[1:7]
    _run(
        serve(
            int(number),
            Path(folder),
            site_url,
            Path(private) if private else None,
            callbacks=callbacks,
            subscriptions=subscriptions,
            search=search,
            behind=behind,
            told=told,
        )
    )
    at_end()
    # Semaphores of processes that were ended are given back as their locks are collected; nothing
    # else does it once we leave as below, and then Python complains of leaks in the log.
    gc.collect()
    # Granian's threads outlive its loop, and one that asks for the GIL of an interpreter that is
    # being taken down panics: lines of it in the log at one stop in four.
    os._exit(0)


if __name__ == "__main__":
    main()

"""The command without its imports: each run is forked from a process that has loaded it.

A thousand runs of verbs, each of which imports the same five hundred modules for a second of CPU,
were most of what the whole suite cost. A forked run is a process of its own, with its own
arguments, environment, folder and streams, that ends as any other does.

    python -m tests.flows.forked NUMBER     the process that forks; NUMBER: of its socket
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import types
from collections.abc import Mapping, Sequence
from functools import cache
from typing import IO, Any, NoReturn

_COUNT = struct.Struct("<q")
_PR_SET_PDEATHSIG = 1
_STARTED_WITH = ("PYTHON", "LC_", "LANG", "LD_")
"""Beginnings of variables that count when an interpreter starts, and never again."""


def can_be_forked(environment: Mapping[str, str]) -> bool:
    return _at_start(environment) == _at_start(os.environ)


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in environment.items() if k.startswith(_STARTED_WITH)}


class Forked:
    """A run that was begun; what subprocess.Popen says of one."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        cwd: os.PathLike[str],
        env: Mapping[str, str],
        stdin: IO[Any],
        stdout: IO[Any],
        stderr: IO[Any],
    ) -> None:
        self.args, self.returncode = list(arguments), None
        self._ours, theirs = socket.socketpair()
        with theirs:
            handed = [theirs.fileno(), *(each.fileno() for each in (stdin, stdout, stderr))]
            socket.send_fds(_forker(), [b"f"], handed)
        asked = json.dumps([self.args, os.fspath(cwd), dict(env)]).encode()
        self._ours.sendall(_COUNT.pack(len(asked)) + asked)
        self.pid = _COUNT.unpack(_read(self._ours, _COUNT.size))[0]

    returncode: int | None

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._ours, selectors.EVENT_READ)
                if not selector.select(timeout):
                    raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = _COUNT.unpack(_read(self._ours, _COUNT.size))[0]
            self._ours.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _read(stream: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        if not (some := stream.recv(size - len(found))):
            raise RuntimeError("the process that forks the command has ended")
        found += some
    return found


@cache
def _forker() -> socket.socket:
    """Started once; it ends when this process does."""
    ours, theirs = socket.socketpair()
    with theirs:
        number = theirs.fileno()
        command = [sys.executable, "-m", "tests.flows.forked", str(number)]
        subprocess.Popen(command, pass_fds=[number], stdin=subprocess.DEVNULL)
    return ours


# --- the process that forks


def _serve(control: socket.socket) -> None:
    """Until nobody is there any more; comes back in each child as well."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    runs: dict[int, tuple[int, socket.socket]] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not control:
                    pid, asker = runs.pop(key.fd)
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    _tell(asker, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                    asker.close()
                    continue
                word, handed, _, _ = socket.recv_fds(control, 1, 4)
                if not word:
                    return
                asker, streams = socket.socket(fileno=handed[0]), handed[1:]
                if not (pid := os.fork()):
                    for descriptor, (_, other) in runs.items():
                        os.close(descriptor)
                        other.close()
                    control.close()
                    _become(asker, streams)
                    return
                for each in streams:
                    os.close(each)
                _tell(asker, pid)
                runs[watch := os.pidfd_open(pid)] = pid, asker
                selector.register(watch, selectors.EVENT_READ)


def _tell(asker: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # who asked may be gone
        asker.sendall(_COUNT.pack(number))


def _become(asker: socket.socket, streams: Sequence[int]) -> None:
    """What the interpreter makes of a command line."""
    size = _COUNT.unpack(_read(asker, _COUNT.size))[0]
    arguments, folder, environment = json.loads(_read(asker, size))
    asker.close()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, 0)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = ["feedmill", *arguments]


def _main() -> None:
    # Loaded before the first fork: all verbs, and what each of them asks for.
    import alembic.command  # noqa: F401

    from config import cli

    cli.verbs()
    gc.collect()
    gc.freeze()  # the collector of a child would make all pages its own
    control = socket.socket(fileno=int(sys.argv[1]))
    asked = control.fileno()
    _serve(control)
    if control.fileno() == asked:
        return
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        cli.main()
    except SystemExit as end:
        _end(end.code)
    _end(0)


def _end(code: object) -> NoReturn:
    """As the interpreter ends, but for taking apart all that was loaded."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    if isinstance(code, str):
        print(code, file=sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(ValueError):  # closed
            stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    _main()

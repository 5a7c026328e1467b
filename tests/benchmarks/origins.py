"""The origin server of the shared material, on a core of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks.cores import ORIGIN_CORE
from tests.flows.command import free_port
from tests.shared import folder


class Origin:
    """`sources`: their addresses."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}/_"

    def ask(self, path: str) -> str:
        with urllib.request.urlopen(f"{self._base}/{path}", timeout=60) as answer:
            return str(answer.read().decode())

    @property
    def sources(self) -> list[str]:
        return self.ask("urls").split()


@contextmanager
def origin(*options: str) -> Iterator[Origin]:
    """A running origin; ends with the block."""
    port = free_port()
    script = folder() / "bench" / "origin.py"
    if not script.exists():
        sys.exit(f"no shared material at {folder()}: set FEEDMILL_SHARED")
    command = [sys.executable, str(script), "--port", str(port), *options]
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {ORIGIN_CORE}),
    )
    found = Origin(port)
    try:
        pause = threading.Event()
        for _ in range(600):
            with contextlib.suppress(OSError):
                found.ask("stats")
                break
            pause.wait(0.1)
        yield found
    finally:
        process.terminate()
        process.wait()

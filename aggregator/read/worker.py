"""What happens in a reading process. Light to import: the processes that send documents have no
need of feedparser, the fork server has it loaded already (aggregator.read.warm).
"""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import signal
import sys
from pathlib import Path
from typing import NoReturn

import msgspec

from feeds.errors import ReadError
from feeds.models import KnownItems

HUNGRY = 77
"""Exit code of a worker that came to its memory limit."""
_PR_SET_PDEATHSIG = 1
_ENCODER = msgspec.msgpack.Encoder()


def settle(memory: int) -> None:
    """Die with the parent, leave Ctrl-C to it, and take no more memory than allowed."""
    # Looking for cycles while a document is read took 4 % of it, most of that in what was here
    # before; afterwards there are but its own.
    gc.disable()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # pebble's handler would wait for a Rust or C loop to end, and pebble 3 s for that.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = os.getppid()
    if sys.platform == "linux":
        # The parent is the fork server, which ends when the pipe to our process closes.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent or parent == 1:
        os._exit(1)
    if used := _address_space():
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = used + memory if hard == resource.RLIM_INFINITY else min(used + memory, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _address_space() -> int:
    """Bytes of it that this process has; 0 where that can't be told."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()


def work(
    body: bytes, url: str, content_type: str | None, known: KnownItems | None, timeout: float
) -> tuple[str, bytes]:
    """("", the Document as msgpack) or (name of an error, its message)."""
    _limit_cpu(timeout)
    try:
        return _read(body, url, content_type, known)
    finally:
        gc.collect()


def _read(
    body: bytes, url: str, content_type: str | None, known: KnownItems | None
) -> tuple[str, bytes]:
    try:
        from aggregator.read.reader import read

        return "", _ENCODER.encode(read(body, url, content_type, known))
    except MemoryError:
        _starve()
    except ReadError as error:
        return type(error).__name__, str(error).encode("utf-8", "replace")
    except Exception as error:
        return "ReadCrashed", f"{type(error).__name__}: {error}"[:300].encode("utf-8", "replace")


def _starve() -> NoReturn:
    """End at once: what a worker holds after a MemoryError is anybody's guess."""
    os._exit(HUNGRY)


def _limit_cpu(timeout: float) -> None:
    """SIGXCPU well after the deadline, should nobody be there to keep it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    seconds = int(used.ru_utime + used.ru_stime + timeout * 1.5 + 5)
    soft = seconds if hard == resource.RLIM_INFINITY else min(seconds, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))

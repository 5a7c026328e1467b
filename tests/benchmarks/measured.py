"""Runs one command and prints, as JSON, what its whole process tree cost.

    python -m tests.benchmarks.measured COMMAND …

As a subreaper it inherits whatever the command leaves behind, so that the CPU of every
descendant is counted, however deep. Memory is the highest sum of PSS over the tree, sampled.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

SAMPLE = 0.05
PR_SET_CHILD_SUBREAPER = 36


def descendants(of: int) -> list[int]:
    """All processes below this one."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, wave = [], [of]
    while wave:
        wave = [child for parent in wave for child in parents.get(parent, [])]
        found += wave
    return found


def pss(pid: int) -> int:
    """Proportional set size in bytes; 0 for a process that has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(s.split()[1]) * 1024 for s in text.splitlines() if s.startswith("Pss:")), 0)


def main() -> None:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    ended = threading.Event()
    peak = 0

    def watch() -> None:
        nonlocal peak
        while not ended.wait(SAMPLE):
            peak = max(peak, sum(pss(pid) for pid in descendants(os.getpid())))

    begun = time.monotonic()
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
    watcher = threading.Thread(target=watch)
    watcher.start()
    output = process.communicate()[0].decode()
    wall = time.monotonic() - begun
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    ended.set()
    watcher.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        json.dumps(
            {
                "exit": process.returncode,
                "wall": wall,
                "cpu": used.ru_utime + used.ru_stime,
                "peak": peak,
                "output": output,
            }
        )
    )


if __name__ == "__main__":
    main()

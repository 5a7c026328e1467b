"""Room on the disks: a full one pauses polling and publishing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from config.doctor.finding import Finding, bad, ok, warn

CHECK = "disk"
MB = 1_000_000
LITTLE, LEAST = (0.10, 500 * MB), (0.01, 50 * MB)
"""(part of the disk, bytes): below one of them it is time to make room; it will fail soon."""


def disk(places: dict[str, Path]) -> Iterator[Finding]:
    """`places`: what lies there → where. Those on one disk are named together."""
    names: dict[int, list[str]] = {}
    paths: dict[int, Path] = {}
    for name, path in places.items():
        there = next(each for each in (path.absolute(), *path.absolute().parents) if each.exists())
        number = there.stat().st_dev
        names.setdefault(number, []).append(name)
        paths.setdefault(number, there)
    for number, some in names.items():
        usage = shutil.disk_usage(paths[number])
        yield graded(" and ".join(some), usage.free, usage.total)


def graded(name: str, free: int, total: int) -> Finding:
    if not total:  # as /proc
        text = f"{name}: lies on no disk, but on a file system that keeps nothing"
        return bad(CHECK, text, "choose a folder on a disk")
    part = free / total
    text = f"{name}: {_size(free)} free ({part:.1%})"
    if part < LEAST[0] or free < LEAST[1]:
        return bad(CHECK, text, "make room now; polling and publishing pause on a full disk")
    if part < LITTLE[0] or free < LITTLE[1]:
        advice = "make room, or keep less (`retention`, docs/configuration.md)"
        return warn(CHECK, text, advice)
    return ok(CHECK, text)


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"

"""Where rendered files go: a directory that any web server can serve, or memory.

A file is replaced whole or not at all: written beside its place, synced, renamed. Its compressed
variants stand beside it (`rss.xml.gz`, `rss.xml.br`, as nginx's gzip_static and brotli_static want
them) with the same mtime.
"""

from __future__ import annotations

import contextlib
import gzip
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import brotli

from feeds.errors import OutputError
from feeds.models import RenderedFile
from publisher.render.site import FILES
from publisher.render.site import path as place

GZIP, BROTLI = ".gz", ".br"
_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    GZIP: lambda body: gzip.compress(body, 6, mtime=0),
    # 5 of 11: a twentieth larger than the best, at a fiftieth of its time (docs/benchmarks.md).
    BROTLI: lambda body: brotli.compress(body, quality=5),
}
ARCHIVES = "archive"
"""The folder of a feed's archives, in its own."""
NOTES = ".feed.json"
"""Beside a feed's documents: what the web server has to know of them (publisher.notes)."""
_COMPRESSED = ("text/", "application/rss+xml", "application/atom+xml", "image/svg+xml")


def compressible(media_type: str) -> bool:
    return media_type.startswith(_COMPRESSED) or "xml" in media_type or "json" in media_type


class DirectoryOutlet:
    """Files below one folder, which is made when it is missing. For one writer."""

    def __init__(self, folder: Path, *, private: bool = False) -> None:
        """`private`: nobody else on the machine may read them."""
        self._folder, self._private = folder, private

    def put(self, file: RenderedFile) -> bool:
        target = self._folder / file.path
        try:
            packers = _PACKERS if compressible(file.media_type) else {}
            beside = {end: target.with_name(target.name + end) for end in packers}
            for each in (target, *beside.values()):  # what a kill -9 left half-written
                _part(each).unlink(missing_ok=True)
            if _same(target, file.body) and all(_twins(target, one) for one in beside.values()):
                return False
            if self._private:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            stamp = _stamp(target, file.modified)
            for end, pack in packers.items():
                _replace(beside[end], pack(file.body), stamp)
            _replace(target, file.body, stamp)
            _sync_folder(target.parent)
        except OSError as error:
            raise OutputError(
                f"can't write {file.path} in the output folder: {error.strerror or error}"
            ) from error
        return True

    def remove(self, path: str) -> None:
        target = self._folder / path
        try:
            for end in ("", *_PACKERS):
                target.with_name(target.name + end).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # not empty: the operator's own files stay
                for folder in target.relative_to(self._folder).parents[:-1]:
                    (self._folder / folder).rmdir()
        except OSError as error:
            raise OutputError(
                f"can't remove {path} from the output folder: {error.strerror or error}"
            ) from error

    def read(self, path: str) -> bytes | None:
        try:
            return (self._folder / path).read_bytes()
        except OSError:
            return None

    def feeds(self) -> list[str]:
        """The slugs whose feeds stand in the folder."""
        return sorted(path.parent.name for path in self._folder.glob("*/atom.xml"))

    def archives(self, slug: str) -> list[int]:
        """The numbers of the archives that stand in its folder."""
        found = (path.name for path in (self._folder / slug / ARCHIVES).glob("*"))
        return sorted(int(name) for name in found if name.isascii() and name.isdecimal())

    def drop(self, slug: str) -> None:
        """Take a feed away with all its archives."""
        _drop(self, slug)


class MemoryOutlet:
    """The same promises without a disk: for tests and for looking at what would be written."""

    def __init__(self) -> None:
        self.files: dict[str, RenderedFile] = {}

    def put(self, file: RenderedFile) -> bool:
        before = self.files.get(file.path)
        if before is not None and before.body == file.body:
            return False
        self.files[file.path] = file
        return True

    def read(self, path: str) -> bytes | None:
        file = self.files.get(path)
        return None if file is None else file.body

    def remove(self, path: str) -> None:
        self.files.pop(path, None)

    def feeds(self) -> list[str]:
        """The slugs whose feeds are here."""
        return sorted(path.split("/")[0] for path in self.files if path.count("/") == 1
                      and path.endswith("/atom.xml"))  # fmt: skip

    def archives(self, slug: str) -> list[int]:
        """The numbers of the archives that are here."""
        start = f"{slug}/{ARCHIVES}/"
        found = {path.split("/")[2] for path in self.files if path.startswith(start)}
        return sorted(map(int, found))

    def drop(self, slug: str) -> None:
        """Take a feed away with all its archives."""
        _drop(self, slug)


def _drop(outlet: DirectoryOutlet | MemoryOutlet, slug: str) -> None:
    for number in outlet.archives(slug):
        drop_archive(outlet, slug, number)
    for name in (*FILES, NOTES):
        outlet.remove(f"{slug}/{name}")


def drop_archive(outlet: DirectoryOutlet | MemoryOutlet, slug: str, number: int) -> None:
    for name in FILES:
        outlet.remove(place(slug, name, number))


def _same(target: Path, body: bytes) -> bool:
    try:
        return target.stat().st_size == len(body) and target.read_bytes() == body
    except FileNotFoundError:
        return False


def _twins(target: Path, beside: Path) -> bool:
    """Whether both are of one writing. After a crash between the two the variant is of newer bytes,
    which a configuration that was changed back may never write."""
    try:
        return int(target.stat().st_mtime) == int(beside.stat().st_mtime)
    except FileNotFoundError:
        return False


def _stamp(target: Path, modified: datetime) -> int:
    """The mtime in whole seconds: the event's, but always later than the one before (P6), since a
    web server compares nothing but mtime and length."""
    wanted = int(modified.astimezone(UTC).timestamp())
    try:
        return max(wanted, int(target.stat().st_mtime) + 1)
    except FileNotFoundError:
        return wanted


def _replace(target: Path, body: bytes, stamp: int) -> None:
    part = _part(target)
    try:
        with part.open("wb") as file:
            file.write(body)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.utime(file.fileno(), (stamp, stamp))
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _part(target: Path) -> Path:
    """Always the same name, so that whatever a killed process left is found again."""
    return target.with_name(f".{target.name}.part")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

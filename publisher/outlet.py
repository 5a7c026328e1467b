"""Where rendered files go: a directory that any web server can serve, or memory.

A file is replaced whole or not at all: written beside its place, synced, renamed. Its gzip
variant stands beside it (`rss.xml.gz`, as nginx's gzip_static wants it) with the same mtime.
"""

from __future__ import annotations

import contextlib
import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

from feeds.errors import OutputError
from feeds.models import RenderedFile

GZIP_SUFFIX = ".gz"
_COMPRESSED = ("text/", "application/rss+xml", "application/atom+xml", "image/svg+xml")


def compressible(media_type: str) -> bool:
    return media_type.startswith(_COMPRESSED) or "xml" in media_type or "json" in media_type


class DirectoryOutlet:
    """Files below one folder, which is made when it is missing. For one writer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, file: RenderedFile) -> bool:
        target = self._folder / file.path
        try:
            beside = target.with_name(target.name + GZIP_SUFFIX)
            packs = compressible(file.media_type)
            for each in (target, beside):  # what a kill -9 left half-written
                _part(each).unlink(missing_ok=True)
            if _same(target, file.body) and (not packs or _twins(target, beside)):
                return False
            target.parent.mkdir(parents=True, exist_ok=True)
            stamp = _stamp(target, file.modified)
            if packs:
                _replace(beside, gzip.compress(file.body, 6, mtime=0), stamp)
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
            for each in (target, target.with_name(target.name + GZIP_SUFFIX)):
                each.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # not empty: the operator's own files stay
                target.parent.rmdir()
        except OSError as error:
            raise OutputError(
                f"can't remove {path} from the output folder: {error.strerror or error}"
            ) from error

    def feeds(self) -> list[str]:
        """The slugs whose feeds stand in the folder."""
        return sorted(path.parent.name for path in self._folder.glob("*/atom.xml"))


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

    def remove(self, path: str) -> None:
        self.files.pop(path, None)

    def feeds(self) -> list[str]:
        """The slugs whose feeds are here."""
        return sorted(path.partition("/")[0] for path in self.files if path.endswith("/atom.xml"))


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

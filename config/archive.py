"""The file that `feedmill backup` writes: a gzipped tar of the database, the configuration and a
manifest, which comes first and names size and digest of all others.

    manifest.json
    database                  SQLite's file, or a dump of pg_dump
    config/feedmill.toml      and what it includes, by its path from there
    outside/0                 what lies elsewhere; the manifest says where

Reading trusts nothing but what the manifest names: no path of a member is ever used as one.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO, Any

from feeds.errors import FeedmillError

FORMAT = 1
MANIFEST, DATABASE = "manifest.json", "database"
MANY = 100_000
"""Bytes of a manifest, for each thousand files that it may name."""
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Manifest:
    feedmill: str
    """The version that made it."""
    kind: str
    """sqlite, postgresql"""
    schema: str
    made_at: str
    """ISO 8601, UTC."""
    site: str
    """Its address."""
    config: str
    """The name of the configuration file."""
    files: Mapping[str, tuple[str, int, str]]
    """Member → (path from the configuration's folder, bytes, SHA-256); "" for the database."""
    left: tuple[str, ...]
    """What was not taken."""
    format: int = FORMAT


class BadBackup(FeedmillError):
    """The file is no backup of Feedmill, or a damaged one."""


# --- writing


def pack(part: Path, manifest: Manifest, members: Mapping[str, Path]) -> None:
    """Into a file that is there already, and empty. `members`: as the manifest has them. Raises
    OSError."""
    body = json.dumps(asdict(manifest), indent=1).encode()
    with (
        part.open("wb") as raw,
        tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6, format=tarfile.PAX_FORMAT) as tar,
    ):
        tar.addfile(_member(MANIFEST, len(body)), io.BytesIO(body))
        for name, path in members.items():
            with path.open("rb") as file:
                tar.addfile(_member(name, path.stat().st_size), file)


def _member(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


def measured(path: Path) -> tuple[int, str]:
    """(bytes, SHA-256)"""
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return path.stat().st_size, digest


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """A file for the owner's eyes only, that stands at `target` when the block has ended well; what
    is there already is never replaced. Raises FeedmillError."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        _named(part, target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except FileExistsError:
        raise FeedmillError(
            f"{target} is there already; choose another name, or remove it first"
        ) from None
    except OSError as error:
        raise FeedmillError(f"the backup can't be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _named(part: Path, target: Path) -> None:
    """Raises FileExistsError, as a link does when something is there and a rename does not."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links, that of a memory stick for one
        if target.exists():
            raise FileExistsError(target) from None
        part.rename(target)


# --- reading


def unpack(file: Path, folder: Path) -> Manifest:
    """Its members into files of these names in `folder` ("config/a/b" becomes "m3": the manifest's
    position), checked. Raises BadBackup, FeedmillError."""
    try:
        with tarfile.open(file, mode="r:gz") as tar:
            manifest = _manifest(tar)
            known = list(manifest.files)
            missing = set(known)
            for info in tar:
                if info.name == MANIFEST:
                    continue
                if info.name not in missing or not info.isreg():
                    raise BadBackup(f"{file} is damaged: {info.name[:60]!r} is not in its manifest")
                missing.discard(info.name)
                _take(tar, info, manifest, folder / place(known.index(info.name)))
            # To the very end: the sum of the whole stands there.
            if tar.fileobj is not None:
                while tar.fileobj.read(_CHUNK):
                    pass
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise BadBackup(f"{file} is no backup of Feedmill, or a damaged one ({error})") from error
    except OSError as error:  # gzip's complaints are such, too
        reason = error.strerror or str(error)
        raise BadBackup(f"{file} can't be read as a backup: {reason}") from error
    if missing:
        raise BadBackup(f"{file} is damaged: it ends before {sorted(missing)[0]!r}")
    return manifest


def place(position: int) -> str:
    return f"m{position}"


def _manifest(tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > 1000 * MANY:
        raise BadBackup("the file is an archive, but no backup of Feedmill")
    body = tar.extractfile(first)
    try:
        values: dict[str, Any] = json.loads(body.read() if body else b"")
        number = values["format"]
        if number != FORMAT:
            raise BadBackup(
                f"the backup was made by Feedmill {values['feedmill']} in a form that this one "
                "does not know: install that version"
            )
        values["files"] = {
            str(name): (str(path), int(size), str(digest))
            for name, (path, size, digest) in values["files"].items()
        }
        values["left"] = tuple(map(str, values["left"]))
        return Manifest(**values)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadBackup("the backup's manifest can't be read") from error


def _take(tar: tarfile.TarFile, info: tarfile.TarInfo, manifest: Manifest, target: Path) -> None:
    _, size, digest = manifest.files[info.name]
    source: IO[bytes] | None = tar.extractfile(info)
    if source is None or info.size != size:
        raise BadBackup(f"the backup is damaged: {info.name!r} has another length")
    summed = sha256()
    with target.open("xb") as file:
        while chunk := source.read(_CHUNK):
            summed.update(chunk)
            file.write(chunk)
    if summed.hexdigest() != digest:
        raise BadBackup(f"the backup is damaged: {info.name!r} is not what it was")

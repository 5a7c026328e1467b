"""The output folder as ready bytes: what is served is what stands there, body and headers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formatdate
from hashlib import blake2b
from pathlib import Path

TYPES = {
    "rss.xml": "application/rss+xml; charset=utf-8",
    "atom.xml": "application/atom+xml; charset=utf-8",
    ".opml": "text/x-opml; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
}
_PATH = re.compile(r"(?:[a-z0-9]+(?:[-.][a-z0-9]+)*/)*[a-z0-9]+(?:[-.][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Variant:
    """One representation: identity, or gzip."""

    body: bytes
    etag: str
    headers: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """One file. `stamp`: its mtime in whole seconds."""

    key: tuple[int, int, int]
    stamp: int
    identity: Variant
    gzip: Variant | None


class Files:
    """Reads a file once for each change of it. One thread."""

    def __init__(self, folder: Path, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        self._folder, self._headers = folder, headers
        self._known: dict[str, Ready] = {}

    def get(self, path: str) -> Ready | None:
        """`path` relative ("world/rss.xml", "" for the index page); None when there is no such
        file. Only lower-case names without leading dots: nothing above the folder, no hidden or
        half-written file, no variant by its own name."""
        if path == "" or path.endswith("/"):
            path += "index.html"
        if not _PATH.fullmatch(path) or (kind := media_type(path)) is None:
            return None
        target = self._folder / path
        try:
            stat = target.stat()
        except (OSError, ValueError):
            self._known.pop(path, None)
            return None
        key = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        ready = self._known.get(path)
        if ready is None or ready.key != key:
            try:
                ready = self._load(target, key, kind)
            except OSError:
                return None
            self._known[path] = ready
        return ready

    def _load(self, target: Path, key: tuple[int, int, int], kind: str) -> Ready:
        body = target.read_bytes()
        tag = blake2b(body, digest_size=12).hexdigest()
        stamp = key[0] // 1_000_000_000
        common = (
            *self._headers,
            (b"content-type", kind.encode()),
            (b"last-modified", formatdate(stamp, usegmt=True).encode()),
            (b"vary", b"Accept-Encoding"),
        )
        packed = target.with_name(target.name + ".gz")
        variant = None
        # Both were given one mtime; another one belongs to a version on its way in or out.
        if packed.is_file() and int(packed.stat().st_mtime) == stamp:
            variant = _variant(packed.read_bytes(), f'"{tag}-gzip"', common, b"gzip")
        return Ready(key, stamp, _variant(body, f'"{tag}"', common, None), variant)


def media_type(path: str) -> str | None:
    """The Content-Type by name; None for what is not ours to serve."""
    name = path.rpartition("/")[2]
    return TYPES.get(name) or TYPES.get(name[name.rfind(".") :])


def _variant(
    body: bytes, etag: str, common: tuple[tuple[bytes, bytes], ...], coding: bytes | None
) -> Variant:
    headers = (*common, (b"etag", etag.encode()), (b"content-length", str(len(body)).encode()))
    if coding:
        headers = (*headers, (b"content-encoding", coding))
    return Variant(body, etag, headers)

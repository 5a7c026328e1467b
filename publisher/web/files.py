"""The output folder as ready bytes: what is served is what stands there, body and headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from publisher.notes import SITE, Notes, SiteNotes, read, read_site
from publisher.notes import tag as tag_of
from publisher.outlet import ARCHIVES, BROTLI, GZIP, NOTES

TYPES = {
    "rss.xml": "application/rss+xml; charset=utf-8",
    "atom.xml": "application/atom+xml; charset=utf-8",
    "feed.json": "application/feed+json; charset=utf-8",
    ".opml": "text/x-opml; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
}
FEEDS = frozenset({"rss.xml", "atom.xml", "feed.json"})
SEALED = 86_400
"""Seconds for which a copy of an archive may be kept: only a takedown changes it."""
_PATH = re.compile(r"(?:[a-z0-9]+(?:[-.][a-z0-9]+)*/)*[a-z0-9]+(?:[-.][a-z0-9]+)*")
_OF_DATA = {b"content-security-policy", b"x-content-type-options", b"x-robots-tag"}
"""Of the headers that every answer carries, those that mean something for a feed."""
_CODINGS = {"gzip": GZIP, "br": BROTLI}

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """One representation: identity, gzip or br."""

    body: bytes
    etag: str
    headers: Headers


@dataclass(frozen=True, slots=True)
class Ready:
    """One file. `stamp`: its mtime in whole seconds; `tag`: of the identity bytes."""

    path: str
    key: tuple[int, ...]
    stamp: int
    tag: str
    variants: Mapping[str, Variant]
    """By coding; "identity" is always there."""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def deltas(self) -> bool:
        """Whether it is a document of which a part can be asked for (RFC 3229)."""
        return self.name in FEEDS and f"/{ARCHIVES}/" not in self.path


class Files:
    """Reads a file once for each change of it. One thread."""

    def __init__(
        self, folder: Path, headers: Headers, site_url: str, *, public: bool = True
    ) -> None:
        """`public`: shared caches, and other sites' scripts, may have them."""
        self._folder, self._headers, self._url = folder, headers, site_url
        self._public = public
        self._known: dict[str, Ready] = {}
        self._notes: dict[str, tuple[int, Notes]] = {}
        self._site: tuple[int, SiteNotes] = (0, SiteNotes())

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
                ready = self._load(path, target, key, kind)
            except OSError:
                return None
            self._known[path] = ready
        return ready

    def place(self, ready: Ready) -> str:
        return str(self._folder / ready.path)

    def notes(self, slug: str) -> Notes:
        """What is known of a feed's documents."""
        stamp, body = self._changed(f"{slug}/{NOTES}", self._notes.get(slug, (0,))[0])
        if body is not None or slug not in self._notes:
            self._notes[slug] = stamp, read(body)
        return self._notes[slug][1]

    def site(self) -> SiteNotes:
        stamp, body = self._changed(SITE, self._site[0])
        if body is not None:
            self._site = stamp, read_site(body)
        return self._site[1]

    def _changed(self, path: str, before: int) -> tuple[int, bytes | None]:
        """(mtime, bytes) of a file; no bytes for one that is as it was, or not there."""
        target = self._folder / path
        try:
            stamp = target.stat().st_mtime_ns
            return stamp, None if stamp == before else target.read_bytes()
        except OSError:
            return before, None

    def _load(self, path: str, target: Path, key: tuple[int, ...], kind: str) -> Ready:
        body = target.read_bytes()
        tag, stamp = tag_of(body), key[0] // 1_000_000_000
        feed = path.rpartition("/")[2] in FEEDS
        common = (
            *(pair for pair in self._headers if not feed or pair[0] in _OF_DATA),
            *self._of_place(path),
            (b"content-type", kind.encode()),
            (b"last-modified", formatdate(stamp, usegmt=True).encode()),
        )
        variants = {"identity": _variant(body, f'"{tag}"', common, None)}
        for coding, end in _CODINGS.items():
            packed = target.with_name(target.name + end)
            # All were given one mtime; another one belongs to a version on its way in or out.
            if packed.is_file() and int(packed.stat().st_mtime) == stamp:
                variants[coding] = _variant(
                    packed.read_bytes(), f'"{tag}-{coding}"', common, coding.encode()
                )
        return Ready(path, key, stamp, tag, variants)

    def _of_place(self, path: str) -> Headers:
        """What depends on which file it is: how long a copy may be kept, who may read it from
        another site, how it may differ, where it belongs."""
        slug, _, name = path.partition("/")
        feed = name.rpartition("/")[2] in FEEDS
        sealed = name.startswith(f"{ARCHIVES}/")
        about = self.notes(slug) if name else Notes()
        seconds = SEALED if sealed else about.max_age
        vary = b"Accept-Encoding, A-IM" if feed and not sealed else b"Accept-Encoding"
        whose = "public" if self._public else "private"
        if not self._public:
            vary += b", Authorization"
        found = [(b"cache-control", f"{whose}, max-age={seconds}".encode()), (b"vary", vary)]
        if self._public and (feed or path.endswith(".opml")):
            found.append((b"access-control-allow-origin", b"*"))
            found.append((b"access-control-expose-headers", b"ETag, Last-Modified, Link, IM"))
        if feed and not sealed:
            links = [
                f'<{self._url}/{path}>; rel="self"',
                *(f'<{h}>; rel="hub"' for h in about.hubs),
            ]
            found.append((b"link", ", ".join(links).encode()))
        return tuple(found)


def media_type(path: str) -> str | None:
    """The Content-Type by name; None for what is not ours to serve."""
    name = path.rpartition("/")[2]
    return TYPES.get(name) or TYPES.get(name[name.rfind(".") :])


def _variant(body: bytes, etag: str, common: Headers, coding: bytes | None) -> Variant:
    more = ((b"content-encoding", coding),) if coding else ()
    own = ((b"etag", etag.encode()), (b"content-length", str(len(body)).encode()))
    return Variant(body, etag, (*common, *more, *own))

"""Content codings (RFC 9110 §8.4): gzip, deflate, br; bounded, and complete or an error.

We decode ourselves: libcurl takes a gzip that ends early under a right Content-Length for a
success. Magic bytes are trusted over the label, since servers mislabel.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from functools import partial
from typing import Protocol

import brotli

from feeds.errors import BadEncoding, TooLarge, Truncated

MAX_CODINGS = 5
"""E18: more stacked codings are an attack, not a server."""
CHUNK = 1 << 16
ACCEPT = "gzip, br"
_GZIP_MAGIC = b"\x1f\x8b\x08"
_ENOUGH = 32
"""Bytes that tell text from a coding; the wire may hand them over one at a time."""
_BOMS = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")
"""No valid br or deflate stream starts with one of these."""
_TEXT = re.compile(rb"[ \t\r\n]*[<{][ -~\t\r\n\x80-\xff]*")
"""A first `<` or `{` alone proves nothing: a raw deflate stream may start with either."""

Sink = Callable[[bytes], None]


class Decoder(Protocol):
    def feed(self, data: bytes, sink: Sink) -> None: ...
    def end(self) -> None: ...


class Body:
    """Takes the bytes of the wire, keeps the decoded ones. `limit` in decoded bytes."""

    def __init__(self, codings: str, limit: int) -> None:
        """Raises BadEncoding for more than five codings."""
        names = [name.strip().lower() for name in codings.split(",")]
        self._names = [name for name in names if name not in ("", "identity", "none")]
        if len(self._names) > MAX_CODINGS:
            raise BadEncoding(f"{len(self._names)} stacked content codings; {MAX_CODINGS} at most")
        self._limit, self._kept, self._size = limit, bytearray(), 0
        self._start: bytes = b""
        self._decoders: list[Decoder] | None = None

    def feed(self, data: bytes) -> None:
        """Raises BadEncoding, TooLarge."""
        if self._decoders is None:
            self._start += data
            if len(self._start) >= _ENOUGH:
                self._begin()
        else:
            self._pass(0, data)

    def _begin(self) -> None:
        start, self._start = self._start, b""
        self._decoders = _decoders(self._names, start[:_ENOUGH])
        if start:
            self._pass(0, start)

    def _pass(self, depth: int, data: bytes) -> None:
        decoders = self._decoders or []
        if depth < len(decoders):
            decoders[depth].feed(data, partial(self._pass, depth + 1))
            return
        self._size += len(data)
        if self._size > self._limit:
            raise TooLarge(f"more than {self._limit} bytes")
        self._kept += data

    def finish(self) -> bytes:
        """The whole body. Raises Truncated when a coding has not come to its end; BadEncoding."""
        if self._decoders is None:
            self._begin()
        for decoder in self._decoders or ():
            decoder.end()
        return self.kept()

    def kept(self) -> bytes:
        """What has been decoded so far."""
        return bytes(self._kept)


def _decoders(names: list[str], start: bytes) -> list[Decoder]:
    """The outermost coding was applied last, so it is taken off first."""
    gzipped = start.startswith(_GZIP_MAGIC)
    if not names:
        # Sent as a file that happens to be compressed, or without its label.
        return [Gzip()] if gzipped else []
    if start.startswith(_BOMS) or _TEXT.fullmatch(start):
        return []  # the label lies: that is the text itself
    found: list[Decoder] = []
    for name in reversed(names):
        if name in ("gzip", "x-gzip") or (gzipped and not found and name in ("br", "deflate")):
            found.append(Gzip())
        elif name == "deflate":
            found.append(Deflate())
        elif name == "br":
            found.append(Brotli())
        else:
            raise BadEncoding("a content coding that we did not ask for")
    return found


class Gzip:
    """RFC 1952, several members allowed; rubbish after the last one is passed over."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(31)
        self._begun = self._trailing = False

    def feed(self, data: bytes, sink: Sink) -> None:
        while data and not self._trailing:
            if self._inflate.eof:
                self._trailing = not data.startswith(_GZIP_MAGIC[:1])
                self._inflate = self._inflate if self._trailing else zlib.decompressobj(31)
                continue
            self._begun = True
            data = _inflate(self._inflate, data, sink, "gzip")

    def end(self) -> None:
        if self._begun and not self._inflate.eof:
            raise Truncated("the gzip stream ends early")


class Deflate:
    """zlib (RFC 1950), or the raw stream (RFC 1951) that some servers send."""

    def __init__(self) -> None:
        self._inflate: zlib._Decompress | None = None

    def feed(self, data: bytes, sink: Sink) -> None:
        if self._inflate is None:
            header = data[0] & 0x0F == 8 and (len(data) < 2 or int.from_bytes(data[:2]) % 31 == 0)
            self._inflate = zlib.decompressobj(15 if header else -15)
        while data and not self._inflate.eof:
            data = _inflate(self._inflate, data, sink, "deflate")

    def end(self) -> None:
        if self._inflate is not None and not self._inflate.eof:
            raise Truncated("the deflate stream ends early")


def _inflate(machine: zlib._Decompress, data: bytes, sink: Sink, name: str) -> bytes:
    """Decode `data` in bounded pieces; what follows the end of the stream comes back."""
    while data:
        try:
            piece = machine.decompress(data, CHUNK)
        except zlib.error as error:
            raise BadEncoding(f"{name} does not decode") from error
        if piece:
            sink(piece)
        if machine.eof:
            return machine.unused_data
        data = machine.unconsumed_tail
        if not data and len(piece) == CHUNK:
            # Output may wait inside although the input is used up.
            while piece := machine.decompress(b"", CHUNK):
                sink(piece)
    return b""


class Brotli:
    """RFC 7932."""

    def __init__(self) -> None:
        self._machine = brotli.Decompressor()
        self._begun = False

    def feed(self, data: bytes, sink: Sink) -> None:
        if self._machine.is_finished():
            return
        self._begun = True
        try:
            piece = self._machine.process(data, output_buffer_limit=CHUNK)
            while piece:
                sink(piece)
                piece = self._machine.process(b"", output_buffer_limit=CHUNK)
        except brotli.error as error:
            raise BadEncoding("br does not decode") from error

    def end(self) -> None:
        if self._begun and not self._machine.is_finished():
            raise Truncated("the br stream ends early")

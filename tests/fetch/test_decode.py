"""Content codings: bounded, complete or an error, whatever the label says (E18)."""

from __future__ import annotations

import contextlib
import gzip
import resource
import subprocess
import sys
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch.decode import Body
from feeds.errors import BadEncoding, TooLarge, Truncated
from tests.flows.command import ROOT

TEXT = b"<rss>" + bytes(range(32, 127)) * 200 + b"</rss>"
Coder = Callable[[bytes], bytes]


def raw_deflate(data: bytes) -> bytes:
    coder = zlib.compressobj(wbits=-15)
    return coder.compress(data) + coder.flush()


CODERS: dict[str, Coder] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "br": brotli.compress,
    "deflate": zlib.compress,
}


def decoded(codings: str, data: bytes, limit: int = 10**6, piece: int = 1000) -> bytes:
    body = Body(codings, limit)
    for start in range(0, len(data), piece):
        body.feed(data[start : start + piece])
    return body.finish()


@pytest.mark.parametrize("piece", [1, 7, 10**6])
@pytest.mark.parametrize("name", CODERS)
def test_codings(name: str, piece: int) -> None:
    """Each, in pieces of any size, in any case of its name."""
    assert decoded(name, CODERS[name](TEXT), piece=piece) == TEXT
    assert decoded(name.upper(), CODERS[name](TEXT), piece=piece) == TEXT


def test_raw_deflate() -> None:
    """What many servers call deflate has no zlib header."""
    assert decoded("deflate", raw_deflate(TEXT)) == TEXT


def test_gzip_of_several_members() -> None:
    """RFC 1952: concatenated members are one text; padding after them is none of it."""
    assert decoded("gzip", gzip.compress(b"<a>") + gzip.compress(b"</a>")) == b"<a></a>"


@pytest.mark.parametrize("codings", ["", "identity", "none", " , "])
def test_plain(codings: str) -> None:
    """Nothing is taken off."""
    assert decoded(codings, TEXT) == TEXT


def test_stacked() -> None:
    """Applied left to right, taken off right to left; five at most."""
    assert decoded("gzip, br", brotli.compress(gzip.compress(TEXT))) == TEXT
    five = TEXT
    for _ in range(5):
        five = gzip.compress(five)
    assert decoded(", ".join(["gzip"] * 5), five) == TEXT
    with pytest.raises(BadEncoding, match="6 stacked"):
        Body(", ".join(["gzip"] * 6), 1000)


@pytest.mark.parametrize("label", ["gzip", "br", "deflate"])
def test_labels_that_lie(label: str) -> None:
    """Magic bytes are trusted over the label: text is text, gzip is gzip."""
    assert decoded(label, TEXT) == TEXT
    assert decoded(label, b"\xef\xbb\xbf" + TEXT).endswith(TEXT)
    assert decoded(label, gzip.compress(TEXT)) == TEXT
    assert decoded("", gzip.compress(TEXT)) == TEXT


@pytest.mark.parametrize("name", CODERS)
@pytest.mark.parametrize("left", [0.5, 0.99])
def test_cut_short(name: str, left: float) -> None:
    """A coding that has not come to its end is never a whole document."""
    data = CODERS[name](TEXT)
    with pytest.raises(Truncated):
        decoded(name, data[: int(len(data) * left)])


@pytest.mark.parametrize("name", ["gzip", "br", "deflate"])
def test_garbage(name: str) -> None:
    """An error with a name."""
    with pytest.raises((BadEncoding, Truncated)):
        decoded(name, b"\x1f\x8b\x08" + b"\x99" * 500)


def test_unknown_coding() -> None:
    """What we did not ask for is refused, unless it is plain text."""
    with pytest.raises(BadEncoding):
        decoded("zstd", b"\x28\xb5\x2f\xfd" + bytes(100))
    assert decoded("zstd", TEXT) == TEXT


def test_limit() -> None:
    """Decoded bytes count; the very limit is still allowed."""
    assert decoded("gzip", gzip.compress(b"<" * 1000), 1000) == b"<" * 1000
    for codings in ("gzip", ""):
        data = gzip.compress(b"<" * 1001) if codings else b"<" * 1001
        with pytest.raises(TooLarge):
            decoded(codings, data, 1000)


BOMB = """
import gzip, resource, sys, brotli
from aggregator.fetch.decode import Body
from feeds.errors import TooLarge
kind = sys.argv[1]
zeros = bytes(1 << 20)
if kind == "br":
    coder = brotli.Compressor(quality=1)
    data = b"".join(coder.process(zeros) for _ in range(300)) + coder.finish()
else:
    import zlib
    coder = zlib.compressobj(9, wbits=31)
    data = b"".join(coder.compress(zeros) for _ in range(300)) + coder.flush()
    if kind == "nested":
        data = gzip.compress(data)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
body = Body("gzip, gzip" if kind == "nested" else kind, 10_000_000)
try:
    body.feed(data)
    body.finish()
except TooLarge:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("kind", ["gzip", "br", "nested"])
def test_bombs(kind: str) -> None:
    """300 MB in a few hundred kB: stopped at the cap, with no more than 50 MB of memory."""
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0
    done = subprocess.run(
        [sys.executable, "-c", BOMB, kind], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 50_000


@given(st.binary(max_size=300), st.sampled_from(["gzip", "br", "deflate", "", "gzip, br"]))
def test_any_bytes(data: bytes, codings: str) -> None:
    """Nothing but the named errors comes out, and never more than the limit."""
    with contextlib.suppress(BadEncoding, Truncated, TooLarge):
        assert len(decoded(codings, data, 5000)) <= 5000

"""Pictures and films that need scripts, made plain for readers without them."""

from __future__ import annotations

import time

import pytest

from aggregator.read.clean import clean_html
from aggregator.read.lazy import plain

BASE = "https://a.test/p/"


@pytest.mark.parametrize(
    ("html", "told"),
    [
        (
            '<img src="data:image/gif;base64,R0" data-src="/a.jpg" alt="A &quot;x&quot;">',
            '<img src="https://a.test/a.jpg" alt="A &quot;x&quot;">',
        ),
        ("<img data-lazy-src='b.png'>", '<img src="https://a.test/p/b.png">'),
        (
            '<img src="/img/blank.gif" data-original=https://c.test/x.jpg width=3>',
            '<img src="https://c.test/x.jpg" width="3">',
        ),
        (
            '<img srcset="a.jpg 300w, b.jpg 1200w, c.jpg 4000w">',
            '<img src="https://a.test/p/b.jpg">',
        ),
        ('<img data-srcset="a.jpg 1x, b.jpg 2x">', '<img src="https://a.test/p/b.jpg">'),
        ('<img src="/real.jpg" data-src="/other.jpg">', '<img src="https://a.test/real.jpg">'),
        ('<amp-img src="/a.jpg" alt="x"></amp-img>', '<img src="https://a.test/a.jpg" alt="x">'),
        ('<noscript><img src="z.png"></noscript>', '<img src="https://a.test/p/z.png">'),
        (
            '<img data-src="/z-300x200.png"><noscript><img src="/z.png"></noscript>',
            '<img src="https://a.test/z-300x200.png">',
        ),
        ("<noscript>Please enable JavaScript</noscript>x", "x"),
    ],
)
def test_pictures(html: str, told: str) -> None:
    assert clean_html(html, BASE)[0] == told


@pytest.mark.parametrize(
    ("html", "address", "picture"),
    [
        (
            '<iframe src="https://www.youtube.com/embed/dQw4w9WgXcQ?rel=0" title="Song"></iframe>',
            "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
            "https://i.ytimg.com/vi/dQw4w9WgXcQ/hqdefault.jpg",
        ),
        (
            '<iframe src="//www.youtube-nocookie.com/embed/dQw4w9WgXcQ"></iframe>',
            "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
            "https://i.ytimg.com/vi/dQw4w9WgXcQ/hqdefault.jpg",
        ),
        (
            '<iframe src="https://www.youtube.com/embed/videoseries?list=PL1"></iframe>',
            "https://www.youtube.com/playlist?list=PL1",
            None,
        ),
        (
            '<iframe src="//player.vimeo.com/video/123?x=1"></iframe>',
            "https://vimeo.com/123",
            None,
        ),
        (
            '<iframe data-src="/frame?a=1&amp;b=2"></iframe>',
            "https://a.test/frame?a=1&amp;b=2",
            None,
        ),
    ],
)
def test_frames(html: str, address: str, picture: str | None) -> None:
    """A link to what is shown, with the picture of a film."""
    told = clean_html(f"<p>a</p>{html}<p>b</p>", BASE)[0]
    assert f'href="{address}"' in told
    assert ("<img" in told) == (picture is not None)
    assert picture is None or f'src="{picture}"' in told
    assert told.startswith("<p>a</p><p><a ")
    assert told.endswith("</a></p><p>b</p>")


@pytest.mark.parametrize(
    "html",
    [
        "<iframe src='javascript:alert(1)'></iframe>",
        "<iframe src='about:blank'></iframe>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<iframe></iframe>",
        "<iframe src='http://['></iframe>",
    ],
)
def test_frames_of_nothing(html: str) -> None:
    told = clean_html(f"a{html}", BASE)[0]
    assert "<" not in told
    assert told.startswith("a")


@pytest.mark.parametrize(
    "html",
    [
        "<img data-src=x onerror=alert(1)>",
        '<img data-src="javascript:alert(1)">',
        "<noscript><img src=x onerror=alert(1)></noscript>",
        '<noscript><img src="x"><script>alert(1)</script></noscript>',
        '<iframe src="https://a.test/" title=\'"><script>alert(1)</script>\'></iframe>',
    ],
)
def test_still_safe(html: str) -> None:
    """What is made plain is cleaned as all else."""
    told = clean_html(html, BASE)[0]
    assert not any(bad in told for bad in ("onerror", "<script", "javascript:"))


def test_links_are_trimmed() -> None:
    """P3: white space before an address makes it relative for whoever does not trim."""
    told = clean_html('<a href="  https://x.test/y ">q</a> href=" z"', BASE)[0]
    assert told == '<a href="https://x.test/y" rel="noopener noreferrer">q</a> href=" z"'


@pytest.mark.parametrize(
    "hostile",
    [
        "<img " * 200_000, "<iframe " * 120_000, "<noscript>" * 100_000, '<img data-src="' * 60_000,
        "<img src='" + "lazy" * 200_000 + "' data-src=x>", "<noscript>" + "<b" * 400_000,
        "<img srcset='" + "a, " * 300_000 + "'>", "<iframe>x" * 100_000,
    ],
)  # fmt: skip
def test_hostile(hostile: str) -> None:
    """A megabyte of what never ends takes no longer than reading it: below 10 s of CPU, where one
    that is quadratic takes minutes."""
    begun = time.process_time()
    plain(hostile, BASE)
    assert time.process_time() - begun < 10

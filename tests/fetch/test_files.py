"""Local documents as sources."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from aggregator.fetch import Fetchers, FileFetcher, HttpFetcher
from feeds.errors import BadRedirect, FileUnreadable, TooLarge
from feeds.protocols import Request, Response
from tests.origin import Origin

FILES = FileFetcher()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "a feed ü.xml"
    path.write_bytes(b"<rss/>")
    return path


def fetch(path: Path, **options: Any) -> Response:
    return FILES.fetch(Request(url=path.as_uri(), **options))


def test_read_once(place: Path) -> None:
    """200 with its bytes; a 304 while it is as it was; 200 again when it changed."""
    first = fetch(place)
    assert (first.status, first.body) == (200, b"<rss/>")
    assert fetch(place, validators=first.validators).status == 304
    place.write_bytes(b"<rss />")
    assert fetch(place, validators=first.validators).status == 200


def test_same_length_other_time(place: Path) -> None:
    """A change of the same length is seen by its mtime."""
    first = fetch(place)
    place.write_bytes(b"<rsS/>")
    os.utime(place, (1, 1))
    assert fetch(place, validators=first.validators).body == b"<rsS/>"


def test_what_is_no_file(place: Path, tmp_path: Path) -> None:
    """Missing, a folder, a pipe that would never end, a name that can't be: each in words."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none.xml", tmp_path, tmp_path / "pipe"):
        with pytest.raises(FileUnreadable):
            fetch(path)
    with pytest.raises(FileUnreadable, match="not a path"):
        FILES.fetch(Request(url=f"file://{tmp_path}/a%00b"))


def test_too_large(place: Path) -> None:
    """max_body counts here too."""
    with pytest.raises(TooLarge):
        fetch(place, max_body=5)


def test_by_scheme(place: Path) -> None:
    """Each scheme its fetcher; what has none is refused; no redirect leads from http to a file."""
    web = HttpFetcher("Feedmill/9")
    fetchers = Fetchers({"http": web, "https": web, "file": FILES})
    assert fetchers.fetch(Request(url=place.as_uri())).body == b"<rss/>"
    with pytest.raises(BadRedirect):
        fetchers.fetch(Request(url="ftp://a.test/"))
    with Origin() as origin:
        origin.redirect("/old", place.as_uri())
        with pytest.raises(BadRedirect):
            fetchers.fetch(Request(url=origin.url("/old"), allow_private=True))

"""A reader who knows nothing but the RFCs follows a feed over HTTP: 5005, 3229, 6721."""

from __future__ import annotations

import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.command import Installation, rss
from tests.origin import Origin

pytestmark = pytest.mark.slow

ATOM = "{http://www.w3.org/2005/Atom}"
DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Reader:
    """Keeps entries by id; the newest document wins (RFC 5005 §4.1)."""

    def __init__(self, url: str) -> None:
        self.url, self.tag = url, ""
        self.entries: dict[str, str] = {}
        self.statuses: list[int] = []

    def sync(self) -> None:
        """The feed, and of its archives those that it has not seen."""
        headers = {"A-IM": "feed", "If-None-Match": self.tag} if self.tag else {}
        root = self._get(self.url, headers)
        if root is None:
            return
        documents = [root]
        whole = self.statuses[-1] == 200
        known = set(self.entries)
        while whole and not known & set(_ids(documents[-1])):
            older = _link(documents[-1], "prev-archive")
            if older is None:
                break
            found = self._get(older, {})
            assert found is not None
            documents.append(found)
        for document in reversed(documents):
            for entry in document.iter(f"{ATOM}entry"):
                title = _text(entry, "title")
                self.entries[_text(entry, "id")] = title.removeprefix("Title of ")
        for stone in root.iter(DELETED):
            self.entries.pop(stone.attrib["ref"], None)

    def _get(self, url: str, headers: dict[str, str]) -> ET.Element | None:
        try:
            with _direct.open(urllib.request.Request(url, headers=headers), timeout=20) as answer:
                self.statuses.append(answer.status)
                if url == self.url:
                    self.tag = str(answer.headers["ETag"])
                if answer.status == 226:
                    assert answer.headers["IM"] == "feed"
                return ET.fromstring(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                self.statuses.append(error.code)
                return None


def _text(entry: ET.Element, name: str) -> str:
    return entry.findtext(f"{ATOM}{name}") or ""


def _ids(root: ET.Element) -> list[str]:
    return [_text(entry, "id") for entry in root.iter(f"{ATOM}entry")]


def _link(root: ET.Element, rel: str) -> str | None:
    return next((e.get("href") for e in root.findall(f"{ATOM}link") if e.get("rel") == rel), None)


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        yield found


def names(first: int, last: int) -> list[str]:
    return [f"n{number}" for number in range(last, first - 1, -1)]


def test_a_reader_that_comes_and_goes(tmp_path: Path, origin: Origin) -> None:
    """At first all; then parts; after a month away all that it missed, each once; what was taken
    down goes."""
    here = Installation(tmp_path)
    here.configure(
        f'[categories.news]\nlimit = 20\n[[sources]]\nurl = "{origin.url("/feed")}"\n'
        'categories = ["news"]\n'
    )

    def show(first: int, last: int) -> None:
        origin.serve("/feed", rss(*names(max(1, last - 59), last)), etag=True)
        here.verb("poll", "--now")

    show(1, 20)
    here.verb("publish")
    with here.running() as site:
        one = Reader(site.url("/news/atom.xml"))
        one.sync()
        assert sorted(one.entries.values()) == sorted(names(1, 20))
        one.sync()
        assert one.statuses == [200, 304]
    show(21, 25)
    here.verb("publish")
    with here.running() as site:
        one.sync()
        assert one.statuses[-1] == 226
        assert sorted(one.entries.values()) == sorted(names(1, 25))
    away = Reader(one.url)
    away.entries = dict(one.entries)  # it forgot its tag
    for last in range(55, 296, 30):
        show(26, last)
        here.verb("publish")
    with here.running() as site:
        new = Reader(one.url)
        for reader in (one, away, new):
            reader.sync()
            assert sorted(reader.entries.values()) == sorted(names(1, 295))
        assert new.statuses == [200, 200, 200]  # the feed and its two archives
        # What it missed is in archives too, so a part would not do.
        assert one.statuses[-3:] == [200, 200, 200]
        here.verb("takedown", "http://a.test/n200")
        site.wait_for("/news/atom.xml", "deleted-entry")
        one.sync()
        assert one.statuses[-1] == 226
        assert sorted(one.entries.values()) == sorted(set(names(1, 295)) - {"n200"})
        fresh = Reader(one.url)
        fresh.sync()
        assert sorted(fresh.entries.values()) == sorted(one.entries.values())

"""P7: the same articles give the same bytes, across processes, hash seeds, time zones, locales and
both databases."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import timedelta

import pytest

from feeds.models import Entry, Media, Person, Term
from feeds.store import Store, open_store
from publisher.render.all import RENDERERS
from tests.databases import Clock, Opened
from tests.flows.command import ROOT
from tests.publisher.making import AT, SITE, item, page
from tests.publisher.test_history import ALL, NEWS, edit, show, take_down
from tests.publisher.test_publish import Site


def articles() -> list[Entry]:
    return [
        Entry(
            guid=f"tag:a.test,2026:{number}",
            title=f"Größe {number} – İstanbul",
            link=f"https://a.test/{number}?b=1&a=2",
            content=f"<p>{number}: <b>I</b>ı</p>",
            summary="Kurz",
            authors=(Person(name="Ada"), Person(name="Bob", email="bob@a.test")),
            terms=tuple(Term(term=word) for word in ("z", "a", "ß", "ı")),
            media=(Media(url="https://a.test/m.png", kind="thumbnail", width=3),),
            extra={"itunes:season": "2", "itunes:episode": "3", "geo:lat": "1.5", "geo:long": "2"},
        )
        for number in range(5)
    ]


def digest() -> str:
    found = hashlib.sha256()
    items = [
        item(entry, number, published=AT - timedelta(days=number))
        for number, entry in enumerate(articles())
    ]
    for render in RENDERERS:
        found.update(render(SITE, page(*items)).body)
    return found.hexdigest()


@pytest.mark.parametrize(
    "changes",
    [
        {"PYTHONHASHSEED": "1"},
        {"PYTHONHASHSEED": "77", "TZ": "Pacific/Auckland"},
        {"TZ": "America/St_Johns", "LC_ALL": "C"},
        {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONUTF8": "0"},
    ],
)
def test_processes(changes: dict[str, str]) -> None:
    code = "from tests.publisher.test_stable import digest; print(digest())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | changes,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == digest()


def test_databases(opened: Opened, clock: Clock) -> None:
    """The same life, on this database and on one in memory, gives the same files, archives too."""
    other = Clock()
    memory = open_store("sqlite://", now=other, host_delay=0.0)
    one, two = lived(opened(), clock), lived(memory, other)
    memory.close()
    assert one == two
    assert len([path for path in one if "/archive/" in path]) == 8


def lived(store: Store, clock: Clock) -> dict[str, bytes]:
    """The files of a feed with a past."""
    site = Site(store, ALL, NEWS)
    site.publish()
    for start in range(1, 151, 50):
        show(site, clock, start, start + 49)
    edit(site, clock, "n3")
    site.publish()
    take_down(site, "n9")
    site.publish()
    return {path: file.body for path, file in site.outlet.files.items()}

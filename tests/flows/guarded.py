"""An installation whose desk is knocked at: what the tests of its safety start from.

Each of them knocks from an address of its own (all of 127.0.0.0/8 is this machine), so that no
one's wrong passwords count for another; PROXY is the proxy that is trusted.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.command import Installation, Site, rss, until
from tests.flows.visiting import Visitor, users
from tests.origin import Origin

PROXY = "127.0.0.9"
NEWS = '[categories.news]\ntitle = "News"\n'
TRUST = f'trusted_proxies = ["{PROXY}"]\n'


def installation(folder: Path, origin: Origin, text: str = "", site: str = "") -> Installation:
    """With one source; `site`: the public address."""
    found = Installation(folder)
    source = f'[[sources]]\nurl = "{origin.url("/one")}"\ncategories = ["news"]\n'
    found.configure(text + NEWS + source, poll='interval = "4h"')
    file = folder / "feedmill.toml"
    written = file.read_text().replace("[server]\n", f"[server]\n{TRUST}")
    if site:
        written = written.replace("[site]\n", f'[site]\nurl = "{site}"\n')
    file.write_text(written)
    return found


def state(here: Installation) -> tuple[str, dict[str, list[Any]]]:
    """The file and the database, without what the engine notes of itself and without logins."""
    with sqlite3.connect(here.database) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "select name from sqlite_master where type = 'table' and sql not like '%virtual%'"
            )
        ]
        rows = {
            name: sorted(map(repr, connection.execute(f'select * from "{name}"')))
            for name in names
            if name not in ("note", "login", "hour", "happening", "sqlite_stat1")
        }
    return (here.folder / "feedmill.toml").read_text(), rows


def settled(here: Installation) -> tuple[str, dict[str, list[Any]]]:
    """The state when nothing is due or under way: an earlier test may have asked for a poll."""

    def at_rest() -> bool:
        with sqlite3.connect(here.database) as connection:
            [(busy,)] = connection.execute(
                "select count(*) from source where claim_until is not null or wake <= ?",
                (time.time() * 1e6,),
            )
        return bool(busy == 0)

    assert until(at_rest)
    return state(here)


def traceless(site: Site) -> bool:
    """Nothing went wrong that nobody had thought of."""
    text = site.log.read_text()
    return "Traceback" not in text and "a request failed" not in text


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/one", rss("one", "two"), etag=True)
        yield found


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> Installation:
    return installation(tmp_path_factory.mktemp("desk"), origin, users())


@pytest.fixture(scope="module")
def site(here: Installation) -> Iterator[Site]:
    """Users are set: anna, an admin, and bert, an editor."""
    with here.running() as found:
        found.wait_for("/news/rss.xml", "Title of one")
        # The last thing that is written of them by itself: tests look whether anything else is.
        found.wait_for("/news/?q=two", "Title of two")
        yield found


@pytest.fixture(scope="module")
def anna(site: Site) -> Visitor:
    found = Visitor(site.port)
    assert found.log_in("anna").status == 303
    return found


@pytest.fixture(scope="module")
def bert(site: Site) -> Visitor:
    found = Visitor(site.port)
    assert found.log_in("bert").status == 303
    return found

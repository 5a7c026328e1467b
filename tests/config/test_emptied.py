"""Whether a configuration was lost: what says nothing any more, or has no source left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.desk.house import House
from config.emptied import emptied, forget, lost, mean
from config.load import load
from config.wiring import App
from feeds.store import Store

MAIN = 'include = ["l.toml"]\n[poll]\ntimeout = "9s"\n'
SOURCE = '[[sources]]\nurl = "https://a.example/f"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "feedmill.toml"
    found.write_text(MAIN + SOURCE)
    (tmp_path / "l.toml").write_text('[[sources]]\nurl = "https://b.example/f"\n')
    return found


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    with App(load(file)) as app:
        app.sync()
        yield app.store


@pytest.mark.parametrize("text", ["", "\n\n", "# Written anew in a moment.\n"])
def test_a_file_that_says_nothing(file: Path, text: str) -> None:
    """The main file or a list, though the other one still has a source."""
    before = load(file)
    (file.parent / "l.toml").write_text(text)
    [line] = emptied(before, load(file))
    assert "l.toml:1: says nothing any more" in line
    assert "stop Feedmill and start it anew" in line
    file.write_text(text)
    assert any("feedmill.toml:1: " in each for each in emptied(before, load(file)))


def test_no_source_left(file: Path) -> None:
    """The beginning of a file that was cut off."""
    before = load(file)
    file.write_text('[poll]\ntimeout = "9s"\n')
    [line] = emptied(before, load(file))
    assert "feedmill.toml:1: all 2 sources are gone" in line


def test_edits_are_no_loss(file: Path) -> None:
    """One source of several, a list that is no longer included, a file that was always silent."""
    before = load(file)
    file.write_text(MAIN)
    assert emptied(before, load(file)) == []
    file.write_text(SOURCE)
    assert emptied(before, load(file)) == []
    file.write_text("# Nothing yet.\n")
    assert emptied(load(file), load(file)) == []


def test_meant_at_the_desk(file: Path, store: Store) -> None:
    """What the desk took away is believed, and only that: not another loss, and not for ever."""
    before = load(file)
    file.write_text('[poll]\ntimeout = "9s"\n')
    after = load(file)
    assert lost(before, after, store)
    mean(before, after, store)
    assert lost(before, after, store) == []
    file.write_text("")
    assert lost(before, load(file), store)
    file.write_text('[poll]\ntimeout = "9s"\n')
    forget(before, store)
    assert lost(before, load(file), store)


def test_the_desk_does_not_believe_it_either(file: Path, store: Store) -> None:
    """Else it would show, and edit, an empty house while the old one is at work."""
    house = House(file, dict, str)
    file.write_text("")
    house._look()
    house._lock.acquire()  # whoever reads has it
    assert len(house.settings.sources) == 2
    assert "says nothing any more" in house.complaints[0]

"""What the desk works with: the file, what the engine says, and its own edits."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.changing import change_feed
from config.desk.house import House
from config.handing import line_of, store_url_of
from config.load import load
from feeds.errors import ConfigError
from feeds.store import open_store
from tests.flows.command import until

NEWS = '[categories.news]\ntitle = "News"\n'


def slugs(house: House) -> set[str]:
    return {each.slug for each in house.settings.feeds}


def test_our_own_edit_is_newer_than_what_the_engine_says(tmp_path: Path) -> None:
    """It has taken up an edit before that one; then it does not undo what the page has shown."""
    file = tmp_path / "feedmill.toml"
    file.write_text(NEWS)
    said = [line_of(load(file))]
    house = House(file, dict, lambda: said[-1])
    house.take(change_feed(house.settings, "categories", "more", {"title": "More"}))
    before = load(file)
    house.take(change_feed(house.settings, "categories", "most", {"title": "Most"}))
    said.append(line_of(before))
    assert slugs(house) == {"all", "news", "more", "most"}


def test_a_wrong_file_leaves_what_is_at_work(tmp_path: Path) -> None:
    """From the beginning, too; without a word of the engine's there is nothing to begin with."""
    file = tmp_path / "feedmill.toml"
    file.write_text(NEWS)
    said = line_of(load(file))
    file.write_text("oops\n")
    house = House(file, dict, lambda: said)
    assert slugs(house) == {"all", "news"}
    assert house.complaints
    with pytest.raises(ConfigError):
        House(file, dict, str)


def test_the_database_is_that_of_the_engine(tmp_path: Path) -> None:
    """A file that names another is refused here as there, from the beginning, too; nothing makes
    or opens that database."""
    file = tmp_path / "feedmill.toml"
    file.write_text(NEWS)
    said = line_of(load(file))
    open_store(load(file).store_url).close()
    other = NEWS + '[store]\nurl = "sqlite:///other.db"\n'
    house = House(file, dict, lambda: said)
    file.write_text(other)
    house._looked = 0.0
    for each in (house, House(file, dict, lambda: said)):
        assert until(lambda each=each: each.app and each.complaints)
        assert "restart it" in each.complaints[0]
        assert each.settings.store_url == store_url_of(said)
        assert each.store.sources() == []
        each.close()
    assert not (tmp_path / "other.db").exists()

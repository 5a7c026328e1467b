"""Secret sources that a view names: by number at the desk, by address in the file."""

from __future__ import annotations

from pathlib import Path

from config.desk import discreet
from config.desk.house import House

SECRET = "https://wire.example/feed?key=dont-tell-5501"


def test_named_by_number(tmp_path: Path) -> None:
    """Shown so, and written as it was; an open one, and what is no source, stay as they are."""
    file = tmp_path / "feedmill.toml"
    file.write_text(
        f'[[sources]]\nurl = "{SECRET}"\nsecret_url = true\n'
        '[[sources]]\nurl = "https://open.example/"\n'
    )
    house = House(file, dict, str)
    [secret, _] = house.app.sync().sources()
    words = [SECRET.replace("https://wire", "HTTPS://WIRE"), "https://open.example/", "source:99"]
    shown = discreet.shown(house, words)
    assert shown == [f"source:{secret.id}", "https://open.example/", "source:99"]
    assert discreet.meant(house, shown) == [SECRET, "https://open.example/", "source:99"]

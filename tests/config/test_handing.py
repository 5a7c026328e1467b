"""Settings, handed to another process as a line."""

from __future__ import annotations

from pathlib import Path

from config.desk.keys import hashed
from config.handing import line_of, settings_of
from config.load import load

TEXT = """
[site]
url = "https://feeds.example.org/x"
[poll]
allow_private = ["10.0.0.0/8"]
interval = "90m"
[alerts]
webhook = "https://hooks.example.org/s3cret"
[desk.users.anna]
password = "{hashed}"
role = "admin"
[categories.news]
match = { title = "x", not = { text = "y" } }
excerpt = 30
private = true
[views.all-of-it]
private = true
categories = ["news"]
sources = ["https://a.test/x"]
[[sources]]
url = "https://a.test/x"
categories = ["news"]
headers = { X-Key = "k" }
auth = "me:secret"
proxy = ""
allow_private = true
every = "15m"
[[sources]]
url = "https://b.test/x"
allow_private = ["10.0.0.0/8"]
"""


def test_what_was_handed_is_the_same(tmp_path: Path) -> None:
    """Every key of it, whatever its type; and it is one line."""
    file = tmp_path / "feedmill.toml"
    file.write_text(TEXT.replace("{hashed}", hashed("word")))
    settings = load(file)
    line = line_of(settings)
    assert settings_of(line) == settings
    assert "\n" not in line

"""One entry more in `include`: the rest of the file stays, byte for byte."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.entries import add_entry
from tests.config.test_editing import TEXT, files

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'include = ["n"]\n'),
        ("[site]\n", 'include = ["n"]\n\n[site]\n'),
        ("# ours\n\n[site]\n", '# ours\n\ninclude = ["n"]\n\n[site]\n'),
        ("# ours\n[site]\n", '# ours\n\ninclude = ["n"]\n\n[site]\n'),
        ("# ours\n\n# the site\n[site]\n", '# ours\n\ninclude = ["n"]\n\n# the site\n[site]\n'),
        ("include = []\n", 'include = ["n"]\n'),
        ('include = ["a"] # b ]\n[x]\n', 'include = ["a", "n"] # b ]\n[x]\n'),
        ('include = [ "a", ]\n', 'include = [ "a", "n"]\n'),
        ('include = ["[a]"]', 'include = ["[a]", "n"]'),
        ('include = [\n  "a",\n]\n', 'include = [\n  "a",\n  "n",\n]\n'),
        ('include = [\n\t"a" # b\n]\n', 'include = [\n\t"a", # b\n\t"n"\n]\n'),
        ('include = ["a",\n  "b"\n]\n', 'include = ["a",\n  "b",\n  "n"\n]\n'),
        ('include = [ # none\n]\n', 'include = [ # none\n  "n"\n]\n'),
        ('include = [\r\n  "a"\r\n]\r\n', 'include = [\r\n  "a",\r\n  "n"\r\n]\r\n'),
        ("sources = []\n[site]\n", 'sources = []\ninclude = ["n"]\n[site]\n'),
    ],
)  # fmt: skip
def test_where_an_entry_goes(before: str, after: str) -> None:
    """Behind the last one, as the others stand; a new list above the first table."""
    assert add_entry(before, "include", "n") == after


def test_the_example() -> None:
    """Below the line in which our own example has it commented out."""
    before = (ROOT / "config" / "feedmill.toml").read_text()
    after = add_entry(before, "include", "n.opml")
    assert after.replace('include = ["n.opml"]\n', "", 1) == before
    lines = after.splitlines()
    assert lines[lines.index('include = ["n.opml"]') - 1].startswith("# include = [")


@given(files(), TEXT, st.booleans())
def test_any_file_keeps_all_that_it_says(text: str, entry: str, there: bool) -> None:
    """TOML reads what was meant, and nothing that stood there is lost."""
    if there:
        text = f'include = ["a"]\n{text}'
    wanted = tomllib.loads(text)
    wanted["include"] = [*wanted.get("include", []), entry]
    after = add_entry(text, "include", entry)
    assert tomllib.loads(after) == wanted
    # A hint: everything of the old text is still there, in its order.
    rest = iter(after)
    assert all(character in rest for character in text)

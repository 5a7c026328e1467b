"""Lines of keys: the scanner agrees with tomllib on what is there."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.lines import Path, key_lines, line_of, statements

TRICKY = '''\
include = ["a # no comment", # a comment with [brackets]
  "b"]
[site]          # header
title = """
[not.a.header]
key = "no"
"""
'quoted key' = 'x ] y'
sub.deep.er = { a = 1, b = [1, 2] }

[[sources]]
url = "u"
[sources.headers]
"X-A" = "1"
[[sources]]
[categories.world]
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("include",), 1),
        (("site",), 3),
        (("site", "title"), 4),
        (("site", "quoted key"), 8),
        (("site", "sub", "deep", "er"), 9),
        (("sources", 0), 11),
        (("sources", 0, "url"), 12),
        (("sources", 0, "headers", "X-A"), 14),
        (("sources", 1), 15),
        (("categories", "world"), 16),
    ],
)
def test_line_of_a_key(path: Path, line: int) -> None:
    """Strings, comments and brackets hide nothing and pretend nothing."""
    lines = key_lines(TRICKY)
    assert lines[path] == line
    assert not any("key" in path or "not" in path for path in lines)


def test_longest_known_beginning() -> None:
    """What has no line of its own is placed at what holds it."""
    assert line_of(key_lines(TRICKY), ("site", "sub", "deep", "er", "c", 1)) == 9


INLINE = """\
sources = [
  { url = "a,b ] }", headers = { "X-A" = "1", b.c = [1] } },  # { not = "a table" }
  7,
  { every = [
      "x",
    ], title = '''
two lines''' }, { file = "f" },
]
after = 1
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("sources", 0), 2),
        (("sources", 0, "url"), 2),
        (("sources", 0, "headers", "b", "c", 0), 2),
        (("sources", 1), 3),
        (("sources", 2, "every"), 4),
        (("sources", 2, "every", 0), 5),
        (("sources", 2, "title"), 6),
        (("sources", 3, "file"), 7),
        (("after",), 9),
    ],
)
def test_lines_inside_lists_and_inline_tables(path: Path, line: int) -> None:
    """Each element and key has a line of its own; nothing is invented."""
    lines = key_lines(INLINE)
    assert lines[path] == line
    assert ("sources", 4) not in lines


names = st.text("abcXYZ019-_", min_size=1, max_size=5)
values = st.one_of(
    st.integers(), st.booleans(), st.text("ab\"'#[]=\n\\ ", max_size=8), st.lists(st.integers())
)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"""{text}"""' if "\n" in text else f'"{text}"'
    return "[\n" + ",\n".join(map(str, value)) + "]" if isinstance(value, list) else str(value)


@settings(deadline=None)  # a busy machine is no fault of the scanner
@given(st.dictionaries(names, st.dictionaries(names, values, max_size=4), max_size=4))
def test_every_key_is_found(tables: dict[str, dict[str, Any]]) -> None:
    """For any document: each key that tomllib reads has a line, and on that line it stands."""
    text = "".join(
        f"[{name}]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in table.items())
        for name, table in tables.items()
    )
    assert tomllib.loads(text).keys() == tables.keys()
    lines, found = text.split("\n"), key_lines(text)
    for name, table in tables.items():
        assert lines[found[(name,)] - 1] == f"[{name}]"
        for key in table:
            assert lines[found[(name, key)] - 1].startswith(f"{key} = ")


@given(st.text("[]\"'=#.\\\n\r {}ab", max_size=40))
def test_statements_leave_nothing_out(text: str) -> None:
    """Whatever the text, its statements are all of it, in order."""
    found = list(statements(text))
    assert "".join(text[each.start : each.end] for each in found) == text
    assert [each.start for each in found[1:]] == [each.end for each in found[:-1]]

"""Tables of any TOML text changed and taken away: what was meant is what TOML then reads, or it is
refused; and what was not touched stays byte for byte."""

from __future__ import annotations

import copy
import time
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from config import editing
from config import tables as tables_module
from config.changing import change_sources
from config.lines import Path as KeyPath
from config.lines import statements
from config.load import load
from config.tables import Change, change_tables, places, value_text
from feeds.errors import ConfigError, EditError


def meant(document: dict[str, Any], wanted: Mapping[KeyPath, Change]) -> dict[str, Any]:
    """What the document says with these changes."""
    after = copy.deepcopy(document)
    gone: list[tuple[Any, Any]] = []
    for place, change in wanted.items():
        holder: Any = after
        for part in place[:-1]:
            holder = holder[part]
        if change is None:
            gone.append((holder, place[-1]))
            continue
        table = holder[place[-1]]
        for key, value in change.items():
            table.pop(key, None)
            if value is not None:
                table[key] = value
    for holder, part in sorted(gone, key=lambda each: str(each[1]), reverse=True):
        del holder[part]
    for name in [name for name, value in after.items() if value in ([], {})]:
        if name in ("sources", "categories") and document[name] not in ([], {}):
            del after[name]
    return after


def changed(text: str, wanted: Mapping[KeyPath, Change]) -> str:
    after = change_tables(text, wanted)
    assert tomllib.loads(after) == meant(tomllib.loads(text), wanted)
    return after


# --- one by one

BASE = """\
# above
[[sources]]  # first
url = "a"  # why
every = "1h"
# paused = true

# of the second
[[sources]]
url = "b"
[sources.headers]
X = "1"

[poll]
interval = "1h"
"""


@pytest.mark.parametrize(
    ("wanted", "before", "after"),
    [
        ({("sources", 0): {"every": "2h"}}, 'every = "1h"\n#', 'every = "2h"\n#'),
        ({("sources", 0): {"url": "z"}}, '"a"  # why', '"z"  # why'),
        ({("sources", 0): {"every": None}}, 'every = "1h"\n#', "#"),
        ({("sources", 0): {"title": "T"}}, "# paused", 'title = "T"\n# paused'),
        ({("sources", 1): {"paused": True}}, 'url = "b"\n', 'url = "b"\npaused = true\n'),
        ({("sources", 1): {"headers": None}}, '[sources.headers]\nX = "1"\n\n', "\n"),
        (
            {("sources", 1): {"headers": {"Y": "2"}}},
            '[sources.headers]\nX = "1"\n\n',
            'headers = { Y = "2" }\n\n',
        ),
        ({("sources", 1): None}, '[[sources]]\nurl = "b"\n[sources.headers]\nX = "1"\n\n', "\n"),
        (
            {("sources", 0): None},
            '[[sources]]  # first\nurl = "a"  # why\nevery = "1h"\n# paused = true\n',
            "",
        ),
        ({("poll",): {"interval": None}}, 'interval = "1h"\n', ""),
    ],
)
def test_one_change(wanted: dict[KeyPath, Change], before: str, after: str) -> None:
    """That place, and no other byte."""
    assert before in BASE
    assert changed(BASE, wanted) == BASE.replace(before, after, 1)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_key_taken_out(ending: str) -> None:
    """No blank line is left in the middle of a table, and no other end of line comes in."""
    text = '[[sources]]\nurl = "a"\nevery = "1h"\ntitle = "t"\n'.replace("\n", ending)
    after = changed(text, {("sources", 0): {"every": None}})
    assert after == '[[sources]]\nurl = "a"\ntitle = "t"\n'.replace("\n", ending)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_table_taken_out(ending: str) -> None:
    """The comment of the next table stays with it, that of the one before does not stick to it."""
    text = '# top\n[[sources]]\nurl = "a"\n# next\n[[sources]]\nurl = "b"\n'.replace("\n", ending)
    after = changed(text, {("sources", 0): None})
    assert after == '# top\n\n# next\n[[sources]]\nurl = "b"\n'.replace("\n", ending)


def test_dotted_keys() -> None:
    """All of a key's pairs are that key."""
    text = '[[sources]]\nurl = "a"\nheaders.X = "1"  # one\nheaders."Y y" = "2"\n'
    assert changed(text, {("sources", 0): {"headers": None}}) == '[[sources]]\nurl = "a"\n'
    assert (
        changed(text, {("sources", 0): {"headers": {"Z": "3"}}})
        == '[[sources]]\nurl = "a"\nheaders = { Z = "3" }  # one\n'
    )


@pytest.mark.parametrize(
    ("text", "wanted", "after"),
    [
        ("[a]", {("a",): {"k": 1}}, "[a]\nk = 1\n"),
        ("[a]\nx = 1", {("a",): {"k": 1}}, "[a]\nx = 1\nk = 1\n"),
        ("[a]\nx = 1", {("a",): {"x": 2, "k": 1}}, "[a]\nx = 2\nk = 1\n"),
        ("[a]\nx = 1", {("a",): {"x": None, "k": 1}}, "[a]\nk = 1\n"),
        ("[a]\r\nx = 1", {("a",): {"k": 1}}, "[a]\r\nx = 1\r\nk = 1\r\n"),
        ("[a]\nx = 1 # c", {("a",): {"x": 2}}, "[a]\nx = 2  # c"),
        ("  [a]\n  x = 1\n", {("a",): {"k": 1}}, "  [a]\n  x = 1\n  k = 1\n"),
        ("[a]\n", {("a",): {"odd key": 1}}, '[a]\n"odd key" = 1\n'),
    ],
)
def test_ends(text: str, wanted: dict[KeyPath, Change], after: str) -> None:
    """Of files without a last line end, with other ones, indented."""
    assert changed(text, wanted) == after


@pytest.mark.parametrize(
    "text",
    [
        'sources = [{ url = "a" }]\n',
        'categories = { news = { title = "N" } }\n',
        'categories.news.title = "N"\n',
    ],
)
def test_what_has_no_header(tmp_path: Path, text: str) -> None:
    """Is refused with the advice to write it oneself; the file stands as it was."""
    file = tmp_path / "feedmill.toml"
    file.write_text(text)
    place: KeyPath = ("sources", 0) if "sources" in text else ("categories", "news")

    def change(before: str, document: dict[str, Any]) -> str:
        document.update(meant(document, {place: {"title": "T"}}))
        return change_tables(before, {place: {"title": "T"}})

    with pytest.raises(EditError, match="yourself"):
        editing.edit(file, change, lambda _text, _document: None)
    assert file.read_text() == text


# --- any text

KEYS = ("url", "title", "headers", "paused", "odd key", "é")
SCALAR = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.integers(-(2**40), 2**40),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUE = st.one_of(
    SCALAR,
    st.lists(SCALAR, max_size=2),
    st.dictionaries(st.sampled_from(["X", "y y", "é"]), SCALAR, max_size=2),
)
CHANGE = st.one_of(
    st.none(), st.dictionaries(st.sampled_from(KEYS), st.one_of(st.none(), VALUE), max_size=3)
)
COMMENT = st.sampled_from(["", "# c", "# [[sources]]", '# url = "x"', "  ", "\t# é \" '"])
WRITTEN = {
    "url": ['"a"', "'a'", '"""\n[[sources]]\n# no\n"""', "'''\nurl = 1'''", "1979-05-27"],
    "title": ["[ # [a]\n  1, # ]\n\n ]", '{ a = "#", b = { c = 1 } }', '"#"', "0x1F", "inf"],
    "headers": ['{ X = "1" }', "{}"],
    "paused": ["true", "false"],
    '"odd key"': ["1", "[[1], [2]]"],
    "'é'": ["1", '"x" # \\" y'],
    "other.deep": ["1"],
}  # fmt: skip


@st.composite
def tables(draw: st.DrawFn, header: str, sub: str) -> list[str]:
    indent = draw(st.sampled_from(["", "", "  ", "\t"]))
    lines = [f"{indent}{header}{draw(st.sampled_from(['', '  # [x]']))}"]
    own = draw(st.lists(st.sampled_from(sorted(WRITTEN)), unique=True, max_size=4))
    lower = draw(st.booleans()) and "headers" not in own
    for key in own:
        if draw(st.booleans()):
            lines.append(draw(COMMENT))
        value = draw(st.sampled_from(WRITTEN[key]))
        tail = draw(st.sampled_from(["", " # why", "  #"])) if "#" not in value else ""
        lines.append(f"{indent}{key} = {value}{tail}")
    if not lower and "headers" not in own and draw(st.booleans()):
        lines += [f'{indent}headers.X = "1"', f'{indent}headers."y y" = "2"']
        lower = False
    lines += draw(st.lists(COMMENT, max_size=2))
    if lower:
        lines += [f"{indent}[{sub}.headers]", f'{indent}X = "1"']
        lines += draw(st.lists(COMMENT, max_size=1))
    return lines


@st.composite
def documents(draw: st.DrawFn) -> str:
    lines = draw(st.lists(COMMENT, max_size=2))
    if draw(st.booleans()):
        lines.append('include = ["a"]')
    parts = [draw(tables("[[sources]]", "sources")) for _ in range(draw(st.integers(0, 3)))]
    for slug in draw(st.lists(st.sampled_from(["news", '"world"', "a-b"]), unique=True)):
        parts.append(draw(tables(f"[categories.{slug}]", f"categories.{slug}")))
    if draw(st.booleans()):
        parts.append(["[poll]", "timeout = 1"])
    for part in draw(st.permutations(parts)):
        lines += part
    text = "\n".join(lines) + draw(st.sampled_from(["", "\n", "\n\n"]))
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, dict[KeyPath, Change]]:
    text = draw(documents())
    top = [place for place in places(text) if len(place) == 2 and place[0] != "poll"]
    if not top:
        return text, {}
    chosen = draw(st.lists(st.sampled_from(top), unique=True, max_size=3))
    return text, {place: draw(CHANGE) for place in chosen}


@settings(max_examples=300, deadline=None)
@given(cases())
@example(('[[sources]]\n[[sources]]\nurl = "a"', {("sources", 0): None, ("sources", 1): {"é": 1}}))
@example(("[[sources]]\n# c\n[[sources]]", {("sources", 1): None, ("sources", 0): {"title": ""}}))
def test_any_text(case: tuple[str, dict[KeyPath, Change]]) -> None:
    """TOML reads what was meant. Lines of other tables, and comments that are no table's own, are
    all there, in their order."""
    text, wanted = case
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    after = changed(text, wanted)
    lines = [line for line in text.splitlines(keepends=True) if line.strip()]
    left = Counter(after.splitlines(keepends=True))
    touched = sum(
        len(body.splitlines())
        for place, body in _tables(text)
        if any(place[: len(each)] == each for each in wanted)
    )
    missing = Counter(lines) - left
    # The last line may have got an end.
    assert sum(missing.values()) <= touched + 1
    if "\r\n" in text:
        assert "\n" not in after.replace("\r\n", "")
    for place, body in _tables(text):
        if not any(place[: len(each)] == each for each in wanted):
            assert body.rstrip() in after


def _tables(text: str) -> list[tuple[KeyPath, str]]:
    """(place, its lines)"""
    spans = tables_module._spans(text, list(statements(text)))
    return [(each.place, text[each.header.start : each.end]) for each in spans]


@given(VALUE)
@example(1e16)
@example(5e-324)
@example("\x7f\u2028\x00")
def test_any_value(value: Any) -> None:
    """Is written so that TOML reads the same."""
    assert tomllib.loads(f"k = {value_text(value)}")["k"] == value


@pytest.mark.parametrize("value", ["\ud800", float("inf"), float("nan"), None, [None]])
def test_what_toml_can_not_say(tmp_path: Path, value: Any) -> None:
    """Half a character pair, and no number: refused, and the file stands as it was."""
    file = tmp_path / "feedmill.toml"
    text = '[[sources]]\nurl = "https://a.example/"\n'
    file.write_text(text)
    found = load(file)
    source = found.sources["https://a.example/"]
    with pytest.raises((EditError, ConfigError)):
        change_sources(found, [(source, {"title": value if value is not None else [None]})])
    assert file.read_text() == text


# --- many


@pytest.mark.slow
def test_ten_thousand_sources(tmp_path: Path) -> None:
    """One edit as the desk makes it, all in: read, splice, compare, check. 1.5 s of this machine's
    time; the check, which loads all of it, is most of that."""
    file = tmp_path / "feedmill.toml"
    lines = ["[categories.news]\n"]
    for n in range(10_000):
        lines.append(f'\n[[sources]] # {n}\nurl = "https://h{n}.example/"\ncategories = ["news"]\n')
    file.write_text("".join(lines))
    found = load(file)
    source = found.sources["https://h5000.example/"]
    started = time.process_time()
    after = change_sources(found, [(source, {"every": "2h"})])
    took = time.process_time() - started
    assert after.sources[source.url].every == 7200.0
    assert took < 5.0
    print(f"one edit of 10,000 sources: {took:.2f} s of CPU")

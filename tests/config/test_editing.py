"""Editing the configuration: what was there stays, byte for byte; nobody's edit is lost."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from config import adding, tables
from config.adding import Wishes
from config.load import load
from config.settings import Settings
from config.written import value_text
from feeds.errors import ConfigError, EditError
from tests.config.edited import edit_one

NEW = '[[sources]]\nurl = "https://new.example/"\n'
ROOT = Path(__file__).resolve().parents[2]


def added(text: str, name: str = "sources", table: str = NEW) -> str:
    return tables.add_tables(text, name, [table])


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("", "{}"),
        ("# a\n", "# a\n\n{}"),
        ('[[sources]]\nurl = "a"', '[[sources]]\nurl = "a"\n\n{}'),
        ("[site]\n\n\n", "[site]\n\n\n\n{}"),
        ("[[sources]] # one\nx = 1\n\n# end\n", "[[sources]] # one\nx = 1\n\n{}\n# end\n"),
        ("[[sources]]\nx = 1\n# y = 2\n", "[[sources]]\nx = 1\n# y = 2\n\n{}"),
        ("[[sources]]\nx = 1\n# y = 2\n\n[poll]\n", "[[sources]]\nx = 1\n# y = 2\n\n{}\n[poll]\n"),
        ("[[sources]]\nx = 1\n# of it\n[poll]\n", "[[sources]]\nx = 1\n\n{}\n# of it\n[poll]\n"),
        ("[[sources]]\n[sources.headers]\nX = 1\n[poll]\n",
         "[[sources]]\n[sources.headers]\nX = 1\n\n{}\n[poll]\n"),
        ("[[sources]]\n[poll]\n[[sources]]\n\n[site]\n",
         "[[sources]]\n[poll]\n[[sources]]\n\n{}\n[site]\n"),
        ('[[sources]]\nx = """\n[[sources]]\n"""\n[site]\n',
         '[[sources]]\nx = """\n[[sources]]\n"""\n\n{}\n[site]\n'),
        ('[["sources"]]\nx = [\n  1, # [[sources]]\n]\n[a]\n',
         '[["sources"]]\nx = [\n  1, # [[sources]]\n]\n\n{}\n[a]\n'),
    ],
)  # fmt: skip
def test_where_a_source_goes(before: str, expected: str) -> None:
    """After the last source, with the comment below it; not into what is somebody else's."""
    assert added(before) == expected.format(NEW)


def test_line_ends_indentation() -> None:
    before = '  [[sources]]\r\n  url = "a"\r\n\r\n# end'
    indented = '  [[sources]]\r\n  url = "https://new.example/"\r\n'
    assert added(before) == f'  [[sources]]\r\n  url = "a"\r\n\r\n{indented}\r\n# end'


def test_where_a_category_goes() -> None:
    new = '[categories.new]\ntitle = "New"\n'
    before = "[categories.a]\n\n# --- sources\n\n[[sources]]\n"
    after = f"[categories.a]\n\n{new}\n# --- sources\n\n[[sources]]\n"
    assert added(before, "categories", new) == after
    assert added("[site]\n", "categories", new) == f"[site]\n\n{new}"


def test_the_example() -> None:
    """Of our own example, three lines more and none fewer, below the last source."""
    before = (ROOT / "config" / "feedmill.toml").read_text()
    after = added(before)
    at = after.index(NEW)
    assert after.replace(NEW + "\n", "", 1) == before
    assert before[:at].endswith('categories = ["tech"]\n\n')
    assert after[at + len(NEW) :].startswith("\n# More of what a source may have:")


# --- any file ---------------------------------------------------------------------------

COMMENT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12)
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
LINE = st.one_of(
    st.just(""),
    st.builds("# {}".format, COMMENT),
    st.sampled_from(["# [[sources]]", "#[poll]", "   ", "\t# x = 1"]),
)
PAIR = st.one_of(
    TEXT.map(lambda text: f"k = {value_text(text)}"),
    st.sampled_from(
        [
            'k = """\n[[sources]]\n# no comment\n"""',
            "k = '''\n[poll]'''  # c",
            "k = [ # [[sources]]\n  1,\n  # two\n  2 ]",
            'k = { a = "[[sources]]" }',
            'k.x."y z" = 1979-05-27T07:32:00Z',
        ]
    ),
)
TABLE = st.builds(
    lambda header, pair, lines: "\n".join([header, *lines[:1], *pair, *lines[1:]]),
    st.sampled_from(["[[sources]]", "  [[ sources ]]  # c", "[[sources]]\n[sources.headers]",
                     "[[other]]", '[["sources"]]']),
    st.lists(PAIR, max_size=1),
    st.lists(LINE, max_size=3),
)  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> str:
    top = draw(st.lists(LINE, max_size=2))
    text = "\n".join([*top, *draw(st.lists(TABLE, max_size=5))])
    if draw(st.booleans()):
        text += "\n"
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


@given(files(), TEXT, st.lists(TEXT, max_size=2))
@example("  [[sources]]", "\x85", [])
@example("[[sources]]\r\n# c", "\x7f\\\"'\n", ["é\u2028"])
def test_any_file_keeps_all_that_it_says(text: str, value: str, many: list[str]) -> None:
    """One piece is put in, the rest is untouched, and TOML reads what was meant."""
    table: tables.Table = {"url": value, "categories": many, "paused": True}
    after = added(text, table=tables.table_lines("[[sources]]", table))
    wanted = tomllib.loads(text)
    wanted.setdefault("sources", []).append(dict(table))
    assert tomllib.loads(after) == wanted
    start = next(
        (n for n, (a, b) in enumerate(zip(text, after, strict=False)) if a != b), len(text)
    )
    assert after.endswith(text[start:])
    if "\r\n" in text:
        assert "\n" not in after.replace("\r\n", "").replace("\\n", "")


# --- files on disk ----------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "feedmill.toml"
    found.write_text('[categories.news]\n\n[[sources]]\nurl = "https://old.example/"\n')
    return found


def write(settings: Settings, url: str = "https://new.example/", **wishes: Any) -> Settings:
    new = wishes.pop("new", ())
    return adding.write(settings, [url], Wishes(**wishes), new)


def test_settings_as_they_are_then(path: Path) -> None:
    """With the line of the new source, all its keys, and the category made for it."""
    settings = write(
        load(path),
        title="N",
        every="15m",
        categories=("fresh",),
        new=("fresh",),
        allow_private=True,
    )
    source = settings.sources["https://new.example/"]
    assert settings == load(path)
    assert (source.title, source.every, source.categories) == ("N", 900.0, ("fresh",))
    assert source.allow_private is True
    line = int(source.declared_at.rpartition(":")[2])
    assert path.read_text().splitlines()[line - 1] == "[[sources]]"


def test_byte_order_mark_mode_owner_link(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 12345, 54321)
    before, text = path.stat(), path.read_bytes()
    link = tmp_path / "etc" / "feedmill.toml"
    link.parent.mkdir()
    link.symlink_to(path)
    write(load(link))
    after = path.stat()
    assert link.is_symlink()
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert path.read_bytes().startswith(text)
    assert b"\n" not in path.read_bytes().replace(b"\r\n", b"")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["etc", "feedmill.toml"]


def refused(path: Path, error: type[Exception], act: Callable[[], Any]) -> str:
    """The message; the file, and the folder, stand as they were."""
    before, names = path.read_bytes(), sorted(path.parent.iterdir())
    with pytest.raises(error) as caught:
        act()
    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == names
    return str(caught.value)


def test_nothing_wrong_is_written(path: Path) -> None:
    """Not what the check refuses, nor where it can't stand."""
    settings = load(path)
    assert "duration" in refused(path, ConfigError, lambda: write(settings, every="often"))
    assert "already" in refused(
        path, ConfigError, lambda: write(settings, url="https://old.example/")
    )
    assert "unknown category" in refused(
        path, ConfigError, lambda: write(settings, categories=("nowhere",))
    )
    path.write_text('sources = [{ url = "https://old.example/" }]\n')
    write(load(path))
    inline = '{ url = "https://old.example/" }, { url = "https://new.example/" }'
    assert path.read_text() == f"sources = [{inline}]\n"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("wire.example/feed", "https://wire.example/feed"),
        ("feed://wire.example/feed", "http://wire.example/feed"),
        ("feed:wire.example/feed", "http://wire.example/feed"),
        ("FEED:https://wire.example/feed", "https://wire.example/feed"),
    ],
)
def test_addresses(given: str, url: str) -> None:
    """As people have them in their clipboards."""
    assert adding.address(given) == url


def test_read_only(path: Path) -> None:
    """Root too keeps off what is marked so; what is new goes to the desk's own file, which is
    included by itself. The lines to write are in the message when that can't be written either."""
    settings = load(path)
    path.chmod(0o444)
    before = path.read_bytes()
    write(settings)
    assert path.read_bytes() == before
    own = path.parent / "var" / "desk.toml"
    assert NEW.strip() in own.read_text()
    assert "https://new.example/" in load(path).sources
    own.write_text("# mine\n")
    own.chmod(0o444)
    message = refused(path, EditError, lambda: write(settings))
    assert "read-only" in message
    assert NEW.strip() in message


def test_an_edit_by_hand_is_not_lost(path: Path) -> None:
    """One that comes between our reading and our writing."""
    by_hand = b"# saved by an editor\n"

    def check(text: str, document: dict[str, Any]) -> None:
        path.write_bytes(by_hand)

    def said(text: str, document: dict[str, Any]) -> str:
        document["a"] = 1
        return f"a = 1\n{text}"

    with pytest.raises(EditError, match="meanwhile"):
        edit_one(path, said, check)
    assert path.read_bytes() == by_hand


def test_a_file_that_was_broken_meanwhile(path: Path) -> None:
    settings = load(path)
    for body in (b"[site\n", b"\xff\xfe"):
        path.write_bytes(body)
        assert "no TOML" in refused(path, EditError, lambda: write(settings))


ADD = """
import sys
from pathlib import Path
from config.adding import Wishes, write
from config.load import load
settings = load(Path(sys.argv[1]))
for number in range(10):
    write(settings, [f"https://{sys.argv[2]}.example/{number}"], Wishes(), [])
"""


def test_two_editors_at_once(path: Path) -> None:
    """Forty edits by four processes: all of them are there."""
    editors = [
        subprocess.Popen([sys.executable, "-c", ADD, str(path), name], cwd=ROOT)
        for name in ("a", "b", "c", "d")
    ]
    assert [each.wait(60) for each in editors] == [0, 0, 0, 0]
    assert len(load(path).sources) == 41


def test_ten_thousand_sources(path: Path) -> None:
    """An edit takes less than a second of this machine's time, comparing included (0.4 s)."""
    lines = [f'\n[[sources]] # {n}\nurl = "https://h{n}.example/"\n' for n in range(10_000)]
    path.write_text(path.read_text() + "".join(lines))
    started = time.process_time()

    def appended(text: str, document: dict[str, Any]) -> str:
        document["sources"].append({"url": "https://new.example/"})
        return added(text)

    edit_one(
        path,
        appended,
        lambda text, document: None,
    )
    assert time.process_time() - started < 2.0
    assert path.read_text().endswith(NEW)

"""Configurations as operators get them wrong: each tells its own story (tests/data/configs).

A case begins with the reason why somebody writes it. Below a line that is wrong stands what is
said of it, all of it: `#^ key: what is wrong; what would be right`; `#v` is about the line below.
`#== name` begins another file of the same folder. Whatever a case says is said at once, and
nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.load import load
from feeds.errors import ConfigError

CASES = Path(__file__).parents[1] / "data" / "configs"
NAMES = sorted(path.name for path in CASES.glob("*.toml"))
SECRET = "hush"


@dataclass(frozen=True)
class Case:
    """`files`: name → text; `said`: the complaints, as they are expected."""

    files: dict[str, str]
    said: list[str]


def case(text: str) -> Case:
    files, said = {}, []
    name, *rest = re.split(r"(?m)^#== (.+)\n", "feedmill.toml\n" + text)
    parts = ["feedmill.toml", name.partition("\n")[2], *rest]
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        files[name] = body
        about = 0
        for number, line in enumerate(body.split("\n"), 1):
            if line.startswith("#^ "):
                said.append(f"{name}:{about}: {line[3:]}")
            elif line.startswith("#v "):
                said.append(f"{name}:{number + 1}: {line[3:]}")
            else:
                about = number
    return Case(files, said)


def complaints(folder: Path, files: dict[str, str] | dict[str, bytes]) -> list[str]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load(folder / "feedmill.toml", {})
    found = caught.value.complaints
    return [
        re.sub(rf"{folder}/(?!public)", "", line).replace(str(folder), "FOLDER") for line in found
    ]


@pytest.mark.parametrize("name", NAMES)
def test_broken(tmp_path: Path, name: str) -> None:
    """Every complaint, with file, line, key and the right form; no other, and no secret."""
    story = (CASES / name).read_text(encoding="utf-8")
    assert story.startswith("# "), "a case begins with its reason"
    wanted = case(story)
    assert wanted.said, "a case expects something"
    found = complaints(tmp_path, wanted.files)
    assert sorted(found) == sorted(wanted.said)
    assert SECRET not in "".join(found)


def test_there_are_fifty() -> None:
    assert len(NAMES) >= 50


@pytest.mark.parametrize("name", NAMES)
def test_what_is_told_is_one_line(tmp_path: Path, name: str) -> None:
    """For a terminal, a log, an editor that jumps to `file:line`."""
    for line in complaints(tmp_path, case((CASES / name).read_text(encoding="utf-8")).files):
        assert re.match(r"[\w./-]+:[1-9][0-9]*: ", line)
        assert line.isprintable()
        assert len(line) < 400


# --- what an editor would not keep

BYTES: dict[str, tuple[str, bytes, str]] = {
    "latin-1": (
        "Saved by an editor of another age.",
        b'[site]\ntitle = "Caf\xe9"\n',
        "feedmill.toml:2: not UTF-8 (byte 0xe9); save the file as UTF-8",
    ),
    "utf-16": (
        "Saved as `Unicode`, which on Windows meant UTF-16.",
        '[site]\ntitle = "Wire"\n'.encode("utf-16"),
        "feedmill.toml:1: not UTF-8 (byte 0xff); save the file as UTF-8",
    ),
    "nul": (
        "A disk was full, and the rest of the file is NUL.",
        b'[site]\ntitle = "Wi\x00\x00\n',
        "feedmill.toml:2: not TOML: Illegal character '\\x00'; close the quotes on the same line; "
        'a text of several lines stands in """ … """',
    ),
    "old-mac": (
        "Line ends of a Mac of the last century.",
        b'[site]\rtitle = "Wire"\r',
        "feedmill.toml:1: not TOML: Expected newline or end of document after a statement; save "
        "the file with the line ends of Unix or of Windows",
    ),
    "deep": (
        "A generator that ran in circles.",
        b"\n[poll]\nallow_private = " + b"[" * 5000 + b"]" * 5000,
        "feedmill.toml:3: not TOML that can be read: nested too deep; nothing here needs more than "
        "a list in a table",
    ),
    "huge-integer": (
        "A key that was held down.",
        b"[poll]\nreaders = " + b"1" * 5000,
        "feedmill.toml:2: not TOML that can be read: `readers`: Exceeds the limit (4300 digits) "
        "for integer string conversion; write a smaller number",
    ),
    "zero-width": (
        "Pasted from a page that breaks long words.",
        '[poll]\nintervall\u200b = "15m"\n'.encode(),
        "feedmill.toml:2: not TOML: Expected '=' after a key in a key/value pair; write the key in "
        'one word, or in quotes: "intervall�" = …',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BYTES)
def test_broken_bytes(tmp_path: Path, name: str) -> None:
    """What no text file can tell of itself: encodings, control characters, sizes."""
    _why, body, said = BYTES[name]
    assert complaints(tmp_path, {"feedmill.toml": body}) == [said]


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Editors of Windows put it there; so do they end lines with CR LF."""
    path = tmp_path / "feedmill.toml"
    path.write_bytes(b'\xef\xbb\xbf[site]\r\ntitle = "Wire"\r\n')
    assert load(path, {}).site.title == "Wire"


def test_nothing_is_a_duration_where_it_may_be(tmp_path: Path) -> None:
    """`hold` and `delay` are documented as "0s" by default: what is their default can be written;
    what can't be nothing is told so."""
    path = tmp_path / "feedmill.toml"
    path.write_text('[categories.a]\nhold = "0s"\ndelay = "0m"\n')
    assert load(path, {}).categories[1].delay == 0


def test_a_view_and_a_folder_of_one_slug(tmp_path: Path) -> None:
    """Both would be published at one address."""
    files = {
        "feedmill.toml": 'include = ["l.opml"]\n[views.boats]\n',
        "l.opml": '<opml><body><outline text="Boats"><outline xmlUrl="https://a.example/"/>'
        "</outline></body></opml>",
    }
    assert complaints(tmp_path, files) == [
        'feedmill.toml:2: views.boats: a folder of an OPML list is "boats" too; give the view '
        "another slug"
    ]

"""OPML lists as they come: each tells its own story (tests/data/opml).

A list begins with the reason why it is as it is. Below a line that is wrong stands what is said
of it (`<!--^ key: … -->`; `<!--v` is about the line below); below an outline that is read, what
is read (`<!--= address (categories) title -->`). Either all of a list is read, or nothing.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from config.load import load
from config.settings import Settings
from feeds.errors import ConfigError
from tests.shared import shared

CASES = Path(__file__).parents[1] / "data" / "opml"
NAMES = sorted(path.name for path in CASES.glob("*.opml"))
MARK = re.compile(r"<!--([\^v=]) (.*) -->")
MAIN = 'include = ["list.opml"]\n[[sources]]\nurl = "https://wire.example/feed"\n'


def expected(text: str) -> tuple[list[str], list[str]]:
    """(complaints, what is read)"""
    said, read, about = [], [], 0
    for number, line in enumerate(text.split("\n"), 1):
        if (mark := MARK.fullmatch(line)) is None:
            about = number
        elif mark[1] == "=":
            read.append(mark[2])
        else:
            said.append(f"list.opml:{about if mark[1] == '^' else number + 1}: {mark[2]}")
    return said, read


def included(folder: Path, body: bytes) -> Settings:
    (folder / "list.opml").write_bytes(body)
    (folder / "feedmill.toml").write_text(MAIN)
    return load(folder / "feedmill.toml", {})


def refused(folder: Path, body: bytes) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        included(folder, body)
    return [line.replace(f"{folder}/", "") for line in caught.value.complaints]


def outcome(folder: Path, body: bytes) -> tuple[list[str], list[str]]:
    """(complaints, what is read)"""
    try:
        settings = included(folder, body)
    except ConfigError as error:
        return [line.replace(f"{folder}/", "") for line in error.complaints], []
    sources = [each for each in settings.sources.values() if "wire.example" not in each.url]
    return [], [f"{each.url} ({', '.join(each.categories)}) {each.title}" for each in sources]


@pytest.mark.parametrize("name", NAMES)
def test_list(tmp_path: Path, name: str) -> None:
    """All of it is read; or each fault is named with file, line, key and the right form."""
    body = (CASES / name).read_bytes()
    assert body.startswith(b"<!-- "), "a list begins with its reason"
    said, read = outcome(tmp_path, body)
    assert (said, read) == expected(body.decode())
    assert "hush" not in "".join(said)


def test_there_are_twenty() -> None:
    assert len(NAMES) >= 20


# --- what is made, or what an editor would not keep

ONE = '<opml version="2.0"><body>\n<outline text="Café" xmlUrl="https://a.example/"/></body></opml>'
READ = ["https://a.example/ () Café"]


@pytest.mark.parametrize(
    "body",
    [
        ONE.encode("utf-16"),
        ('<?xml version="1.0" encoding="UTF-16"?>' + ONE).encode("utf-16"),
        ('<?xml version="1.0" encoding="UTF-8"?>' + ONE).encode("utf-16"),
        b"\xef\xbb\xbf" + ONE.encode(),
        ('<?xml version="1.0" encoding="ISO-8859-1"?>' + ONE).encode("latin-1"),
    ],
)
def test_encodings(tmp_path: Path, body: bytes) -> None:
    """As it says, or as its byte order mark says: that has seen the bytes."""
    assert outcome(tmp_path, body) == ([], READ)


@pytest.mark.parametrize(
    ("body", "place", "form"),
    [
        # Saved as Latin-1, and its first line says what it was before.
        (
            ('<?xml version="1.0" encoding="UTF-8"?>\n' + ONE).encode("latin-1"),
            3,
            "save it as UTF-8",
        ),
        (ONE.encode("latin-1"), 2, "save it as UTF-8"),
        (('<?xml version="1.0" encoding="klingon"?>' + ONE).encode(), 1, "save it as UTF-8"),
        # A converter that changed the bytes and not the first line.
        (('<?xml version="1.0" encoding="UTF-16"?>' + ONE).encode(), 1, 'encoding="UTF-8"?>'),
        (b'\n<?xml version="1.0"?>\n' + ONE.encode(), 2, "remove what stands before <?xml"),
        (ONE.replace("é", "\x0b").encode(), 2, "remove that character"),
        (ONE.replace("é", "&#11;").encode(), 2, "remove that character"),
        (b"", 1, 'a list begins with <opml version="2.0"><body>'),
        (b"\x00\x01\x02", 1, 'a list begins with <opml version="2.0"><body>'),
    ],
)
def test_bytes_that_are_none(tmp_path: Path, body: bytes, place: int, form: str) -> None:
    """What is refused says where, and what to do."""
    [line] = refused(tmp_path, body)
    assert line.startswith(f"list.opml:{place}: can't be read as OPML: not XML: ")
    assert form in line
    assert line.isprintable()


@pytest.mark.parametrize("depth", [33, 200, 1000, 100_000])
def test_a_well_without_bottom(tmp_path: Path, depth: int) -> None:
    """Deeper than we go nothing is cut off quietly."""
    inner = '<outline xmlUrl="https://a.example/"/>'
    outlines = '<outline text="x">' * depth + inner + "</outline>" * depth
    [line] = refused(tmp_path, f"<opml><body>{outlines}</body></opml>".encode())
    assert line.startswith("list.opml:1: can't be read as OPML: ")
    assert "32 folders in each other at most" in line


def test_as_deep_as_we_go(tmp_path: Path) -> None:
    """Thirty-two folders, and a category of each name."""
    outlines = "".join(f'<outline text="c{n}">' for n in range(32))
    body = f"<opml><body>{outlines}{ONE.partition('<body>')[2].partition('</body>')[0]}"
    settings = included(tmp_path, (body + "</outline>" * 32 + "</body></opml>").encode())
    assert len(settings.sources["https://a.example/"].categories) == 32


def test_ten_megabytes(tmp_path: Path) -> None:
    """Read whole, lines beyond 65,535 included; in seconds (5 s for 65,000 feeds here)."""
    feeds = [
        f'<outline type="rss" text="Feed number {n} of a list that is very long indeed, as some '
        f'are in the end" xmlUrl="https://host{n}.example/feed.xml" htmlUrl="https://host{n}.example/"/>'
        for n in range(65_000)
    ]
    body = (
        "<opml><body>\n\n\n" + "\n".join([*feeds, '<outline xmlUrl="nowhere"/>']) + "</body></opml>"
    )
    assert len(body) > 10_000_000
    started = time.process_time()
    [line] = refused(tmp_path, body.encode())
    assert line == 'list.opml:65004: xmlUrl: "nowhere" is no web address; write "https://host/path"'
    assert time.process_time() - started < 20


@pytest.mark.shared
@pytest.mark.parametrize("suite", ["opml", "miniflux-opml"])
def test_lists_of_other_projects(tmp_path: Path, suite: str) -> None:
    """As many feeds as their makers count; what they call malformed is refused with its line."""
    import json

    from aggregator.opml import BadOpml, read_opml

    folder = shared("suites")
    rows = [json.loads(line) for line in (folder / f"{suite}.jsonl").read_text().splitlines()]
    assert rows
    for row in rows:
        expect = row["expect"]
        try:
            found = read_opml((folder / row["input_file"]).read_bytes())
        except BadOpml:
            assert "missingOpml" in row["id"] or expect["counts"] is None, row["id"]
            continue
        urls = [each.url for each in found if not each.fault]
        if counts := expect.get("counts"):
            assert len(urls) == counts["feeds"], row["id"]
            assert urls == [url.strip() for url in counts["urls"]], row["id"]
        for one, other in zip(found, expect.get("feeds", ()), strict=False):
            assert one.url == other["feed_url"], row["id"]
            assert (one.folders[-1:] or ("",))[0] == (other["category"] or ""), row["id"]

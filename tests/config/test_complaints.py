"""Broken configurations of every kind: all complaints at once, each at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import load
from tests.config.test_load import complaints, settings

SOURCE = '[[sources]]\nurl = "http://a.org/f"\n'


def test_wrong_elements_hide_nothing_else(tmp_path: Path) -> None:
    """An element of a list that is wrong is left out; the rest is checked all the same."""
    text = 'include = [\n  1,\n  "none.opml",\n  "",\n]\n[categories.desk]\n' + SOURCE
    found = complaints(tmp_path, text + 'categories = [3, "none"]\n[poll]\nreaders = "x"\n')
    assert [line.partition(": must")[0].partition(": unk")[0][:42] for line in found] == [
        "feedmill.toml:2: include[1]",
        'feedmill.toml:3: include: "none.opml": the',
        "feedmill.toml:4: include[3]",
        'feedmill.toml:6: categories.desk: "desk" i',
        "feedmill.toml:9: sources[1].categories[1]",
        "feedmill.toml:9: sources[1].categories",
        "feedmill.toml:11: poll.readers",
    ]


def test_inline_sources(tmp_path: Path) -> None:
    """Sources written as a list of inline tables: lines of their own, no complaint twice."""
    text = 'sources = [\n {url = "http://a.org"},\n {url = 5},\n 7,\n {file = "a"},\n]\n'
    found = complaints(tmp_path, text)
    assert [line.split(": ")[0] for line in found] == [f"feedmill.toml:{n}" for n in (3, 4, 5)]


@pytest.mark.parametrize(
    "other", ["http://a.org/f#top", "HTTP://A.ORG/f", "http://a.org:80/f", "http://a.org/x/../f"]
)
def test_one_source_in_two_spellings(tmp_path: Path, other: str) -> None:
    """The same address is the same source, however it is written, wherever it stands."""
    (line,) = complaints(tmp_path, SOURCE + f'[[sources]]\nurl = "{other}"\n')
    same = "the same source stands at feedmill.toml:{} already; remove one"
    assert line == f"feedmill.toml:4: sources[2].url: {same.format(1)}"
    (tmp_path / "l.opml").write_text(f'<opml><body>\n<outline xmlUrl="{other}"/></body></opml>')
    (line,) = complaints(tmp_path, 'include = ["l.opml"]\n' + SOURCE)
    assert line == f"l.opml:2: xmlUrl: {same.format(2)}"


def test_one_category_in_two_files(tmp_path: Path) -> None:
    """The second is refused, not silently taken for the first."""
    (tmp_path / "l.toml").write_text('[categories.x]\ntitle = "2"\n')
    (line,) = complaints(tmp_path, 'include = ["l.toml"]\n[categories.x]\ntitle = "1"\n')
    same = "the same category stands at feedmill.toml:2 already; remove one"
    assert line == f"l.toml:1: categories.x: {same}"


def test_a_refused_slug_is_one_complaint(tmp_path: Path) -> None:
    """Sources that name it are not complained of as well."""
    (line,) = complaints(tmp_path, f'[categories.A_b]\n{SOURCE}categories = ["A_b"]\n')
    assert line.startswith("feedmill.toml:1: categories.A_b")


@pytest.mark.parametrize(
    ("listen", "complaint"),
    [
        ("0:80", "no such host"),  # all addresses, in a spelling that would pass the next check
        ("000.0.0.0:80", "no such host"),
        ("127.1:80", "no such host"),
        ("300.1.1.1:80", "no such host"),
        ("a b:80", "no such host"),
        ("http://x:80", "no such host"),
        ("[::]:80", "needed when listening on all"),
        ("*:80", "needed when listening on all"),
    ],
)
def test_listen(tmp_path: Path, listen: str, complaint: str) -> None:
    """A host that can't be one is told before it is tried."""
    (line,) = complaints(tmp_path, f'[server]\nlisten = "{listen}"\n')
    assert line.startswith("feedmill.toml:2: ")
    assert complaint in line


@pytest.mark.parametrize("url", ["http://a..org/", "http://.org/", "http://1.2.3.4.5/"])
def test_hosts_that_are_none(tmp_path: Path, url: str) -> None:
    (line,) = complaints(tmp_path, f'[[sources]]\nurl = "{url}"\n')
    assert "is no web address" in line


@pytest.mark.parametrize("url", ["http://a.org/?x=1", "http://a.org/#x", "http://u:pw@a.org"])
def test_site_url_takes_paths(tmp_path: Path, url: str) -> None:
    """Feed addresses are made by adding to it; and what is in it is published."""
    (line,) = complaints(tmp_path, f'[site]\nurl = "{url}"\n')
    assert line.startswith("feedmill.toml:2: site.url: ")
    assert "pw" not in line
    assert settings(tmp_path, '[site]\nurl = "http://a.org/@me/"\n').site.url == "http://a.org/@me"


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("https://a.org/é", "https://a.org/%C3%A9"),
        ("https://bücher.example/x", "https://xn--bcher-kva.example/x"),
        ("https://a.org/a|b", "https://a.org/a%7Cb"),
    ],
)
def test_site_url_is_a_uri(tmp_path: Path, url: str, right: str) -> None:
    """The feeds' own addresses are made of it: the gate would let none of them out."""
    [line] = complaints(tmp_path, f'[site]\nurl = "{url}"\n')
    assert line.startswith("feedmill.toml:2: site.url: ")
    assert f'write "{right}"' in line
    assert settings(tmp_path, f'[site]\nurl = "{right}"\n').site.url == right


@pytest.mark.parametrize(
    "setting",
    [
        'interval = "99999999999999w"',
        f'timeout = "{"9" * 400}d"',
        f'max_body = "{"9" * 400}GB"',
        "max_body = 99999999999999999999",
        f"readers = {'1' * 5000}",
        f"allow_private = {'[' * 5000}{']' * 5000}",
        "allow_private = [1]",
    ],
)
def test_values_beyond_reason(tmp_path: Path, setting: str) -> None:
    """Numbers and nesting that no later step could bear are complaints, not crashes."""
    (line,) = complaints(tmp_path, f"[poll]\n{setting}\n")
    assert line.startswith("feedmill.toml:")
    assert len(line) < 250


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'[site]\n\ntitle = "caf\xe9"\n', "feedmill.toml:3: not UTF-8 (byte 0xe9)"),
        (b'\xef\xbb\xbf[site]\r\ntitle = """\r\nx"""\r\nfoo = 1\r\n', "feedmill.toml:4: site.foo"),
        (b"[site]\r\ntitle = \r\n", "feedmill.toml:2: not TOML"),
        (b"a = 1\nb = [\n\n", "feedmill.toml:4: not TOML"),
        (b'"a\\nb" = 1\n', 'feedmill.toml:1: "a\N{REPLACEMENT CHARACTER}b": unknown key'),
    ],
)
def test_bytes_of_all_kinds(tmp_path: Path, body: bytes, place: str) -> None:
    """Byte order marks, both line ends, other encodings; one line each, control characters out."""
    (line,) = complaints(tmp_path, body)
    assert line.startswith(place)
    assert line.isprintable()


def test_included_lists_are_checked_whole(tmp_path: Path) -> None:
    """A fault of an included list hides no other; syntax errors have their line."""
    (tmp_path / "a.toml").write_text(
        '[site]\n[[sources]]\nurl = "nope"\n[[sources]]\nurl = "http://b.org"\nevery = 4\n'
    )
    (tmp_path / "b.toml").write_text("\n\n[[sources]\n")
    (tmp_path / "c.opml").write_text("<opml>\n<body>")
    found = complaints(tmp_path, 'include = ["*.toml", "*.opml"]\n')
    assert [line.split(": ")[0] for line in found] == [
        "a.toml:1", "a.toml:3", "a.toml:6", "b.toml:3", "c.opml:2",
    ]  # fmt: skip
    assert "belongs into the main file" in found[0]


def test_patterns_meet_a_file_once(tmp_path: Path) -> None:
    """Overlapping patterns, links in a circle, and the configuration itself are no duplicates."""
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "a.toml").write_text(SOURCE)
    (tmp_path / "lists" / "again").symlink_to("..")
    found = settings(tmp_path, 'include = ["lists/*.toml", "**/*.toml"]\n')
    assert list(found.sources) == ["http://a.org/f"]
    (line,) = complaints(tmp_path, 'include = [\n"feedmill.toml"]\n')
    assert line.startswith('feedmill.toml:2: include: "feedmill.toml" is included already')


def test_secrets_stay_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a secret holds is checked, and never shown."""
    monkeypatch.setenv("WIRE", "wire.example/hunter2")
    monkeypatch.setenv("TOKEN", "hunter2\r\nX-Evil: 1")
    (tmp_path / "empty").touch()
    found = complaints(
        tmp_path,
        '[[sources]]\nurl = { env = "WIRE" }\n[[sources]]\nurl = { file = "empty" }\n'
        '[[sources]]\nurl = "http://b.org"\n[sources.headers]\nA = { env = "TOKEN" }\n"b c" = "x"\n'
        '[[sources]]\nurl = "http://c.org"\nwas = "http://u:hunter2@b.org/?hunter2"\n'
        '[[sources]]\nurl = "http://u:hunter2@b.org/?hunter2"\n',
    )
    assert [line.split(":")[1] for line in found] == ["2", "4", "8", "9", "12"]
    assert "hunter2" not in "".join(found)


def test_the_environment_is_named(tmp_path: Path) -> None:
    """A complaint about a variable names the variable, not a line of the file."""
    found = complaints(
        tmp_path,
        "[server]\n",
        FEEDMILL_SERVER_LISTEN="0.0.0.0:80",
        FEEDMILL_STORE_URL="mysql://u:hunter2@h/n",
        FEEDMILL_IDENTITY_TRACKING="none.toml",
        FEEDMILL_CATEGORIES_ALL_LIMIT="5",
        FEEDMILL_POLL_READERS="1" * 5000,
        FEEDMILL_POLL_ALLOW_PRIVATE="[" * 5000,
    )
    assert [line.split(": ")[:2] for line in sorted(found)] == [
        ["environment:1", f"FEEDMILL_{name}"]
        for name in (
            "CATEGORIES_ALL_LIMIT", "IDENTITY_TRACKING", "POLL_ALLOW_PRIVATE", "POLL_READERS",
            "SERVER_LISTEN", "STORE_URL",
        )
    ]  # fmt: skip
    assert "hunter2" not in "".join(found)


def test_texts_of_the_environment(tmp_path: Path) -> None:
    """A title may look like a number; quotes are understood; nothing else is smuggled in."""
    (tmp_path / "feedmill.toml").write_text(SOURCE)
    env = {"FEEDMILL_SITE_TITLE": "2026", "FEEDMILL_SITE_CONTACT": '"a b"'}
    site = load(tmp_path / "feedmill.toml", env | {"FEEDMILL_OUTPUT_DIRECTORY": "true"}).site
    assert (site.title, site.contact) == ("2026", "a b")
    (line,) = complaints(tmp_path, SOURCE, FEEDMILL_SITE_TITLE="'x'\nother = 1")
    assert line.startswith("environment:1: FEEDMILL_SITE_TITLE: ")


def test_opml_folders_of_other_scripts(tmp_path: Path) -> None:
    """Every folder becomes a category, whatever it is written in."""
    (tmp_path / "l.opml").write_text(
        '<opml><body><outline text="Новости"><outline xmlUrl="http://a.org"/></outline></body></opml>'
    )
    found = settings(tmp_path, 'include = ["l.opml"]\n')
    assert [(c.slug, c.title) for c in found.categories][1:] == [("novosti", "Новости")]

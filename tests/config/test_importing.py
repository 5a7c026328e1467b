"""What of an OPML list goes into the configuration, and what comes out of it again."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from aggregator.opml import read_opml
from config import adding, importing, tables
from config.exporting import export
from config.importing import Plan
from config.load import load
from config.settings import Settings
from feeds.errors import ConfigError, EditError, FeedmillError
from tests.config.edited import edit_one
from tests.shared import shared

MAIN = """\
# Our wire.

[categories.world]
title = "The world"   # as it was

# --- sources

[[sources]]
url = "https://wire.example/feed"
categories = ["world"]

[views.boats]
"""


def loaded(folder: Path, text: str = MAIN, name: str = "feedmill.toml") -> Settings:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return load(folder / name, {})


def opml(inner: str) -> bytes:
    return f'<opml version="2.0"><body>\n{inner}\n</body></opml>'.encode()


def feed(url: str, title: str = "", more: str = "") -> str:
    return f'<outline type="rss" text="{title}" xmlUrl="{url}"{more}/>\n'


def folder(title: str, *inner: str) -> str:
    return f'<outline text="{title}">\n{"".join(inner)}</outline>\n'


def planned(settings: Settings, body: bytes, into: list[str] | None = None) -> Plan:
    known = {each.url: each.declared_at for each in settings.sources.values()}
    return importing.plan(importing.outlines_of("l.opml", body), settings, known.get, into)


def test_folders_titles_and_what_stands_there(tmp_path: Path) -> None:
    """Folders are categories, those in each other too; the file keeps comments and order."""
    settings = loaded(tmp_path)
    body = opml(
        folder(
            "World", feed("https://a.example/", "A"), folder("Far East", feed("https://b.example/"))
        )
        + feed("https://c.example/?x=1&amp;y=2", "https://c.example/?x=1&amp;y=2")
        + folder("Tech", feed("https://A.example/#top"))
        + folder("All", feed("https://d.example/", "D\u200b&#10;&lt;b>d&lt;/b>"))
    )
    after = importing.write(settings, planned(settings, body))
    added = {each.url: (each.title, each.categories) for each in after.sources.values()}
    assert added == {
        "https://wire.example/feed": (None, ("world",)),
        "https://a.example/": ("A", ("world", "tech")),
        "https://b.example/": (None, ("world", "far-east")),
        "https://c.example/?x=1&y=2": (None, ()),
        "https://d.example/": ("D d", ()),
    }
    assert [(each.slug, each.title) for each in after.categories[1:]] == [
        ("world", "The world"),
        ("tech", "Tech"),
        ("far-east", "Far East"),
    ]
    text = (tmp_path / "feedmill.toml").read_text()
    pieces = MAIN.split("# --- sources")
    assert text.startswith(pieces[0])
    assert '# --- sources\n\n[[sources]]\nurl = "https://wire.example/feed"' in text
    assert text.endswith("\n[views.boats]\n")


def test_what_is_bad_is_named_and_the_rest_imported(tmp_path: Path) -> None:
    """With line, key and the right form; a folder that can be no category is told once."""
    settings = loaded(tmp_path)
    plan = planned(
        settings,
        opml(
            feed("nowhere")
            + '<outline type="rss" text="B"/>\n'
            + folder("Feeds", feed("https://a.example/"), feed("https://b.example/"))
            + folder("Boats", feed("https://c.example/"))
            + feed("https://wire.example/feed")
        ),
    )
    assert [(each.line, str(each).partition(";")[0]) for each in plan.bad] == [
        (2, 'xmlUrl: "nowhere" is no web address'),
        (3, "xmlUrl: missing"),
        (4, 'folder "Feeds": "feeds" is an address that the server needs'),
        (8, 'folder "Boats": "boats" is a view of the configuration'),
    ]
    assert [(each.url, each.categories) for each in plan.new] == [
        ("https://a.example/", ()),
        ("https://b.example/", ()),
        ("https://c.example/", ()),
    ]
    assert [(each.line, each.place.rpartition(":")[2]) for each in plan.known] == [(11, "8")]
    assert plan.categories == {}


def test_into_a_category(tmp_path: Path) -> None:
    """Instead of the folders, of which then nothing is made."""
    settings = loaded(tmp_path)
    body = opml(folder("Feeds", feed("https://a.example/")))
    plan = planned(settings, body, ["world"])
    assert (plan.new[0].categories, plan.categories, plan.bad) == (("world",), {}, ())
    plan = planned(settings, body, ["fresh-news"])
    assert plan.categories == {"fresh-news": "Fresh news"}
    assert planned(settings, body, ["all"]).new[0].categories == ()


def test_a_list_of_nothing(tmp_path: Path) -> None:
    """No list, and a list of no feeds, are told apart."""
    with pytest.raises(FeedmillError, match=r"l\.opml: it names no feeds"):
        importing.outlines_of("l.opml", opml(""))
    with pytest.raises(ConfigError, match=r"l\.opml:3: can't be read as OPML: not XML: .* cut off"):
        importing.outlines_of("l.opml", b"<opml>\n<body>\n<outline ")


def test_where_it_cannot_stand(tmp_path: Path) -> None:
    """Files that nobody may write: they stay as they were, and the way out is named. Sources in
    braces are no hindrance."""
    text = 'sources = [{ url = "https://wire.example/feed" }]\n'
    settings = loaded(tmp_path, text)
    importing.write(settings, planned(settings, opml(feed("https://b.example/"))))
    text = (tmp_path / "feedmill.toml").read_text()
    assert text.startswith('sources = [{ url = "https://wire.example/feed" }, {')
    (tmp_path / "var").mkdir(exist_ok=True)
    (tmp_path / "var" / "desk.toml").write_text("# mine\n")
    for name in ("feedmill.toml", "var/desk.toml"):
        (tmp_path / name).chmod(0o444)
    settings = load(settings.file)
    with pytest.raises(EditError, match="is read-only: make it writable"):
        importing.write(settings, planned(settings, opml(feed("https://a.example/"))))
    assert (tmp_path / "feedmill.toml").read_text() == text


def test_ten_thousand_feeds(tmp_path: Path) -> None:
    """Put in, read back and compared in less than a second (0.4 s here; 1.5 s with the check of
    the whole configuration that follows)."""
    settings = loaded(tmp_path)
    folders = [
        folder(f"F {n}", *(feed(f"https://h{n}-{m}.example/", f"Feed {m}") for m in range(100)))
        for n in range(100)
    ]
    plan = planned(settings, opml("".join(folders)))
    assert (len(plan.new), len(plan.categories)) == (10_000, 100)
    taken = []

    def check(text: str, document: dict[str, Any]) -> None:
        taken.append(time.process_time())

    def change(text: str, document: dict[str, Any]) -> str:
        document["sources"].extend(each.table() for each in plan.new)
        lines = [tables.table_lines("[[sources]]", each.table()) for each in plan.new]
        return tables.add_tables(text, "sources", lines)

    started = time.process_time()
    edit_one(settings.file, change, check)
    assert taken[0] - started < 2.0
    (tmp_path / "feedmill.toml").write_text(MAIN)
    assert len(importing.write(settings, plan).sources) == 10_001


# --- a list that stays one ----------------------------------------------------------------

STARS = opml(
    folder("World", feed("https://a.example/", "A", ' stars="5" xmlns:x="urn:x" x:note="mine"'))
)


def test_a_list_is_kept(tmp_path: Path) -> None:
    """Byte for byte, beside the configuration and in `include`; a second time nothing is done."""
    settings = loaded(tmp_path / "wire")
    given = tmp_path / "my list"
    given.write_bytes(STARS)
    after, place = importing.keep(settings, given, STARS)
    assert place == tmp_path / "wire" / "my list.opml"
    assert place.read_bytes() == STARS
    assert after.sources["https://a.example/"].categories == ("world",)
    text = settings.file.read_text()
    assert text == MAIN.replace("\n[cat", '\ninclude = ["my list.opml"]\n\n[cat', 1)
    assert importing.keep(after, given, STARS) == (after, place)
    assert settings.file.read_text() == text
    with pytest.raises(ConfigError, match="another list stands there already"):
        importing.keep(after, given, opml(feed("https://b.example/")))


def test_a_pattern_that_finds_it(tmp_path: Path) -> None:
    """What `include` covers already needs no entry of its own; a name is no pattern."""
    settings = loaded(tmp_path, f'include = ["*.opml"]\n{MAIN}')
    after, _ = importing.keep(settings, Path("a.opml"), STARS)
    assert "https://a.example/" in after.sources
    assert settings.file.read_text() == f'include = ["*.opml"]\n{MAIN}'
    settings = loaded(tmp_path / "b", MAIN)
    after, place = importing.keep(settings, Path("[x].opml"), STARS)
    assert "https://a.example/" in after.sources
    assert after.opml == (place,)


def test_a_list_that_is_refused_leaves_nothing(tmp_path: Path) -> None:
    """All complaints, about the list that was given; neither copy nor entry."""
    settings = loaded(tmp_path / "wire")
    body = opml(feed("nowhere") + feed("HTTPS://WIRE.example/feed"))
    with pytest.raises(ConfigError) as caught:
        importing.keep(settings, Path("given/l.opml"), body)
    assert [line.partition(": ")[0] for line in caught.value.complaints] == [
        "given/l.opml:2",
        "given/l.opml:3",
    ]
    assert [each.name for each in settings.folder.iterdir()] == ["feedmill.toml"]
    assert settings.file.read_text() == MAIN


# --- out ----------------------------------------------------------------------------------

ALL_KINDS = """
include = ["stars.opml"]
[categories.world]
title = "The world"
[categories.tech]
[categories.board]
private = true
[categories.empty]
[[sources]]
url = "https://one.example/?a=1&b=2"
title = 'One & "only" <b>'
categories = ["world", "tech", "board"]
[[sources]]
url = "https://two.example/"
[[sources]]
url = "https://board.example/"
categories = ["board"]
[[sources]]
url = "https://me:hush@three.example/"
categories = ["world"]
[[sources]]
url = "https://four.example/?token=hush"
secret_url = true
[[sources]]
file = "local.xml"
"""
NESTED = opml(
    folder(
        "World",
        feed("https://a.example/", "A", ' stars="5" xmlns:x="urn:x" x:note="" category="/q"'),
        '<outline text="Asia" isOpen="true">',
        feed("https://b.example/", "B", ' htmlUrl="https://me:hush@b.example/"'),
        "</outline>",
    )
    + folder("Board", folder("World", feed("https://c.example/", "C")))
    + folder("Board", feed("https://d.example/", "D"))
    + feed("https://e.example/")
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    here = tmp_path / "wire"
    here.mkdir()
    (here / "local.xml").touch()
    (here / "stars.opml").write_bytes(NESTED)
    return loaded(here, ALL_KINDS)


def shown(body: bytes) -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [(each.url, each.title, each.folders) for each in read_opml(body)]


def test_everything_public(settings: Settings) -> None:
    """By category, then as included lists nest, then what is in none; nothing that is secret."""
    exported = export(settings, {"https://two.example/": ("Two", "https://two.example/home")})
    one = 'One & "only" <b>'
    assert shown(exported.body) == [
        ("https://one.example/?a=1&b=2", one, ("The world",)),
        ("https://a.example/", "A", ("The world",)),
        ("https://b.example/", "B", ("The world", "Asia")),
        ("https://c.example/", "C", ("The world",)),
        ("https://one.example/?a=1&b=2", one, ("Tech",)),
        ("https://two.example/", "Two", ()),
        ("https://e.example/", "https://e.example/", ()),
    ]
    assert b"hush" not in exported.body
    assert b"oard" not in exported.body
    assert [reason.partition(":")[0] for _, reason in exported.kept_back] == [
        "it is in private categories only",
        "its address is a secret",
        "its address is a secret",
        "it is a local document",
        "it is in private categories only",
    ]
    assert export(settings, {}).body == export(settings, {}).body


def test_unknown_attributes_are_given_back(settings: Settings) -> None:
    """P36: what other programs wrote into an included list, of feeds and of folders."""
    root = etree.fromstring(export(settings, {}).body)
    assert root.get("version") == "2.0"
    [a] = root.iterfind(".//outline[@xmlUrl='https://a.example/']")
    assert (a.get("stars"), a.get("{urn:x}note")) == ("5", "")
    assert a.get("category") == "/q,/world"
    [asia] = root.iterfind(".//outline[@text='Asia']")
    assert (asia.get("isOpen"), asia.get("category")) == ("true", "/asia")
    for outline in root.iterfind(".//outline[@xmlUrl]"):
        assert outline.get("type") == "rss"
        assert outline.get("text")
        assert outline.get("title")


def test_private_ones_where_they_are_wanted(settings: Settings) -> None:
    """Their categories, never their secrets."""
    exported = export(settings, {}, private=True)
    found = shown(exported.body)
    assert ("https://board.example/", "https://board.example/", ("Board",)) in found
    assert ("https://c.example/", "C", ("Board", "World")) in found
    assert b"hush" not in exported.body
    assert exported.sources == 8


def by_name(settings: Settings) -> dict[str, tuple[str | None, tuple[str, ...]]]:
    return {each.url: (each.title, tuple(sorted(each.categories))) for each in
            settings.sources.values()}  # fmt: skip


def test_round_trip(settings: Settings, tmp_path: Path) -> None:
    """Imported into an empty configuration, or included by it, an export gives the same sources,
    categories and titles; and exported from there, the same outlines."""
    settings.file.write_text(ALL_KINDS.partition('[[sources]]\nurl = "https://me:')[0])
    before = load(settings.file, {})
    body = export(before, {}, private=True).body
    titles = {each.slug: each.title for each in before.categories if each.slug != "empty"}

    empty = loaded(tmp_path / "imported", "")
    imported = importing.write(empty, planned(empty, body))
    assert by_name(imported) == by_name(before)
    assert {each.slug: each.title for each in imported.categories} == titles

    (tmp_path / "included").mkdir()
    (tmp_path / "included" / "l.opml").write_bytes(body)
    included = loaded(tmp_path / "included", 'include = ["l.opml"]\n')
    named = {url: (title or url, slugs) for url, (title, slugs) in by_name(before).items()}
    assert by_name(included) == named
    assert {each.slug: each.title for each in included.categories} == titles
    again = export(included, {}).body
    assert [each.attributes for each in read_opml(again)] == [
        each.attributes for each in read_opml(export(before, {}, private=True).body)
    ]


@pytest.mark.shared
def test_names_of_all_kinds(tmp_path: Path) -> None:
    """Whatever stands in a title survives a round trip, but for what is no line of text."""
    import json

    rows = (shared("suites") / "naughty-strings.jsonl").read_text().splitlines()
    found = [str(json.loads(row)["input"]) for row in rows if "input" in json.loads(row)]
    root = etree.Element("opml", version="2.0")
    body = etree.SubElement(root, "body")
    for number, text in enumerate(found):
        title = "".join(c for c in text if c.isprintable())
        etree.SubElement(body, "outline", text=title, xmlUrl=f"https://h{number}.example/")
    first = loaded(tmp_path / "a", "")
    once = importing.write(first, planned(first, etree.tostring(root)))
    second = loaded(tmp_path / "b", "")
    twice = importing.write(second, planned(second, export(once, {}).body))
    assert len(twice.sources) == len(found) > 100
    assert by_name(twice) == by_name(once)


def test_the_line_that_add_writes_is_the_same(tmp_path: Path) -> None:
    """One way to write a source, whichever verb does it."""
    settings = loaded(tmp_path)
    plan = planned(settings, opml(folder("World", feed("https://a.example/", "A"))))
    wishes = adding.Wishes(categories=("world",), title="A")
    assert plan.text() == adding.block(["https://a.example/"], wishes, [])

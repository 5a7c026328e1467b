"""[views], rules, private feeds: what the configuration says of them, and its complaints."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import load
from config.membership import hidden, members
from config.settings import Settings
from feeds.errors import ConfigError
from feeds.models import Match

SOURCES = """
[categories.news]
[categories.tech]
[categories.staff]
private = true
[[sources]]
url = "https://a.test/feed"
categories = ["news"]
[[sources]]
url = "https://b.test/feed"
categories = ["tech", "news"]
[[sources]]
url = "https://c.test/feed"
categories = ["staff"]
[[sources]]
url = "https://d.test/feed"
"""
IDS = {f"https://{name}.test/feed": number for number, name in enumerate("abcd", 1)}


def loaded(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "feedmill.toml"
    path.write_text(text)
    return load(path, {})


def complaints(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as raised:
        loaded(tmp_path, text)
    return str(raised.value)


def shown(settings: Settings) -> dict[str, str]:
    """Feed → the names of its sources; * for all, - before hidden ones."""
    of_source = {IDS[url]: source.categories for url, source in settings.sources.items()}
    names = {number: url[8] for url, number in IDS.items()}
    found = {}
    for slug, each in members(settings, of_source, IDS).items():
        chosen = "*" if each.sources is None else "".join(names[n] for n in sorted(each.sources))
        found[slug] = chosen + "".join(f"-{names[n]}" for n in sorted(each.hidden))
    assert hidden(settings, of_source) == {IDS["https://c.test/feed"]}
    return found


def test_whose_stories(tmp_path: Path) -> None:
    """A category its own sources', a view what it names, else all; nothing private in public."""
    settings = loaded(
        tmp_path,
        SOURCES
        + """
[views.everything]
[views.both]
categories = ["news", "tech"]
[views.one]
sources = ["https://A.test/feed"]
[views.mixed]
categories = ["tech"]
sources = ["https://d.test/feed"]
[views.board]
private = true
categories = ["staff", "news"]
""",
    )
    assert shown(settings) == {
        "all": "*-c",
        "news": "ab-c",
        "tech": "b-c",
        "staff": "c",
        "everything": "*-c",
        "both": "ab-c",
        "one": "a-c",
        "mixed": "bd-c",
        "board": "abc",
    }


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        """
[views.boats]
title = "Boats"
was = "ships"
limit = 20
max_age = "7d"
delay = "10m"
excerpt = 40
images = false
also_line = true
[views.boats.match]
any = [{ title = "ferr(y|ies)" }, { text = ["boat", "ship"], not = { author = "bot" } }]
""",
    )
    [view] = settings.views
    assert (view.title, view.was, view.limit, view.shown_age) == ("Boats", "ships", 20, 604_800.0)
    assert (view.delay, view.excerpt, view.images, view.also_line) == (600.0, 40, False, True)
    assert view.max_age is None
    assert view.match == Match(
        kind="any",
        parts=(
            Match(kind="title", patterns=("ferr(y|ies)",)),
            Match(
                kind="all",
                parts=(
                    Match(kind="text", patterns=("boat", "ship")),
                    Match(kind="not", parts=(Match(kind="author", patterns=("bot",)),)),
                ),
            ),
        ),
    )
    for text, number in (('"full"', None), ('"headline"', 0), ("1", 1)):
        [view] = loaded(tmp_path, f"[views.a]\nexcerpt = {text}").views
        assert view.excerpt == number


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[views.a]\nmatch = "x"', 'feedmill.toml:2: views.a.match: must be a table'),
        ('[views.a]\nmatch = { titel = "x" }', 'match.titel: there is no such rule, did you mean'),
        ('[views.a]\nmatch = { title = "(" }', "is no pattern of RE2"),
        ('[views.a]\nmatch = { title = "(?=x)" }', "is no pattern of RE2"),
        ("[views.a]\nmatch = { title = 3 }", "match.title: must be a pattern in quotes, not 3"),
        ("[views.a]\nmatch = { title = [] }", "match.title: has no pattern"),
        ('[views.a]\nmatch = { any = { title = "x" } }', "match.any: must be a list of tables"),
        ("[views.a]\nmatch = {}", "match: must be a table of rules"),
        ("[views.a]\nexcerpt = 0", "neither"),
        ('[views.a]\nexcerpt = "ful"', '"ful" is neither "full" nor "headline" nor a number'),
        ('[views.a]\ncategories = ["x"]', 'toml:2: views.a.categories[1]: unknown category "x"'),
        ('[views.a]\nsources = ["https://x.test/"]', "is no source of this configuration"),
        ("[views.all]", "`all` is a category"),
        ("[categories.a]\n[views.a]", "feedmill.toml:1 already"),
        ('[categories.a]\n[views.b]\nwas = "a"', '"a" is still a feed itself'),
        ('[categories.a]\nprivate = true\n[views.b]\ncategories = ["a"]', "category a is private"),
        ('[output]\nprivate = "var/public/p"', "is in the public folder"),
        ("[views.a]\nlimitt = 3", "did you mean"),
        ('[hub]\nothers = ["nothing"]', "hub.others"),
    ],
)  # fmt: skip
def test_mistakes(tmp_path: Path, text: str, said: str) -> None:
    """Each names its place and what would be right; none is silently passed over."""
    assert said in complaints(tmp_path, text)

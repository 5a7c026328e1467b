"""The docs hold: their commands are there, their links lead somewhere, the quickstart works."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

from config import cli
from tests.flows.command import ROOT, Installation, rss
from tests.ops.guides import PAGES, anchors, blocks, commands, fault, links
from tests.origin import Origin

QUICKSTART = ROOT / "docs" / "quickstart.md"


@pytest.fixture(scope="module")
def tree() -> Any:
    app = typer.Typer(callback=cli.common)
    for module in cli.verbs():
        module.register(app)
    return typer.main.get_command(app)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_there(page: Path, tree: Any) -> None:
    """Each that a page names: verb, options, and as many arguments as it takes."""
    wrong = {str(each): found for each in commands(page) if (found := fault(each, tree))}
    assert wrong == {}


def test_wrong_commands_are_found(tmp_path: Path, tree: Any) -> None:
    """The test before this one can fail."""
    page = tmp_path / "page.md"
    page.write_text(
        "Run `feedmill pol --now`, `feedmill poll --later`, `feedmill token drop ada`.\n"
        "```sh\nfeedmill why\nfeedmill why one two  # no\n```\n"
    )
    found = [fault(each, tree) for each in commands(page)]
    assert found == [
        "0 arguments, not 1 to 1",
        "2 arguments, not 1 to 1",
        "no command pol",
        "no option --later",
        "no command drop",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """To a file that is there, and to a heading that it has."""
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_command_is_told(tree: Any) -> None:
    """docs/commands.md has a heading for each verb, the README a line."""
    headings = " ".join(re.findall(r"^## (.+)$", (ROOT / "docs/commands.md").read_text(), re.M))
    readme = (ROOT / "README.md").read_text()
    for name in tree.commands:
        assert re.search(rf"\b{name}\b", headings), name
        assert re.search(rf"`(feedmill )?{name}\b", readme), name


@pytest.mark.slow
def test_the_quickstart(tmp_path: Path) -> None:
    """Its file, with sources of ours in the place of theirs: ten, in three categories, each with a
    feed at the address that the page names."""
    text, *_ = blocks(QUICKSTART, "toml")
    said = tomllib.loads(text)
    assert (len(said["sources"]), len(said["categories"])) == (10, 3)
    here = Installation(tmp_path)
    with Origin() as origin:
        for number, source in enumerate(said["sources"]):
            origin.serve(f"/{number}", rss(f"item{number}", link=f"http://{number}.test/"))
            text = text.replace(source["url"], origin.url(f"/{number}"))
        text += f'[server]\nlisten = "127.0.0.1:{here.port}"\n'
        text += '[poll]\nallow_private = true\nhost_delay = "0.001s"\n'
        (tmp_path / "feedmill.toml").write_text(text)
        for line in blocks(QUICKSTART, "sh")[1].splitlines()[:-1]:
            here.verb(*line.partition("#")[0].split()[1:])
        with here.running() as site:
            page = QUICKSTART.read_text()
            addresses = re.findall(r"<http://127.0.0.1:8080(/\S*)>", page)
            assert len(addresses) == 6
            for path in addresses:
                assert site.get(path).status == 200, path
            site.wait_for("/science/atom.xml", "item9")
            for slug in said["categories"]:
                assert f"/{slug}/atom.xml".encode() in site.get("/feeds.opml").body

"""The desk works with what the engine works with, whatever has become of the file since."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.flows.command import Installation, Site, rss, until
from tests.flows.guarded import installation
from tests.flows.visiting import Caller, Visitor, users
from tests.origin import Origin

pytestmark = pytest.mark.slow


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/one", rss("one", "two"))
        found.serve("/late", rss("three"))
        yield found


def rewritten(here: Installation, site: Site, change: Callable[[str], str]) -> Path:
    """By hand, and taken up by the engine; the desk is not looked at."""
    file = here.folder / "feedmill.toml"
    before = site.log.read_text().count("event=running ")
    file.write_text(change(file.read_text()))
    assert until(lambda: site.log.read_text().count("event=running ") > before)
    return file


def broken(file: Path, site: Site) -> None:
    with file.open("a") as text:
        text.write("oops\n")
    assert until(lambda: "the configuration is refused" in site.log.read_text())


def test_who_was_taken_out_comes_in_no_more(tmp_path: Path, origin: Origin) -> None:
    """Neither with his password nor with the session that he has, though the file is wrong by now
    and nobody has looked at the desk in between; others do."""
    here = installation(tmp_path, origin, users())
    with here.running() as site:
        bert, anna = Visitor(site.port), Visitor(site.port)
        assert bert.log_in("bert").status == anna.log_in("anna").status == 303
        assert bert.get("/desk/sources").status == 200
        file = rewritten(
            here, site, lambda text: text.replace(text[text.index("[desk.users.bert]"):
                                                       text.index("[categories.news]")], "")
        )  # fmt: skip
        broken(file, site)
        assert bert.get("/desk/sources").status == 303
        again = Visitor(site.port)
        assert again.log_in("bert").status == 401
        assert again.get("/desk/").status == 303
        assert anna.get("/desk/sources").status == 200
        assert "oops" in anna.get("/desk/").text or "TOML" in anna.get("/desk/").text


def test_nor_whose_rank_was_taken(tmp_path: Path, origin: Origin) -> None:
    """An admin who is made an editor is one at once, without a request in between."""
    here = installation(tmp_path, origin, users())
    with here.running() as site:
        anna = Visitor(site.port)
        assert anna.log_in("anna").status == 303
        assert anna.post("/desk/feeds/tokens", label="one", feed="").status == 200
        mark = anna.mark()
        rewritten(here, site, lambda text: text.replace('role = "admin"', 'role = "editor"'))
        assert anna.post("/desk/feeds/tokens", mark=mark, label="two", feed="").status == 403


@pytest.mark.parametrize("seen", [True, False])
def test_what_was_added_is_there(tmp_path: Path, origin: Origin, seen: bool) -> None:
    """A source and a category that the engine has taken up, at a desk that was looked at before and
    after, and at one that is looked at for the first time when the file is wrong already."""
    here = installation(tmp_path, origin)
    late = (
        '[categories.late]\ntitle = "Late"\n'
        f'[[sources]]\nurl = "{origin.url("/late")}"\ncategories = ["late"]\n'
    )
    with here.running() as site:
        you, caller = Visitor(site.port), Caller(site.port)
        if seen:
            assert you.get("/desk/feeds/late").status == 404
        file = rewritten(here, site, lambda text: text + late)
        site.wait_for("/late/atom.xml", "Title of three")
        broken(file, site)
        assert {each["url"] for each in caller.get("/sources")["sources"]} == {
            origin.url("/one"), origin.url("/late"),
        }  # fmt: skip
        page = you.get("/desk/feeds/late")
        assert page.status == 200
        assert "not TOML" in page.text
        assert caller.get("/status")["complaints"]
        # And once it is right again, what it says.
        file.write_text(file.read_text().replace("oops\n", '[categories.last]\ntitle = "L"\n'))
        assert until(lambda: you.get("/desk/feeds/last").status == 200)

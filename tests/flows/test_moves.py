"""Sources that were given another address in the file: taken for the same only where it is plain,
told, and taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.flows.command import Installation, Site, rss, until
from tests.flows.visiting import WORD, Visitor, users
from tests.origin import Origin

pytestmark = pytest.mark.slow

NEWS = '[categories.news]\ntitle = "News"\n'


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        yield found


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def configure(here: Installation, origin: Origin, *paths: str, more: str = "") -> None:
    tables = (
        f'[[sources]]\nurl = "{origin.url(each)}"\ncategories = ["news"]\n{more}' for each in paths
    )
    here.configure(users() + NEWS + "".join(tables))


def names(word: str, count: int = 6) -> list[str]:
    return [f"{word}{number}" for number in range(count)]


def numbered(word: str) -> bytes:
    """A feed that numbers its items; all else is its own."""
    items = "".join(
        f"<item><title>{word} number {n}</title><guid isPermaLink='false'>{n}</guid>"
        f"<link>http://{word}.test/{word}-{n}</link><description>All of {word} {n}</description>"
        "</item>"
        for n in range(1, 7)
    )
    return (
        f"<rss version='2.0'><channel><title>{word}</title><link>http://{word}.test/</link>"
        f"<description>d</description>{items}</channel></rss>"
    ).encode()


def test_two_that_number_their_items(here: Installation, origin: Origin) -> None:
    """One comes, one goes: no article is overwritten."""
    origin.serve("/cats", numbered("Cats"))
    origin.serve("/taxes", numbered("Taxes"))
    configure(here, origin, "/cats")
    here.verb("poll", "--now")
    here.verb("publish")
    configure(here, origin, "/taxes")
    plan = here.json("plan")
    assert (plan["moved"], plan["unclear"]) == ([], [])
    assert plan["added"] == [origin.url("/taxes")]
    assert [each["url"] for each in plan["removed"]] == [origin.url("/cats")]
    with here.running() as site:
        site.wait_for("/news/atom.xml", "Taxes number 4")
        assert b"Cats number 4" in site.get("/news/atom.xml").body
        assert "source moved" not in site.log.read_text()


def moves(plan: dict[str, Sequence[dict[str, str]]]) -> dict[str, str]:
    return {
        each["before"].rpartition("/")[2]: each["after"].rpartition("/")[2]
        for each in plan["moved"]
    }


def test_an_aggregate_that_goes_with_them(here: Installation, origin: Origin) -> None:
    """It has all that the two have; each of the two moves to where its own items are."""
    two, three = names("two"), names("three")
    for name, items in (("2", two), ("3", three), ("all", [*two, *three, *names("x", 17)])):
        origin.serve(f"/{name}", rss(*items))
    configure(here, origin, "/2", "/3", "/all")
    here.verb("poll", "--now")
    origin.serve("/moved2", rss(*two))
    origin.serve("/moved3", rss(*three))
    configure(here, origin, "/moved3", "/moved2")
    plan = here.json("plan")
    assert moves(plan) == {"2": "moved2", "3": "moved3"}
    assert [each["url"] for each in plan["removed"]] == [origin.url("/all")]
    assert (plan["added"], plan["unclear"]) == ([], [])


def test_a_tie(here: Installation, origin: Origin) -> None:
    """Two that show the same, and one that comes: it may be either. It is said, and none is taken
    for it; with `was` the operator decides."""
    for name in ("rss", "atom", "new"):
        origin.serve(f"/{name}", rss(*names("one")))
    configure(here, origin, "/rss", "/atom")
    here.verb("poll", "--now")
    configure(here, origin, "/new")
    plan = here.json("plan")
    assert plan["moved"] == []
    [unclear] = plan["unclear"]
    assert unclear == {
        "url": origin.url("/new"), "may_be": [origin.url("/atom"), origin.url("/rss")],
    }  # fmt: skip
    assert plan["added"] == [origin.url("/new")]
    assert f"may be {origin.url('/atom')} or {origin.url('/rss')}" in here.verb("plan")
    with here.running() as site:
        site.wait_for("/readyz")
        assert "source may have moved, taken for a new one" in site.log.read_text()
    [source] = here.json("sources")
    assert source["id"] == 3
    configure(here, origin, "/rss")
    here.verb("sources")
    configure(here, origin, "/newer", more=f'was = "{origin.url("/rss")}"\n')
    assert here.json("sources")[0]["id"] == 1


def moved(here: Installation, origin: Origin, *, more: str = "") -> None:
    """A source, polled and published, is given another address."""
    origin.serve("/one", rss("one", "two", link="http://a.test/"))
    configure(here, origin, "/one", more=more)
    here.verb("poll", "--now")
    origin.serve("/home", rss("one", "two", "newest"))
    configure(here, origin, "/home?key=hush-93", more=more)


def says(site: Site, text: str) -> bool:
    return text in site.log.read_text()


def test_undone_at_the_desk(here: Installation, origin: Origin) -> None:
    """A move stands in the log and in the source's history, and is taken back for good: the former
    source has its articles, the new address is another one, also after a restart."""
    moved(here, origin)
    before, after = origin.url("/one"), origin.url("/home?key=hush-93")
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of newest")
        assert says(site, f"before={before}")
        # As the log has any address: its query may be a secret.
        assert says(site, f"after={origin.url('/home')}")
        assert not says(site, "hush-93")
        [change] = here.json("redirects")["changes"]
        assert (change["id"], change["before"], change["after"]) == (1, before, after)
        assert "67% of what is there is known" in change["why"]
        anna = Visitor(site.port)
        anna.log_in("anna", WORD)
        page = anna.get("/desk/sources/1").text
        assert f"{before} → {after}" in page
        assert "This is another source" in page
        answer = anna.post("/desk/sources/1/act", action="undo")
        assert answer.status == 303
        assert until(lambda: [(s["id"], s["articles"]) for s in here.json("sources")] == [(2, 3)])
        assert anna.get("/desk/sources/1").status == 404
        assert "This is another source" not in anna.get("/desk/sources/2").text
    assert here.json("redirects")["changes"][0]["why"] == "undone by the operator"
    with here.running():
        assert [each["id"] for each in here.json("sources")] == [2]
    configure(here, origin, "/one")
    assert [each["id"] for each in here.json("sources")] == [1]


def test_undone_by_the_verb(here: Installation, origin: Origin) -> None:
    """Also where the file names the former address: what was parted stays so. No secret address is
    told, neither in the log nor in the history, though it is a secret no more."""
    moved(here, origin, more="secret_url = true\n")
    told = here.verb("plan")
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of newest")
        told += site.log.read_text() + here.verb("redirects")
    assert "(secret address at 127.0.0.1)" in told
    configure(here, origin, "/home?key=hush-93", more=f'was = "{origin.url("/one")}"\n')
    told += here.verb("redirects", "1") + here.verb("redirects", "1", "--undo")
    assert "is a source of its own from now on" in told
    assert [each["id"] for each in here.json("sources")] == [2]
    assert "at its configured address already" in here.verb("redirects", "2", "--undo")
    told += here.verb("redirects")
    assert "hush-93" not in told
    assert origin.url("/one") not in told

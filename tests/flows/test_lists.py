"""Lists of sources that lie elsewhere, in a real `run`: sources come and go with them, and what is
wrong in one of them stops nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.command import Installation, Site, rss, until
from tests.flows.visiting import WORD, Caller, Visitor, users
from tests.origin import Answer, Origin

pytestmark = pytest.mark.slow

Folder = tuple[str, list["str | Folder"]]


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        for name in ("one", "two", "three", "four"):
            found.serve(f"/{name}", rss(name), etag=True)
        yield found


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    found = Installation(tmp_path)
    later(found, 0)
    found.variables["FEEDMILL_CLOCK"] = f"@{tmp_path / 'clock'}"
    return found


def later(here: Installation, hours: float) -> None:
    """So many hours after the beginning."""
    new = here.folder / "clock.new"
    new.write_text(str(hours * 3600))
    new.replace(here.folder / "clock")


def opml(origin: Origin, *of: str | Folder) -> bytes:
    def lines(each: str | Folder) -> str:
        if isinstance(each, str):
            url = each if ":" in each else origin.url(f"/{each}")
            return f'<outline type="rss" text="{each}" xmlUrl="{url}"/>'
        return f'<outline text="{each[0]}">{"".join(map(lines, each[1]))}</outline>'

    return f'<opml version="2.0"><body>{"".join(map(lines, of))}</body></opml>'.encode()


def include(origin: Origin, *paths: str) -> str:
    """Above all tables: HEADER of an Installation begins with one."""
    return f"include = {json.dumps([origin.url(path) for path in paths])}\n"


def configure(here: Installation, top: str, text: str = "") -> None:
    here.configure(text)
    file = here.folder / "feedmill.toml"
    file.write_text(top + file.read_text())


def says(site: Site, text: str) -> bool:
    return text in site.log.read_text()


def sources(here: Installation) -> set[str]:
    return {each["url"].rpartition("/")[2] for each in here.json("sources")}


def status(here: Installation) -> dict[str, list[str]]:
    """Also of a house in trouble."""
    found: dict[str, list[str]] = json.loads(here.call("status", "--json").stdout)
    return found


def test_sources_come_and_go(here: Installation, origin: Origin) -> None:
    """Folders are categories, also in each other; what a list adds is polled and published within
    seconds of its refresh, what it takes out is polled no more and keeps its articles."""
    origin.serve("/list", opml(origin, ("News", ["one", ("World", ["two"])]), "three"), etag=True)
    configure(here, include(origin, "/list"))
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of two")
        site.wait_for("/world/rss.xml", "Title of two")
        site.wait_for("/all/rss.xml", "Title of three")
        assert b"Title of one" not in site.get("/world/rss.xml").body
        assert sources(here) == {"one", "two", "three"}
        [told] = here.json("lists")
        assert (told["feeds"], told["error"], told["doubted"]) == (3, None, None)
        origin.serve(
            "/list", opml(origin, ("News", ["one"]), ("Else", ["four"]), "three"), etag=True
        )
        later(here, 1.01)
        site.wait_for("/else/rss.xml", "Title of four")
        assert sources(here) == {"one", "three", "four"}
        assert site.get("/world/rss.xml").status == 410
        assert len(here.json("articles")) == 4
        # By its whole hour, no more: each time it was due, and once at the beginning.
        assert len(origin.asked("/list")) == 2
        asked = origin.asked("/list")
        assert "if-none-match" in asked[1].headers
        assert all(each.headers["user-agent"].startswith("Feedmill/") for each in asked)
        assert all("ops@example.org" in each.headers["user-agent"] for each in asked)
        assert all("cookie" not in each.headers for each in asked)
        code, _ = site.stop()
    assert code == 0


def test_suddenly_empty(here: Installation, origin: Origin) -> None:
    """Its sources stay, and it is told in the log, by `status` and in what happened; `--believe`
    takes it as it is."""
    origin.serve("/list", opml(origin, ("News", ["one", "two"])), etag=True)
    configure(here, include(origin, "/list"))
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of two")
        origin.serve("/list", opml(origin), etag=True)
        later(here, 1.01)
        assert until(lambda: says(site, "list not believed"))
        assert until(lambda: says(site, "event=trouble kind=list"))
        assert sources(here) == {"one", "two"}
        assert site.get("/news/rss.xml").status == 200
        assert "it is empty, and had 2 feeds" in here.verb("status")
        assert "not believed since" in here.verb("lists")
        here.verb("lists", "--believe", origin.url("/list"))
        assert until(lambda: sources(here) == set())
        assert until(lambda: says(site, 'event="trouble over"'))
        assert here.json("status")["troubles"] == []
        assert len(here.json("articles")) == 2


def test_its_server_is_away(here: Installation, origin: Origin) -> None:
    """What was there stays; told after several times; asked ever more rarely."""
    origin.serve("/list", opml(origin, "one"), etag=True)
    configure(here, include(origin, "/list"))
    with here.running() as site:
        site.wait_for("/all/rss.xml", "Title of one")
        origin.answer("/list", Answer(503))
        for hours in (1.1, 2.2, 4.3, 8.4):
            before = len(origin.asked("/list"))
            later(here, hours)
            assert until(lambda now=before: len(origin.asked("/list")) == now + 1)
        assert until(lambda: says(site, "event=trouble kind=list"))
        assert says(site, "list not read")
        assert sources(here) == {"one"}
        assert "could not be read" in here.verb("lists")
        done = here.call("lists", "--ask")
        assert done.returncode == 1
        assert "could not be read" in done.stdout


def test_at_the_desk_and_by_the_api(here: Installation, origin: Origin) -> None:
    """A list is shown, asked and believed; a source that it brings is told by the list's address,
    and is not offered what can't be done to it."""
    origin.serve("/list", opml(origin, "one", "two"))
    configure(here, include(origin, "/list?key=hush-44"), users())
    token = here.json("token", "add", "ci", "--for", "api")["token"]
    with here.running() as site:
        site.wait_for("/all/rss.xml", "Title of two")
        you, anna = Caller(site.port, token), Visitor(site.port)
        anna.log_in("anna", WORD)
        [told] = you.get("/lists")
        assert (told["feeds"], told["taken"], told["error"]) == (2, 2, None)
        at = f"/lists/{told['id']}"
        page = anna.get("/desk/sources/1").text
        assert f"{origin.url('/list')}?…:1" in page
        assert 'value="poll"' in page
        assert 'value="pause"' not in page
        assert 'value="remove"' not in page
        assert "a list that lies elsewhere" in page
        assert 'href="/desk/lists"' in anna.get("/desk/sources").text

        origin.serve("/list", opml(origin, "three", "four"))
        assert "lost 2 of its 2 feeds" in you.ask("POST", f"{at}/ask").json["doubted"]
        lists = anna.get("/desk/lists").text
        assert "Take it as it is" in lists
        assert anna.post("/desk/lists", list=told["id"], action="believe").status == 303
        assert until(lambda: sources(here) == {"three", "four"})
        assert "Take it as it is" not in anna.get("/desk/lists").text

        origin.serve("/list", opml(origin))
        assert anna.post("/desk/lists", list=told["id"], action="ask").status == 303
        assert "it is empty" in you.get("/lists")[0]["doubted"]
        assert you.ask("POST", f"{at}/believe").json["feeds"] == 0
        assert until(lambda: sources(here) == set())
        origin.answer("/list", Answer(500))
        assert "500" in you.ask("POST", f"{at}/ask").json["error"]
        assert "could not be read" in anna.get("/desk/lists").text
        assert you.ask("POST", "/lists/0123456789ab/ask").status == 404
        assert anna.post("/desk/lists", list="no", action="ask").status == 404
        said = page + lists + json.dumps(you.get("/lists")) + site.log.read_text()
        assert "hush-44" not in said


def test_what_is_wrong_in_it(here: Installation, origin: Origin) -> None:
    """A source that is configured by hand, a slug that is a view, one that the server needs, a bad
    address, a private one: each is told as a warning, the rest is taken."""
    nowhere = "http://169.254.1.1/feed"
    origin.serve(
        "/list",
        opml(origin, ("Picks", ["two"]), ("Desk", ["three"]), "one", "ftp://x.test/", nowhere),
    )
    hand = f'[[sources]]\nurl = "{origin.url("/one")}"\ntitle = "By hand"\nevery = "2h"\n'
    view = '[views.picks]\nmatch = { title = "one" }\n'
    configure(here, include(origin, "/list"), view + hand)
    with here.running() as site:
        site.wait_for("/all/rss.xml", "Title of two")
        site.wait_for("/all/rss.xml", "Title of three")
        warnings = "\n".join(status(here)["warnings"])
        for text in (
            '"picks" is a view here',
            "address that the server needs",
            "the same source stands at feedmill.toml:",
            "xmlUrl:",
        ):
            assert text in warnings
        assert says(site, "left out")
        assert {each["title"] for each in here.json("sources")} >= {"By hand"}
        assert until(
            lambda: (
                next(s["status"] for s in here.json("sources") if s["url"] == nowhere) == "failing"
            )
        )
        assert "has a private address" in here.json("why", nowhere)["advice"]
        assert b"Title of two" not in site.get("/picks/rss.xml").body
        assert site.get("/readyz").status == 200
    assert here.call("check").returncode == 0
    [told] = here.json("lists")
    assert (told["feeds"], told["taken"]) == (5, 3)
    # By the list's address: the file in which it is kept is not for editing.
    assert any(
        each.startswith(f"{origin.url('/list')}:1: xmlUrl: the same source")
        for each in told["faults"]
    )
    assert "var/lists" not in warnings + here.verb("lists")
    assert "5 feeds, of which 3 were taken" in here.verb("lists")
    assert "   left out: http" in here.verb("lists")


def test_what_is_ours_counts(here: Installation, origin: Origin) -> None:
    """Wherever in our files it stands: in one that is included later, or written by the desk; and
    what we have moved (`was`) is not there twice."""
    origin.serve("/list", opml(origin, ("Picks", ["one"]), ("Old", ["two", "three"])))
    (here.folder / "more.toml").write_text(f'[[sources]]\nurl = "{origin.url("/one")}"\n')
    (here.folder / "var").mkdir()
    (here.folder / "var" / "desk.toml").write_text('[views.picks]\nmatch = { title = "one" }\n')
    ours = '[categories.new]\nwas = "old"\n[[sources]]\ncategories = ["new"]\n'
    ours += f'url = "{origin.url("/four")}"\nwas = "{origin.url("/two")}"\n'
    configure(here, "", ours)
    file = here.folder / "feedmill.toml"
    both = json.dumps([origin.url("/list"), "more.toml"])
    file.write_text(f"include = {both}\n{file.read_text()}")
    with here.running() as site:
        site.wait_for("/all/rss.xml", "Title of three")
        assert sources(here) == {"one", "three", "four"}
        assert site.get("/picks/rss.xml").status == 200
    assert here.call("check").returncode == 0


def test_what_others_take_away(here: Installation, origin: Origin) -> None:
    """Our view and our source name a category that only the list has: before it is read, and when
    it has lost it, they do without, and nothing is refused. Without a list it is a mistake."""
    origin.serve("/list", opml(origin, ("World", ["one"]), "three"))
    mine = '[views.picks]\ncategories = ["world"]\n'
    mine += f'sources = ["{origin.url("/three")}"]\n'
    mine += f'[[sources]]\nurl = "{origin.url("/two")}"\ncategories = ["world"]\n'
    configure(here, include(origin, "/list"), mine)
    assert here.call("check").returncode == 0
    with here.running() as site:
        for title in ("one", "two", "three"):
            site.wait_for("/picks/rss.xml", f"Title of {title}")
        origin.serve("/list", opml(origin, ("Else", ["one"])))
        later(here, 1.01)
        site.wait_for("/else/rss.xml", "Title of one")
        assert until(lambda: b"Title of two" not in site.get("/picks/rss.xml").body)
        assert b"Title of one" not in site.get("/picks/rss.xml").body
        # What is published and what `status` says come from two steps of one change.
        unknown = 'unknown category "world"'
        assert until(lambda: sum(unknown in each for each in status(here)["warnings"]) == 2)
        assert status(here)["complaints"] == []
    assert here.call("run", "--help").returncode == 0
    configure(here, "", mine)
    done = here.call("check")
    assert done.returncode == 2
    assert 'unknown category "world"' in done.stderr


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://", "https://"),
        ("http:///list.opml", "web address"),
        ("https://exa mple.org/l.opml", "web address"),
        ("ftp://example.org/l.opml", "lists come from http:// and https:// alone"),
        ("https://u:hush@[bad/l.opml", "web address"),
    ],
)
def test_wrong_addresses(here: Installation, address: str, said: str) -> None:
    """A complaint with file, line and key."""
    configure(here, f'include = ["{address}"]\n')
    done = here.call("check")
    assert done.returncode == 2
    assert done.stderr.startswith("feedmill.toml:1: include")
    assert said in done.stderr
    assert "hush" not in done.stderr


def test_one_list_twice(here: Installation, origin: Origin) -> None:
    """Said with the cure."""
    configure(here, include(origin, "/list", "/list"))
    done = here.call("check")
    assert done.returncode == 2
    assert "is included already; remove it here" in done.stderr


def test_two_lists(here: Installation, origin: Origin) -> None:
    """What stands in both is one source, in the categories of both."""
    origin.serve("/list", opml(origin, ("News", ["one"])))
    origin.serve("/other", opml(origin, ("World", ["one", "two"])))
    configure(here, include(origin, "/list", "/other"))
    with here.running() as site:
        site.wait_for("/world/rss.xml", "Title of one")
        site.wait_for("/news/rss.xml", "Title of one")
        assert sources(here) == {"one", "two"}
        assert status(here)["warnings"] == []


def test_redirected(here: Installation, origin: Origin) -> None:
    """Followed each time; the address stays ours."""
    origin.serve("/there", opml(origin, "one"))
    origin.redirect("/list", "/there", 301)
    configure(here, include(origin, "/list"))
    with here.running() as site:
        site.wait_for("/all/rss.xml", "Title of one")
        assert here.json("lists")[0]["url"] == origin.url("/list")


@pytest.mark.parametrize("running", [True, False])
def test_another_address(here: Installation, origin: Origin, running: bool) -> None:
    """The same list elsewhere: no feed of it is gone even for a moment, nothing is polled anew."""
    origin.serve("/list", opml(origin, ("News", ["one", "two"])))
    origin.serve("/moved", opml(origin, ("News", ["one", "two"])))
    configure(here, include(origin, "/list"))
    seen: set[int] = set()

    def moved(site: Site) -> bool:
        seen.add(site.get("/news/rss.xml").status)
        return bool(here.json("lists")[0]["checked"]) and says(site, "/moved")

    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of two")
        if running:
            configure(here, include(origin, "/moved"))
            assert until(lambda: moved(site))
    if not running:
        configure(here, include(origin, "/moved"))
        with here.running() as site:
            assert until(lambda: moved(site))
    assert seen == {200}
    assert len(origin.asked("/one")) == 1
    assert (here.json("sources")[0]["articles"], len(here.json("articles"))) == (1, 2)


def test_a_secret_in_its_address(here: Installation, origin: Origin) -> None:
    """In no log, and in no table."""
    origin.serve("/list", opml(origin, "one"))
    secret = origin.url("/list?key=dont-tell-551").replace("//", "//me:dont-tell-551@")
    configure(here, f'include = ["{secret}"]\n')
    with here.running() as site:
        site.wait_for("/all/rss.xml", "Title of one")
        origin.serve("/list", b"<html/>")
        later(here, 1.1)
        assert until(lambda: says(site, "list not read"))
        told = here.verb("lists") + json.dumps(here.json("lists")) + here.verb("status")
        told += site.log.read_text() + here.verb("check")
    for file in here.public.rglob("*"):
        told += file.read_bytes().decode("latin-1") if file.is_file() else ""
    assert "dont-tell" not in told


def test_its_folder_is_in_the_way(here: Installation, origin: Origin) -> None:
    """A file where the folder should be: told, and the list's server is left in peace; the rest
    goes on."""
    origin.serve("/list", opml(origin, "one"))
    (here.folder / "var").mkdir()
    (here.folder / "var" / "lists").write_text("")
    configure(here, include(origin, "/list"), f'[[sources]]\nurl = "{origin.url("/two")}"\n')
    site = here.start()
    try:
        site.wait_for("/all/rss.xml", "Title of two")
        assert until(lambda: says(site, "job=lists"))
        assert origin.asked("/list") == []
        (here.folder / "var" / "lists").unlink()
        site.wait_for("/all/rss.xml", "Title of one")
    finally:
        site.stop()

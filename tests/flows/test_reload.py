"""The file is changed while Feedmill runs: taken up as a whole, or not at all; and what that would
do is told before."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.command import Installation, Site, alive, children, rss, until
from tests.flows.visiting import Caller
from tests.origin import Origin

pytestmark = pytest.mark.slow

NEWS = '[categories.news]\ntitle = "News"\n'


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/one", rss("one", "two"))
        found.serve("/two", rss("three", "four"))
        yield found


def source(origin: Origin, path: str, more: str = 'categories = ["news"]') -> str:
    return f'[[sources]]\nurl = "{origin.url(path)}"\n{more}\n'


@pytest.fixture
def here(tmp_path: Path, origin: Origin) -> Installation:
    found = Installation(tmp_path)
    found.configure(NEWS + source(origin, "/one"))
    return found


def config(here: Installation) -> Path:
    return here.folder / "feedmill.toml"


def says(site: Site, text: str) -> bool:
    return text in site.log.read_text()


def test_a_changed_file_is_taken_up(here: Installation, origin: Origin) -> None:
    """A new source is polled and published, a new category served, while the web server's process
    stays; a source that is taken out is polled no more and keeps its articles."""
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of one")
        here.configure(
            NEWS + '[categories.other]\ntitle = "Other"\n'
            + source(origin, "/two", 'categories = ["other"]')
        )  # fmt: skip
        site.wait_for("/other/rss.xml", "Title of three")
        assert b"Title of one" in site.get("/news/rss.xml").body
        assert [each["url"] for each in here.json("sources")] == [origin.url("/two")]
        assert "the web server ended" not in site.log.read_text()
        assert here.json("status")["sources"] == 1
        code, _ = site.stop()
    assert code == 0


def test_a_broken_file_disturbs_nothing(here: Installation, origin: Origin) -> None:
    """The old one stays at work; each complaint is in the log and in `status` (exit code 1), until
    the file is right again."""
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of one")
        since = here.json("status")["since"]
        right = config(here).read_text()
        config(here).write_text(right + '[poll]\ninterval = "often"\n')
        assert until(lambda: says(site, "the configuration is refused"))
        config(here).write_text(right.replace("[poll]", '[poll]\ninterval = "often"\ntimeouts = 1'))
        assert until(lambda: says(site, "timeouts"))
        done = here.call("status", "--json")
        assert done.returncode == 1
        told = json.loads(done.stdout)
        assert told["running"]
        assert len(told["complaints"]) == 2
        assert told["since"] == since, "what is at work is as old as it was"
        assert any("poll.interval" in each for each in told["complaints"])
        origin.serve("/one", rss("one", "two", "later"), etag=True)
        # It works with what it had before, whatever the file says.
        assert site.get("/news/rss.xml").status == 200
        config(here).write_text(right)
        assert until(lambda: here.call("status").returncode == 0)


@pytest.mark.parametrize(
    ("left", "told"),
    [("", "says nothing any more"), (None, "the only source is gone")],
    ids=["emptied", "cut off"],
)
def test_a_lost_file_takes_nothing_away(
    here: Installation, origin: Origin, left: str | None, told: str
) -> None:
    """A full disk, or an editor that empties a file first, leaves valid TOML without sources. The
    feeds stay, on the same port, also when it is asked for by a signal; the complaint says how to
    mean it."""
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of one")
        right = config(here).read_text()
        config(here).write_text(right.partition("[categories")[0] if left is None else left)
        assert until(lambda: says(site, told))
        said = site.log.read_text().count(told)
        site.process.send_signal(signal.SIGHUP)
        assert until(lambda: site.log.read_text().count(told) > said)
        assert "stop Feedmill and start it anew" in site.log.read_text()
        assert b"Title of one" in site.get("/news/rss.xml").body
        assert (here.public / "news" / "rss.xml").is_file()
        config(here).write_text(right)
        assert until(lambda: here.call("status").returncode == 0)


def test_sources_may_go_at_the_desk(here: Installation, origin: Origin) -> None:
    """The last one too: whoever removes it there means it."""
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of one")
        token = str(here.json("token", "add", "x", "--for", "api")["token"])
        done = Caller(site.port, token).ask("DELETE", "/sources/1")
        assert done.status == 200, done.text
        assert until(lambda: here.json("status")["sources"] == 0)
        assert here.json("status")["complaints"] == []
        assert "refused" not in site.log.read_text()


def test_the_end_is_clean(here: Installation, origin: Origin) -> None:
    """Also of a web server whose desk has read documents, in processes of its own: the log has
    lines of ours alone, and no word of Python's about what was left behind."""
    with here.running() as site:
        token = str(here.json("token", "add", "x", "--for", "api")["token"])
        done = Caller(site.port, token).ask("POST", "/sources", {"url": origin.url("/two")})
        assert done.status == 201, done.text
        pids = children(site.process.pid)
        assert site.stop()[0] == 0
        # Who complains of it outlives the others by a moment.
        assert until(lambda: not alive(pids))
    lines = site.log.read_text().splitlines()
    assert [each for each in lines if not each.startswith("timestamp=")] == []


def test_sighup(here: Installation, origin: Origin) -> None:
    """It is read at once, changed or not; two of them in a row do no harm."""
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of one")
        for _ in range(2):
            site.process.send_signal(signal.SIGHUP)
            assert until(lambda: says(site, "configuration read anew"))
        assert site.wait_for("/readyz").status == 200
        assert here.json("status")["running"]


def test_the_database_is_not_changed_under_way(here: Installation) -> None:
    """Told with file and key; the old one stays."""
    with here.running() as site:
        config(here).write_text(
            config(here).read_text() + '\n[store]\nurl = "sqlite:///var/other.db"\n'
        )
        assert until(lambda: says(site, "restart it"))
        assert not (here.folder / "var" / "other.db").exists()


def test_moved(here: Installation, origin: Origin) -> None:
    """Another address with the same ids is the same source: `plan` says so, and it keeps its
    history when the file is taken up."""
    here.verb("poll", "--now")
    [before] = here.json("sources")
    origin.serve("/new-home", rss("one", "two", "newest"))
    here.configure(NEWS + source(origin, "/new-home"))
    plan = here.json("plan")
    [moved] = plan["moved"]
    assert (moved["before"], moved["after"]) == (origin.url("/one"), origin.url("/new-home"))
    assert moved["share"] == pytest.approx(2 / 3, abs=0.01)
    assert plan["added"] == plan["removed"] == []
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of newest")
    [after] = here.json("sources")
    assert (after["id"], after["url"]) == (before["id"], origin.url("/new-home"))
    assert len(here.json("articles")) == 3


def test_a_move_is_written(here: Installation, origin: Origin) -> None:
    """`plan --write`: the operator's own file says so from then on."""
    here.verb("poll", "--now")
    origin.serve("/new-home", rss("one", "two"))
    here.configure(NEWS + source(origin, "/new-home"))
    here.verb("plan", "--write")
    assert f'was = "{origin.url("/one")}"' in config(here).read_text()
    assert here.json("sources")[0]["articles"] == 2


def test_another_source_is_no_move(here: Installation, origin: Origin) -> None:
    """Nothing in common: one comes, one goes."""
    here.verb("poll", "--now")
    here.configure(NEWS + source(origin, "/two"))
    plan = here.json("plan")
    assert plan["moved"] == []
    assert plan["added"] == [origin.url("/two")]
    assert [each["url"] for each in plan["removed"]] == [origin.url("/one")]
    assert "- source" in here.verb("plan", "--no-ask")


def test_plan_tells_what_feeds_would_show(here: Installation, origin: Origin) -> None:
    """Articles that enter and leave, by feed; afterwards just that happens."""
    here.configure(NEWS + source(origin, "/one") + source(origin, "/two"))
    here.verb("poll", "--now")
    here.verb("publish")
    with here.running():
        pass  # it tells what it works with
    assert here.verb("plan") == "nothing would change\n"
    here.configure(
        f'{NEWS}match = {{ title = "one|four" }}\nlimit = 50\n'
        '[views.threes]\nmatch = { title = "three" }\n'
        + source(origin, "/one", 'categories = ["news"]\nevery = "2h"')
        + source(origin, "/two")
    )
    plan = here.json("plan")
    [changed] = plan["changed"]
    assert changed["changes"] == {"every": [None, "2h"]}
    feeds = {each["feed"]: each for each in plan["feeds"]}
    assert [each["title"] for each in feeds["threes"]["entering"]] == ["Title of three (A source)"]
    leaving = {each["title"] for each in feeds["news"]["leaving"]}
    assert leaving == {"Title of two (A source)", "Title of three (A source)"}
    assert feeds["news"]["changes"]["limit"] == [None, 50]
    here.verb("publish")
    page = (here.public / "news" / "rss.xml").read_text()
    assert "Title of one" in page
    assert "Title of two" not in page


def test_status_where_nothing_runs(here: Installation) -> None:
    """It says so, with exit code 1; it makes no database."""
    done = here.call("status")
    assert done.returncode == 1
    assert "feedmill run" in done.stdout
    assert not here.database.exists()


def test_plan_speaks_as_the_file_does(here: Installation, origin: Origin) -> None:
    """Rules, durations and excerpts as they are written; a feed and a source that were renamed,
    with what else is changed of them; of secrets only that there is another one."""
    rest = source(origin, "/one", 'categories = ["news"]\nheaders = { X-Key = "hush-1" }')
    here.configure(NEWS + rest + source(origin, "/two"))
    here.verb("poll", "--now")
    with here.running():
        pass  # it tells what it works with
    here.configure(
        '[categories.sheets]\nwas = "news"\ntitle = "News"\nexcerpt = 20\nmax_age = "10d"\n'
        'match = { title = "Item", not = { text = ["a", "b"] } }\n'
        + rest.replace("hush-1", "hush-2").replace("news", "sheets")
        + source(
            origin,
            "/two-too",
            f'was = "{origin.url("/two")}"\ncategories = ["sheets"]\n'
            'headers = { X-Key = "hush-3" }',
        )
    )
    plan = here.json("plan", "--no-ask")
    [renamed] = plan["renamed"]
    assert renamed == {"before": origin.url("/two"), "after": origin.url("/two-too")}
    of = {each["url"].rpartition("/")[2]: each["changes"] for each in plan["changed"]}
    assert of["one"]["headers"] == ["(hidden)", "(hidden)"]
    assert of["two-too"]["headers"] == [None, "(hidden)"]
    [sheets] = [each for each in plan["feeds"] if each["feed"] == "sheets"]
    assert (sheets["fate"], sheets["before"]) == ("renamed", "news")
    assert sheets["changes"] == {
        "excerpt": [None, 20],
        "max_age": [None, "10d"],
        "match": [None, {"title": "Item", "not": {"text": ["a", "b"]}}],
    }
    said = here.verb("plan", "--no-ask")
    assert "> feed news is now sheets: " in said
    assert 'match (default) → { title = "Item", not = { text = ["a", "b"] } }' in said
    assert 'max_age (default) → "10d"' in said
    assert "headers changed (hidden)" in said
    assert f"> source {origin.url('/two')} is at {origin.url('/two-too')}" in said
    assert "hush" not in said + json.dumps(plan)
    assert b"hush" not in here.database.read_bytes()

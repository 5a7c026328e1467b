"""The desk on PostgreSQL: the same pages and actions as on SQLite, of a real run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.command import Installation, rss, until
from tests.flows.visiting import Caller, Visitor, filled, routes, users
from tests.origin import Origin

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/one", rss("one", "two"), etag=True)
        yield found


def test_a_day_at_the_desk(tmp_path: Path, origin: Origin, empty_postgres: str) -> None:
    """Somebody logs in, opens every page, takes down an article and pauses a source; both show at
    the desk, in the feed and in the file, and nothing went wrong that nobody had thought of."""
    here = Installation(tmp_path)
    here.variables["FEEDMILL_STORE_URL"] = empty_postgres
    here.configure(
        f"{users()}[categories.news]\n[views.some]\nmatch = {{ title = 'one' }}\n"
        f'[[sources]]\nurl = "{origin.url("/one")}"\ncategories = ["news"]\n'
    )
    here.verb("migrate")
    token = here.json("token", "add", "caller", "--for", "api")["token"]
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of two")
        anna = Visitor(site.port)
        assert anna.get("/desk/").status == 303
        assert anna.log_in("anna", "wrong").status == 401
        assert anna.log_in("anna").status == 303
        looked = anna.post("/desk/add", addresses=origin.url("/one")).headers["location"]
        opened = set()
        for path, methods in routes():
            if "GET" not in methods:
                continue
            at = looked if path == "/desk/add/{name}" else filled(path, name="desk.css")
            answer = anna.get(at)
            # Whoever has logged in finds the login all the same.
            assert answer.status == 200, (path, answer.text)
            opened.add(path)
        assert len(opened) > 12
        for path in ("/desk/feeds/some", "/desk/feeds/new?kind=views", "/desk/articles?q=two",
                     "/desk/sources?q=one&state=ok&category=news&sort=articles"):  # fmt: skip
            assert anna.get(path).status == 200, path
        caller = Caller(site.port, token)
        for path, verbs in caller.get("/openapi.json")["paths"].items():
            if "get" in verbs:
                assert caller.ask("GET", filled(path.removeprefix("/api"))).status == 200, path
        assert b'feedmill_sources{state="ok"} 1.0' in site.get("/metrics").body

        # What can be searched for follows what is published.
        assert until(lambda: caller.get("/articles?q=two"))
        [two] = [each["id"] for each in caller.get("/articles?q=two")]
        assert anna.post(f"/desk/articles/{two}", action="takedown").status == 303
        assert until(lambda: b"Title of two" not in site.get("/news/rss.xml").body)
        assert "taken down" in anna.get(f"/desk/articles/{two}").text.lower()
        assert anna.post("/desk/sources/1/act", action="pause").status == 303
        assert "paused = true" in (here.folder / "feedmill.toml").read_text()
        assert until(lambda: "End the pause" in anna.get("/desk/sources/1").text)
        assert until(lambda: caller.get("/sources")["states"].get("paused") == 1)
        assert anna.post("/desk/logout").status == 303
        assert anna.get("/desk/").status == 303
        code, _ = site.stop()
        assert code == 0
    said = site.log.read_text()
    assert "Traceback" not in said
    assert "a request failed" not in said

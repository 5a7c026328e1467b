"""`feedmill doctor` with real processes: a `run`, and nginx before it, set up well and badly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.doctor.asking import asker
from config.doctor.finding import Finding
from config.doctor.front import front
from config.doctor.site import site
from config.load import load
from config.settings import Settings
from tests.flows.command import Installation, free_port, rss, until
from tests.flows.fronts import BROTLI, Nginx, there
from tests.origin import Origin

pytestmark = pytest.mark.slow
STATE = "all/atom.xml"


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/feed", rss("one", "two"), etag=True)
        yield found


@pytest.fixture
def here(tmp_path: Path, origin: Origin) -> Installation:
    found = Installation(tmp_path)
    found.configure("[categories.news]\n", sources=[origin.url("/feed")])
    return found


def rows(here: Installation, *, code: int) -> dict[str, list[tuple[str, str]]]:
    """Check → its findings: grade, line. What the disk of this machine says is not looked at."""
    done = here.call("doctor", "--json")
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, list[tuple[str, str]]] = {}
    for row in json.loads(done.stdout):
        assert set(row) == {"check", "grade", "text", "advice"}
        assert (row["advice"] is None) == (row["grade"] == "ok")
        found.setdefault(row["check"], []).append((row["grade"], row["text"]))
    found.pop("disk")
    return found


def test_before_and_while_it_runs(here: Installation) -> None:
    """Nothing is there yet: warnings, and nothing is made; all is well: a line for each check."""
    found = rows(here, code=0)
    assert {check for check, some in found.items() if some[0][0] == "warn"} == {
        "database",
        "run",
        "site",
    }
    assert not here.database.parent.exists()
    with here.running() as running:
        running.wait_for("/all/atom.xml", "Title of one")
        found = rows(here, code=0)
        wrong = [line for some in found.values() for grade, line in some if grade != "ok"]
        assert wrong == []
        assert set(found) == {
            *("configuration", "clock", "time zone", "permissions", "database", "sources"),
            *("run", "site", "web server"),
        }
        said = here.call("doctor").stdout.splitlines()
        # Whoever looks whether all is well is nobody's subscriber: what is counted is told after
        # those that were asked before it, so a reader's own request comes last.
        reader = running.get("/all/atom.xml", User_Agent="A reader/1.0 (5 subscribers)")
        assert reader.status == 200
        assert until(lambda: here.json("feeds")[0]["subscribers"] == 6)
    assert all(line[:6] in ("ok    ", "warn  ", "bad   ") for line in said)
    assert "ok    run: alive and ready at" in "\n".join(said)


def test_what_is_bad_is_exit_code_1(here: Installation, origin: Origin) -> None:
    """All sources out of reach, a database that is damaged, a configuration that does not load."""
    here.verb("poll")
    origin_url = origin.url("/feed")
    here.configure(sources=[f"http://127.0.0.1:{free_port()}/feed"])
    here.verb("poll", "--now")
    here.verb("publish")
    [first, second] = rows(here, code=1)["sources"]
    assert first == ("bad", "all 1 fail (1 refused)")
    assert second == ("warn", "1 fails with refused")
    here.configure(sources=[origin_url])
    here.database.write_bytes(b"Dear diary, " * 1000)
    [one] = rows(here, code=1)["database"]
    assert one[0] == "bad"
    (here.folder / "feedmill.toml").write_text("[poll]\ntimeout = 30\n")
    done = here.call("doctor")
    assert done.returncode == 1
    assert "feedmill.toml:2" in done.stdout
    assert "Traceback" not in done.stderr


@dataclass
class Fronted:
    """An installation whose site.url is that of an nginx, which is set up anew for each test."""

    here: Installation
    settings: Settings
    folder: Path
    behind: str
    port: int

    @contextmanager
    def nginx(self, mistakes: dict[str, str], public: Path | None = None) -> Iterator[None]:
        number = len(list(self.folder.iterdir()))
        front = Nginx(
            self.folder / str(number),
            public or self.here.public,
            self.behind,
            port=self.port,
            mistakes=mistakes,
        )
        try:
            assert until(front.up), front.process.poll()
            yield
        finally:
            front.stop()

    def found(self, mistakes: dict[str, str]) -> list[Finding]:
        with self.nginx(mistakes):
            ask = asker(self.settings, self.settings.site.url)
            return list(front(self.settings, STATE, ask))


@pytest.fixture(scope="module")
def fronted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronted]:
    there(Nginx)
    folder, port = tmp_path_factory.mktemp("doctor"), free_port()
    here = Installation(folder / "site")
    with Origin(host="0.0.0.0") as origin:
        # Long enough that compressing it again gives other bytes.
        origin.serve("/news", rss(*(f"item-{n}" for n in range(60))), etag=True)
        origin.serve("/staff", rss("hush"), etag=True)
        here.variables["FEEDMILL_SITE_URL"] = f"http://127.0.0.1:{port}"
        here.configure(
            "[categories.news]\nbacklog = 100\n[categories.staff]\nprivate = true\n"
            f'[[sources]]\nurl = "{origin.url("/news", host="127.0.1.1")}"\ncategories = ["news"]\n'
            f'[[sources]]\nurl = "{origin.url("/staff", host="127.0.1.2")}"\n'
            'categories = ["staff"]\n'
        )
        with here.running() as running:
            running.wait_for("/all/atom.xml", "item-1")
            assert until((here.folder / "var" / "private" / "staff" / "atom.xml").exists)
            (folder / "nginx").mkdir()
            settings = load(
                here.folder / "feedmill.toml", {"FEEDMILL_SITE_URL": f"http://127.0.0.1:{port}"}
            )
            yield Fronted(here, settings, folder / "nginx", running.url(""), port)


def test_the_sample_configuration(fronted: Fronted) -> None:
    """Nothing to find fault with, by the whole command."""
    with fronted.nginx({}):
        found = rows(fronted.here, code=0)
    assert found["web server"][0][0] == "ok"
    assert [grade for grade, _ in found["site"]] == ["ok"]


CACHE = 'add_header Cache-Control "public, max-age=60";'
SHUT = r"location ~ ^/(desk|api|metrics)(/|$) { return 404; }"
ATOM = 'default_type "application/atom+xml; charset=utf-8";'
MISTAKES = {
    "gzip off": ({"gzip_static on;": ""}, "warn", "all/atom.xml is not sent as gzip"),
    "gzip anew": (
        {"gzip_static on;": "gzip on; gzip_types *; gzip_comp_level 1;"},
        "warn",
        "compressed (gzip) for each request",
    ),
    "type": ({ATOM: "default_type text/html;"}, "warn", "all/atom.xml comes as text/html"),
    "no cache-control": ({CACHE: ""}, "warn", "without Cache-Control"),
    "desk": (
        {SHUT: "location ~ ^/desk(/|$) { return 200 hello; }"},
        "bad",
        "/desk/ answers without a login",
    ),
    "metrics": (
        {SHUT: "location = /metrics { return 200 feedmill_polls; }"},
        "bad",
        "/metrics answers without a login",
    ),
    "api": ({SHUT: "location /api/ { return 200 hello; }"}, "bad", "/api/ answers without a login"),
    "notes": (
        {r"location ~ /\. { return 404; }": "location ~ /\\. { default_type text/plain; }"},
        "warn",
        ".feed.json, Feedmill's own notes",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_of_the_web_server(fronted: Fronted, name: str) -> None:
    """Each is found, told with what to do, and graded by what it does."""
    mistakes, grade, words = MISTAKES[name]
    found = fronted.found(mistakes)
    assert [each.grade.value for each in found if words in each.text] in ([grade], [grade] * 3), [
        each.line for each in found
    ]
    assert all(each.advice for each in found)


@pytest.mark.skipif(not BROTLI.exists(), reason="nginx has no brotli here")
def test_brotli_that_is_off(fronted: Fronted) -> None:
    """The better half of the compressed files lies there for nothing."""
    [one] = fronted.found({"brotli_static on;": ""})
    assert "not sent as br" in one.text


def test_a_private_feed_in_the_open(fronted: Fronted) -> None:
    """The folder of private feeds is served like the public one."""
    private = fronted.settings.private
    found = fronted.found({SHUT: f"location ^~ /staff/ {{ root {private}; }}"})
    assert [each.grade.value for each in found] == ["bad"]
    assert "the private feed staff can be read without a token" in found[0].text


def test_another_root(fronted: Fronted, tmp_path: Path) -> None:
    """What the web server shows is not what this installation publishes."""
    (tmp_path / "all").mkdir()
    (tmp_path / "index.html").write_text("hello")
    (tmp_path / "all" / "atom.xml").write_text("<feed/>")
    ask = asker(fronted.settings, fronted.settings.site.url)
    with fronted.nginx({}, public=tmp_path):
        page, [one] = site(fronted.settings, STATE, ask)
    assert page is None
    assert one.grade.value == "bad"
    assert "something else" in one.text
    page, [one] = site(fronted.settings, STATE, ask)
    assert "does not answer" in one.text

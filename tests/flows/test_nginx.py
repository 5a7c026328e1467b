"""The sample configuration for nginx (docs/nginx) with a real nginx in front of a running site."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.command import until
from tests.flows.fronts import DENIED, Front, Fronted, Nginx, fronting, running, there
from tests.origin import Answer, Origin

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def kind() -> type[Front]:
    """Which server; tests/flows/test_caddy.py names another for the same tests."""
    return there(Nginx)


@pytest.fixture(scope="module")
def fronted(kind: type[Front], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronted]:
    with fronting(kind, tmp_path_factory.mktemp(kind.name)) as found:
        yield found


@pytest.mark.parametrize("name", ["atom.xml", "rss.xml", "feed.json", "", "archive/0/atom.xml"])
def test_the_same_bytes(fronted: Fronted, name: str) -> None:
    """As Feedmill itself serves them: body, type, what may be kept, who may read it."""
    front, site, _ = fronted
    ours, theirs = site.get(f"/news/{name}"), front.get(f"/news/{name}")
    assert (theirs.status, theirs.body) == (ours.status, ours.body)
    if theirs.status == 200:
        for header in ("content-type", "vary", "x-content-type-options", "last-modified"):
            assert theirs.headers[header] == ours.headers[header], header
        assert theirs.headers.get("access-control-allow-origin") == ours.headers.get(
            "access-control-allow-origin"
        )
        assert "max-age" in theirs.headers["cache-control"]


def test_compressed_beforehand(fronted: Fronted) -> None:
    """The very files that lie there; conditional requests by their time."""
    front, _, here = fronted
    lying = here.public / "news"
    told = front.get("/news/atom.xml", Accept_Encoding="gzip")
    assert told.headers["content-encoding"] == "gzip"
    assert told.body == (lying / "atom.xml.gz").read_bytes()
    assert gzip.decompress(told.body) == (lying / "atom.xml").read_bytes()
    if front.brotli:
        told = front.get("/news/atom.xml", Accept_Encoding="gzip, br")
        assert told.headers["content-encoding"] == "br"
        assert told.body == (lying / "atom.xml.br").read_bytes()
    stamp = told.headers["last-modified"]
    assert front.get("/news/atom.xml", If_Modified_Since=stamp).status == 304
    tag = front.get("/news/atom.xml").headers["etag"]
    assert front.get("/news/atom.xml", If_None_Match=tag).status == 304


def test_what_only_feedmill_knows(fronted: Fronted) -> None:
    """Parts, searches, moves, private feeds; nothing hidden comes out."""
    front, site, here = fronted
    tag = site.get("/news/atom.xml").headers["etag"]
    assert front.get("/news/atom.xml", A_IM="feed", If_None_Match=tag).status == 304
    assert until(lambda: b"one" in front.get("/news/?q=one").body)
    assert b"Nothing was found" in front.get("/news/?q=nothing").body
    moved = front.get("/old-news/atom.xml")
    assert (moved.status, moved.headers["location"]) == (301, site.url("/news/atom.xml"))
    token = here.json("token", "add", "ada")["token"]
    assert front.get("/staff/atom.xml").status == 401
    assert b"hush-hush" in front.get(f"/staff/atom.xml?token={token}").body
    log = (front.folder / "access.log").read_text()
    assert token not in log
    assert re.search(r'"?GET.*/news/', log)
    for path in ("/.site.json", "/news/.feed.json", "/news/atom.xml.gz", "/nothing/"):
        assert front.get(path).status == 404, path


@pytest.fixture
def inside() -> Iterator[Origin]:
    """In Feedmill's place: one that would show everything."""
    with Origin() as origin:
        for path in ("/", "/open", "/desk", "/desk/", "/api/x"):
            origin.answer(path, Answer(200, b"inside"))
        yield origin


def test_nobody_outside_gets_in(kind: type[Front], inside: Origin, tmp_path: Path) -> None:
    """The desk, the API and the metrics, in any spelling: Feedmill is not even asked."""
    with running(kind(tmp_path / "front", tmp_path / "public", inside.url(""))) as front:
        answers = {path: front.get(path).status for path in DENIED}
        assert front.get("/open").body == b"inside"
    assert set(answers.values()) <= {403, 404}, answers
    assert {each.path for each in inside.requests} == {"/", "/open"}


def test_a_desk_that_is_opened(kind: type[Front], inside: Origin, tmp_path: Path) -> None:
    """With the sample's lines for that in force: for whom they name, and the desk alone."""
    place = tmp_path / "front"
    with running(kind(place, tmp_path / "public", inside.url(""), opened="127.0.0.0/8")) as front:
        assert [front.get(path).status for path in ("/desk", "/desk/", "/api/x")] == [200, 200, 404]
    other = tmp_path / "other"
    with running(kind(other, tmp_path / "public", inside.url(""), opened="10.0.0.0/8")) as front:
        assert front.get("/desk/").status in (403, 404)

"""The list of articles at the desk and by the API: all of them, page by page, and chosen."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.flows.command import Installation, Site, rss, until
from tests.flows.visiting import Caller, Visitor
from tests.origin import Origin

pytestmark = pytest.mark.slow

MANY = [f"many{n}" for n in range(118)]
FEW = ["few0", "few1", "few2"]
_LINK = re.compile(r'href="/desk/articles/([0-9]+)"')
_NEXT = re.compile(r'href="/desk/articles(\?[^"]*)" rel="next"')


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Origin() as origin:
        origin.serve("/many", rss(*MANY, title="Many"))
        origin.serve("/few", rss(*FEW, title="Few", link="http://b.test/"))
        found = Installation(tmp_path_factory.mktemp("list"))
        found.configure(
            "[categories.all]\nlimit = 200\n[categories.much]\nlimit = 200\n[categories.little]\n"
            f'[[sources]]\nurl = "{origin.url("/many")}"\ncategories = ["much"]\n'
            f'[[sources]]\nurl = "{origin.url("/few")}"\ncategories = ["little"]\n'
        )
        found.verb("poll", "--now")
        found.verb("publish")
        yield found


@pytest.fixture(scope="module")
def site(here: Installation) -> Iterator[Site]:
    with here.running() as found:
        caller = Caller(found.port)
        assert until(lambda: len(caller.get("/articles?q=title&limit=200")) == 121)
        yield found


def by_desk(site: Site, query: str) -> list[list[int]]:
    """The pages, by following their links."""
    pages, you = [], Visitor(site.port)
    while True:
        text = you.get(f"/desk/articles{query}").text
        pages.append([int(number) for number in _LINK.findall(text)])
        more = _NEXT.search(text)
        if more is None:
            return pages
        query = more[1].replace("&amp;", "&")


def by_api(site: Site, query: str) -> list[list[int]]:
    pages, caller = [], Caller(site.port)
    while True:
        answer = caller.ask("GET", f"/articles{query}")
        assert answer.status == 200, answer
        pages.append([each["id"] for each in answer.json])
        link = answer.headers.get("link", "")
        if not link:
            return pages
        found = re.fullmatch(r'</api/articles(\?[^>]*)>; rel="next"', link)
        assert found is not None, link
        query = found[1]


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 121), ("?source=2", 3), ("?feed=much", 118), ("?feed=little", 3), ("?q=title", 121),
     ("?q=many", 118), ("?q=title&source=2", 3), ("?q=title&feed=little", 3),
     ("?q=few&source=1", 0), ("?day=2026-11-20", 121), ("?day=2026-11-19", 0),
     ("?q=title&day=2026-11-20&feed=much", 118), ("?source=99", 0)],
)  # fmt: skip
def test_all_of_them(site: Site, query: str, count: int) -> None:
    """Fifty on a page; each once; both doors show the same in the same order."""
    pages = by_desk(site, query)
    ids = [each for page in pages for each in page]
    assert len(ids) == len(set(ids)) == count
    assert all(len(page) == 50 for page in pages[:-1])
    assert [each for page in by_api(site, query) for each in page] == ids
    short = f"{query}{'&' if query else '?'}limit=17"
    assert [each for page in by_api(site, short) for each in page] == ids


@pytest.mark.parametrize(
    "query",
    ["?day=never", "?day=2026-13-01", "?after=x", "?after=1.x", "?after=-99999999999999999.1",
     "?q=title&after=1.1", "?feed=none", "?day=9999-12-31"],
)  # fmt: skip
def test_what_is_none(site: Site, query: str) -> None:
    """Said at both doors; the page is shown all the same."""
    told = Caller(site.port).ask("GET", f"/articles{query}")
    page = Visitor(site.port).get(f"/desk/articles{query}")
    assert told.status == 400
    assert page.status == 422
    assert told.json["detail"][0].partition(":")[0] in page.text
    assert "<h1>Articles</h1>" in page.text


def test_one_that_was_taken_down(site: Site) -> None:
    """It says so, instead of having no title."""
    caller, you = Caller(site.port), Visitor(site.port)
    first = caller.get("/articles?source=2")[0]
    assert first["stands"] is None
    assert caller.ask("POST", f"/articles/{first['id']}/takedown").status == 200
    [after] = [each for each in caller.get("/articles?source=2") if each["id"] == first["id"]]
    assert (after["stands"], after["title"]) == ("taken down", "")
    page = you.get("/desk/articles?source=2").text
    assert "taken down" in page
    assert "(no title)" not in page
    assert 'href="/desk/articles?source=2"' in you.get("/desk/sources/2").text

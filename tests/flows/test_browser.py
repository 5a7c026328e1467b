"""The pages in a real browser: wide and narrow, light and dark, with and without scripts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

from tests.flows.command import Installation, rss

pytestmark = [pytest.mark.slow, pytest.mark.browser]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PAGES = ("/", "/tech/", "/odd/", "/many/archive/0/", "/many/?q=story")
LOOKS = [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")]


ODD = (
    "\u0e14" + "\u0e49\u0e47" * 60,  # one cluster that no line can break
    "W" * 400,
    "\u202e\u05d0\u05d1\u05d2 abc",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "word " * 100,
)
"""Headlines that try to be wider than the window, or something else than text."""


@pytest.fixture(scope="module")
def site_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running site that shows the two samples, and a source with odd titles."""
    here = Installation(tmp_path_factory.mktemp("browser"))
    here.verb("init")
    samples = "".join(
        f'[[sources]]\nfile = "samples/{name}.xml"\ncategories = ["{category}"]\n'
        for name, category in (
            ("almanac", "tech"),
            ("workshop", "science"),
            ("odd", "odd"),
            ("many", "many"),
        )
    )
    (here.folder / "samples" / "odd.xml").write_bytes(rss(*ODD, title=ODD[0]))
    many = rss(*(f"Story {number}" for number in range(1, 151)), title="Many")
    (here.folder / "samples" / "many.xml").write_bytes(many)
    here.configure(
        '[categories.tech]\ntitle = "Technology"\n[categories.science]\n'
        "[categories.many]\nlimit = 10\n"
        f'[categories.odd]\ntitle = "Odd {"and very long " * 8}"\n{samples}'
    )
    here.verb("publish")  # what comes then is new to every feed, and soon history
    here.verb("poll")
    with here.running() as site:
        site.wait_for("/tech/")
        for number in (1, 42, 150):  # found once they are indexed, a little later
            site.wait_for(f"/many/?q=story+{number}", f"Title of Story {number}<")
        yield site.url("")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is missing: install Debian's chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.mark.parametrize(("width", "colours"), LOOKS)
@pytest.mark.parametrize("page", PAGES)
def test_pages(
    browser: Browser, site_url: str, tmp_path: Path, page: str, width: int, colours: Any
) -> None:
    """No accessibility violation, nothing wider than the window, nothing that the strict CSP or
    the console complains about, no request to another host."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=colours, java_script_enabled=True
    )
    tab, complaints, asked = context.new_page(), list[str](), set[str]()
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda request: asked.add(request.url.split("/")[2]))
    answer = tab.goto(site_url + page)
    assert answer is not None
    assert answer.status == 200
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    shot = tmp_path / "page.png"
    tab.screenshot(path=shot, full_page=True)
    assert shot.stat().st_size > 5000
    assert complaints == []
    assert asked == {site_url.split("/")[2]}
    # axe itself is a script that the CSP rightly refuses, so it gets a context without one.
    lenient = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=colours, bypass_csp=True
    )
    tab = lenient.new_page()
    tab.goto(site_url + page)
    found = Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()
    context.close()
    lenient.close()


def test_by_another_name(browser: Browser, site_url: str) -> None:
    """Who comes by another name than the configured address sees the same page, styled; the way
    through the site stays on that name."""
    context = browser.new_context()
    tab, complaints = context.new_page(), list[str]()
    tab.on("console", lambda message: complaints.append(message.text))
    other = site_url.replace("127.0.0.1", "localhost")
    for page in ("/", "/tech/"):
        tab.goto(other + page)
        assert tab.evaluate("getComputedStyle(document.querySelector('.top')).display") == "flex"
    tab.get_by_role("link", name="A wire").first.click()
    assert tab.url == other + "/"
    assert complaints == []
    context.close()


def test_headlines_without_scripts(browser: Browser, site_url: str) -> None:
    """The pages are whole without any script; feeds are announced; links lead to the sources."""
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(site_url + "/tech/")
    kinds = tab.locator('link[rel="alternate"]').evaluate_all("all => all.map(e => e.type)")
    assert set(kinds) == {"application/rss+xml", "application/atom+xml", "application/feed+json"}
    assert tab.locator("article").count() > 2
    tab.goto(site_url + "/")
    tab.get_by_role("link", name="Technology").first.click()
    assert tab.url == site_url + "/tech/"
    context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_subscribing(browser: Browser, site_url: str, scripts: bool) -> None:
    """The button shows the addresses; one click takes a whole one, to be copied."""
    context = browser.new_context(java_script_enabled=scripts)
    tab = context.new_page()
    tab.goto(site_url + "/tech/")
    address = tab.get_by_text(f"{site_url}/tech/atom.xml", exact=True)
    assert not address.is_visible()
    tab.get_by_text("Subscribe", exact=True).click()
    assert address.is_visible()
    address.click()
    if scripts:
        assert tab.evaluate("getSelection().toString()") == f"{site_url}/tech/atom.xml"
    tab.keyboard.press("Tab")
    context.close()


def test_searching_and_older_pages(browser: Browser, site_url: str) -> None:
    """Without scripts: words find stories of the category; older stories are a page further."""
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(site_url + "/many/")
    tab.get_by_role("searchbox", name="Search").fill("story 42")
    tab.get_by_role("button", name="Search").click()
    assert tab.url == site_url + "/many/?q=story+42"
    assert tab.locator("article h2").all_inner_texts() == ["Title of Story 42"]
    tab.get_by_role("searchbox", name="Search").fill("nothing-like-it")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/?q=nothing-like-it")
    assert tab.get_by_text("Nothing was found").is_visible()
    tab.get_by_role("link", name="Many", exact=True).click()
    assert tab.url == site_url + "/many/"
    newest = set(tab.locator("article h2").all_inner_texts())
    tab.get_by_role("link", name="Older stories").click()
    assert tab.url == site_url + "/many/archive/0/"
    older = set(tab.locator("article h2").all_inner_texts())
    assert len(newest | older) == 150
    tab.get_by_role("link", name="Newest stories").click()
    assert tab.url == site_url + "/many/"
    context.close()

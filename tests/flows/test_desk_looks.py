"""Each page of the desk, as it looks: wide and narrow, light and dark, with odd titles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.flows.browsing import launched, log_in, press, says
from tests.flows.command import Installation, rss
from tests.flows.test_browser import LOOKS, ODD
from tests.flows.visiting import WORD, users
from tests.origin import Answer, Origin

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@dataclass(frozen=True)
class Stand:
    """A running desk, and where its pages are."""

    url: str
    pages: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Sources that are well, fail and are blocked, with odd titles, in many categories; one secret,
    one from a list; a private category, a view."""
    here = Installation(tmp_path_factory.mktemp("looks"))
    with Origin() as origin:
        paths = ("/odd", "/long", "/rtl", "/html", "/gone", "/wall", "/listed")
        origin.serve("/odd", rss(*ODD, title=ODD[0]))
        for path, title in zip(
            paths[1:4], (ODD[1], ODD[2], "&lt;b&gt;Bold&lt;/b&gt;"), strict=True
        ):
            origin.serve(path, rss(path[1:], title=title))
        origin.answer("/gone", Answer(410))
        origin.answer("/wall", Answer(200, b"<html><title>Just a moment...</title></html>"))
        origin.serve("/listed", rss("listed", title="Listed"))
        sources = "".join(
            f'[[sources]]\nurl = "{origin.url(path)}"\ncategories = ["odd", "c1"]\n'
            for path in paths[:-1]
        )
        sources += f'[[sources]]\nurl = "{origin.url("/odd")}?key=hidden"\nsecret_url = true\n'
        categories = "".join(f'[categories.c{n}]\ntitle = "Category {n}"\n' for n in range(20))
        (here.folder / "list.opml").write_text(
            f'<opml version="2.0"><body><outline text="A folder"><outline text="Listed" '
            f'xmlUrl="{origin.url("/listed")}"/></outline></body></opml>'
        )
        here.configure(
            f'[categories.odd]\ntitle = "Odd {"and very long " * 8}"\n[categories.shut]\n'
            f'private = true\n[views.some]\nmatch = {{ any = [{{ title = "x" }}] }}\n'
            + categories + sources
        )  # fmt: skip
        file = here.folder / "feedmill.toml"
        file.write_text('include = ["list.opml"]\n' + file.read_text())
        here.verb("poll", "--now")
        numbers = {each["url"]: each["id"] for each in here.json("sources")}
        odd = [each["id"] for each in here.json("articles") if "WWW" in (each["title"] or "")]
        pages = {path: f"sources/{numbers[origin.url(path)]}" for path in paths}
        with here.running() as site:
            site.wait_for("/all/rss.xml", "listed")
            yield Stand(site.url("/desk/"), pages | {"article": f"articles/{odd[0]}"})


def fine(tab: Page, width: int) -> None:
    """Not wider than the window, no violation, no secret."""
    assert tab.evaluate("document.documentElement.scrollWidth") <= width, tab.url
    assert "key=hidden" not in tab.content()
    found = Axe().run(tab)
    assert found.violations_count == 0, f"{tab.url}: {found.generate_report()}"


@pytest.mark.parametrize(("width", "colours"), LOOKS)
def test_pages(browser: Browser, stand: Stand, width: int, colours: Any) -> None:
    """Every page that a link leads to."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=colours, bypass_csp=True
    )
    tab = context.new_page()
    for path in (
        *("", "sources", "sources?q=nothing", "add", "add/opml", "articles", "articles?q=nothing"),
        *(
            "feeds",
            "feeds/odd",
            "feeds/some",
            "feeds/a-folder",
            "feeds/all",
            "feeds/new?kind=views",
        ),
        *("sources/999", "feeds/no-such", *stand.pages.values()),
    ):
        tab.goto(stand.url + path)
        fine(tab, width)
    context.close()


@pytest.mark.parametrize(("width", "colours"), LOOKS)
def test_answers(browser: Browser, stand: Stand, width: int, colours: Any) -> None:
    """Every page that a button leads to, errors too."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=colours, bypass_csp=True
    )
    tab = context.new_page()
    tab.goto(stand.url + "add/opml")
    tab.get_by_label("Or its text").fill(
        '<opml version="2.0"><body><outline text="New"><outline text="' + "W" * 200 + '" '
        'xmlUrl="https://example.org/feed"/><outline type="rss" text="x"/></outline></body></opml>'
    )
    press(tab, "Show what is in it")
    fine(tab, width)
    tab.goto(stand.url + "feeds/some")
    tab.get_by_label("Any of these").fill("title: .")
    press(tab, "Try it out")
    fine(tab, width)
    tab.get_by_label("Any of these").fill("nothing: " + "W" * 200)
    press(tab, "Save")
    fine(tab, width)
    with tab.expect_popup() as popup:
        tab.goto(stand.url + "feeds/odd")
        press(tab, "RSS")
    popup.value.wait_for_load_state()
    fine(popup.value, popup.value.evaluate("innerWidth"))
    popup.value.close()
    tab.goto(stand.url + stand.pages["/odd"])
    press(tab, "Look at it now")
    fine(tab, width)
    press(tab, "Pause")
    fine(tab, width)  # with what was said, and that it is being taken up
    press(tab, "End the pause")
    press(tab, "Remove")
    says(tab, "Remove 1 source?")
    fine(tab, width)
    tab.goto(stand.url + "sources")
    for box in tab.get_by_role("checkbox", name="Choose").all():
        box.check()
    tab.get_by_label("What to do").select_option("remove")
    press(tab, "Do it")
    says(tab, "sources?")
    fine(tab, width)
    tab.goto(stand.url + "feeds")
    tab.get_by_label("For whom").fill(f"{'W' * 60} {width} {colours}")
    press(tab, "Make a token")
    fine(tab, width)
    tab.goto(stand.url + "feeds")
    fine(tab, width)
    context.close()


@pytest.mark.parametrize(("width", "colours"), LOOKS)
def test_a_new_installation(browser: Browser, tmp_path: Any, width: int, colours: Any) -> None:
    """Where there is nothing yet, each page says what to do."""
    here = Installation(tmp_path)
    here.configure()
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=colours, bypass_csp=True
    )
    tab = context.new_page()
    with here.running() as site:
        for path in ("", "sources", "feeds", "articles"):
            tab.goto(site.url(f"/desk/{path}"))
            fine(tab, width)
    context.close()


@pytest.mark.parametrize(("width", "colours"), LOOKS)
def test_the_login(browser: Browser, tmp_path: Any, width: int, colours: Any) -> None:
    """As it is come upon, and as it refuses; then what an editor sees otherwise than an admin."""
    here = Installation(tmp_path)
    private = '[[sources]]\nurl = "http://127.0.0.1:9/"\nallow_private = true\n'
    here.configure(users() + private)
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=colours, bypass_csp=True
    )
    tab = context.new_page()
    with here.running() as site:
        tab.goto(site.url("/desk/sources"))
        says(tab, "Password")
        fine(tab, width)
        log_in(tab, "bert", "wrong")
        says(tab, "Name or password is wrong.")
        fine(tab, width)
        log_in(tab, "bert", WORD)
        for path, said in (("sources/1", "for admins to change"), ("add", "for admins to add")):
            tab.goto(site.url(f"/desk/{path}"))
            says(tab, said)
            fine(tab, width)
        tab.goto(site.url("/desk/sources/1"))
        tab.get_by_text("More", exact=True).click()
        says(tab, "only an admin changes that")
        fine(tab, width)
    context.close()

"""The operator's desk, walked through in a real browser beside a real `feedmill run`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.flows.browsing import (
    go,
    hides,
    is_silent,
    launched,
    log_in,
    on_desk,
    press,
    says,
    shows,
    user,
)
from tests.flows.command import Installation, rss, until
from tests.flows.past import Past
from tests.origin import Answer, Origin

pytestmark = [pytest.mark.slow, pytest.mark.browser]

NEWS = '[categories.news]\ntitle = "News"\n'
PASSWORD = "a long enough one"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/one", rss("one", "two", title="Daily news"), etag=True)
        found.serve("/two", rss("three", "four", title="A blog"), etag=True)
        yield found


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    found = Installation(tmp_path)
    found.configure(NEWS)
    return found


def config(here: Installation) -> Path:
    return here.folder / "feedmill.toml"


def source(origin: Origin, path: str, more: str = 'categories = ["news"]') -> str:
    return f'[[sources]]\nurl = "{origin.url(path)}"\n{more}\n'


def page(*links: tuple[str, str]) -> bytes:
    """A page that names these (path, title) as its feeds."""
    shown = "".join(
        f'<link rel="alternate" type="application/rss+xml" title="{title}" href="{path}">'
        for path, title in links
    )
    return f"<!doctype html><html><head><title>A site</title>{shown}</head></html>".encode()


def opml(*feeds: tuple[str, str], folder: str = "Far away", more: str = "") -> str:
    inside = "".join(f'\n<outline text="{title}" xmlUrl="{url}"/>' for title, url in feeds)
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<opml version="2.0"><body>'
        f'<outline text="{folder}">{inside}</outline>{more}</body></opml>'
    )


def number(here: Installation, url: str) -> int:
    return next(int(each["id"]) for each in here.json("sources") if each["url"] == url)


def article(here: Installation, title: str) -> int:
    found = here.json("articles", "--limit", "1000")
    return next(int(each["id"]) for each in found if each["title"] == title)


# --- who may


def test_logins(here: Installation, browser: Browser) -> None:
    """Whoever comes is asked for a name; a wrong password is told as such; a new installation says
    what to do first; who has logged out is out. An editor makes no tokens."""
    people = user(here, "anna", PASSWORD, "admin") + user(here, "bob", PASSWORD, "editor")
    here.configure(NEWS + people)
    with here.running() as site, on_desk(browser, site) as tab:
        assert "/desk/login" in tab.url
        log_in(tab, "anna", "not the password")
        says(tab, "Name or password is wrong.")
        log_in(tab, "anna", PASSWORD)
        says(tab, "Welcome: what to do first")
        tab.get_by_role("link", name="Add sources").click()
        says(tab, "An OPML list")
        go(tab, "feeds")
        says(tab, "Tokens")
        press(tab, "Log out anna")
        go(tab, "sources?sort=title")
        assert "/desk/login" in tab.url
        log_in(tab, "bob", PASSWORD)
        assert tab.url.endswith("/desk/sources?sort=title")  # where he wanted to go
        go(tab, "feeds")
        is_silent(tab, "Tokens")
        mark = tab.locator('input[name="mark"]').first.get_attribute("value") or ""
        refused = tab.request.post(
            site.url("/desk/feeds/tokens"), form={"mark": mark, "label": "mine", "feed": ""}
        )
        assert refused.status == 403
        assert "That is for admins." in refused.text()
    assert here.json("token", "list") == []


# --- adding


def test_adding_from_a_page(here: Installation, origin: Origin, browser: Browser) -> None:
    """A page that names three feeds: they are shown, chosen, put into a new category, polled with
    what came then, published. What is wrong leaves all as it was entered; a form that is sent twice
    adds nothing twice."""
    origin.serve("/three", rss("five", title="Third"), etag=True)
    links = (("/one", "Daily"), ("/two", "Blog"), ("/three", "Third"))
    origin.serve("/", page(*links), content_type="text/html")
    with here.running() as site, on_desk(browser, site) as tab:
        go(tab, "add")
        tab.get_by_label("Feeds, or pages").fill(f"{origin.url('/')}\n{origin.url('/nowhere')}")
        press(tab, "Look")
        says(tab, "Title of five")
        found = tab.url
        says(tab, "http: 404: not found")
        for name in ("Daily", "Blog", "Third"):
            tab.get_by_label(name).check()
        tab.get_by_label("Or a new category").fill("world")
        tab.get_by_label("Polled every").fill("often")
        press(tab, "Add what is ticked")
        says(tab, '"often" is no duration')
        expect(tab.get_by_label("Or a new category")).to_have_value("world")
        expect(tab.get_by_label("Third")).to_be_checked()
        tab.get_by_label("Polled every").fill("2h")
        press(tab, "Add what is ticked")
        says(tab, "3 sources added, with 5 articles")
        says(tab, "Third")
        site.wait_for("/world/rss.xml", "Title of five")
        assert len(origin.asked("/one")) == 1  # what was looked at was the first poll
        go(tab, found)
        press(tab, "Add what is ticked")
        says(tab, "They were added already.")
    assert len(here.json("sources")) == 3


def test_a_lookup_that_is_gone(here: Installation, origin: Origin, browser: Browser) -> None:
    """Found before a restart, chosen after it: the addresses stand in the form again."""
    with here.running() as site, on_desk(browser, site) as tab:
        go(tab, "add")
        tab.get_by_label("Feeds, or pages").fill(origin.url("/one"))
        press(tab, "Look")
        says(tab, "Daily news")
        site.stop()
        with here.running():
            press(tab, "Add what is ticked")
            says(tab, "look at the addresses again")
            expect(tab.get_by_label("Feeds, or pages")).to_have_value(origin.url("/one"))
    assert here.json("sources") == []


def test_a_list_in_and_out(here: Installation, origin: Origin, browser: Browser) -> None:
    """An OPML list, pasted or as a file: what is in it, what is known, what is wrong; then all of
    it. An error never costs what was pasted. The export holds what came, and no secret."""
    secret = f'[[sources]]\nurl = "{origin.url("/one")}?key=hidden"\nsecret_url = true\n'
    here.configure(NEWS + source(origin, "/one") + secret)
    text = opml(
        ("A blog", origin.url("/two")),
        more=f'\n<outline text="Known" xmlUrl="{origin.url("/one")}"/>'
        '\n<outline text="Broken" type="rss"/>',
    )
    with here.running() as site, on_desk(browser, site) as tab:
        go(tab, "add")
        pasted = tab.get_by_label("Or its text")
        press(tab, "Add all of it")
        says(tab, "choose a file, or paste the text of a list")
        pasted.fill(text.replace("</opml>", ""))
        press(tab, "Show what is in it")
        says(tab, "can't be read as OPML")
        assert pasted.input_value().count("outline") == text.count("outline")
        go(tab, "add")
        tab.get_by_label("A file, as other programs export it").set_input_files(
            {"name": "mine.opml", "mimeType": "text/x-opml", "buffer": text.encode("latin-1")}
        )
        press(tab, "Show what is in it")
        says(tab, "1 new feed, 1 new category, 1 configured already, 1 with faults")
        says(tab, "line 5, xmlUrl: missing")
        says(tab, "at feedmill.toml:")
        assert pasted.input_value() == text  # no need to choose the file again
        assert len(here.json("sources")) == 2
        press(tab, "Add all of it")
        says(tab, "1 source added, new categories: Far away")
        says(tab, origin.url("/two"))
        site.wait_for("/far-away/rss.xml", "Title of three")
        with tab.expect_download() as download:
            tab.get_by_role("link", name="Export").click()
        exported = download.value.path().read_text()
        assert origin.url("/two") in exported
        assert 'text="Far away"' in exported
        assert "hidden" not in exported
    assert "[categories.far-away]" in config(here).read_text()


# --- sources


def test_a_failing_source_is_mended(here: Installation, origin: Origin, browser: Browser) -> None:
    """The overview leads to it, it says what to do in the desk's own words, and gets its new
    address there: its articles stay, and it is well."""
    here.configure(NEWS + source(origin, "/one"))
    here.verb("poll", "--now")
    origin.remove("/one")
    origin.serve("/moved", rss("one", "two", "newer", title="Daily news"))
    with here.running() as site, on_desk(browser, site) as tab:
        here.verb("poll", "--now")
        shows(tab, "failing")
        tab.get_by_role("link", name="Daily news").click()
        says(tab, "http: 404: not found")
        says(tab, "put that into its settings below")
        is_silent(tab, "feedmill poll")
        tab.get_by_label("Address", exact=True).fill("no address at all")
        tab.locator("form").evaluate_all("all => all.forEach(each => each.noValidate = true)")
        press(tab, "Save")
        says(tab, "Nothing was written")
        expect(tab.get_by_label("Address", exact=True)).to_have_value("no address at all")
        tab.get_by_label("Address", exact=True).fill(origin.url("/moved"))
        press(tab, "Save")
        says(tab, "Saved.")
        press(tab, "Poll now")
        shows(tab, "Title of newer")
        says(tab, "3 articles")
        go(tab, "")
        shows(tab, "All sources are well.")
    text = config(here).read_text()
    assert f'url = "{origin.url("/moved")}"' in text
    assert f'was = "{origin.url("/one")}"' in text
    [left] = here.json("sources")
    assert (left["id"], left["articles"]) == (1, 3)


def test_a_redirect_undone(here: Installation, origin: Origin, browser: Browser) -> None:
    """An adopted redirect is shown with both addresses; a button goes back for good."""
    here.configure(NEWS + source(origin, "/one"))
    with Past(here, days=10) as past:
        past.polls(hours=12, times=1)
        origin.redirect("/one", "/new", status=301)
        origin.serve("/new", rss("one", "two", title="Daily news"))
        past.until_now(hours=12)
    with here.running() as site, on_desk(browser, site) as tab:
        go(tab, "sources/1")
        says(tab, f"requested at {origin.url('/new')}")
        says(tab, f"{origin.url('/one')} → {origin.url('/new')}")
        press(tab, "Go back to the configured address")
        says(tab, "The configured address is requested again")
        is_silent(tab, "requested at")
    assert here.json("sources")[0]["address"] is None


def many(origin: Origin, count: int) -> str:
    for each in range(count):
        origin.serve(f"/n{each}", rss(f"item {each}", title=f"Number {each}"))
    return "".join(source(origin, f"/n{each}") for each in range(count))


def test_many_at_once(here: Installation, origin: Origin, browser: Browser) -> None:
    """More sources than a page holds, without scripts: found, sorted, paged; paused, categorized,
    polled and removed by the dozen, the last only after a question."""
    here.configure(NEWS + '[categories.other]\ntitle = "Other"\n' + many(origin, 115))
    here.verb("poll", "--now")
    with here.running() as site, on_desk(browser, site, java_script_enabled=False) as tab:
        go(tab, "sources")
        says(tab, "115 sources")
        expect(tab.locator("tbody tr")).to_have_count(100)
        tab.get_by_role("link", name="Next").click()
        expect(tab.locator("tbody tr")).to_have_count(15)
        says(tab, "page 2 of 2")
        _find(tab, "number 11", "title")
        expect(tab.locator("tbody .name a")).to_have_text(
            ["Number 11", *(f"Number {each}" for each in range(110, 115))]
        )
        _tick(tab, ("Number 110", "Number 111"))
        press(tab, "Do it")
        says(tab, "choose what is to be done")
        tab.get_by_role("link", name="Back to where you were").click()
        for action, said in (("pause", "2 paused"), ("end the pause", "2 polled again")):
            _tick(tab, ("Number 110", "Number 111"))
            _do(tab, action)
            says(tab, said)
            assert "q=number+11" in tab.url  # the list as it was chosen
        _tick(tab, ("Number 110", "Number 111"))
        tab.get_by_label("Category", exact=True).last.select_option("Other")
        _do(tab, "put into the category")
        says(tab, "2 put into other")
        asked = len(origin.asked("/n110"))
        _tick(tab, ("Number 110",))
        _do(tab, "poll now")
        says(tab, "1 will be polled")
        assert until(lambda: len(origin.asked("/n110")) == asked + 1)
        _tick(tab, ("Number 113", "Number 114"))
        _do(tab, "remove")
        says(tab, "Remove 2 sources?")
        says(tab, "Number 114")
        tab.get_by_role("link", name="Keep").click()
        _find(tab, "number 11", "title")
        _tick(tab, ("Number 113", "Number 114"))
        _do(tab, "remove")
        press(tab, "Remove")
        says(tab, "2 removed; their articles stay")
        says(tab, "4 sources")
        _find(tab, "no such thing", "title")
        says(tab, "None of your sources fits.")
        go(tab, "sources?state=ok&category=other")
        says(tab, "2 sources")
        site.wait_for("/other/rss.xml", "Title of item 110")
    told = {each["url"]: each for each in here.json("sources")}
    assert len(told) == 113
    assert told[origin.url("/n110")]["categories"] == ["news", "other"]


def _find(tab: Page, text: str, order: str) -> None:
    tab.get_by_role("searchbox").fill(text)
    tab.get_by_label("Order").select_option(f"by {order}")
    press(tab, "Show")


def _tick(tab: Page, titles: tuple[str, ...]) -> None:
    for each in titles:
        tab.get_by_label(f"Choose {each}", exact=True).check()


def _do(tab: Page, action: str) -> None:
    tab.get_by_label("What to do").select_option(action)
    press(tab, "Do it")


def test_what_the_form_can_not_say_stays(
    here: Installation, origin: Origin, browser: Browser
) -> None:
    """Networks, headers and secrets of a source outlive an edit of its title, and stand in no page;
    a source of an included list is locked, with the reason."""
    (here.folder / "list.opml").write_text(opml(("Listed", origin.url("/two"))))
    more = 'allow_private = ["127.0.0.0/8"]\nheaders = { X-Key = "open sesame" } # kept'
    here.configure(NEWS + source(origin, "/one", more))
    config(here).write_text('include = ["list.opml"]\n' + config(here).read_text())
    with here.running() as site, on_desk(browser, site) as tab:
        go(tab, f"sources/{number(here, origin.url('/one'))}")
        assert "sesame" not in tab.content()
        tab.get_by_label("Title").fill("Mine")
        press(tab, "Save")
        says(tab, "Saved.")
        press(tab, "Save")
        says(tab, "Nothing was changed.")
        assert more in config(here).read_text()
        assert 'title = "Mine"' in config(here).read_text()
        go(tab, f"sources/{number(here, origin.url('/two'))}")
        says(tab, "stands in a list that is not edited here")
        assert tab.get_by_role("button", name="Save").count() == 0
        assert tab.get_by_role("button", name="Pause").count() == 0
        go(tab, "feeds/far-away")
        says(tab, "It comes from the folders of an OPML list.")
        tab.get_by_label("Title").fill("Not so far")
        press(tab, "Save")
        site.wait_for("/far-away/rss.xml", "Not so far")
        go(tab, "feeds/all")
        tab.get_by_label("Shows at least").fill("7")
        press(tab, "Save")
        says(tab, "Saved.")
    assert "[categories.all]\nlimit = 7\n" in config(here).read_text()


# --- feeds


def test_a_view(here: Installation, origin: Origin, browser: Browser) -> None:
    """A rule is written, tried, seen in each format before anything is written, saved, published;
    one that is wrong stays in the form."""
    here.configure(NEWS + source(origin, "/one") + source(origin, "/two"))
    here.verb("poll", "--now")
    with here.running() as site, on_desk(browser, site) as tab:
        site.wait_for("/news/rss.xml", "Title of three")
        go(tab, "feeds")
        tab.get_by_role("link", name="New view").click()
        tab.get_by_label("Short name").fill("chosen")
        tab.get_by_label("Title", exact=True).fill("Chosen ones")
        tab.get_by_label("Any of these").fill("titel: one")
        press(tab, "Try it out")
        says(tab, 'did you mean "title"')
        expect(tab.get_by_label("Any of these")).to_have_value("titel: one")
        tab.get_by_label("Any of these").fill("title: \\bone\ntitle: three")
        press(tab, "Try it out")
        says(tab, "2 would come in, 0 would go, 0 would stay")
        says(tab, "Title of three")
        assert "views.chosen" not in config(here).read_text()
        press(tab, "Save")
        says(tab, "Saved.")
        found = site.wait_for("/chosen/rss.xml", "Title of three").body
        assert b"Title of one" in found
        assert b"Title of two" not in found
        go(tab, "feeds/chosen")
        tab.get_by_label("None of these").fill("title: three")
        press(tab, "Try it out")
        says(tab, "0 would come in, 1 would go, 1 would stay")
        for name, text in (("RSS", "<rss"), ("Atom", "<feed"), ("JSON", "jsonfeed.org")):
            with tab.expect_popup() as popup:
                press(tab, name)
            says(popup.value, text)
            says(popup.value, "Title of one")
            is_silent(popup.value, "Title of three")
            popup.value.close()
        with tab.expect_popup() as popup:
            press(tab, "page")
        shown = popup.value.frame_locator("iframe").locator("body")
        expect(shown).to_contain_text("Title of one")
        popup.value.close()
        expect(tab.get_by_label("None of these")).to_have_value("title: three")
        tab.get_by_text("Remove this view").click()
        press(tab, "Remove chosen for good")
        says(tab, "chosen is removed")
        assert until(lambda: site.get("/chosen/rss.xml").status == 410)


def test_a_new_category_is_there_at_once(here: Installation, browser: Browser) -> None:
    """Also on the pages that ask the engine, which has not heard of it yet; the desk says so."""
    with here.running() as site, on_desk(browser, site) as tab:
        go(tab, "feeds/new")
        tab.get_by_label("Short name").fill("no slug at all")
        tab.get_by_label("Title").fill("Fresh")
        press(tab, "Save")
        says(tab, "Nothing was written")
        expect(tab.get_by_label("Title")).to_have_value("Fresh")
        tab.get_by_label("Short name").fill("fresh")
        press(tab, "Save")
        go(tab, "feeds")
        says(tab, "Fresh")
        hides(tab, "Feedmill is taking it up")
        site.wait_for("/fresh/rss.xml")


def test_tokens(here: Installation, origin: Origin, browser: Browser) -> None:
    """Made and shown once, lets in, is revoked, lets in no more."""
    here.configure(
        "[categories.closed]\nprivate = true\n" + source(origin, "/one", 'categories = ["closed"]')
    )
    with here.running() as site, on_desk(browser, site) as tab:
        go(tab, "feeds")
        tab.get_by_label("For whom").fill("Carla")
        tab.get_by_label("For what").select_option("the feed closed")
        press(tab, "Make a token")
        token = tab.locator(".token").inner_text()
        site.wait_for(f"/closed/rss.xml?token={token}", "Title of one")
        go(tab, "feeds")
        is_silent(tab, token)
        press(tab, "Revoke the token of Carla")
        says(tab, "The token of Carla is revoked.")
        assert site.get(f"/closed/rss.xml?token={token}").status in (401, 404)


# --- articles


def test_articles(here: Installation, origin: Origin, browser: Browser) -> None:
    """Two are told to be one story, and to be two again; one is taken down, and leaves the feed."""
    here.configure(NEWS + source(origin, "/one") + source(origin, "/two"))
    here.verb("poll", "--now")
    with here.running() as site, on_desk(browser, site) as tab:
        site.wait_for("/news/rss.xml", "Title of three")
        one, three = (article(here, f"Title of {each}") for each in ("one", "three"))
        go(tab, "articles?q=three")
        tab.get_by_role("link", name="Title of three").click()
        press(tab, "They tell one story")
        says(tab, "name the other article")
        tab.get_by_role("link", name="Back to where you were").click()
        tab.get_by_label("Another article").fill(str(one))
        press(tab, "They tell one story")
        says(tab, "one story from now on")
        shows(tab, "It tells the same as story")
        says(tab, "one story, by your word")
        tab.get_by_label("Another article").fill(str(one))
        press(tab, "They don't")
        says(tab, "two stories from now on")
        says(tab, "two stories, by your word")
        go(tab, f"articles/{three}")
        expect(tab.frame_locator("iframe").locator("body")).to_contain_text("Text of three")
        tab.get_by_text("Take it down", exact=True).click()
        press(tab, "Take it down for ever")
        says(tab, "taken down for ever")
        assert until(lambda: b"Title of three" not in site.get("/news/rss.xml").body)
        assert b"Title of one" in site.get("/news/rss.xml").body
        go(tab, "articles")
        is_silent(tab, "Title of three")


# --- the file, and the state as a whole


def test_an_edit_by_hand(here: Installation, origin: Origin, browser: Browser) -> None:
    """A file that is broken meanwhile is told of on each page, and not written over; one that
    somebody else has changed is told of with what differs."""
    here.configure(NEWS + source(origin, "/one"))
    with here.running() as site, on_desk(browser, site) as tab:
        go(tab, "sources/1")
        tab.get_by_label("Title").fill("From the desk")
        right = config(here).read_text()
        config(here).write_text(right.replace('categories = ["news"]', 'every = "9h"'))
        press(tab, "Save")
        says(tab, "somebody else has changed this meanwhile")
        says(tab, "every is 9h there, not set here")
        expect(tab.get_by_label("Title")).to_have_value("From the desk")
        assert "From the desk" not in config(here).read_text()
        broken = right + "[poll\n"
        config(here).write_text(broken)
        go(tab, "sources/1")
        shows(tab, "The configuration is refused; the one before goes on")
        says(tab, "feedmill.toml")
        assert tab.get_by_role("button", name="Pause").count() == 0
        go(tab, "feeds/news")
        says(tab, "nothing can be changed here")
        go(tab, "add")
        tab.get_by_label("Or its text").fill(opml(("A blog", origin.url("/two"))))
        press(tab, "Add all of it")
        says(tab, "is no TOML at the moment")
        assert "A blog" in tab.get_by_label("Or its text").input_value()
        assert config(here).read_text() == broken
        config(here).write_text(right.replace("[poll]", '[poll]\ninterval = "often"'))
        shows(tab, "poll.interval")
        config(here).write_text(right)
        go(tab, "")
        hides(tab, "The configuration is refused")


def test_restored_under_the_desk(here: Installation, origin: Origin, browser: Browser) -> None:
    """`feedmill restore` beside a `run`: the desk shows what was then."""
    here.configure(NEWS + source(origin, "/one"))
    here.verb("poll", "--now")
    with here.running() as site, on_desk(browser, site) as tab:
        site.wait_for("/news/rss.xml", "Title of one")
        here.verb("backup", "then.tar.gz")
        origin.serve("/one", rss("one", "two", "later", title="Daily news"))
        go(tab, "sources/1")
        press(tab, "Poll now")
        shows(tab, "Title of later")
        tab.get_by_label("Title").fill("Another name")
        press(tab, "Save")
        says(tab, "Another name")
        origin.serve("/one", rss("one", "two", title="Daily news"))
        here.verb("restore", "then.tar.gz")
        go(tab, "sources/1")
        shows(tab, "2 articles")
        is_silent(tab, "Title of later")


# --- hands and eyes


def test_by_keyboard(here: Installation, origin: Origin, browser: Browser) -> None:
    """The skip link comes first, "/" goes to the search, and Tab reaches all there is, once, and
    in the order in which it stands."""
    here.configure(NEWS + source(origin, "/one"))
    here.verb("poll", "--now")
    with here.running() as site, on_desk(browser, site) as tab:
        for path in ("", "sources", "sources/1", "add", "feeds", "feeds/news", "articles"):
            go(tab, path)
            wanted = tab.evaluate(_REACHABLE)
            reached = []
            for _ in range(len(wanted)):
                tab.keyboard.press("Tab")
                reached.append(tab.evaluate("document.activeElement.dataset.order"))
            assert reached == wanted, path
        go(tab, "sources")
        tab.keyboard.press("Tab")
        expect(tab.locator(".skip")).to_be_focused()
        tab.keyboard.press("Enter")
        assert tab.url.endswith("#main")
        tab.keyboard.press("/")
        expect(tab.get_by_role("searchbox")).to_be_focused()
        tab.keyboard.type("a/b")  # there it is a sign like others
        expect(tab.get_by_role("searchbox")).to_have_value("a/b")
        go(tab, "sources")
        tab.get_by_label("all on this page").check()
        expect(tab.get_by_label("Choose Daily news")).to_be_checked()


_REACHABLE = """() => {
  const all = document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]');
  const seen = [...all].filter(each => each.checkVisibility() || each.matches(".skip"));
  seen.forEach((each, at) => { each.dataset.order = String(at); });
  return seen.map(each => each.dataset.order);
}"""


def test_errors_are_pages(here: Installation, browser: Browser) -> None:
    """What is not there, and a form of another session, are told as pages that lead on."""
    with here.running() as site, on_desk(browser, site) as tab:
        answer = tab.goto("sources/77")
        assert answer is not None
        assert answer.status == 404
        says(tab, "there is none of that number")
        answer = tab.goto("feeds/nwes")
        assert answer is not None
        assert answer.status == 404
        says(tab, 'did you mean "news"')
        go(tab, "add")
        tab.get_by_label("Feeds, or pages").fill("https://example.org/")
        tab.locator('input[name="mark"]').first.evaluate("each => each.value = 'another'")
        press(tab, "Look")
        says(tab, "The form is not one of this session")


def test_without_scripts(here: Installation, origin: Origin, browser: Browser) -> None:
    """A source that asks to be left alone is left alone; its document is read only when somebody
    looks at it, and nothing of that is stored."""
    origin.answer("/busy", Answer(429, b"", {"Retry-After": "3600"}))
    here.configure(NEWS + source(origin, "/busy") + source(origin, "/one"))
    here.verb("poll", "--now")
    with here.running() as site, on_desk(browser, site, java_script_enabled=False) as tab:
        says(tab, "waiting")
        go(tab, "sources/1")
        says(tab, "The server asks for fewer requests")
        press(tab, "Poll now")
        says(tab, "as soon as its server may be asked")
        origin.serve("/one", rss("one", "two", "unseen", title="Daily news"))
        go(tab, "sources/2")
        press(tab, "Look at it now")
        says(tab, "RSS 2.0")
        says(tab, "Title of unseen")
        go(tab, "articles")
        is_silent(tab, "Title of unseen")
    assert len(origin.asked("/busy")) == 1

"""The desk in a real browser, used as an operator uses it.

with launched() as browser, on_desk(browser, site) as tab:
    go(tab, "sources")                  # a page of the desk
    press(tab, "Save")                  # a button
    shows(tab, "Saved")                 # reloading until the page says so
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from tests.flows.command import Installation, Site, until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def launched() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is missing: install Debian's chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@contextmanager
def on_desk(browser: Browser, site: Site, **options: Any) -> Iterator[Page]:
    """A tab at the desk's first page; a complaint of the console fails the test, but for answers
    that say what was wrong."""
    context = browser.new_context(base_url=site.url("/desk/"), **options)
    tab, said = context.new_page(), list[str]()
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.set_default_timeout(20_000)
    tab.goto("")
    yield tab
    context.close()
    assert [each for each in said if "Failed to load resource" not in each] == []


def go(tab: Page, path: str) -> None:
    answer = tab.goto(path)
    assert answer is not None
    assert answer.status == 200, tab.content()


def press(tab: Page, name: str) -> None:
    tab.get_by_role("button", name=name, exact=True).click()


def says(tab: Page, text: str) -> None:
    """On the page as it is."""
    expect(tab.locator("body")).to_contain_text(text)


def is_silent(tab: Page, text: str) -> None:
    expect(tab.locator("body")).not_to_contain_text(text)


def anew(tab: Page) -> bool:
    """Reload it; whether that could be done: a click before may still be leading elsewhere."""
    try:
        tab.reload()
    except Error as error:
        if "Not attached to an active page" not in error.message:
            raise
        return False
    return True


def shows(tab: Page, text: str, seconds: float = 30) -> None:
    """Reloaded until it says so: it happens in another process."""

    def there() -> bool:
        return anew(tab) and text in tab.locator("body").inner_text()

    assert until(there, seconds), tab.locator("body").inner_text()


def hides(tab: Page, text: str, seconds: float = 30) -> None:
    def gone() -> bool:
        return anew(tab) and text not in tab.locator("body").inner_text()

    assert until(gone, seconds), tab.locator("body").inner_text()


def log_in(tab: Page, name: str, password: str) -> None:
    tab.get_by_label("Name").fill(name)
    tab.get_by_label("Password").fill(password)
    press(tab, "Log in")


def user(here: Installation, name: str, password: str, role: str) -> str:
    """What makes somebody a user, with the line that the command prints."""
    done = here.call("password", "--stdin", given=f"{password}\n")
    assert done.returncode == 0, done.stderr
    return f'[desk.users.{name}]\npassword = "{done.stdout.strip()}"\nrole = "{role}"\n'


def numbers(text: str) -> list[int]:
    return [int(each.replace(",", "")) for each in re.findall(r"\d[\d,]*", text)]

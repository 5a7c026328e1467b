"""Whether site.url shows this installation's feeds, as they lie in the output folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from config.advice import ADVICE
from config.doctor.asking import Ask, Page
from config.doctor.finding import Finding, bad, ok, warn
from config.settings import ALL, Settings
from feeds.errors import FetchError

CHECK = "site"


def sample(settings: Settings) -> str | None:
    """A public feed's document that is published; None when there is none."""
    slugs = [ALL, *(each.slug for each in settings.feeds if not each.private)]
    paths = (f"{slug}/atom.xml" for slug in slugs)
    return next((each for each in paths if (settings.output / each).is_file()), None)


def site(settings: Settings, path: str, ask: Ask) -> tuple[Page | None, list[Finding]]:
    """(the answer, where it is this installation's; findings)"""
    url = f"{settings.site.url}/{path}"
    file = settings.output / path
    before = file.read_bytes()
    try:
        page = ask(url, Accept_Encoding="identity")
    except FetchError as error:
        advice = ADVICE.get(error.kind, "look at site.url, and at the web server before Feedmill")
        return None, [bad(CHECK, f"{url} does not answer: {error}", advice)]
    if page.body in (before, _now(file)) and page.status == 200:
        return page, [ok(CHECK, f"{url} shows this installation")]
    return None, list(_otherwise(url, page, before))


def _now(file: Path) -> bytes:
    """It may have been published anew while we asked."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _otherwise(url: str, page: Page, ours: bytes) -> Iterator[Finding]:
    if 300 <= page.status < 400:
        there = page.headers.get("location", "elsewhere")
        text = f"{url} answers {page.status}, to {there}"
        yield bad(CHECK, text, "write the address where it ends into site.url")
    elif page.status != 200:
        advice = "look at the web server's root (output.directory) and at where it passes on to"
        yield bad(CHECK, f"{url} answers {page.status}", advice)
    elif _id(page.body) == _id(ours):
        text = f"{url} shows this feed as it was, or will be, not as it lies in the output folder"
        yield warn(CHECK, text, "a cache keeps it longer than Cache-Control says, or rewrites it")
    else:
        text = f"{url} shows something else than this installation's feed"
        yield bad(CHECK, text, "look at site.url, and at the web server's root and host names")


def _id(body: bytes) -> bytes | None:
    """The feed's own id, which comes before those of its entries."""
    from lxml import etree

    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return None
    found = root.find("{http://www.w3.org/2005/Atom}id")
    return None if found is None else str(found.text).encode()

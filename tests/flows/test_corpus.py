"""A hundred real documents as a hundred sources, through the whole house and twice."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import ada_url
import feedparser
import pytest
from lxml import etree

from tests.flows.command import Installation
from tests.origin import Origin
from tests.shared import shared

pytestmark = [pytest.mark.slow, pytest.mark.shared]

ATOM = "{http://www.w3.org/2005/Atom}"
IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
CATEGORIES = ("rss", "atom", "other")


@dataclass
class Round:
    """The installation after its polls, and what feedparser alone sees in each document."""

    here: Installation
    origin: Origin
    documents: dict[str, Any]
    first: dict[str, Any]
    second: dict[str, Any]

    def sources(self) -> dict[str, dict[str, Any]]:
        return {each["url"]: each for each in self.here.json("sources")}


@pytest.fixture(scope="module")
def polled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Round]:
    corpus = sorted(path for path in shared("corpus").iterdir() if path.is_file())
    here = Installation(tmp_path_factory.mktemp("corpus"))
    with Origin(host="0.0.0.0") as origin:
        documents = {}
        lists = []
        for number, path in enumerate(corpus):
            body = path.read_bytes()
            place = f"/{path.name}"
            origin.serve(place, body, etag=True, last_modified="Fri, 20 Nov 2026 10:00:00 GMT")
            url = origin.url(place, host=f"127.0.1.{number + 1}")
            documents[url] = seen(body, url)
            lists.append(f'[[sources]]\nurl = "{url}"\ncategories = ["{kind(documents[url])}"]')
        categories = "".join(f"[categories.{name}]\nlimit = 10000\n" for name in CATEGORIES)
        here.configure(f"{categories}[categories.all]\nlimit = 10000\n" + "\n".join(lists))
        first = here.json("poll", "--now", timeout=240)
        here.verb("publish")
        second = here.json("poll", "--now", timeout=240)
        yield Round(here, origin, documents, first, second)


def seen(body: bytes, url: str) -> Any:
    headers = {"content-type": "application/xml", "content-location": url}
    return feedparser.parse(io.BytesIO(body), response_headers=headers, sanitize_html=False)


def kind(document: Any) -> str:
    return next((each for each in CATEGORIES if document.version.startswith(each)), "other")


def distinct(document: Any) -> set[tuple[str, ...]]:
    """Entries that are not one and the same by guid and link."""
    return {
        (each.get("id", ""), each.get("link", ""))
        if each.get("id") or each.get("link")
        else (each.get("title", ""), each.get("summary", ""))
        for each in document.entries
    }


def atom(polled: Round, slug: str) -> Any:
    path = polled.here.public / slug / "atom.xml"
    return etree.fromstring(path.read_bytes(), etree.XMLParser(huge_tree=True))


def test_everything_is_read(polled: Round) -> None:
    """Each document that feedparser can read is stored with no fewer entries than it sees."""
    assert len(polled.documents) == polled.first["polled"] == 100
    sources = polled.sources()
    for url, document in polled.documents.items():
        assert document.version
        assert sources[url]["error"] is None
        assert sources[url]["articles"] >= len(distinct(document)), url


def test_second_round_is_all_304(polled: Round) -> None:
    """What did not change costs a 304 each, and nothing is stored."""
    assert polled.second["outcomes"] == {"not-modified": 100}
    assert (polled.second["new"], polled.second["changed"]) == (0, 0)
    assert len(polled.origin.requests) == 200


@pytest.mark.parametrize("slug", ["all", *CATEGORIES])
def test_feeds_parse_and_are_valid(polled: Round, slug: str) -> None:
    """Both formats parse without bozo; Atom meets the schema of RFC 4287; ids are unique."""
    schema = etree.RelaxNG(etree.parse(next(shared("schemas").rglob("*atom*.rng"))))
    schema.assertValid(atom(polled, slug))
    for name, version in (("atom.xml", "atom10"), ("rss.xml", "rss20")):
        body = (polled.here.public / slug / name).read_bytes()
        found = feedparser.parse(io.BytesIO(body), sanitize_html=False)
        assert not found.bozo, (slug, name, found.get("bozo_exception"))
        assert found.version == version
        ids = [each.id for each in found.entries]
        assert len(ids) == len(set(ids))


def test_every_story_is_in_all(polled: Round) -> None:
    """What is stored is published: one entry for each story."""
    stories = {each["story"] for each in polled.here.json("articles", "--limit", "100000")}
    assert len(atom(polled, "all").findall(f"{ATOM}entry")) == len(stories) > 3000


def test_links_and_ids_are_the_sources_own(polled: Round) -> None:
    """Against feedparser's own view of each document: no published link or id that no source
    gave; an id is minted (urn:uuid) only where the source's own is no IRI. Of a story that two
    sources carry, one of theirs."""
    links, ids = set[str](), set[str]()
    for url, document in polled.documents.items():
        base = document.feed.get("link") or url
        for entry in document.entries:
            raw = entry.get("id", "")
            ids |= {raw, raw.strip(), urljoin(url, raw)}
            more = (each.get("href", "") for each in entry.get("links", ()))
            hrefs = [entry.get("link", ""), raw, *more]
            for href in hrefs:
                links |= {plain(urljoin(start, href.strip())) for start in (url, base)}
    strange, published = [], set[str]()
    for entry in atom(polled, "all").findall(f"{ATOM}entry"):
        name = entry.findtext(f"{ATOM}id")
        published.add(name)
        if name not in ids and not name.startswith("urn:uuid:"):
            strange.append(name)
        strange += [
            href
            for each in entry.findall(f"{ATOM}link")
            if each.get("rel", "alternate") == "alternate"
            and plain(href := each.get("href")) not in links
        ]
    assert strange == []
    articles = polled.here.json("articles", "--limit", "100000")
    told = Counter(each["story"] for each in articles)
    alone = [each["guid"] or "" for each in articles if told[each["story"]] == 1]
    upstream = {guid for guid in alone if IRI.fullmatch(guid)}
    assert len(upstream) > 2000
    assert upstream <= published
    assert len(published) == len(told) >= len(articles) - 10


def plain(url: str) -> str:
    """As the WHATWG writes it: feedparser keeps blanks and letters beyond ASCII as given."""
    try:
        return str(ada_url.URL(url).href)
    except ValueError:
        return url


def test_rendering_twice_gives_the_same_bytes(polled: Round) -> None:
    """A second installation of the same articles would too: nothing of the clock is in them."""
    public = polled.here.public
    before = contents(public)
    assert polled.here.json("publish")["changed"] == []
    for path in [*public.glob("*/*"), *public.glob("*.*")]:
        path.unlink()
    polled.here.verb("publish")
    assert contents(public) == before


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_sources_say_what_is_known(polled: Round) -> None:
    """The table of sources holds for each a status (some of these have been silent for long), both
    times, and a reason for the next."""
    for each in polled.sources().values():
        assert each["status"] in ("ok", "quiet")
        assert each["last_polled"] <= each["next"]
        assert each["reason"]

"""A feed's past over a real store (P30–P32): archives, takedowns, what no feed may show."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from feeds.models import Category, Entry, FeedPage, RenderedFile
from feeds.protocols import Fault
from publisher import gate as gates
from publisher.outlet import MemoryOutlet
from publisher.render.site import FILES
from tests.databases import Clock, Opened
from tests.publisher.making import ATOM, SITE
from tests.publisher.test_publish import Site
from tests.store.material import change, claimed, keys, poll, stored

FH = "{http://purl.org/syndication/history/1.0}"
GONE = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
NEWS = Category(slug="news", title="News", limit=10)
ALL = Category(slug="all", title="All", limit=10)


@pytest.fixture
def site(opened: Opened, clock: Clock) -> Site:
    made = Site(opened(), ALL, NEWS)
    made.publish()  # what comes from now on is new to these feeds
    return made


def show(site: Site, clock: Clock, first: int, last: int, **changes: Any) -> None:
    """Source a brings articles by these numbers, and all is published."""
    clock.forward(hours=2)
    stored(site.store, "a", *(f"n{number}" for number in range(first, last + 1)), **changes)
    site.publish()


def edit(site: Site, clock: Clock, name: str, **entry: Any) -> None:
    clock.forward(hours=2)
    claim = claimed(site.store, "a")
    [article] = [each for each in site.store.articles(None, 1000) if each.entry.guid == name]
    edited = change(article.id, name, claim)
    edited = replace(edited, published=article.published, entry=replace(edited.entry, **entry))
    site.store.record([poll(claim, changed=(edited,))])


def root(site: Site, path: str) -> Any:
    return etree.fromstring(site.outlet.files[path].body)


def links(feed: Any) -> dict[str, str]:
    return {each.get("rel"): each.get("href") for each in feed.findall(f"{ATOM}link")}


def ids(feed: Any) -> list[str]:
    return [each.findtext(f"{ATOM}id") for each in feed.findall(f"{ATOM}entry")]


def walked(site: Site, slug: str = "news") -> list[Any]:
    """The feed and its archives as a client of RFC 5005 finds them, newest document first."""
    found, here = [], f"{slug}/atom.xml"
    while True:
        found.append(root(site, here))
        if (older := links(found[-1]).get("prev-archive")) is None:
            return found
        here = older.removeprefix(f"{SITE.url}/")


def test_archives(site: Site, clock: Clock) -> None:
    """P30: the feed and its archives hold every story once; they say what they are."""
    for start in range(1, 351, 50):
        show(site, clock, start, start + 49)
    current, *archives = walked(site)
    assert len(archives) == 3
    assert len(ids(current)) == 50
    told = [one for document in (current, *archives) for one in ids(document)]
    assert sorted(told) == sorted(f"urn:test:{number}" for number in range(1, 351))
    assert current.find(f"{FH}archive") is None
    for number, archive in zip((2, 1, 0), archives, strict=True):
        assert archive.find(f"{FH}archive") is not None
        assert len(ids(archive)) == 100
        assert links(archive)["self"] == SITE.feed("news", "atom.xml", number)
        assert links(archive)["current"] == SITE.feed("news", "atom.xml")
        assert "next-archive" not in links(archive)
        assert archive.findtext(f"{ATOM}id") == current.findtext(f"{ATOM}id")


def test_the_other_formats(site: Site, clock: Clock) -> None:
    """RSS has the same links; JSON Feed pages by next_url; an older page is there for people."""
    for start in range(1, 251, 50):
        show(site, clock, start, start + 49)
    seen, url = list[str](), SITE.feed("news", "feed.json")
    while url:
        feed = json.loads(site.outlet.files[url.removeprefix(f"{SITE.url}/")].body)
        seen += [each["id"] for each in feed["items"]]
        url = feed.get("next_url", "")
    assert sorted(seen) == sorted(f"urn:test:{number}" for number in range(1, 251))
    channel = root(site, "news/rss.xml").find("channel")
    assert links(channel)["prev-archive"] == SITE.feed("news", "rss.xml", 1)
    archive = root(site, "news/archive/1/rss.xml").find("channel")
    assert archive.find(f"{FH}archive") is not None
    assert "news/archive/1/index.html" in site.outlet.files


def sealed(site: Site) -> dict[str, bytes]:
    return {path: file.body for path, file in site.outlet.files.items() if "/archive/" in path}


def test_a_sealed_archive_stays(site: Site, clock: Clock) -> None:
    """Its bytes are the same after edits, later stories, a restart and an emptied folder."""
    for start in range(1, 151, 50):
        show(site, clock, start, start + 49)
    before = sealed(site)
    assert len(before) == 2 * len(FILES)
    edit(site, clock, "n7")
    site.publish()
    show(site, clock, 151, 160)
    site.publish(everything=True)
    assert sealed(site) == before
    site.outlet = MemoryOutlet()
    site.configure(ALL, NEWS)
    site.publish(everything=True)
    assert sealed(site) == before


def test_an_edit_of_an_archived_story(site: Site, clock: Clock) -> None:
    """A new event under the same id: it stands in the feed again, beyond the limit."""
    for start in range(1, 151, 50):
        show(site, clock, start, start + 49)
    edit(site, clock, "n7")
    site.publish()
    feed = root(site, "news/atom.xml")
    [entry] = [
        each
        for each in feed.findall(f"{ATOM}entry")
        if each.findtext(f"{ATOM}title") == "Edited n7"
    ]
    assert entry.findtext(f"{ATOM}id") in ids(root(site, "news/archive/0/atom.xml"))


def take_down(site: Site, name: str) -> str:
    """The public id of what was taken down."""
    [article] = [each for each in site.store.articles(None, 1000) if each.entry.guid == name]
    assert site.store.take_down(keys(name), name) == [article.id]
    return f"urn:test:{article.id}"


def test_a_takedown(site: Site, clock: Clock) -> None:
    """P30, P32: where the entry stood in a sealed archive stands at:deleted-entry, and nothing
    else of it changes; the feed says it for thirty days."""
    for start in range(1, 151, 50):
        show(site, clock, start, start + 49)
    before = sealed(site)
    clock.forward(hours=1)
    gone = take_down(site, "n7")
    site.publish()
    after = sealed(site)
    path = "news/archive/0/atom.xml"
    assert gone.encode() in before[path]
    old, new = etree.fromstring(before[path]), etree.fromstring(after[path])
    [stone] = new.findall(GONE)
    assert stone.get("ref") == gone
    [entry] = [each for each in old.findall(f"{ATOM}entry") if each.findtext(f"{ATOM}id") == gone]
    at = list(old).index(entry)
    assert list(new).index(stone) == at
    old.remove(entry)
    new.remove(stone)
    assert etree.tostring(old) == etree.tostring(new)
    assert gone not in [
        each["id"] for each in json.loads(after["news/archive/0/feed.json"])["items"]
    ]
    for name in ("rss.xml", "index.html"):
        assert b"Title of n7<" in before[f"news/archive/0/{name}"]
        assert b"Title of n7<" not in after[f"news/archive/0/{name}"]
    assert [each.get("ref") for each in root(site, "news/atom.xml").findall(GONE)] == [gone]
    site.publish(everything=True)
    assert sealed(site) == after
    clock.forward(days=31)
    show(site, clock, 300, 300)
    assert root(site, "news/atom.xml").findall(GONE) == []


def test_a_story_that_leaves_is_not_deleted(site: Site, clock: Clock) -> None:
    """It moved to another category: no at:deleted-entry."""
    show(site, clock, 1, 3)
    site.of["a"] = "tech"
    site.publish()
    feed = root(site, "news/atom.xml")
    assert ids(feed) == []
    assert feed.findall(GONE) == []


def test_another_slug(site: Site, clock: Clock) -> None:
    """The feed goes on: id, archives and log; the old address is known for what it was."""
    for start in range(1, 151, 50):
        show(site, clock, start, start + 49)
    before = root(site, "news/atom.xml")
    archive = site.outlet.files["news/archive/0/atom.xml"].body
    site.of["a"] = "world"
    site.slugs = ("world", "tech")
    site.configure(ALL, Category(slug="world", title="World", limit=10, was="news"))
    site.publish()
    after = root(site, "world/atom.xml")
    assert after.findtext(f"{ATOM}id") == before.findtext(f"{ATOM}id")
    assert ids(after) == ids(before)
    assert site.outlet.files["world/archive/0/atom.xml"].body == archive.replace(
        b"/news/news/", b"/news/world/"
    )
    assert not [path for path in site.outlet.files if path.startswith("news/")]
    assert site.store.former_feeds() == ([], {"news": "world"})
    site.configure(ALL)
    assert site.store.former_feeds() == (["world"], {})


EVIL = Entry(
    guid="n2", title="n2", link="https://a.test/n2", content="<p>x</p><script>alert(1)</script>"
)


def test_what_breaks_a_rule_is_set_apart(site: Site, clock: Clock) -> None:
    """P38: the article is named, the others are published; once it is edited it comes in."""
    show(site, clock, 1, 1)
    clock.forward(hours=2)
    claim = claimed(site.store, "a")
    both = poll(claim, "n2", "n3")
    [two, three] = both.new
    site.store.record([replace(both, new=(replace(two, entry=EVIL), three))])
    assert "news" in site.publish()
    assert sorted(site.titles("news")) == ["n1", "n3"]
    [one] = site.store.quarantined()
    [bad] = [each.id for each in site.store.articles(None, 9) if each.entry.guid == "n2"]
    assert (one.rule, one.article_id) == ("P4", bad)
    assert "script" in one.fault
    assert "script" not in site.outlet.files["news/index.html"].body.decode()
    edit(site, clock, "n2", content="<p>y</p>")
    site.publish()
    assert sorted(site.titles("news")) == ["Edited n2", "n1", "n3"]
    assert site.store.quarantined() == []


def test_what_can_not_be_rendered_is_set_apart(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One article on which a renderer fails costs no feed."""
    render = site.publisher.renderers[0]

    def failing(page: FeedPage) -> RenderedFile:
        if any(each.article.entry.guid == "n2" for each in page.items):
            raise ValueError("no words for it")
        return render(page)

    monkeypatch.setattr(site.publisher, "renderers", [failing, *site.publisher.renderers[1:]])
    show(site, clock, 1, 3)
    assert sorted(site.titles("news")) == ["n1", "n3"]
    [one] = site.store.quarantined()
    assert "no words for it" in one.fault


def test_a_document_that_breaks_a_rule(site: Site, clock: Clock) -> None:
    """No article is to blame: what was published stands, the others go on, and it is said."""
    show(site, clock, 1, 2)
    before = dict(site.outlet.files)

    def strict(file: RenderedFile) -> list[Fault]:
        if file.path == "news/rss.xml":
            return [Fault(rule="P19", text="no title")]
        return list(gates.gate(file))

    site.publisher.gate = strict
    clock.forward(hours=2)
    stored(site.store, "a", "n3")
    done = site.raw_publish()
    assert done.changed == ("all",)
    [refused] = done.refused
    assert "feed news can't be published: P19: no title" in str(refused)
    assert {p: f for p, f in site.outlet.files.items() if p.startswith("news/")} == {
        p: f for p, f in before.items() if p.startswith("news/")
    }
    assert site.raw_publish().refused == ()  # not at each tick
    site.publisher.gate = gates.gate
    clock.forward(hours=2)
    stored(site.store, "a", "n4")
    site.publish()
    assert sorted(site.titles("news")) == ["n1", "n2", "n3", "n4"]


def test_the_newest_event(site: Site, clock: Clock) -> None:
    """Of a story that was edited: its placement stays, its newest line in the log is told."""
    show(site, clock, 1, 3)
    edit(site, clock, "n1")
    site.publish()
    [item] = [each for each in site.store.window("news", 10) if each.article.entry.guid == "n1"]
    assert (item.seq, item.event) == (1, 4)

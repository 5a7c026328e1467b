"""The publisher over a real store: only what changed is rendered, nothing twice."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from lxml import etree

from feeds.errors import OutputError
from feeds.models import Category, FeedPage, RenderedFile
from feeds.store import Store
from publisher.gate import gate
from publisher.outlet import MemoryOutlet
from publisher.publish import Publisher, Round
from publisher.render.all import RENDERERS
from publisher.render.whole import render_site
from publisher.select import Members
from tests.publisher.making import ATOM, SITE
from tests.store.material import change, claimed, linked, poll, sources, stored

NEWS, TECH = Category(slug="news", title="News"), Category(slug="tech", title="Tech", limit=3)
ALL = Category(slug="all", title="All")


class Site:
    """A store with sources a (news) and b (tech), and a publisher into memory."""

    def __init__(self, store: Store, *categories: Category) -> None:
        self.store, self.outlet, self.told = store, MemoryOutlet(), list[str]()
        self.private = MemoryOutlet()
        self.of = {"a": "news", "b": "tech"}
        self.slugs: tuple[str, ...] = ("news", "tech")
        self.rendered = list[str]()
        store.sync_sources(sources("a", "b"))
        self.configure(*(categories or (ALL, NEWS, TECH)))

    def configure(self, *categories: Category, outlet: Any = None) -> None:
        self.store.sync_feeds(categories)
        self.publisher = Publisher(
            store=self.store,
            site=SITE,
            categories=categories,
            members=self.members,
            renderers=[partial(self.watched, each) for each in RENDERERS],
            render_site=partial(render_site, SITE),
            gate=gate,
            outlet=outlet or self.outlet,
            private=self.private,
            notify=self.told.append,
        )

    def watched(self, render: Any, page: FeedPage) -> RenderedFile:
        self.rendered.append(page.category.slug)
        made: RenderedFile = render(SITE, page)
        return made

    def members(self) -> dict[str, Members]:
        ids = {state.url.split("/")[2][0]: state.id for state in self.store.sources()}
        active = frozenset(ids.values())
        found = {"all": Members(sources=None, active=active)}
        for slug in self.slugs:
            mine = frozenset(
                ids[name] for name, where in self.of.items() if where == slug and name in ids
            )
            found[slug] = Members(sources=mine, active=active)
        return found

    def publish(self, **how: bool) -> list[str]:
        done = self.raw_publish(**how)
        assert not done.refused
        return list(done.changed)

    def raw_publish(self, **how: bool) -> Round:
        linked(self.store)
        done = self.publisher.publish(**how)
        assert done is not None
        return done

    def titles(self, slug: str) -> list[str]:
        root = etree.fromstring(self.outlet.files[f"{slug}/atom.xml"].body)
        return [
            str(each.text).removeprefix("Title of ")
            for each in root.findall(f"{ATOM}entry/{ATOM}title")
        ]


@pytest.fixture
def site(store: Store) -> Site:
    return Site(store)


def again(store: Store) -> None:
    store.make_due()


def test_each_category_its_own(site: Site) -> None:
    """Stories go where their source belongs, all of them into `all`; the site's files stand."""
    stored(site.store, "a", "one")
    stored(site.store, "b", "two")
    assert sorted(site.publish()) == ["all", "news", "tech"]
    assert site.titles("news") == ["one"]
    assert site.titles("tech") == ["two"]
    assert sorted(site.titles("all")) == ["one", "two"]
    assert {"index.html", "feeds.opml", "news/index.html", "news/rss.xml"} <= set(site.outlet.files)


def test_only_what_changed_is_rendered(site: Site) -> None:
    """A new story of one source leaves the other category's files, and time, alone."""
    stored(site.store, "a", "one")
    site.publish(everything=True)
    site.rendered.clear()
    assert site.publish() == []
    assert site.rendered == []
    stored(site.store, "b", "two")
    assert sorted(site.publish()) == ["all", "tech"]
    assert set(site.rendered) == {"all", "tech"}
    assert site.told[-2:] == ["all", "tech"]


def test_a_tick_renders_once(site: Site) -> None:
    """However many sources brought however much in it: each file of a category once."""
    site.publish(everything=True)
    site.rendered.clear()
    stored(site.store, "a", *(f"a{n}" for n in range(30)))
    stored(site.store, "b", "b1", "b2")
    assert sorted(site.publish()) == ["all", "news", "tech"]
    assert sorted(site.rendered) == sorted(4 * ["all", "news", "tech"])


def test_everything_twice_is_the_same_bytes(site: Site) -> None:
    """Rendering what is up to date changes no file."""
    stored(site.store, "a", "one", "two")
    site.publish()
    before = dict(site.outlet.files)
    assert site.publish(everything=True) == []
    assert {k: v.body for k, v in before.items()} == {
        k: v.body for k, v in site.outlet.files.items()
    }


def test_placement_decides_what_is_shown(site: Site) -> None:
    """What enters last is shown first, although its own date is old; what is in no archive yet is
    shown beyond the limit of 3 (P30)."""
    stored(site.store, "b", *(f"n{n}" for n in range(3)))
    site.publish()
    again(site.store)
    old = {"published": site.store.now() - timedelta(days=400)}
    stored(site.store, "b", "late", **old)
    site.publish()
    assert site.titles("tech")[0] == "late"
    assert len(site.titles("tech")) == 4


def test_an_edit_is_published(site: Site) -> None:
    """Same id, new text; the feed's time moves, never back."""
    stored(site.store, "a", "one")
    site.publish()
    [before] = [each for each in site.store.feeds() if each.slug == "news"]
    again(site.store)
    claim = claimed(site.store, "a")
    [article] = site.store.articles(None, 5)
    site.store.record([poll(claim, changed=(change(article.id, "one", claim),))])
    assert "news" in site.publish()
    assert site.titles("news") == ["Edited one"]
    [after] = [each for each in site.store.feeds() if each.slug == "news"]
    assert after.updated > before.updated
    assert after.seq == before.seq + 1


def test_a_category_added_later(site: Site) -> None:
    """It starts with its newest stories, not empty."""
    site.configure(ALL, NEWS)
    stored(site.store, "b", "one", "two", "three", "four")
    site.publish()
    site.configure(ALL, NEWS, TECH)
    assert site.publish() == ["tech"]
    assert len(site.titles("tech")) == 3


def test_a_category_removed(site: Site) -> None:
    """Its files go, the others stay."""
    stored(site.store, "b", "one")
    site.publish()
    site.configure(ALL, NEWS)
    site.publish(everything=True)
    assert not [path for path in site.outlet.files if path.startswith("tech/")]
    assert "all/rss.xml" in site.outlet.files


def test_a_source_moves_to_another_category(site: Site) -> None:
    """Its stories leave the one and enter the other."""
    stored(site.store, "a", "one")
    stored(site.store, "b", "two")
    site.publish()
    site.of = {"a": "tech", "b": "tech"}
    site.publish()
    assert site.titles("news") == []
    assert sorted(site.titles("tech")) == ["one", "two"]


def test_a_source_removed(site: Site) -> None:
    """What was published stays published."""
    stored(site.store, "a", "one")
    site.publish()
    site.store.sync_sources(sources("b"))
    site.publish(everything=True)
    assert site.titles("all") == ["one"]


def test_a_new_title_is_rendered(site: Site) -> None:
    """A change of the configuration shows, without any new story."""
    stored(site.store, "a", "one")
    site.publish()
    site.configure(ALL, Category(slug="news", title="Renamed"), TECH)
    assert site.publish() == ["news"]
    assert b"Renamed" in site.outlet.files["news/rss.xml"].body


class FullDisk(MemoryOutlet):
    """Refuses one path until it is mended."""

    broken = True

    def put(self, file: RenderedFile) -> bool:
        if self.broken and file.path == "news/rss.xml":
            raise OutputError("no space left")
        return super().put(file)


def test_after_a_full_disk(site: Site) -> None:
    """The failed feed is written as soon as it can be, without being asked."""
    outlet = FullDisk()
    site.configure(ALL, NEWS, TECH, outlet=outlet)
    stored(site.store, "a", "one")
    with pytest.raises(OutputError):
        site.publish()
    outlet.broken = False
    assert "news" in site.publish()
    assert "news/rss.xml" in outlet.files


def test_one_publisher_at_a_time(site: Site) -> None:
    """While another worker publishes there is nothing to do."""
    stored(site.store, "a", "one")
    linked(site.store)
    with site.store.serial("publish") as ours:
        assert ours
        assert site.publisher.publish() is None
    assert site.publisher.publish()

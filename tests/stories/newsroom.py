"""Sources that show documents, polled, linked and published into memory: all of it real but HTTP.

room = Newsroom(store, clock)
room.show("a", post("Title", "Text"), post("Other", "Text"))
room.round(hours=1)                      # each source once, then linking, then publishing
room.items()                             # what `all` shows, newest first
room.sent()                              # titles of all that was ever sent as new, in its order
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from functools import partial
from html import escape
from typing import Any

from aggregator.identity.urls import default_rules
from aggregator.poll import Poller
from aggregator.read.reader import read
from aggregator.stories.link import Linker, configured_domains
from aggregator.stories.plans import House
from feeds.models import Category, FeedItem, Hop, Poll, Source, Validators
from feeds.protocols import Request, Response
from feeds.store import Store
from publisher.gate import gate
from publisher.outlet import MemoryOutlet
from publisher.publish import Publisher
from publisher.render.atom import render_atom
from publisher.render.rss import render_rss
from publisher.render.whole import render_site
from publisher.select import Members
from tests.databases import Clock
from tests.publisher.making import SITE
from tests.store.material import TTL

ALL = Category(slug="all", title="All")
WORDS = [
    "harbour",
    "council",
    "bridge",
    "winter",
    "market",
    "engine",
    "teacher",
    "garden",
    "letter",
    "island",
    "railway",
    "kitchen",
    "doctor",
    "summer",
    "window",
    "forest",
    "museum",
    "painter",
    "bakery",
    "lantern",
    "captain",
    "village",
    "stadium",
    "orchestra",
    "valley",
    "mirror",
    "carpet",
    "ladder",
    "pencil",
    "rocket",
    "saddle",
    "turtle",
    "velvet",
    "wallet",
    "yogurt",
    "zipper",
    "anchor",
    "basket",
    "candle",
    "desert",
    "eagle",
    "fabric",
    "guitar",
    "hammer",
    "insect",
    "jungle",
    "kettle",
    "lemon",
    "magnet",
    "needle",
]


def prose(seed: int, words: int = 60) -> str:
    """A text of its own for each number."""
    chosen = random.Random(seed).choices(WORDS, k=words)
    return " ".join(chosen).capitalize() + "."


@dataclass(frozen=True)
class Post:
    title: str
    text: str
    guid: str | None
    link: str | None
    at: datetime | None

    def xml(self) -> str:
        parts = [f"<title>{escape(self.title)}</title>"]
        if self.guid is not None:
            parts.append(f"<guid isPermaLink='false'>{escape(self.guid)}</guid>")
        if self.link is not None:
            parts.append(f"<link>{escape(self.link)}</link>")
        if self.at is not None:
            parts.append(f"<pubDate>{format_datetime(self.at)}</pubDate>")
        parts.append(f"<description>{escape(self.text)}</description>")
        return f"<item>{''.join(parts)}</item>"


def post(
    title: str,
    text: str,
    *,
    guid: str | None = None,
    link: str | None = None,
    at: datetime | None = None,
) -> Post:
    return Post(title, text, guid, link, at)


def document(posts: Sequence[Post], link: str = "https://site.example/", more: str = "") -> bytes:
    shown = "".join(each.xml() for each in posts)
    return (
        "<rss version='2.0' xmlns:atom='http://www.w3.org/2005/Atom'><channel>"
        f"<title>Source</title><link>{link}</link><description>d</description>{more}{shown}"
        "</channel></rss>"
    ).encode()


@dataclass
class Newsroom:
    store: Store
    clock: Clock
    categories: tuple[Category, ...] = (ALL,)
    of: dict[str, str] = field(default_factory=dict)
    """Category of a source, beside `all`."""
    house: House = field(default_factory=House)
    documents: dict[str, bytes] = field(default_factory=dict)
    alerts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outlet = MemoryOutlet()
        self.store.sync_feeds(self.categories)
        self.linker = Linker(store=self.store, house=self._house, crowded=self.alerts.append)
        self.publisher = Publisher(
            store=self.store,
            site=SITE,
            categories=self.categories,
            members=self._members,
            renderers=[partial(render_atom, SITE), partial(render_rss, SITE)],
            gate=gate,
            render_site=lambda shown: render_site(SITE, shown),
            outlet=self.outlet,
            private=MemoryOutlet(),
            notify=lambda _slug: None,
        )
        self.poller = Poller(
            sources={},
            fetcher=self,
            read=read,
            archive=self.store.archive,
            seen=self.store.seen,
            rules=default_rules(),
            now=self.clock,
        )

    # --- documents

    def url(self, name: str) -> str:
        return f"https://{name}.example/feed"

    def show(self, name: str, *posts: Post, more: str = "") -> None:
        """The source of that name shows these from now on."""
        self.documents[self.url(name)] = document(posts, f"https://{name}.example/", more)
        self.store.sync_sources([Source(url=url) for url in self.documents])

    def fetch(self, request: Request) -> Response:
        return Response(
            status=200,
            url=request.url,
            hops=(Hop(url=request.url, status=200),),
            headers={"content-type": "application/rss+xml"},
            body=self.documents[request.url],
            validators=Validators(url=request.url),
            bytes_received=1,
        )

    # --- what a round does

    def poll(self, *names: str) -> list[Poll]:
        """These sources, or all."""
        urls = [self.url(name) for name in names] or list(self.documents)
        self.store.make_due(urls)
        polls = []
        for url in urls:
            [claim] = self.store.claim_due(1, TTL, urls=[url])
            poll = self.poller(claim)
            assert poll.failure is None, poll.failure
            [recorded] = self.store.record([poll])
            assert not recorded.fenced
            polls.append(poll)
        return polls

    def link(self) -> int:
        return self.linker()

    def publish(self) -> None:
        assert self.publisher.publish() is not None

    def round(self, *names: str, **later: float) -> list[Poll]:
        self.clock.forward(**later or {"hours": 1})
        polls = self.poll(*names)
        self.link()
        self.publish()
        return polls

    # --- what came of it

    def items(self, slug: str = "all") -> list[FeedItem]:
        return self.store.window(slug, 10_000)

    def titles(self, slug: str = "all") -> list[str]:
        return [item.article.entry.title for item in self.items(slug)]

    def sent(self, slug: str = "all") -> int:
        """How many entries were sent as new, ever."""
        ids = {each.id for each in self.store.articles(None, 100_000)}
        seen = {
            (event.slug, event.seq)
            for number in ids
            for facts in self.store.facts([], str(number))
            for event in facts.appearances
            if event.slug == slug and event.kind == "enter"
        }
        return len(seen)

    def groups(self) -> set[frozenset[tuple[str, str]]]:
        """Stories, as (source, title) of their articles."""
        states = {each.id: each.url for each in self.store.sources()}
        found: dict[Any, set[tuple[str, str]]] = {}
        for each in self.store.articles(None, 100_000):
            place = found.setdefault(each.story_id, set())
            place.add((states[each.source_id], each.entry.title))
        assert None not in found
        return {frozenset(group) for group in found.values()}

    # --- the configuration

    def _house(self) -> House:
        return replace(self.house, domains=configured_domains(self.documents))

    def _members(self) -> dict[str, Members]:
        ids = {state.url: state.id for state in self.store.sources()}
        active = frozenset(ids.values())
        found = {"all": Members(sources=None, active=active)}
        for category in self.categories:
            ours = [self.url(name) for name, slug in self.of.items() if slug == category.slug]
            mine = {ids[url] for url in ours if url in ids}
            if category.slug != "all":
                found[category.slug] = Members(sources=frozenset(mine), active=active)
        return found

"""Where classes meet: Settings → the parts, each made when it is first asked for.

The verbs take what they need; a cheap verb pays for nothing else (imports included).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

import structlog

from config import clock
from config.poll_log import OnRecorded, logged
from config.settings import Settings
from feeds import VERSION
from feeds.errors import StoreError
from feeds.protocols import Request
from feeds.store import Store, open_store

if TYPE_CHECKING:
    from aggregator.deliveries import Deliveries
    from aggregator.dispatch import ThreadDispatcher
    from aggregator.errands import Errands, Turns
    from aggregator.fetch import Fetchers, HttpSender
    from aggregator.gaps import Gaps
    from aggregator.lists import Lists
    from aggregator.poll import Poller
    from aggregator.read.pool import ReaderPool
    from aggregator.schedule import Policy
    from aggregator.stories.link import Linker
    from aggregator.stories.plans import House
    from aggregator.subscriber import Subscriber
    from feeds.models import RenderedFile
    from publisher.hub import Hub
    from publisher.outlet import DirectoryOutlet
    from publisher.publish import Publisher
    from publisher.render.site import Site
    from publisher.select import Members

log = structlog.get_logger("feedmill.publish")

FEEDS = ("atom.xml", "rss.xml", "feed.json")
"""The documents of a feed that can be subscribed to."""
READING = 20.0
"""Seconds that a reader may take for one document."""
ASKING = 10.0
"""Seconds for one request to a hub, and for its turn at the hub's host."""
TELLING = 5.0
"""Seconds for one request to a subscriber; what is under way is waited for at the end of `run`."""
MARGIN = 60.0
"""Seconds by which a claim outlasts the longest poll."""


def user_agent(site_url: str, contact: str | None) -> str:
    """E17: product, version, and where to reach the operator."""
    more = f"; {contact}" if contact else ""
    return f"Feedmill/{VERSION} (+{site_url}{more})"


def _crowded(articles: int) -> None:
    log.error(
        "so many articles hang together that only ids and links tell one story any more",
        articles=articles,
    )


class App:
    """The parts of one process, closed together."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.readers = settings.poll.readers
        """Reading processes; a verb that reads one document needs one."""
        self._closing = ExitStack()
        self._listed: int | None = None
        self._known_members: tuple[int, dict[str, Members]] | None = None

    def heir(self, settings: Settings) -> App:
        """The same process with other settings: the store and the readers go on."""
        other = App(settings)
        other.readers = self.readers
        other._closing = self._closing
        for part in ("store", "reader"):
            if part in self.__dict__:
                other.__dict__[part] = self.__dict__[part]
        return other

    def handed_on(self) -> Settings:
        """Its settings, for others to work with: this one knows of no sources any more, and keeps
        the store open."""
        settings, self.settings = self.settings, replace(self.settings, sources={})
        return settings

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """What was opened, by this or by those that it is the heir of."""
        self._closing.close()

    @cached_property
    def store(self) -> Store:
        """The open store, told of the configured sources and feeds."""
        poll = self.settings.poll
        store = open_store(
            self.settings.store_url,
            shift=clock.shift(),
            per_host=poll.per_host,
            host_delay=poll.host_delay,
            whole_host_waits=poll.retry_after == "host",
        )
        self._closing.callback(store.close)
        return store

    def sync(self) -> Store:
        """The store, after it was told what is configured."""
        from functools import partial

        from aggregator.schedule import again

        self.store.sync_sources(self.settings.sources.values(), partial(again, self.policy))
        self.store.sync_feeds(self.settings.feeds)
        return self.store

    # --- inward

    @cached_property
    def fetchers(self) -> Fetchers:
        from aggregator.errands import HopPace
        from aggregator.fetch import Fetchers, FileFetcher, HttpFetcher

        site, poll = self.settings.site, self.settings.poll
        web = HttpFetcher(
            user_agent(site.url, site.contact),
            now=self.store.now,
            ca_file=poll.ca_file,
            proxy=poll.proxy,
            pace=HopPace(turns=self.turns, delay=poll.host_delay),
        )
        return Fetchers({"http": web, "https": web, "file": FileFetcher()})

    @cached_property
    def turns(self) -> Turns:
        """Turns at hosts, for requests that are no polls."""
        from aggregator.errands import Turns

        return Turns(store=self.store, now=self.store.now)

    @cached_property
    def errands(self) -> Errands:
        """Requests that somebody waits for at a terminal."""
        from aggregator.errands import Errands

        patience = self.settings.poll.timeout
        return Errands(fetcher=self.fetchers, turns=replace(self.turns, patience=patience))

    @cached_property
    def reader(self) -> ReaderPool:
        from aggregator.read.pool import ReaderPool

        pool = ReaderPool(workers=self.readers, timeout=READING)
        self._closing.callback(pool.close)
        return pool

    @cached_property
    def policy(self) -> Policy:
        from aggregator.schedule import Policy

        poll = self.settings.poll
        return Policy(
            interval=poll.interval, min_interval=poll.min_interval, max_interval=poll.max_interval
        )

    @cached_property
    def poller(self) -> Poller:
        from aggregator.identity.urls import UrlRules
        from aggregator.poll import Limits, Poller

        poll = self.settings.poll
        return Poller(
            sources=self.settings.sources,
            fetcher=self.fetchers,
            read=self.reader,
            archive=self.store.archive,
            seen=self.store.seen,
            rules=UrlRules.load(self.settings.tracking),
            now=self.store.now,
            policy=self.policy,
            limits=Limits(
                timeout=poll.timeout, max_body=poll.max_body, allow_private=poll.allow_private
            ),
        )

    @cached_property
    def subscriber(self) -> Subscriber:
        """What is asked of hubs."""
        from aggregator.fetch import HttpPoster
        from aggregator.subscriber import Subscriber

        settings, site = self.settings, self.settings.site
        return Subscriber(
            store=self.store,
            post=HttpPoster(
                user_agent(site.url, site.contact),
                self.turns.at,
                timeout=ASKING,
                allow_private=settings.poll.allow_private,
                ca_file=settings.poll.ca_file,
                proxy=settings.poll.proxy,
            ),
            sources=settings.sources,
            base=f"{site.url}/websub/",
            lease=settings.websub.lease,
            policy=self.policy,
        )

    def deliveries(self, on_recorded: OnRecorded) -> Deliveries:
        """What hubs have brought."""
        from aggregator.deliveries import Deliveries

        return Deliveries(
            store=self.store,
            given=self.poller.given,
            sources=self.settings.sources,
            ttl=self.claim_time,
            on_recorded=logged(on_recorded),
        )

    @property
    def claim_time(self) -> timedelta:
        """How long a claim lasts: deadline + reading + margin (DESIGN.md)."""
        longest = max(
            [self.settings.poll.timeout, *(s.timeout or 0 for s in self.settings.sources.values())]
        )
        return timedelta(seconds=longest + READING + MARGIN)

    def dispatcher(
        self,
        on_recorded: OnRecorded | None = None,
        on_trouble: Callable[[StoreError | None], None] = lambda _error: None,
    ) -> ThreadDispatcher:
        """A pool of poller threads; the caller closes it."""
        from aggregator.dispatch import ThreadDispatcher

        return ThreadDispatcher(
            self.poller,
            self.store.record,
            release=self.store.release,
            workers=self.settings.poll.concurrency,
            on_recorded=logged(on_recorded),
            on_trouble=on_trouble,
        )

    def link(self) -> int:
        """Give new articles their story; how many."""
        return self._linker()

    @cached_property
    def _linker(self) -> Linker:
        from aggregator.stories.link import Linker

        return Linker(
            store=self.store,
            house=lambda: self._house,
            window=timedelta(seconds=self.settings.stories.window),
            crowded=_crowded,
            hidden=self._hidden,
        )

    def _hidden(self) -> frozenset[int]:
        from config.membership import hidden

        if not any(each.private for each in self.settings.categories):
            return frozenset()
        return hidden(self.settings, self.store.source_categories())

    @cached_property
    def _house(self) -> House:
        from aggregator.stories.link import configured_domains
        from aggregator.stories.plans import House

        sources = self.settings.sources
        return House(
            domains=configured_domains(sources),
            preference={url: each.preference for url, each in sources.items() if each.preference},
        )

    @cached_property
    def gaps(self) -> Callable[[OnRecorded | None], Gaps]:
        """What fills gaps from older pages."""
        from aggregator.gaps import Gaps

        def made(on_recorded: OnRecorded | None = None) -> Gaps:
            return Gaps(
                store=self.store,
                fetcher=self.errands,
                request=self.poller.request,
                given=self.poller.page,
                sources=self.settings.sources,
                ttl=self.claim_time,
                on_recorded=logged(on_recorded),
            )

        return made

    @cached_property
    def lists(self) -> Lists:
        """Lists of sources that lie elsewhere."""
        from aggregator.lists import Lists
        from config.remote import kept_list

        lists, poll = self.settings.lists, self.settings.poll
        return Lists(
            fetcher=self.errands,
            now=self.store.now,
            place=lambda url: kept_list(url, lists.directory),
            refresh=timedelta(seconds=lists.refresh),
            request=lambda url: Request(
                url=url,
                timeout=poll.timeout,
                max_body=poll.max_body,
                allow_private=poll.allow_private,
            ),
        )

    def tidy(self) -> int:
        """Take away what retention says; how many articles."""
        from config.retention import has_rules, rules

        gone = 0
        if has_rules(self.settings):
            gone = self.store.expire(rules(self.settings, self.store.source_numbers()))
        self.store.forget_removed()
        return gone

    # --- outward

    @cached_property
    def site(self) -> Site:
        from publisher.render.site import Site

        site = self.settings.site
        return Site(
            title=site.title,
            url=site.url,
            id=site.id or "",
            language=site.language,
            timezone=site.timezone,
            hubs=self._hubs,
        )

    @property
    def _hubs(self) -> tuple[str, ...]:
        """Those that our feeds name."""
        hub = self.settings.hub
        own = (f"{self.settings.site.url}/hub",) if hub.enabled else ()
        return (*own, *hub.others)

    @cached_property
    def send(self) -> HttpSender:
        """Requests to subscribers, hubs elsewhere, and webhooks."""
        from aggregator.fetch import HttpSender

        settings, site = self.settings, self.settings.site
        return HttpSender(
            user_agent(site.url, site.contact),
            timeout=TELLING,
            allow_private=settings.poll.allow_private,
            ca_file=settings.poll.ca_file,
            proxy=settings.poll.proxy,
        )

    @cached_property
    def hub(self) -> Hub:
        """Who tells subscribers, and hubs elsewhere, of what is new."""
        from publisher.hub import Hub

        hub = Hub(
            store=self.store,
            send=self.send,
            read=self._outlet.read,
            site_url=self.settings.site.url,
        )
        self._closing.callback(hub.close)
        return hub

    @cached_property
    def _outlet(self) -> DirectoryOutlet:
        from publisher.outlet import DirectoryOutlet

        return DirectoryOutlet(self.settings.output)

    def tell(self, slug: str) -> None:
        """A feed has changed."""
        log.debug("feed changed", feed=slug)
        if self._hubs:
            self.store.tell_of([f"{slug}/{name}" for name in FEEDS])

    def sync_hubs(self) -> None:
        """Tell the store which hubs elsewhere are to hear of which feeds."""
        public = [feed.slug for feed in self.settings.feeds if not feed.private]
        topics = [f"{slug}/{name}" for slug in public for name in FEEDS]
        self.store.sync_pings(self.settings.hub.others, topics)

    def put_tokens(self) -> None:
        """Beside the private feeds, for the web server: who may read which."""
        from config.tokens import put_tokens

        put_tokens(self.settings, self.store.tokens())

    @cached_property
    def publisher(self) -> Publisher:
        from functools import partial

        from publisher.gate import gate
        from publisher.outlet import DirectoryOutlet
        from publisher.publish import Publisher
        from publisher.render.all import RENDERERS
        from publisher.render.whole import render_site

        site = self.site
        return Publisher(
            store=self.store,
            site=site,
            categories=self.settings.feeds,
            members=self.members,
            renderers=[partial(each, site) for each in RENDERERS],
            render_site=partial(render_site, site),
            gate=gate,
            outlet=self._outlet,
            private=DirectoryOutlet(self.settings.private, private=True),
            notify=self.tell,
            sources=self._source_list,
        )

    def _source_list(self) -> RenderedFile | None:
        """Made anew only when the sources have changed; by the time of that change, since nothing
        else moves it."""
        from config.membership import groups
        from publisher.render.opml import render_sources

        number = self.store.configuration()
        if self._listed == number:
            return None
        self._listed = number
        listed = groups(self.settings, self.store.source_categories(), self.store.source_infos())
        return render_sources(self.site, listed, max(s.updated for s in self.store.feeds()))

    def members(self) -> dict[str, Members]:
        """Made anew only when the sources have changed: with 100,000 it takes half a second."""
        number = self.store.configuration()
        if self._known_members is None or self._known_members[0] != number:
            self._known_members = number, self._made_members()
        return self._known_members[1]

    def _made_members(self) -> dict[str, Members]:
        from config.membership import members

        ids = self.store.source_numbers()
        return members(self.settings, self.store.source_categories(), ids)

"""The keys of feedmill.toml, as pydantic models: names, types, defaults.

What stands below a key is its line in docs/settings.md, in Markdown (config/reference.py).
"""

from __future__ import annotations

import os
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from config.kinds import (
    Agent,
    Count,
    Duration,
    Entry,
    Excerpt,
    Headers,
    Language,
    Line,
    Listen,
    Networks,
    Rule,
    SiteUrl,
    Size,
    Text,
    Waiting,
    WebUrl,
    Zone,
)
from config.values import Address


def _readers() -> int:
    """Two, where there are two cores to read on."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else (1, 2)
    return min(2, len(cores))


class Table(BaseModel):
    # Not use_attribute_docstrings: each start would parse this file, for 20 ms.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SiteTable(Table):
    """Who publishes, and where."""

    title: Line = "Feedmill"
    """Name of the whole."""
    url: SiteUrl | None = None
    """Public address, also with a path (`https://x.org/feeds`); self links are made of it. Without
    it: the address listened on. Needed when listening on all addresses."""
    contact: Line | None = None
    """Goes into the User-Agent, so that publishers can reach you."""
    language: Language | None = None
    """Of the feeds and pages."""
    timezone: Zone = "UTC"
    """Of the times on the pages."""
    id: Line | None = None
    """Names the site in the ids of its feeds; set it before you move to another address, and they
    keep their ids. Without it: the URL."""


class ServerTable(Table):
    """The built-in web server."""

    listen: Listen = Address("127.0.0.1", 8080)
    """Where it answers; `"0.0.0.0:80"` for all addresses."""
    trusted_proxies: list[Entry] = Field(default_factory=list)
    """Proxies in front whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."""


class StoreTable(Table):
    """The database."""

    url: Text = "sqlite:///var/feedmill.db"
    """A SQLite file, or `postgresql+psycopg://user@host/name`."""


class PollTable(Table):
    """How often, and how politely, sources are polled."""

    interval: Duration = 3600.0
    """How often a source is polled while nothing is known of it; then it is learned from when it
    posts, and grows and shrinks with this ([how](etiquette.md#how-often))."""
    min_interval: Duration = 900.0
    """A learned interval is never shorter, and never shorter than an hour for a source without ETag
    and Last-Modified."""
    max_interval: Duration = 86_400.0
    """What is learned, servers' and documents' wishes, and failures, may lengthen it to."""
    timeout: Duration = 30.0
    """For a request in all, redirects included."""
    max_body: Size = 10_000_000
    """Of a document, decoded."""
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 32
    """Polls at once."""
    per_host: Annotated[int, Field(ge=1, le=100)] = 1
    """Connections to one host at once."""
    host_delay: Duration = 1.0
    """Between two requests to one host."""
    retry_after: Literal["source", "host"] = "source"
    """Whom a server's Retry-After makes wait: that source, or all of its host."""
    readers: Annotated[int, Field(ge=1, le=64)] = Field(default_factory=_readers)
    """Processes that read documents. Without it: one a core, at most 2."""
    allow_private: Networks = False
    """`true`: poll loopback and private networks too; or only these networks,
    like `["10.0.0.0/8"]`."""
    proxy: Text = ""
    """For all sources: `http://`, `https://` or `socks5h://`, with `user:password@` where it asks
    for it ([more](configuration.md)); `""`: none."""
    ca_file: Line | None = None
    """Certificates (PEM) to trust beside the system's, as for an intranet."""


class WebSubTable(Table):
    """Being pushed by the hubs that sources name."""

    enabled: bool | None = None
    """Subscribe to them, at `site.url/websub/…`. Without it: where `site.url` is a public
    address."""
    lease: Duration = 604_800.0
    """How long to subscribe for; hubs may lease for less, and it is renewed at half of it."""


class HubTable(Table):
    """Pushing what we publish."""

    enabled: bool | None = None
    """A WebSub hub of our own, at `site.url/hub`. Without it: where `site.url` is a public
    address."""
    others: list[WebUrl | None] = Field(default_factory=list)
    """Hubs elsewhere that our feeds name, and that are told of what is new."""


class UserTable(Table):
    """Who may log in at the desk."""

    password: Text
    """The line that `feedmill password` prints; or a secret that holds it."""
    role: Literal["editor", "admin"]
    """`editor`: sources, categories, articles; `admin`: all."""


class DeskTable(Table):
    """The operator's desk, at `/desk/`; until a user is set it answers at the machine only."""

    users: dict[str, UserTable] = Field(default_factory=dict)
    """Who may log in, by name."""
    file: Line = "var/desk.toml"
    """Where new sources and feeds are written when this file is read-only; included by itself."""
    session: Duration = 43_200.0
    """How long a login lasts after its last use."""


class AlertsTable(Table):
    """Telling operators of trouble, without Prometheus."""

    webhook: Text = None
    """An address that is told as JSON (`text` is what chat programs show)."""
    failing: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of the sources that fail at once, from which on it is trouble."""
    late: Duration = 900.0
    """How long the oldest due source may wait."""


class ListsTable(Table):
    """Lists of sources that lie elsewhere: addresses in `include`."""

    refresh: Duration = 3600.0
    """How often they are asked for."""
    directory: Line = "var/lists"
    """Where what came of them last is kept."""


class OutputTable(Table):
    """Where the feeds and pages are written."""

    directory: Line = "var/public"
    """Feeds and pages, to be served as they are."""
    private: Line = "var/private"
    """Where private feeds lie; not in the public folder."""


class IdentityTable(Table):
    """Which links are the same."""

    tracking: Line | None = None
    """A file with more tracking parameters ([form](../aggregator/identity/tracking.toml))."""


class RetentionTable(Table):
    """For sources for which nothing else is said; without a word everything is kept."""

    max_age: Duration | None = None
    """How long articles are kept, by date."""
    max_articles: Count | None = None
    """How many of each source are kept."""


class StoriesTable(Table):
    """Articles that tell the same ([how stories are told](stories.md))."""

    window: Duration = 259_200.0
    """Between the dates of two articles that are told to be one story by their texts."""


class FeedTable(Table):
    """What a category and a view have in common."""

    title: Line | None = None
    """Of the feed and its page. Without it: made of the slug."""
    limit: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Stories in the feed, at least: what is in no archive yet is there too
    ([history](publishing.md#history))."""
    hold: Waiting = 0.0
    """How long a story waits for more copies, of which the best is shown."""
    upgrade: bool = False
    """A copy that comes later and is half as long again takes the place of what is shown."""
    also_line: bool = False
    """The content ends with "Also reported by …"."""
    backlog: Annotated[int, Field(ge=0, le=10_000)] = 5
    """Of what a new source shows first, so many enter as new where other sources' stories are."""
    was: Line | None = None
    """The slug that the feed had before: it goes on, the old address leads on."""
    match: Rule = None
    """Only articles that fit these rules ([their form](publishing.md#views))."""
    delay: Waiting = 0.0
    """How long each story waits before it enters."""
    excerpt: Excerpt = None
    """How much of each article: all, its headline, or so many words. Without it: all."""
    images: bool = True
    """With the pictures."""
    private: bool = False
    """For whoever has a token ([private feeds](publishing.md#private-feeds))."""


class CategoryTable(FeedTable):
    """A feed and a page. SLUG: small letters, digits and single hyphens, 64 at most. `all` is
    always there."""

    max_age: Duration | None = None
    """How long the articles of its sources are kept; of several categories the most generous
    counts. Without it: as `[retention]` says."""
    max_articles: Count | None = None
    """How many of each of its sources are kept; as `max_age`."""


class ViewTable(FeedTable):
    """A feed that chooses from what the others have."""

    categories: list[Entry] | None = None
    """Whose stories: slugs. Without it, and without `sources`: everything public."""
    sources: list[Entry] | None = None
    """Whose stories: addresses of configured sources."""
    max_age: Duration | None = None
    """A story leaves when it is so old (nothing is removed from the store)."""


class SourceTable(Table):
    """What is polled. One of `url` and `file` must be there."""

    url: Text = None
    """An address."""
    file: Line | None = None
    """A local document."""
    categories: list[Entry] = Field(default_factory=list)
    """Slugs; a source in none is in `all` only."""
    title: Line | None = None
    """A name of your own. Without it: the document's."""
    every: Duration | None = None
    """Its own interval: nothing is learned, only its server may lengthen it."""
    timeout: Duration | None = None
    """For a request in all. Without it: `poll.timeout`."""
    paused: bool = False
    """Not polled."""
    headers: Headers = Field(default_factory=dict)
    """Sent to its own host only, never along a redirect to another, never from https to http."""
    auth: Text = None
    """`"user:password"` for HTTP basic authentication; goes where `headers` go."""
    user_agent: Agent | None = None
    """Name yourself and an address where you can be reached. Without it: Feedmill's own."""
    proxy: Text = None
    """`""`: directly. Without it: `poll.proxy`."""
    allow_private: Networks = None
    """Whether it may have a private address. Without it: `poll.allow_private`."""
    secret_url: bool = False
    """Its address is a secret: it is in no feed, page, table or log."""
    was: WebUrl | None = None
    """Its former `url`: it keeps its articles."""
    preference: Annotated[int, Field(ge=-1000, le=1000)] = 0
    """Whose copy leads a story that several sources carry: the highest."""
    max_age: Duration | None = None
    """How long its articles are kept. Without it: as its categories say."""
    max_articles: Count | None = None
    """How many of its articles are kept. Without it: as its categories say."""


class ListFile(Table):
    """An included TOML list."""

    categories: dict[str, CategoryTable] = Field(default_factory=dict)
    views: dict[str, ViewTable] = Field(default_factory=dict)
    sources: list[SourceTable | None] = Field(default_factory=list)


class MainFile(ListFile):
    """What stands above the first table."""

    include: list[Entry] = Field(default_factory=list)
    """More sources: OPML (`.opml`, `.xml`) and TOML lists; `*` and `**` are understood."""
    site: SiteTable = SiteTable()
    server: ServerTable = ServerTable()
    store: StoreTable = StoreTable()
    poll: PollTable = PollTable()
    websub: WebSubTable = WebSubTable()
    hub: HubTable = HubTable()
    desk: DeskTable = DeskTable()
    alerts: AlertsTable = AlertsTable()
    lists: ListsTable = ListsTable()
    output: OutputTable = OutputTable()
    identity: IdentityTable = IdentityTable()
    stories: StoriesTable = StoriesTable()
    retention: RetentionTable = RetentionTable()


SECTIONS: dict[str, type[Table]] = {
    "site": SiteTable,
    "server": ServerTable,
    "store": StoreTable,
    "poll": PollTable,
    "websub": WebSubTable,
    "hub": HubTable,
    "desk": DeskTable,
    "alerts": AlertsTable,
    "lists": ListsTable,
    "output": OutputTable,
    "identity": IdentityTable,
    "stories": StoriesTable,
    "retention": RetentionTable,
    "categories": CategoryTable,
    "views": ViewTable,
    "sources": SourceTable,
}
"""The tables whose keys are known by name."""


def keys(of: type[Table]) -> list[str]:
    return list(of.model_fields)

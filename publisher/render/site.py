"""What every document says of the site that publishes it, and the addresses it publishes at."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from feeds import VERSION
from feeds.models import FeedPage

GENERATOR = "Feedmill"
ATOM, RSS, JSON, PAGE = "atom.xml", "rss.xml", "feed.json", "index.html"
FILES = (RSS, ATOM, JSON, PAGE)
"""What the folder of a feed holds, and that of each of its archives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """`url`: the public address, without a slash at its end. `id`: names the site for ever, so
    that its feeds keep their ids when the address changes (P14)."""

    title: str
    url: str
    id: str = ""
    language: str | None = None
    timezone: str = "UTC"
    version: str = VERSION
    hubs: tuple[str, ...] = ()
    """WebSub hubs that tell of what is new."""

    def page(self, slug: str) -> str:
        return f"{self.url}/{slug}/"

    def feed(self, slug: str, name: str, archive: int | None = None) -> str:
        """The address of a feed, or of one of its archives; `name` is one of FILES."""
        return f"{self.url}/{path(slug, name, archive)}"

    def own(self, page: FeedPage, name: str) -> str:
        """Where this very document is."""
        return self.feed(page.category.slug, name, page.archive)

    def feed_id(self, slug: str) -> str:
        """urn:uuid v5 of the site's id and the slug."""
        return uuid5(uuid5(NAMESPACE_URL, self.id or self.url), slug).urn


def path(slug: str, name: str, archive: int | None = None) -> str:
    """Where a file lies in the output folder."""
    return f"{slug}/{name}" if archive is None else f"{slug}/archive/{archive}/{name}"


def title(site: Site, page: FeedPage) -> str:
    """What a feed is called, wherever it is read."""
    return f"{page.category.title} – {site.title}"

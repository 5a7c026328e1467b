"""What every document says of the site that publishes it, and the addresses it publishes at."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from feeds import VERSION

GENERATOR = "Feedmill"


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

    def page(self, slug: str) -> str:
        return f"{self.url}/{slug}/"

    def feed(self, slug: str, name: str) -> str:
        """The address of a feed; `name` is "rss.xml" or "atom.xml"."""
        return f"{self.url}/{slug}/{name}"

    def feed_id(self, slug: str) -> str:
        """urn:uuid v5 of the site's id and the slug."""
        return uuid5(uuid5(NAMESPACE_URL, self.id or self.url), slug).urn

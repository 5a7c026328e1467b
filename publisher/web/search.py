"""`/<feed>/?q=…`: what is found in a feed, as a page."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import parse_qs

LONGEST = 200
"""Characters of what is asked."""


class Search(Protocol):
    """Who finds. Blocking; from any thread. Raises StoreError."""

    def page(self, slug: str, query: str) -> bytes | None:
        """The page of what is found in that feed; None for one that is not there."""


def asked(path: str, query: bytes) -> tuple[str, str] | None:
    """(feed, words) for a page of a feed that is asked with words; else None."""
    slug, _, rest = path.partition("/")
    if not query or not slug or rest not in ("", "index.html"):
        return None
    words = parse_qs(query.decode("latin-1")).get("q", [""])[0].strip()[:LONGEST]
    return (slug, words) if words else None

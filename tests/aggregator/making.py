"""Values for tests, with only what a test cares about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from feeds.models import Article, Claim, Document, Entry, Key, Known, SourceState, Unlinked

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def entry(title: str = "", link: str | None = None, guid: str | None = None, **more: Any) -> Entry:
    return Entry(title=title, link=link, guid=guid, **more)


def document(*entries: Entry, **more: Any) -> Document:
    return Document(format="rss20", entries=entries, **more)


def known(article_id: int, keys: tuple[Key, ...], digest: bytes = b"", **more: Any) -> Known:
    values: dict[str, Any] = {
        "published": NOW,
        "updated": NOW,
        "first_seen": NOW,
        "revision": 1,
    } | more
    return Known(article_id=article_id, keys=keys, content_digest=digest, **values)


def state(source_id: int = 1, url: str = "https://a.org/feed", **more: Any) -> SourceState:
    return SourceState(id=source_id, url=url, fetch_url=more.pop("fetch_url", url), **more)


def claim(source_id: int = 1, **more: Any) -> Claim:
    return Claim(source_id=source_id, number=1, until=NOW, state=state(source_id, **more))


def unlinked(
    article_id: int, source_id: int, source_url: str, of: Entry, keys: tuple[Key, ...]
) -> Unlinked:
    article = Article(
        id=article_id,
        source_id=source_id,
        story_id=None,
        entry=of,
        published=NOW,
        updated=NOW,
        first_seen=NOW,
    )
    return Unlinked(article=article, keys=keys, source_url=source_url)

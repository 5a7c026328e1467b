"""Feeds as they stand: last change, log, readers. What `feedmill feeds` and the desk show."""

from __future__ import annotations

from typing import Any

from config.showing import iso
from config.wiring import FEEDS, App

DAYS = 2
"""Of the last days the one with the most readers counts: today is not over."""


def rows(app: App) -> list[dict[str, Any]]:
    store = app.store
    today = int(store.now().timestamp() // 86_400)
    states = {state.slug: state for state in store.feeds()}
    readers, hub = store.readers(today - DAYS + 1, today), store.subscribers()
    found = []
    for feed in app.settings.feeds:
        # The desk shows a feed before the engine has heard of it.
        state, kinds = states.get(feed.slug), readers.get(feed.slug, {})
        found.append(
            {
                "feed": feed.slug,
                "title": feed.title,
                "view": feed.view,
                "private": feed.private,
                "url": app.site.feed(feed.slug, FEEDS[0]),
                "updated": iso(state.updated) if state else None,
                "events": state.seq if state else 0,
                "archives": state.sealed if state else 0,
                "subscribers": sum(kinds.values()),
                "readers": kinds,
                "hub": sum(hub.get(f"{feed.slug}/{name}", 0) for name in FEEDS),
            }
        )
    return found

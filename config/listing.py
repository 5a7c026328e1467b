"""Asking for a list of sources that lies elsewhere, and saying what came of it."""

from __future__ import annotations

import structlog

from aggregator.lists import Held, Lists
from config.logs import redact
from feeds.errors import OutputError

log = structlog.get_logger("feedmill.lists")


def ask_list(lists: Lists, url: str, *, believe: bool = False) -> Held:
    """Raises OutputError when it can't be kept."""
    try:
        held = lists.ask(url, believe=believe)
    except OSError as error:
        raise OutputError(f"{error.filename}: {error.strerror}") from error
    name = redact(url)
    if held.error:
        log.warning("list not read", list=name, error=held.error, next=held.due)
    elif held.doubted:
        log.warning("list not believed, the one before stays", list=name, why=held.doubted)
    elif held.changed_at == held.checked_at:
        log.info("list read", list=name, feeds=held.feeds)
    return held

"""Asking for a list of sources that lies elsewhere, and saying what came of it."""

from __future__ import annotations

import structlog

from aggregator.lists import Held, Lists
from config.load import load
from config.logs import redact
from config.remote import kept_list
from config.settings import Settings
from config.values import is_address
from config.wiring import App
from feeds.errors import OutputError

log = structlog.get_logger("feedmill.lists")


def addresses(settings: Settings) -> list[str]:
    """Of the lists that lie elsewhere."""
    return [each for each in settings.includes if is_address(each)]


def with_new_lists(settings: Settings) -> Settings:
    """The settings with what lists say of which nothing is kept yet. A list that was given another
    address is one of these: without it all its feeds would answer 410, and be there again a moment
    later. Raises ConfigError, StoreError."""
    folder = settings.lists.directory
    urls = [each for each in addresses(settings) if not kept_list(each, folder).is_file()]
    if not urls:
        return settings
    with App(settings) as app:
        for url in app.lists.due(urls):
            try:
                ask_list(app.lists, url)
            except OutputError as error:
                log.error("list not kept", list=redact(url), error=str(error))
    return load(settings.file)


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

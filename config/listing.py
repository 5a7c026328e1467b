"""Asking for a list of sources that lies elsewhere, and saying what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import structlog

from aggregator.identity.urls import address_key
from aggregator.lists import Held, Lists
from aggregator.opml import BadOpml, read_opml
from config.load import load
from config.logs import redact
from config.remote import kept_list, list_id, list_name
from config.settings import Settings
from config.showing import iso
from config.values import is_address
from config.wiring import App
from feeds.errors import OutputError

log = structlog.get_logger("feedmill.lists")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list, as it is shown. `held.due` is when it is really asked again."""

    id: str
    name: str
    held: Held
    taken: int
    """Sources that are configured by it."""
    faults: tuple[str, ...]
    """What of it was left out, with its lines."""


def listed(settings: Settings, lists: Lists, url: str) -> Listed:
    held, name = lists.held(url), list_name(url)
    elsewhere = {list_name(each) for each in addresses(settings)}
    here = {
        address_key(each.url) or each.url
        for each in settings.sources.values()
        if each.declared_at.rpartition(":")[0] in elsewhere
    }
    return Listed(
        id=list_id(url),
        name=name,
        held=replace(held, due=lists.next(held)),
        taken=len(here & _kept(settings, url)),
        faults=tuple(each for each in settings.warnings if each.startswith(f"{name}:")),
    )


def _kept(settings: Settings, url: str) -> set[str]:
    """The addresses in it, each in one spelling."""
    try:
        outlines = read_opml(kept_list(url, settings.lists.directory).read_bytes())
    except (OSError, BadOpml):
        return set()
    return {address_key(each.url) or each.url for each in outlines if each.url}


def listed_json(each: Listed) -> dict[str, Any]:
    held = each.held
    return {
        "id": each.id,
        "url": each.name,
        "feeds": held.feeds,
        "taken": each.taken,
        "faults": list(each.faults),
        "checked": iso(held.checked_at),
        "changed": iso(held.changed_at),
        "next": iso(held.due),
        "error": held.error or None,
        "doubted": held.doubted or None,
        "doubted_since": iso(held.doubted_since),
    }


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

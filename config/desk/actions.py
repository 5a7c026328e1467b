"""What operators do: the same for the desk's forms and the API. Each raises FeedmillError with
what, where, and what to do; then nothing was changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog

from config import adding, changing
from config.changing import Seen, change_feed, change_sources, source_table
from config.desk.house import House
from config.desk.rights import By, address_in, check_edit
from config.listing import Listed, addresses, ask_list, listed
from config.load import load
from config.naming import article, barred_keys
from config.remote import list_id, list_name
from config.settings import ALL
from config.suggest import did_you_mean
from config.values import slug as checked_slug
from feeds.errors import ConfigError
from feeds.models import AddressChange, Category, Source, SourceState

log = structlog.get_logger("feedmill.desk")


class Missing(ConfigError):
    """What is named is not there."""


# --- sources


def states(house: House, ids: Iterable[int]) -> list[tuple[SourceState, Source]]:
    """Sources by number, as they stand and as they are configured. Raises Missing."""
    wanted = list(dict.fromkeys(ids))
    found = {each.id: each for each in house.store.states_of(wanted)}
    sources, rows = house.settings.sources, []
    for number in wanted:
        state = found.get(number)
        if state is None or state.url not in sources:
            raise Missing([f"source {number}: there is none of that number"])
        rows.append((state, sources[state.url]))
    return rows


def pause(house: House, ids: Sequence[int], paused: bool, by: str) -> int:
    rows = states(house, ids)
    change = {"paused": True if paused else None}
    wanted = [(source, change) for _, source in rows if source.paused != paused]
    if wanted:
        house.take(change_sources(house.settings, wanted))
    log.info("paused" if paused else "polled again", sources=len(wanted), by=by)
    return len(wanted)


def categorize(house: House, ids: Sequence[int], slug: str, inside: bool, by: str) -> int:
    """Put sources into a category, or take them out of it."""
    known = [each.slug for each in house.settings.categories if each.slug != ALL]
    if slug not in known:
        raise Missing([f"{slug}: there is no such category, {did_you_mean(slug, known)}"])
    wanted = []
    for _, source in states(house, ids):
        if (slug in source.categories) != inside:
            left = [each for each in source.categories if each != slug]
            wanted.append((source, {"categories": [*left, slug] if inside else left or None}))
    if wanted:
        house.take(change_sources(house.settings, wanted))
    log.info("categorized", sources=len(wanted), category=slug, inside=inside, by=by)
    return len(wanted)


def remove(house: House, ids: Sequence[int], by: str) -> int:
    """They are polled no more; their articles stay until retention takes them."""
    rows = states(house, ids)
    house.take(change_sources(house.settings, [(source, None) for _, source in rows]))
    log.info("sources removed", sources=len(rows), by=by)
    return len(rows)


def poll_now(house: House, ids: Sequence[int], by: str, *, fresh: bool = False) -> int:
    """As soon as their hosts let us (but never before Retry-After)."""
    rows = states(house, ids)
    house.store.make_due([state.url for state, _ in rows], fresh=fresh)
    house.changed()
    log.info("polled now", sources=len(rows), by=by)
    return len(rows)


def edit_source(
    house: House, number: int, values: Mapping[str, Any], by: By, seen: Seen | None = None
) -> None:
    """`values`: keys of [[sources]], None for those that are not to stand there; a new `url` as
    somebody enters it. Raises Forbidden."""
    [(_, source)] = states(house, [number])
    if "url" in values:
        table = source_table(house.settings, source)
        check_edit(by.role, table, values)
        values = dict(values) | _moved(source, table, values["url"])
    else:
        check_edit(by.role, {}, values)
    house.take(change_sources(house.settings, [(source, values)], seen))
    if "url" in values:
        # Its row goes by the address: until the engine has heard of it, nobody would find it.
        house.app.sync()
    log.info("source edited", source=number, keys=sorted(values), by=by.name)


def _moved(source: Source, table: Mapping[str, Any], given: str | None) -> dict[str, str]:
    """Another address, under which it stays the same source. Raises ConfigError."""
    if address_in(source, table) is None:
        raise ConfigError(["url: this address is a secret, or none of the web: change it there"])
    if not given:
        raise ConfigError(["url: a source needs one"])
    url = adding.address(given)
    return {} if url == source.url else {"url": url, "was": source.url}


def undo_move(house: House, number: int, by: str) -> AddressChange | None:
    """What was changed; None: there is nothing to undo."""
    [(state, _)] = states(house, [number])
    change = house.store.undo_move(state.id)
    house.changed()
    log.info("redirect undone", source=number, changed=change is not None, by=by)
    return change


def let_in(house: House, number: int, keep: bool, by: str) -> int:
    """What the flood guard holds: let in, or drop for good."""
    [(state, _)] = states(house, [number])
    store = house.store
    count = store.let_in(state.id) if keep else store.discard(state.id)
    house.changed()
    log.info("released" if keep else "discarded", source=number, articles=count, by=by)
    return count


# --- lists that lie elsewhere


def lists(house: House) -> list[Listed]:
    settings = house.settings
    return [listed(settings, house.app.lists, url) for url in addresses(settings)]


def ask_for_list(house: House, name: str, by: str, *, believe: bool = False) -> Listed:
    """`name`: its id; `believe`: as it is now, whatever it has lost. Raises Missing,
    OutputError."""
    url = next((each for each in addresses(house.settings) if list_id(each) == name), None)
    if url is None:
        raise Missing([f"list {name}: there is none of that id"])
    held = ask_list(house.app.lists, url, believe=believe)
    log.info("list asked", list=list_name(url), believe=believe, error=held.error or None, by=by)
    with suppress(ConfigError):  # the file is wrong at this moment: the list is kept all the same
        house.take(load(house.settings.file))
    return listed(house.settings, house.app.lists, url)


# --- categories and views


def kind_of(feed: Category) -> str:
    return "views" if feed.view else "categories"


def feed_of(house: House, slug: str) -> Category:
    """Raises Missing."""
    found = {each.slug: each for each in house.settings.feeds}
    if slug not in found:
        raise Missing([f"{slug}: there is no such feed, {did_you_mean(slug, found)}"])
    return found[slug]


def make_feed(house: House, kind: str, slug: str, values: Mapping[str, Any], by: str) -> None:
    if any(each.slug == slug for each in house.settings.feeds):
        raise ConfigError([f"{slug}: there is a feed of that name already; choose another"])
    try:
        checked_slug(slug)
    except ValueError as error:
        raise ConfigError([f"slug: {error}"]) from error
    given = {key: value for key, value in values.items() if value is not None}
    house.take(change_feed(house.settings, kind, slug, given or {"title": slug.capitalize()}))
    log.info("feed made", feed=slug, kind=kind, by=by)


def edit_feed(
    house: House, slug: str, values: Mapping[str, Any], by: str, seen: Seen | None = None
) -> None:
    feed = feed_of(house, slug)
    house.take(change_feed(house.settings, kind_of(feed), slug, values, seen))
    log.info("feed edited", feed=slug, keys=sorted(values), by=by)


def remove_feed(house: House, slug: str, by: str) -> None:
    """It answers 410 from then on. The sources of a category are in it no more."""
    feed = feed_of(house, slug)
    if slug == ALL:
        raise ConfigError(["all: this feed shows everything, and stays"])
    house.take(changing.remove_feed(house.settings, kind_of(feed), slug))
    log.info("feed removed", feed=slug, by=by)


# --- articles


def take_down(house: House, text: str, by: str) -> list[int]:
    """By number, id or link; for ever, whoever shows it."""
    given = text.strip()
    if not given:
        raise ConfigError(["say which: the number, id or link of an article"])
    ids = house.store.take_down(barred_keys(house.app, given), given)
    log.info("taken down", articles=len(ids), by=by)
    return ids


def rule(house: House, one: str, other: str | None, *, together: bool, by: str) -> tuple[int, int]:
    """Two articles tell one story, or don't; `other` None: its story's lead."""
    first = article(house.app, one)
    if other:
        number = article(house.app, other).article.id
    elif first.story is None:
        raise ConfigError([f"{one}: it has no story yet"])
    else:
        number = first.story.lead_id
    if number == first.article.id:
        raise ConfigError([f"{one}: name two different articles"])
    house.store.rule(first.article.id, number, together=together)
    log.info("merged" if together else "split", article=first.article.id, other=number, by=by)
    return first.article.id, number

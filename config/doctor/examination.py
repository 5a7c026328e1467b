"""All checks, in the order in which one rests on the other."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from config import clock
from config.doctor import clocks, database, sources
from config.doctor.asking import asker
from config.doctor.configuration import exposed, loaded
from config.doctor.disk import disk
from config.doctor.finding import Finding, bad, warn
from config.doctor.front import front
from config.doctor.permissions import permissions
from config.doctor.running import here, running
from config.doctor.site import sample, site
from config.settings import Settings
from feeds.errors import StoreError
from feeds.store import Store, open_for_migration, open_store


def examine(given: Path | None) -> Iterator[Finding]:
    """`given`: the configuration file, else where it usually is. Changes nothing."""
    settings, findings = loaded(given)
    yield from findings
    yield clocks.local(datetime.now(UTC))
    if settings is None:
        return
    yield clocks.zone(settings.site.timezone)
    yield from exposed(settings)
    path = _database_path(settings)
    yield from permissions(settings, path)
    places = {"database": path.parent} if path is not None else {}
    yield from disk(places | {"output": settings.output})
    alive = yield from _store(settings, path)
    yield from running(settings, alive, asker(settings, here(settings.listen)))
    yield from _outside(settings, alive)


def _database_path(settings: Settings) -> Path | None:
    """Of SQLite's file: opening it would make its folder."""
    place = settings.store_url.removeprefix("sqlite:///")
    return None if place in (settings.store_url, "", ":memory:") else Path(place)


def _store(settings: Settings, path: Path | None) -> Generator[Finding, None, bool]:
    """Returns whether a `run` works on it."""
    if path is not None and not path.exists():
        advice = "`feedmill run` makes it; look at store.url if there should be one"
        yield warn(database.CHECK, f"there is none yet at {path}", advice)
        return False
    with closing(open_for_migration(settings.store_url)) as bare:
        readable, findings = database.opened(bare)
        yield from findings
        try:
            alive = bare.running()
        except StoreError:
            alive = False
    if readable:
        try:
            store = open_store(settings.store_url, migrate=False, shift=clock.shift())
        except StoreError as error:
            yield bad(database.CHECK, str(error), "look at its server, or disk")
        else:
            with closing(store):
                yield from _contents(settings, store)
    return alive


def _contents(settings: Settings, store: Store) -> Iterator[Finding]:
    yield from database.soundness(store)
    yield from database.log_length(store.path)
    try:
        yield from clocks.against_database(store.now(), datetime.now(UTC))
        states = [each for each in store.sources() if each.url in settings.sources]
        yield from sources.sources(states, store.now())
    except StoreError as error:
        yield bad(database.CHECK, str(error), "put a backup in its place (`feedmill restore FILE`)")
    yield from sources.names(sources.hosts(settings.sources))


def _outside(settings: Settings, alive: bool) -> Iterator[Finding]:
    """What others see. Without a `run` the built-in server shows nothing, and need not."""
    path = sample(settings)
    if path is None:
        yield warn("site", "nothing is published yet", "`feedmill publish`, or `feedmill run`")
        return
    if not alive and settings.site.url == settings.listen.url:
        return
    ask = asker(settings, settings.site.url)
    page, findings = site(settings, path, ask)
    yield from findings
    if page is not None:
        yield from clocks.against_server(page.headers.get("date"), datetime.now(UTC))
        yield from front(settings, path, ask)

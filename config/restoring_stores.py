"""The database's part of `feedmill restore`, for both kinds.

SQLite: the unpacked copy is checked and made ready beside the live database, which then changes in
one transaction. PostgreSQL: psql does it in one of its own.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import count
from pathlib import Path

from config.archive import BadBackup, Manifest
from config.backing_up import back_up
from config.restored import Restored
from config.settings import Settings
from config.wiring import App
from feeds.errors import CorruptStore, SchemaError, StoreError
from feeds.store import Store, open_for_migration, open_store
from feeds.store.dump import is_strange
from feeds.store.migrations import HEAD
from feeds.store.restore import aside, put_in_place, unpacking

STOP = "stop `feedmill run` first (systemctl stop feedmill, or Ctrl-C), then restore, then start it"


# --- SQLite


def sqlite(unpacked: Path, settings: Settings, done: Restored, stamp: str) -> None:
    with closing(open_for_migration(settings.store_url)) as live:
        path = live.path
        if path is None:
            raise StoreError("store.url names a database in memory: there is nothing to restore")
        done.running = live.running()
    with unpacking(path) as folder:
        copy = folder / "copy.db"
        for end in ("", "-wal"):
            if (part := unpacked.with_name(unpacked.name + end)).exists():
                shutil.move(part, copy.with_name(copy.name + end))
        with ExitStack() as held:
            live_store = _usable(settings, done, held)
            with App(replace(settings, store_url=f"sqlite:///{copy}")) as app:
                _ready(app)
                done.articles = app.store.counts()["articles"]
                if live_store is not None:
                    _take_over(app.store, live_store, done, path, stamp, held)
                logs = _logs(app.store)
            if live_store is not None:
                live_store.become(copy)
            else:
                _put(copy, settings, done, path, stamp)
            # Before anybody publishes.
            _forget_versions(settings, logs)


def _ready(app: App) -> None:
    url = app.settings.store_url
    try:
        with closing(open_for_migration(url)) as store:
            store.made_ready()
    except CorruptStore as error:
        words = str(error).partition("; stop, and put")[0]
        raise BadBackup(f"{words.replace('the database', 'the backup')}; nothing changed") from None
    app.sync()
    # What hubs were asked since the backup is not in it; they are asked anew.
    app.store.forget_subscriptions()


def _usable(settings: Settings, done: Restored, held: ExitStack) -> Store | None:
    """What is there now, when it is a sound database of ours."""
    with closing(open_for_migration(settings.store_url)) as found:
        if found.path is None or not found.path.exists():
            return None
    store = None
    try:
        store = open_store(settings.store_url)
        store.verify()
    except (CorruptStore, SchemaError) as error:
        if store is not None:
            store.close()
        if done.running:
            raise StoreError(f"the present database can't be used ({error}): {STOP}") from error
        done.notes.append(f"what was there could not be used: {error}")
        return None
    held.callback(store.close)
    return store


def _take_over(
    copy: Store, live: Store, done: Restored, path: Path, stamp: str, held: ExitStack
) -> None:
    """What is there is kept, and what must outlast the restoring goes into the copy. The rights to
    link and to publish stay with us until `held` ends."""
    held.enter_context(live.halted())
    if done.running and copy.strange_to(live):
        raise StoreError(f"this is a backup of another installation: {STOP}")
    target = _before(path, stamp)
    live.backup(target)
    done.kept.append(target)
    done.taken_down = len(copy.take_over(live))


def _before(path: Path, stamp: str) -> Path:
    """Where nothing is yet."""
    name = f"{path.name}.before-restore-{stamp}"
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(path.with_name(each) for each in names if not path.with_name(each).exists())


def _put(copy: Path, settings: Settings, done: Restored, path: Path, stamp: str) -> None:
    """Where there is no database that can be used, and no `run`."""
    with closing(open_for_migration(settings.store_url)) as lock, lock.lock_run():
        if path.exists() or path.with_name(f"{path.name}-wal").exists():
            target = _before(path, stamp)
            aside(path, target)
            done.kept.append(target)
        put_in_place(copy, path)


# --- PostgreSQL


def postgresql(
    packed: Path, manifest: Manifest, settings: Settings, done: Restored, stamp: str
) -> None:
    with closing(open_for_migration(settings.store_url)) as store:
        done.running = store.running()
        if done.running and manifest.schema != HEAD:
            raise StoreError(f"the backup has an older schema ({manifest.schema}): {STOP}")
        with store.halted():
            if store.schema_version() is not None:
                name = f"feedmill.before-restore-{stamp}.tar.gz"
                done.kept.append(back_up(settings, settings.output.parent / name).file)
            try:
                store.put_back(packed, packed.parent, running=done.running)
            except StoreError as error:
                if is_strange(error):
                    raise StoreError(f"this is a backup of another installation: {STOP}") from error
                raise
            store.migrate()
            done.taken_down = len(store.bar_again())
            with App(settings) as app:
                app.sync()
                app.store.forget_subscriptions()
                done.articles = app.store.counts()["articles"]
                _forget_versions(settings, _logs(app.store))


# --- feeds


Logs = dict[str, tuple[int, int]]
"""Slug → (its last event, its archives)."""


def _logs(store: Store) -> Logs:
    return {state.slug: (state.seq, state.sealed) for state in store.feeds()}


def _forget_versions(settings: Settings, logs: Logs) -> None:
    """A feed whose log could not go on behind what was published has versions that are of another
    past: nobody is to be told what came since one of them (RFC 3229)."""
    from publisher.notes import read
    from publisher.outlet import NOTES, DirectoryOutlet, drop_archive
    from publisher.render.site import path

    for feed in settings.feeds:
        outlet = DirectoryOutlet(settings.private if feed.private else settings.output)
        seq, sealed = logs.get(feed.slug, (0, 0))
        notes = path(feed.slug, NOTES)
        if read(outlet.read(notes)).seq > seq:
            outlet.remove(notes)
            for number in outlet.archives(feed.slug):
                if number >= sealed:
                    drop_archive(outlet, feed.slug, number)

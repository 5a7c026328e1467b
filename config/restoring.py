"""`feedmill restore`: a backup in the place of what there is, while a `run` goes on or without one.

First everything is unpacked, checked and brought to today's schema beside the database; what there
is now is copied away; then the database changes in one transaction. Whatever is wrong before that
leaves all as it was.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from config.archive import BadBackup, Manifest, place, unpack
from config.backing_up import back_up
from config.configured_again import ConfigFiles
from config.load import load
from config.settings import Settings
from config.wiring import App
from feeds.errors import (
    ConfigError,
    CorruptStore,
    FeedmillError,
    GateError,
    OutputError,
    SchemaError,
    StoreError,
    StoreInUse,
)
from feeds.store import Store, open_for_migration, open_store
from feeds.store.dump import is_strange
from feeds.store.migrations import HEAD
from feeds.store.restore import MAGIC, aside, check_revision, put_in_place, unpacking

STOP = "stop `feedmill run` first (systemctl stop feedmill, or Ctrl-C), then restore, then start it"


@dataclass(kw_only=True)
class Restored:
    """What was done, for whoever asked."""

    made_at: str | None
    """When the backup was; None for a bare database file."""
    version: str | None
    running: bool = False
    """A `run` was at work meanwhile."""
    kept: list[Path] = field(default_factory=list)
    """Where what was there before stands now."""
    articles: int = 0
    taken_down: int = 0
    """Articles of the backup that were taken down since, and stay so."""
    config_restored: list[str] = field(default_factory=list)
    config_differs: list[str] = field(default_factory=list)
    left: tuple[str, ...] = ()
    published: int | None = None
    """Feeds that changed; None: publishing was left to whoever is at it."""
    notes: list[str] = field(default_factory=list)


def restore(file: Path, config: Path, *, config_too: bool) -> Restored:
    """`config`: where the configuration is, or is to be. Raises FeedmillError."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    with unpacking(_beside(config)) as folder:
        manifest = _opened(file, folder)
        done = Restored(
            made_at=manifest.made_at if manifest else None,
            version=manifest.feedmill if manifest else None,
            left=manifest.left if manifest else (),
        )
        files = ConfigFiles.of(manifest, folder, config)
        with files.in_place(stamp, wanted=config_too or not config.exists()) as changed:
            settings = _settings(config, done, restored=bool(changed))
            _database(folder / place(0), manifest, settings, done, stamp)
        done.config_restored, done.config_differs = changed, files.differences()
        done.kept += files.kept
        if changed:
            done.notes += [f"outside the configuration's folder, and not put back: {each}"
                           for each in files.outside]  # fmt: skip
    with App(settings) as app:
        _publish(app, done)
    return done


def _beside(config: Path) -> Path:
    """Where there is most likely room, and the right to write: by the database. (The configuration
    often lies in a folder that the service must not write.)"""
    try:
        with closing(open_for_migration(load(config.absolute()).store_url)) as store:
            return store.path or Path(tempfile.gettempdir()) / config.name
    except (ConfigError, StoreError):
        return config.absolute()


def _opened(file: Path, folder: Path) -> Manifest | None:
    """Unpacked into `folder`; None for a database file alone. Raises BadBackup, SchemaError."""
    try:
        with file.open("rb") as opened:
            start = opened.read(len(MAGIC))
        if start == MAGIC:
            shutil.copyfile(file, folder / place(0))
            wal = file.with_name(f"{file.name}-wal")
            if wal.exists():
                shutil.copyfile(wal, folder / f"{place(0)}-wal")
            return None
    except OSError as error:
        raise FeedmillError(f"{file} can't be read: {error.strerror}") from error
    if start[:2] != b"\x1f\x8b":
        raise BadBackup(f"{file} is no backup of Feedmill")
    manifest = unpack(file, folder)
    check_revision(manifest.schema)
    return manifest


def _settings(config: Path, done: Restored, *, restored: bool) -> Settings:
    try:
        return load(config.absolute())
    except ConfigError as error:
        if not restored:
            raise
        secrets = [f"a backup does not hold this: {each}" for each in done.left]
        raise ConfigError(
            [
                *error.complaints,
                *secrets,
                "the backup's configuration can't be used here yet; nothing was changed",
            ]
        ) from error


def _database(
    copy: Path, manifest: Manifest | None, settings: Settings, done: Restored, stamp: str
) -> None:
    kind = manifest.kind if manifest else "sqlite"
    wanted = "sqlite" if settings.store_url.startswith("sqlite:") else "postgresql"
    if kind != wanted:
        raise FeedmillError(
            f"the backup is of a {kind} database, and store.url names a {wanted} one"
        )
    if wanted == "sqlite":
        _sqlite(copy, settings, done, stamp)
    else:
        _postgresql(copy, manifest, settings, done, stamp)


# --- SQLite


def _sqlite(unpacked: Path, settings: Settings, done: Restored, stamp: str) -> None:
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
    return path.with_name(f"{path.name}.before-restore-{stamp}")


def _put(copy: Path, settings: Settings, done: Restored, path: Path, stamp: str) -> None:
    """Where there is no database that can be used, and no `run`."""
    with closing(open_for_migration(settings.store_url)) as lock, lock.lock_run():
        if path.exists() or path.with_name(f"{path.name}-wal").exists():
            target = _before(path, stamp)
            aside(path, target)
            done.kept.append(target)
        put_in_place(copy, path)


# --- PostgreSQL


def _postgresql(
    packed: Path, manifest: Manifest | None, settings: Settings, done: Restored, stamp: str
) -> None:
    assert manifest is not None
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


# --- what is published


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


def _publish(app: App, done: Restored) -> None:
    """What the restored log says."""
    from config.cli_run import published_now

    try:
        app.link()
        app.put_tokens()
        done.published = len(published_now(app).changed)
    except StoreInUse:
        done.notes.append("another process is publishing; it writes the restored feeds")
    except (OutputError, GateError) as error:
        done.notes.append(f"not published yet: {error}")

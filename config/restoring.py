"""`feedmill restore`: a backup in the place of what there is, while a `run` goes on or without one.

First everything is unpacked, checked and brought to today's schema beside the database; what there
is now is copied away; then the database changes in one transaction. Whatever is wrong before that
leaves all as it was.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from config import restoring_stores
from config.archive import BadBackup, Manifest, place, unpack
from config.configured_again import ConfigFiles
from config.load import load
from config.restored import Restored
from config.settings import Settings
from config.wiring import App
from feeds.errors import (
    ConfigError,
    FeedmillError,
    GateError,
    OutputError,
    StoreError,
    StoreInUse,
)
from feeds.store import open_for_migration
from feeds.store.restore import MAGIC, check_revision, unpacking


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
            _refuse_itself(file, settings)
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


def _refuse_itself(file: Path, settings: Settings) -> None:
    if settings.store_url.startswith("sqlite:///"):
        path = Path(settings.store_url.removeprefix("sqlite:///"))
        if path.exists() and path.resolve() == file.resolve():
            raise FeedmillError(f"{file} is the database itself, no backup of it")


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
    if manifest is not None and kind == "postgresql":
        restoring_stores.postgresql(copy, manifest, settings, done, stamp)
    else:
        restoring_stores.sqlite(copy, settings, done, stamp)


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

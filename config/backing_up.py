"""`feedmill backup`: all that is needed to start anew elsewhere, into one file, while all goes on.

The published files are not in it: archives of feeds, what is set apart and what was counted stand
in the database, and `feedmill publish` writes the same bytes from it.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config.archive import DATABASE, Manifest, measured, pack, whole
from config.belongings import Belongings, belongings, outside
from config.settings import Settings
from feeds import VERSION
from feeds.errors import FeedmillError, StoreError
from feeds.store import Store, open_for_migration


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    file: Path
    bytes: int
    manifest: Manifest


def back_up(settings: Settings, file: Path) -> Made:
    """Complete or not at all; never over a file. Raises FeedmillError."""
    if file.exists():
        raise FeedmillError(f"{file} is there already; choose another name, or remove it first")
    # Whatever its schema: a backup is what one makes before an upgrade.
    with closing(open_for_migration(settings.store_url)) as store, whole(file) as part:
        schema = _schema(store, settings)
        manifest = _into(part, settings, store, schema)
    return Made(file=file, bytes=file.stat().st_size, manifest=manifest)


def _schema(store: Store, settings: Settings) -> str:
    if settings.store_url.startswith("sqlite:") and (store.path is None or not store.path.exists()):
        raise StoreError("there is no database yet that could be backed up")
    if (schema := store.schema_version()) is None:
        raise StoreError("the database is empty: there is nothing to back up")
    return schema


def _into(part: Path, settings: Settings, store: Store, schema: str) -> Manifest:
    with tempfile.TemporaryDirectory(prefix=".feedmill-backup-", dir=part.parent) as made:
        database = Path(made) / DATABASE
        if store.kind == "sqlite":
            store.backup(database)
        else:
            store.dump(database)
        belongs = belongings(settings)
        members = {DATABASE: database} | _copied(belongs, Path(made))
        manifest = _manifest(settings, store.kind, schema, belongs, members)
        pack(part, manifest, members)
    return manifest


def _copied(belongs: Belongings, folder: Path) -> dict[str, Path]:
    """Member → a copy that nobody edits while it is packed."""
    found = {}
    for at, (name, path) in enumerate(belongs.files.items()):
        copy = folder / f"c{at}"
        copy.write_bytes(path.read_bytes())
        found[f"outside/{at}" if outside(name) else f"config/{name}"] = copy
    return found


def _manifest(
    settings: Settings, kind: str, schema: str, belongs: Belongings, members: dict[str, Path]
) -> Manifest:
    paths = ["", *belongs.files]
    return Manifest(
        feedmill=VERSION,
        kind=kind,
        schema=schema,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        site=settings.site.url,
        config=settings.file.name,
        files={
            member: (path, *measured(place))
            for path, (member, place) in zip(paths, members.items(), strict=True)
        },
        left=belongs.left,
    )

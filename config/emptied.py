"""A configuration that was lost, not edited: a full disk, or an editor that empties a file before
it fills it, leaves valid TOML that says nothing. Whoever ran with it would take all feeds away.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress

from config.complaints import relative
from config.settings import Settings
from config.values import is_address
from feeds.store import Store

MEANT = "meant"
"""The note that holds which files the desk itself has emptied, by their digest."""
_MEAN_IT = "what was configured before goes on; if it is meant, stop Feedmill and start it anew"


def emptied(before: Settings, after: Settings) -> list[str]:
    """What is gone that nobody takes away by an edit, in words; nothing when all is well."""
    silent = [each for each in after.silent if each in before.files and each not in before.silent]
    if silent:
        return [f"{relative(each)}:1: says nothing any more; {_MEAN_IT}" for each in silent]
    # Lists that lie elsewhere are doubted by themselves (aggregator.lists).
    places = (each.declared_at.rpartition(":")[0] for each in before.sources.values())
    count = sum(not is_address(each) for each in places)
    if count and not after.sources:
        gone = "the only source is gone" if count == 1 else f"all {count} sources are gone"
        return [f"{relative(after.file)}:1: {gone}; {_MEAN_IT}"]
    return []


def lost(before: Settings, after: Settings, store: Store) -> list[str]:
    """As `emptied`, but for what was taken away at the desk. Raises StoreError."""
    found = emptied(before, after)
    note = store.note(MEANT) if found else None
    return [] if note is not None and note[0] == _digest(after) else found


def mean(before: Settings, after: Settings, store: Store) -> None:
    """Whoever made `after` of `before` did so on purpose. Raises StoreError."""
    if emptied(before, after):
        store.put_note(MEANT, _digest(after))


def forget(settings: Settings, store: Store) -> None:
    """What was meant once is not meant for ever: there is something again."""
    note = store.note(MEANT) if settings.sources else None
    if note is not None and note[0]:
        store.put_note(MEANT, "")


def _digest(settings: Settings) -> str:
    found: dict[str, str] = {}
    for each in settings.files:
        if each == settings.file or each.suffix == ".toml":
            with suppress(OSError):
                found[str(each)] = hashlib.sha256(each.read_bytes()).hexdigest()
    return json.dumps(found, sort_keys=True)

"""Whether what is configured has changed, by the looks of its files."""

from __future__ import annotations

import glob
import time
from collections.abc import Iterable
from pathlib import Path

from config.remote import kept_list
from config.settings import Settings
from config.values import is_address

SETTLED = 1.0
"""Seconds for which nothing may change before it is read: two looks may come close together on a
machine that is busy."""
Look = tuple[int, int, int, int]
"""Times of change in ns (of what it says, of anything), bytes, number of a file; zeros for one that
is not there. Programs set the first of the times (`touch -d`, rsync, an archive); nobody sets the
second. What changes that alone, as chmod does, is read once more, and is the same."""


def looks(settings: Settings, more: Iterable[Path] = ()) -> dict[Path, Look]:
    """Of the files that were read, of those that patterns find now, and of `more`."""
    found = set(settings.files) | set(more)
    for each in settings.includes:
        if is_address(each):
            found.add(kept_list(each, settings.lists.directory))
        else:
            names = glob.glob(each, root_dir=settings.folder, recursive=True)  # noqa: PTH207
            found |= {settings.folder / name for name in names}
    return {path: _look(path) for path in found}


def _look(path: Path) -> Look:
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0, 0
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


class Watch:
    """Notices a change once it is finished: editors write in several steps."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._more = settings, frozenset[Path]()
        self._known = self._seen = looks(settings)
        self._since = 0.0
        """When they were seen to change last."""

    def changed(self) -> bool:
        """Whether the files are others than those that are known, and have stood so for a while.
        Then they are known."""
        before, self._seen = self._seen, looks(self._settings, self._more)
        now = time.monotonic()
        if self._seen != before:
            self._since = now
        if self._seen == self._known or now - self._since < SETTLED:
            return False
        self._known = self._seen
        return True

    def heed(self, files: Iterable[Path]) -> None:
        """These were read, or wanted, by a configuration that was refused: a change of them may
        mend it."""
        self._more = frozenset(files)
        now = looks(self._settings, self._more)
        # Of what was known, the look before the reading: an edit since then is yet to come.
        self._known = self._seen = {path: self._known.get(path, now[path]) for path in now}

    def follow(self, settings: Settings) -> None:
        """Those were read after the last `changed`: what has changed meanwhile is yet to come."""
        self._settings, self._more = settings, frozenset()
        now = looks(settings)
        self._known = {path: self._known.get(path, look) for path, look in now.items()}

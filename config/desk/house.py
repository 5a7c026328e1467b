"""What the desk works on: the configuration as it stands, the store, and what the engine says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from config.emptied import lost, mean
from config.handing import settings_of, store_url_of
from config.load import load
from config.reloading import NOTE, same_database
from config.settings import Settings
from config.watching import Look, looks
from config.wiring import App
from feeds.errors import ConfigError, StoreError
from feeds.store import Store

LOOK = 1.0
"""Seconds between two looks at the files."""
BRIEF = 2.0
"""Seconds for which what was read of all sources is shown again."""
T = TypeVar("T")
PATIENCE = 0.1
"""Seconds that a page waits for a changed configuration; then it is made of the one before."""
FOLLOWS = 20.0
"""Seconds in which the engine has taken up an edit, or never will."""


class House:
    """Thread-safe. The settings are those of the file; while that is wrong, those that the engine
    works with. Never older ones: who was taken out of the file comes in no more once the engine
    has heard of it, whatever is written there since."""

    def __init__(
        self, file: Path, figures: Callable[[], Mapping[str, Any]], applied: Callable[[], str]
    ) -> None:
        """`applied`: as in config.desk.Desk. Raises ConfigError."""
        self.file, self.figures, self._applied = file, figures, applied
        self.complaints: tuple[str, ...] = ()
        """About the file as it stands."""
        self._lock, self._looked = threading.Lock(), time.monotonic()
        self._known = applied()
        """The engine's, as far as it was heeded."""
        try:
            self._settings = self._loaded()
        except ConfigError as error:
            if not self._known:
                raise
            self._settings, self.complaints = settings_of(self._known), error.complaints
        self._looks = looks(self._settings)
        self._app = self._made(self._settings)
        self._kept: dict[str, tuple[float, Any]] = {}
        self._edited: tuple[float, datetime | None] | None = None

    @property
    def settings(self) -> Settings:
        return self.app.settings

    @property
    def store(self) -> Store:
        return self.app.store

    @property
    def app(self) -> App:
        """With the configuration as it stands."""
        if self._applied() != self._known:
            self._heed()
        if time.monotonic() - self._looked > LOOK:
            self._look()
        return self._app

    def close(self) -> None:
        """At the end of the process."""
        self._app.close()

    def briefly(self, name: str, make: Callable[[], T]) -> T:
        """What `make` gave lately: whoever goes from page to page sees the same 10,000 sources."""
        found = self._kept.get(name)
        if found is None or time.monotonic() - found[0] > BRIEF:
            found = time.monotonic(), make()
            self._kept[name] = found
        kept: T = found[1]
        return kept

    def changed(self) -> None:
        """Something was done that the next page is to show."""
        self._kept.clear()

    def take(self, settings: Settings) -> None:
        """An edit of ours has made it so."""
        with self._lock:
            before = self._settings
            self._change(settings, looks(settings))
        with suppress(StoreError):
            mean(before, settings, self.store)
            self._edited = (time.monotonic(), self.engine()["said"])

    def follows(self, engine: Mapping[str, Any]) -> bool:
        """Whether the engine has yet to take up the last edit of ours."""
        edited = self._edited
        if edited is None or time.monotonic() - edited[0] > FOLLOWS:
            return False
        return bool(engine["said"] == edited[1])

    def _heed(self) -> None:
        """The engine works with something new. What we have read ourselves is that or newer; else
        this is waited for, by whoever comes: it may say that he is nobody any more."""
        with self._lock:
            line = self._applied()
            if line == self._known:
                return
            self._known = line
            if self.complaints or looks(self._settings) != self._looks:
                self._change(settings_of(line), {})
                self._looked = 0.0

    def _look(self) -> None:
        # Who comes while another looks goes on with what there is.
        if not self._lock.acquire(blocking=False):
            return
        self._looked = time.monotonic()
        now = looks(self._settings)
        if now == self._looks:
            self._lock.release()
            return
        # With 10,000 sources it takes a second, for which nobody is to wait.
        reading = threading.Thread(target=self._read, args=[now], name="configuration", daemon=True)
        reading.start()
        reading.join(PATIENCE)

    def _read(self, now: dict[Path, Look]) -> None:
        """The lock is held by whoever began it, and saw the files as `now`."""
        try:
            found = self._loaded()
            if gone := lost(self._settings, found, self._app.store):
                raise ConfigError(gone)
            # Of what was seen, the look before the reading: an edit since then is yet to come.
            self._change(found, {path: now.get(path, look) for path, look in looks(found).items()})
        except StoreError:
            self._looks = {}  # looked at again
        except ConfigError as error:
            if self._known and self._settings != (at_work := settings_of(self._known)):
                self._change(at_work, {})
            self.complaints = error.complaints
            self._looks = {
                path: now.get(path, look) for path, look in looks(self._settings).items()
            }
        finally:
            self._lock.release()

    def _loaded(self) -> Settings:
        """Those of the file. Raises ConfigError, as the engine does, for another database than the
        one it works with: what is done here is to be done there."""
        found = load(self.file)
        if self._known:
            same_database(store_url_of(self._known), found)
        return found

    def _change(self, settings: Settings, seen: dict[Path, Look]) -> None:
        """`seen`: how their files looked before they were read."""
        self.complaints = ()
        self.changed()
        self._settings, self._looks = settings, seen
        before = self._app
        if settings.store_url == before.settings.store_url:
            # Those who are at work with the one before keep it; it has nothing of its own to close
            # but what the next one goes on with.
            self._app = before.heir(settings)
        else:
            self._app = self._made(settings)

    def _made(self, settings: Settings) -> App:
        app = App(settings)
        app.readers = 1
        return app

    def engine(self) -> Mapping[str, Any]:
        """What the engine says of itself (config.reloading). `since`: of what is at work; `said`:
        when it said so."""
        note = self.store.note(NOTE)
        found: dict[str, Any] = json.loads(note[0]) if note else {}
        since = found.get("since")
        return found | {
            "since": datetime.fromisoformat(since) if since else None,
            "said": note[1] if note else None,
        }

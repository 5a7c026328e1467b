"""Feedmill looks at itself: what is wrong is written down, and told."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Collection, Mapping
from pathlib import Path

import structlog

from config.figures import Figures
from config.listing import addresses
from config.logs import redact
from config.quiet import Quiet
from config.reloading import NOTE
from config.troubles import DAY, Facts, Trouble, troubles
from config.webhook import Webhook
from config.wiring import App

log = structlog.get_logger("feedmill.alerts")

MINUTE = 60.0
"""Seconds between two looks where nothing stirs."""
COSTS = 120.0
"""A look that took a second of this thread's time is followed by so many seconds without one."""


class WatchOver:
    """Looks once a minute, and sooner when something has stirred; but never so often that looking
    takes more than half a second of a minute. Not thread-safe, but for `stir`."""

    def __init__(self, app: App, figures: Figures, jobs: Mapping[str, str]) -> None:
        """`jobs`: what is wrong with the engine's, as it is at each moment."""
        self._app, self._figures, self._jobs = app, figures, jobs
        self._stirred, self._began = True, time.monotonic()
        self._next = self._soon = 0.0
        self._quiet = Quiet(app.store)
        self._webhook = Webhook(app)

    def stir(self) -> None:
        """Something has happened that may be trouble, or the end of one."""
        self._stirred = True

    def tick(self) -> None:
        """Called every few seconds. Raises StoreError."""
        now = time.monotonic()
        if now >= self._next or (self._stirred and now >= self._soon):
            self._stirred = False
            began = time.thread_time()
            self.look()
            cost = time.thread_time() - began
            self._soon = now + COSTS * cost
            self._next = now + max(MINUTE, COSTS * cost)
        self._webhook.tell()

    def look(self) -> None:
        """Raises StoreError."""
        store = self._app.store
        before = {(each.kind, each.subject) for each in store.open_happenings()}
        now = troubles(self._facts(before))
        for (kind, subject), text in now.items():
            if (kind, subject) not in before and store.happen(kind, subject, text):
                log.warning("trouble", kind=kind, about=subject, text=text)
        for kind, subject in sorted(before - now.keys()):
            if store.happened_over(kind, subject):
                log.info("trouble over", kind=kind, about=subject)

    def _facts(self, told: Collection[Trouble]) -> Facts:
        app, settings = self._app, self._app.settings
        note, now = app.store.note(NOTE), app.store.now()
        return Facts(
            now=now,
            stands=app.store.stands(),
            lasting=app.store.lasting(now - DAY) | dict.fromkeys(self._quiet(now), "quiet"),
            held=app.store.holding(),
            failing=settings.alerts.failing,
            late=settings.alerts.late,
            running=time.monotonic() - self._began,
            told=told,
            # Of our own we know, since we are at it.
            jobs={job: text for job, text in list(self._jobs.items()) if job != "watch"},
            complaints=json.loads(note[0])["complaints"] if note else (),
            refused=self._figures.refused,
            quarantined=app.store.quarantined(),
            lists=self._lists(),
            free={str(path): free for path in self._folders() if (free := _free(path))},
        )

    def _lists(self) -> dict[str, str]:
        found = {}
        for url in addresses(self._app.settings):
            held = self._app.lists.held(url)
            if held.doubted:
                found[redact(url)] = f"{held.doubted}; the one before stays"
            elif held.failures > 3:
                found[redact(url)] = held.error
        return found

    def _folders(self) -> set[Path]:
        settings = self._app.settings
        found = {settings.output}
        if settings.store_url.startswith("sqlite:////"):
            found.add(Path(settings.store_url.removeprefix("sqlite:///")).parent)
        return found


def _free(path: Path) -> tuple[int, int] | None:
    try:
        found = shutil.disk_usage(path)
    except OSError:
        return None
    return found.free, found.total

"""Feedmill looks at itself once a minute: what is wrong is written down, and told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from config.figures import Figures
from config.logs import redact
from config.reloading import NOTE
from config.troubles import Facts, troubles
from config.values import is_address
from config.wiring import App
from feeds.errors import FetchError
from feeds.models import Happening

log = structlog.get_logger("feedmill.alerts")


class WatchOver:
    def __init__(self, app: App, figures: Figures, jobs: Mapping[str, str]) -> None:
        """`jobs`: what is wrong with the engine's, as it is at each moment."""
        self._app, self._figures, self._jobs = app, figures, jobs
        self._told_badly = False

    def look(self) -> None:
        """Raises StoreError."""
        store, now = self._app.store, troubles(self._facts())
        before = {(each.kind, each.subject) for each in store.open_happenings()}
        for (kind, subject), text in now.items():
            if (kind, subject) not in before and store.happen(kind, subject, text):
                log.warning("trouble", kind=kind, about=subject, text=text)
        for kind, subject in before - now.keys():
            if store.happened_over(kind, subject):
                log.info("trouble over", kind=kind, about=subject)
        self._tell()

    def _facts(self) -> Facts:
        app, settings = self._app, self._app.settings
        note = app.store.note(NOTE)
        return Facts(
            now=app.store.now(),
            sources=app.store.briefs(),
            failing=settings.alerts.failing,
            late=settings.alerts.late,
            jobs=dict(self._jobs),
            complaints=json.loads(note[0])["complaints"] if note else (),
            refused=self._figures.refused,
            quarantined=app.store.quarantined(),
            lists=self._lists(),
            free={str(path): free for path in self._folders() if (free := _free(path))},
        )

    def _lists(self) -> dict[str, str]:
        found = {}
        for url in filter(is_address, self._app.settings.includes):
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

    def _tell(self) -> None:
        """The webhook, in order; what it does not take is told again the next time."""
        if self._app.settings.alerts.webhook is None:
            return
        for each in self._app.store.happenings(50, untold=True):
            try:
                status = self._app.send(
                    "POST",
                    self._app.settings.alerts.webhook,
                    {"Content-Type": "application/json"},
                    json.dumps(message(each, self._app.settings.site.title)).encode(),
                ).status
                error = "" if 200 <= status < 300 else f"it answers {status}"
            except FetchError as trouble:
                error = str(trouble)
            if error:
                if not self._told_badly:
                    log.warning("the webhook takes no word", error=error)
                self._told_badly = True
                return
            self._told_badly = False
            self._app.store.told_of(each)


def message(one: Happening, site: str) -> dict[str, Any]:
    """`text` is what chat programs show."""
    over = "over: " if one.over_at else ""
    return {
        "text": f"{site}: {over}{one.text}",
        "kind": one.kind,
        "about": one.subject,
        "at": one.at.isoformat(timespec="seconds"),
        "over_at": one.over_at and one.over_at.isoformat(timespec="seconds"),
    }


def _free(path: Path) -> tuple[int, int] | None:
    try:
        found = shutil.disk_usage(path)
    except OSError:
        return None
    return found.free, found.total

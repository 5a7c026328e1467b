"""The operators' webhook: told of each trouble when it begins and when it is over, in order."""

from __future__ import annotations

import json
import time
from typing import Any

import structlog

from config.wiring import App
from feeds.errors import FetchError
from feeds.models import Happening

log = structlog.get_logger("feedmill.alerts")

AGAIN, MOST = 5.0, 60.0
"""Seconds until what it did not take is told again: twice as many each time, between these."""
AT_ONCE = 50


class Webhook:
    """For one thread at a time."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._next, self._wait = 0.0, AGAIN

    def tell(self) -> None:
        """What it does not take is told again, and before what came later. Raises StoreError."""
        if self._app.settings.alerts.webhook is None:
            self._app.store.tell_no_more()
        elif time.monotonic() >= self._next:
            for each in self._app.store.happenings(AT_ONCE, untold=True):
                if error := self._told(each):
                    self._failed(error)
                    return
                self._wait = AGAIN
                self._app.store.told_of(each)

    def _told(self, one: Happening) -> str:
        """What is wrong; "" when it took it."""
        settings = self._app.settings
        body = json.dumps(message(one, settings.site.title)).encode()
        headers = {"Content-Type": "application/json"}
        try:
            answer = self._app.send("POST", settings.alerts.webhook or "", headers, body)
        except FetchError as error:
            return str(error)
        return "" if 200 <= answer.status < 300 else f"it answers {answer.status}"

    def _failed(self, error: str) -> None:
        if self._wait == AGAIN:  # said once, until it has taken something
            log.warning("the webhook takes no word", error=error)
        self._next = time.monotonic() + self._wait
        self._wait = min(2 * self._wait, MOST)


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

"""Lists of sources that lie elsewhere, asked again on schedule; what came last is kept in a file.

A list that is suddenly empty, or has lost most of its feeds, is more often a fault of who serves
it than meant: what was there stays until the operator says so, or until it has stayed so small for
a week.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aggregator.opml import BadOpml, Outline, read_opml
from feeds.errors import PollError
from feeds.models import Validators
from feeds.protocols import Fetcher, Now, Request

LOST = 0.5
"""Share of the feeds that a list may lose at once."""
SMALL = 5
"""Lists of so few feeds may lose them, but not all."""
DOUBT = timedelta(days=7)
"""After which a list that stayed so small is believed."""
SOON, MOST = timedelta(minutes=5), timedelta(days=1)
"""Waiting after a failure: twice as long each time, between these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is known of a list, beside what it said. Times: aware UTC."""

    url: str
    due: datetime | None = None
    checked_at: datetime | None = None
    changed_at: datetime | None = None
    validators: Validators | None = None
    feeds: int = 0
    failures: int = 0
    error: str = ""
    doubted: str = ""
    """Why what comes now is not taken; "" when it is."""
    doubted_since: datetime | None = None


def doubt(before: Sequence[Outline], after: Sequence[Outline]) -> str:
    """Why a new version is not to be believed at once; "" when it is."""
    old, new = {each.url for each in before}, {each.url for each in after}
    lost = len(old - new)
    if old and not new:
        return f"it is empty, and had {len(old)} feeds"
    if len(old) > SMALL and lost > LOST * len(old):
        return f"it has lost {lost} of its {len(old)} feeds"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """`place`: where the list of an address is kept. For one thread at a time."""

    fetcher: Fetcher
    now: Now
    place: Callable[[str], Path]
    refresh: timedelta
    request: Callable[[str], Request]

    def held(self, url: str) -> Held:
        """What is known of it; of one that was never asked, its address."""
        try:
            found = json.loads(_beside(self.place(url)).read_text("utf-8"))
            return _held(found) if found.get("url") == url else Held(url=url)
        except (OSError, ValueError, TypeError, AttributeError):
            return Held(url=url)

    def due(self, urls: Sequence[str]) -> list[str]:
        now = self.now()
        return [url for url in urls if (at := self.held(url).due) is None or at <= now]

    def ask(self, url: str, *, believe: bool = False) -> Held:
        """Ask for it, and keep what came. `believe`: whatever it has lost. Raises OSError when it
        can't be kept."""
        before, now = self.held(url), self.now()
        request = self.request(url)
        kept = self.place(url)
        if before.validators is not None and kept.is_file() and not before.doubted and not believe:
            request = replace(request, validators=before.validators)
        try:
            response = self.fetcher.fetch(request)
            if response.status == 304:
                after = replace(before, checked_at=now, failures=0, error="")
            else:
                after = self._taken(before, response.body, now, believe)
                after = replace(after, validators=response.validators)
        except (PollError, BadOpml) as error:
            wait = min(SOON * 2 ** min(before.failures, 20), max(MOST, self.refresh))
            until = max(now + wait, getattr(error, "retry_after", None) or now)
            where = f"line {error.line}: " if isinstance(error, BadOpml) else ""
            after = replace(
                before, failures=before.failures + 1, error=f"{where}{error}", due=until
            )
        else:
            after = replace(after, due=now + self.refresh)
        _write(_beside(kept), json.dumps(asdict(after), default=datetime.isoformat).encode())
        return after

    def _taken(self, before: Held, body: bytes, now: datetime, believe: bool) -> Held:
        """Raises BadOpml."""
        kept, new = self.place(before.url), read_opml(body)
        old = read_opml(kept.read_bytes()) if kept.is_file() else []
        checked = replace(before, checked_at=now, failures=0, error="")
        why = "" if believe else doubt(old, new)
        since = before.doubted_since or now
        if why and now - since < DOUBT:
            return replace(checked, doubted=why, doubted_since=since)
        if not kept.is_file() or kept.read_bytes() != body:
            _write(kept, body)
            checked = replace(checked, changed_at=now)
        return replace(checked, feeds=len(new), doubted="", doubted_since=None)


def _beside(path: Path) -> Path:
    return path.with_suffix(".json")


def _held(found: dict[str, Any]) -> Held:
    for name in ("due", "checked_at", "changed_at", "doubted_since"):
        found[name] = found[name] and datetime.fromisoformat(found[name])
    if found["validators"]:
        found["validators"] = Validators(**found["validators"])
    return Held(**found)


def _write(path: Path, body: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)

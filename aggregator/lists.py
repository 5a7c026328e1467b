"""Lists of sources that lie elsewhere, asked again on schedule; what came last is kept in a file.

A list that is suddenly empty, or has lost most of its feeds, is more often a fault of who serves
it than meant: what was there stays until the operator says so, or until it has stayed so small for
a week. Its server is asked as politely as that of a source: conditionally, never before
Retry-After, and no sooner than max-age and `refresh` say.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aggregator.fetch.freshness import freshness
from aggregator.identity.urls import address_key
from aggregator.opml import BadOpml, Outline, read_opml
from feeds.errors import HostBusy, PollError
from feeds.models import Validators
from feeds.protocols import Fetcher, Now, Request

LOST = 0.5
"""Share of the feeds that a list may lose at once, of whatever size it is: of two feeds one, and a
list's only feed is not believed to be another. A feed that moves is rarer than a list of somebody
else's, and its old address leads on for a week."""
DOUBT = timedelta(days=7)
"""After which a list that stayed so small is believed."""
SOON, MOST = timedelta(minutes=5), timedelta(days=1)
"""Waiting after a failure: twice as long each time, between these; never less than `refresh` where
something is kept already, since then nothing hurries."""
BUSY = timedelta(minutes=1)
"""Waiting where we gave its host no turn: no fault of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is known of a list, beside what it said. Times: aware UTC."""

    url: str
    due: datetime | None = None
    """When it may be asked again, but for what `refresh` says."""
    checked_at: datetime | None = None
    changed_at: datetime | None = None
    validators: Validators | None = None
    feeds: int = 0
    failures: int = 0
    error: str = ""
    doubted: str = ""
    """Why what comes now is not taken; "" when it is."""
    doubted_since: datetime | None = None


def doubt(old: set[str], new: set[str]) -> str:
    """Why a new version is not to be believed at once; "" when it is. Addresses of feeds, each in
    one spelling."""
    lost = len(old - new)
    if old and not new:
        return f"it is empty, and had {len(old)} feed{'s'[: len(old) != 1]}"
    if lost > LOST * len(old):
        return f"it has lost {lost} of its {len(old)} feed{'s'[: len(old) != 1]}"
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
            found = _held(json.loads(_beside(self.place(url)).read_text("utf-8")))
        except (OSError, ValueError, TypeError, LookupError, AttributeError):
            return Held(url=url)  # nothing that can be used: it is asked anew
        return found if found.url == url else Held(url=url)

    def due(self, urls: Sequence[str]) -> list[str]:
        now = self.now()
        return [url for url in urls if (at := self.next(self.held(url))) is None or at <= now]

    def next(self, held: Held) -> datetime | None:
        """When it is asked again; None: at once. By `refresh` as it is now: the operator may have
        changed it (E15)."""
        if held.checked_at is None or held.failures:
            return held.due
        refreshed = held.checked_at + self.refresh
        return refreshed if held.due is None else max(refreshed, held.due)

    def ask(self, url: str, *, believe: bool = False) -> Held:
        """Ask for it, and keep what came. `believe`: whatever it has lost. Raises OSError when it
        can't be kept; its server is not asked then."""
        before, now = self.held(url), self.now()
        # Whatever becomes of us meanwhile, it is not asked again at once.
        self._keep(replace(before, due=now + SOON))
        old = self._feeds(url)
        try:
            after = self._answered(before, old, now, believe)
        except HostBusy:
            after = replace(before, due=now + BUSY)
        except (PollError, BadOpml) as error:
            after = self._failed(before, old, now, error)
        self._keep(after)
        return after

    def _answered(self, before: Held, old: set[str] | None, now: datetime, believe: bool) -> Held:
        """Raises PollError, BadOpml, OSError."""
        request = self.request(before.url)
        settled = before.doubted_since is not None and now - before.doubted_since >= DOUBT
        if old is not None and not settled and not (believe and before.doubted):
            # Of what is doubted, too: while it stays as it is, there is nothing to judge anew.
            request = replace(request, validators=before.validators)
        response = self.fetcher.fetch(request)
        if response.status == 304:
            after = before
        else:
            after = self._taken(before, response.body, old, now, believe)
        age = freshness(response.headers, now).max_age or 0.0
        return replace(
            after,
            checked_at=now,
            failures=0,
            error="",
            due=now + min(timedelta(seconds=age), MOST),
            validators=response.validators,
        )

    def _failed(
        self, before: Held, old: set[str] | None, now: datetime, error: PollError | BadOpml
    ) -> Held:
        first = SOON if old is None else max(SOON, self.refresh)
        wait = min(first * 2 ** min(before.failures, 20), max(MOST, self.refresh))
        until = max(now + wait, getattr(error, "retry_after", None) or now)
        where = f"line {error.line}: " if isinstance(error, BadOpml) else ""
        return replace(before, failures=before.failures + 1, error=f"{where}{error}", due=until)

    def _taken(
        self, before: Held, body: bytes, old: set[str] | None, now: datetime, believe: bool
    ) -> Held:
        """Raises BadOpml, OSError."""
        kept, new = self.place(before.url), _feeds(read_opml(body))
        why = "" if believe else doubt(old or set(), new)
        since = before.doubted_since or now
        if why and now - since < DOUBT:
            return replace(before, doubted=why, doubted_since=since)
        after = replace(before, feeds=len(new), doubted="", doubted_since=None)
        if old is not None and kept.read_bytes() == body:
            return after
        _write(kept, body)
        return replace(after, changed_at=now)

    def _feeds(self, url: str) -> set[str] | None:
        """Of the list as it is kept; None where none is, or none that can be read."""
        try:
            return _feeds(read_opml(self.place(url).read_bytes()))
        except (OSError, BadOpml):
            return None

    def _keep(self, held: Held) -> None:
        text = json.dumps(asdict(held), default=datetime.isoformat)
        _write(_beside(self.place(held.url)), text.encode())


def _feeds(outlines: Iterable[Outline]) -> set[str]:
    """The addresses of what can be polled, each in one spelling."""
    return {address_key(each.url) or each.url for each in outlines if each.url and not each.fault}


def _beside(path: Path) -> Path:
    return path.with_suffix(".json")


def _held(found: dict[str, Any]) -> Held:
    """Raises LookupError, TypeError, ValueError, AttributeError for what is none."""
    for name in ("due", "checked_at", "changed_at", "doubted_since"):
        at = found[name] and datetime.fromisoformat(found[name])
        if at and at.tzinfo is None:
            raise ValueError(name)
        found[name] = at or None
    if not isinstance(found["failures"], int) or not isinstance(found["feeds"], int):
        raise TypeError
    if found["validators"]:
        found["validators"] = Validators(**found["validators"])
    return Held(**found)


def _write(path: Path, body: bytes) -> None:
    """Whole or not at all; `run` and the verb may do it at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o644)
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise

"""Adding at the desk: addresses are looked at once each, what is behind them is shown, and what is
chosen is added from what came then."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from aggregator.explore import Exploration, Found
from config import adding
from config.desk.house import House
from feeds.errors import ConfigError, FeedmillError, PollError

log = structlog.get_logger("feedmill.desk")

MOST = 50
"""Addresses that are looked at together."""
KEPT = 900.0
"""Seconds for which what was found waits to be chosen."""
LOOKS = 20
"""Lookups that are kept."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One address. `error`: why nothing can be added of it."""

    given: str
    seen: Exploration | None
    error: str = ""

    @property
    def feeds(self) -> list[Found]:
        return self.seen.feeds if self.seen else []


@dataclass(slots=True)
class Lookup:
    looked: list[Looked]
    wishes: adding.Wishes
    at: float = field(default_factory=time.monotonic)

    def found(self) -> dict[str, Found]:
        """Feeds by the address that is configured."""
        return {each.settled: each for one in self.looked for each in one.feeds}


class Gone(ConfigError):
    """It is not kept any more."""


class Lookups:
    """What was found, until it is chosen. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, Lookup] = {}

    def look(
        self,
        house: House,
        addresses: Sequence[str],
        wishes: adding.Wishes,
        *,
        guess: bool = False,
    ) -> str:
        """Look at them; by which name the lookup is kept. `guess`: where a page names no feed, the
        usual paths too. Raises ConfigError."""
        given = list(dict.fromkeys(each.strip() for each in addresses if each.strip()))
        if not given:
            raise ConfigError(["give at least one address"])
        if len(given) > MOST:
            raise ConfigError([f"{len(given)} addresses: {MOST} at a time, or an OPML list"])
        adding.check(wishes)
        looking = adding.Looking(house.app, wishes)
        lookup = Lookup([_looked(each, looking, guess) for each in given], wishes)
        name = secrets.token_urlsafe(12)
        with self._lock:
            self._kept[name] = lookup
            while len(self._kept) > LOOKS:
                del self._kept[next(iter(self._kept))]
        return name

    def get(self, name: str) -> Lookup:
        with self._lock:
            found = self._kept.get(name)
        if found is None or time.monotonic() - found.at > KEPT:
            raise Gone(["that was too long ago: look at the addresses again"])
        return found

    def add(
        self, house: House, name: str, urls: Sequence[str], wishes: adding.Wishes, by: str
    ) -> list[adding.Added]:
        """Those feeds of the lookup; what was fetched is their first poll. Raises ConfigError,
        EditError."""
        lookup, there = self.get(name), house.settings.sources
        known = lookup.found()
        wanted = [known[url] for url in dict.fromkeys(urls) if url in known]
        if not wanted:
            raise ConfigError(["choose at least one of the feeds that were found"])
        # A form that was sent twice adds nothing twice.
        chosen = [each for each in wanted if each.settled not in there]
        if not chosen:
            return []
        return add_found(house, chosen, wishes, by)


def add_found(
    house: House, chosen: Sequence[Found], wishes: adding.Wishes, by: str
) -> list[adding.Added]:
    adding.check(wishes)
    app = house.app
    new = adding.wanted_categories(app.settings, wishes)
    settings = adding.write(app.settings, [each.settled for each in chosen], wishes, new)
    house.take(settings)
    added = adding.first_polls(house.app, settings, chosen)
    house.changed()
    log.info("sources added", sources=len(added), by=by)
    return added


def _looked(given: str, looking: adding.Looking, guess: bool) -> Looked:
    try:
        url = adding.address(given)
        if where := looking.configured(url):
            return Looked(given, None, f"it is configured already, at {where}")
        seen = looking.explorer()(url, everything=True, guess=guess)
    except PollError as error:
        return Looked(given, None, f"{error.kind}: {error}")
    except FeedmillError as error:
        return Looked(given, None, str(error))
    if seen.feeds:
        return Looked(given, seen)
    return Looked(given, seen, str(adding.none_to_add(seen, adding.DESK, guessed=guess)))

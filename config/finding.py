"""Which source an operator means: by number, address in any spelling, file, or a part of a name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

from aggregator.identity.urls import address_key
from config.logs import redact
from config.settings import Settings
from config.showing import configured, shown_url
from feeds.errors import ConfigError
from feeds.models import SourceState

FEW = 4
"""Sources that a complaint names when a word fits several."""


def find(
    names: Sequence[str], settings: Settings, states: Sequence[SourceState], option: str = ""
) -> list[SourceState]:
    """One source for each name, in order. Raises ConfigError with all that are none or several.
    `option`: how the complaint begins ("--source "). Addresses that are secret are taken as they
    stand, never by a part, never suggested."""
    finder = _Finder(settings, states)
    found, wrong = [], []
    for name in names:
        fitting = finder.fitting(name)
        if len(fitting) == 1:
            found.append(fitting[0])
        else:
            wrong.append(f"{option}{redact(name)}: {finder.complaint(name, fitting)}")
    if wrong:
        raise ConfigError(wrong)
    return found


def find_one(name: str, settings: Settings, states: Sequence[SourceState]) -> SourceState:
    """Raises ConfigError."""
    return find([name], settings, states)[0]


class _Finder:
    def __init__(self, settings: Settings, states: Sequence[SourceState]) -> None:
        self._settings, self._states = settings, states

    def fitting(self, name: str) -> list[SourceState]:
        """The first way of naming that fits any."""
        ways: tuple[Callable[[str], list[SourceState]], ...] = (
            self._by_number,
            self._by_address,
            self._by_part,
        )
        return next((found for way in ways if (found := way(name))), [])

    def _by_number(self, name: str) -> list[SourceState]:
        return [each for each in self._states if name.isascii() and name == str(each.id)]

    def _by_address(self, name: str) -> list[SourceState]:
        """The configured one, or the one it is requested at now."""
        url = name if "://" in name else (self._settings.folder / name).resolve().as_uri()
        key = _key(url)
        found = [each for each in self._states if _key(each.url) == key]
        return found or [each for each in self._states if _key(each.fetch_url) == key]

    def _by_part(self, name: str) -> list[SourceState]:
        word = name.strip().casefold()
        return [each for each in self._states if word and word in self._names(each).casefold()]

    def _names(self, state: SourceState) -> str:
        """Its titles, and its address as it may be shown."""
        source = configured(state, self._settings)
        titles = f"{source.title or ''}\n{state.title or ''}"
        return titles if source.secret_url else f"{titles}\n{shown_url(state, self._settings)}"

    def complaint(self, name: str, fitting: Sequence[SourceState]) -> str:
        if fitting:
            some = ", ".join(
                f"{each.id} {shown_url(each, self._settings)}" for each in fitting[:FEW]
            )
            more = ", …" if len(fitting) > FEW else ""
            return f"fits {len(fitting)} sources ({some}{more}); say more of it, or its number"
        shown = [
            shown_url(each, self._settings)
            for each in self._states
            if not configured(each, self._settings).secret_url
        ]
        close = difflib.get_close_matches(name, shown, 1, 0.6) if len(shown) < 1000 else []
        hint = f'did you mean "{close[0]}"?' if close else "see `feedmill sources`"
        return f"no such source; {hint}"


def _key(url: str) -> str:
    return address_key(url) or url

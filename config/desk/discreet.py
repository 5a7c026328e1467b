"""Secret sources in a view's list: the desk and the API name them by number, `source:12`."""

from __future__ import annotations

from collections.abc import Iterable

from aggregator.identity.urls import address_key
from config.desk.house import House

_WORD = "source:"


def shown(house: House, words: Iterable[str]) -> list[str]:
    """Addresses as they may be shown."""
    secret = {_key(url): f"{_WORD}{number}" for number, url in _secret(house).items()}
    return [secret.get(_key(word), word) for word in words]


def meant(house: House, words: Iterable[str]) -> list[str]:
    """Addresses as they are written; a number that no secret source has stays, and is refused."""
    known = {f"{_WORD}{number}": url for number, url in _secret(house).items()}
    return [known.get(word, word) for word in words]


def _secret(house: House) -> dict[int, str]:
    sources = house.settings.sources
    if not any(each.secret_url for each in sources.values()):
        return {}
    return {
        brief.id: brief.url
        for brief in house.store.briefs()
        if brief.url in sources and sources[brief.url].secret_url
    }


def _key(url: str) -> str:
    return address_key(url) or url

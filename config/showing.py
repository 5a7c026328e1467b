"""How verbs show things: times, tables, sources by a name that gives no secret away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from aggregator import cadence, due
from config.logs import redact
from config.settings import Settings
from feeds.models import AddressChange, Source, SourceState


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def short(moment: datetime | None) -> str:
    """In the operator's own time zone, to the minute."""
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M}"


def near(moment: datetime | None, now: datetime) -> str:
    """As short as it can be told from other days: "15:10", "Tue 06:00", "2026-03-09 06:00"."""
    return "" if moment is None else due.near(moment, now)


Said = Sequence[str | datetime]
"""Words, and moments among them, which each place shows in its own way."""


def spoken(said: Said, now: datetime) -> str:
    """On one line of text."""
    return "".join(each if isinstance(each, str) else near(each, now) for each in said)


def span(seconds: float) -> str:
    """ "45 s", "12 min", "3.2 h", "40 days": digits that matter."""
    return f"{round(seconds)} s" if seconds < 90 else cadence.span(seconds)


def plain(text: str) -> str:
    """Without control characters: a title must not steer the terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def print_table(table: Any) -> None:
    """As wide as the terminal; unfolded where a script or a pager reads."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=Console(width=10_000).measure(table).maximum, no_color=True)
    console.print(table)


# --- sources


def configured(state: SourceState, settings: Settings) -> Source:
    """As it is configured; of one that is so no more, what is known."""
    found = settings.sources.get(state.url)
    return Source(url=state.url, secret_url=state.secret) if found is None else found


def shown_url(state: SourceState, settings: Settings) -> str:
    """The configured address as a table may show it; a secret one goes by number and title."""
    source = configured(state, settings)
    if source.secret_url:
        return f"(source {state.id}: {source.title or state.title or 'secret address'})"
    return settings.file_of(state.url) or public_url(state.url)


def shown_source(url: str, number: int, settings: Settings) -> str:
    """The configured address where nothing else is known of the source."""
    source = settings.sources.get(url)
    if source is not None and source.secret_url:
        return f"(source {number}: {source.title or 'secret address'})"
    return settings.file_of(url) or public_url(url)


def shown_address(url: str, state: SourceState, settings: Settings) -> str:
    """Another address of that source: one it redirects to may hold the same secret."""
    own = settings.sources.get(url)
    if configured(state, settings).secret_url or (own is not None and own.secret_url):
        return _secret_at(url)
    return public_url(url)


def shown_change(change: AddressChange, state: SourceState, settings: Settings) -> tuple[str, str]:
    """(address before, address after)"""
    if change.secret:
        return _secret_at(change.before), _secret_at(change.after)
    before = shown_address(change.before, state, settings)
    return before, shown_address(change.after, state, settings)


def _secret_at(url: str) -> str:
    return f"(secret address at {urlsplit(url).hostname or 'file'})"


def public_url(url: str) -> str:
    """An address that is no secret as a whole: a user in it is, and its query then too."""
    return redact(url) if "@" in url else plain(url)


def shown_title(state: SourceState, settings: Settings) -> str:
    """The operator's, else the document's, else the address."""
    source = configured(state, settings)
    return plain(source.title or state.title or shown_url(state, settings))


def adopted(state: SourceState, settings: Settings) -> str | None:
    """Where it is requested when that is not the configured address."""
    if state.fetch_url == state.url:
        return None
    return shown_address(state.fetch_url, state, settings)

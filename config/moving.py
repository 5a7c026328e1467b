"""Sources that were given another address in the file: known by their ids, so that they keep their
history without a word of the operator's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from aggregator.identity.urls import canonical, default_rules
from config.settings import PollSettings, Settings
from config.wiring import App
from feeds.errors import PollError
from feeds.models import Entry, Source, SourceState
from feeds.protocols import Request

MOST = 20
"""New addresses that are asked; who changes more of them says `was`."""
RECENT = 500
"""Articles of a removed source that are compared."""
SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """`share`: of the new document's entries, those that the old source has."""

    before: str
    after: str
    share: float


def differences(
    settings: Settings, states: Iterable[SourceState]
) -> tuple[list[Source], list[SourceState]]:
    """(configured and not known, known and configured no more), but for those that the operator
    (`was`) or an adopted redirect names."""
    known = {each.url: each for each in states}
    gone = {url: each for url, each in known.items() if url not in settings.sources}
    adopted = {each.fetch_url: url for url, each in gone.items() if each.fetch_url != url}
    added = []
    for url, source in settings.sources.items():
        if url in known:
            continue
        before = source.was if source.was in gone else adopted.get(url)
        if before in gone:
            del gone[before]
        else:
            added.append(source)
    return added, list(gone.values())


def moved(app: App, added: Sequence[Source], removed: Sequence[SourceState]) -> list[Moved]:
    """Which of the removed sources the added ones are; one request for each of these. Raises
    StoreError."""
    if not removed or not added or len(added) > MOST:
        return []
    had = {each.url: _ids(_stored(app, each)) for each in removed if each.article_count}
    found: list[Moved] = []
    for source in added:
        ids = _entry_ids(_entries(app, source))
        ranked = sorted(((_share(ids, old), url) for url, old in had.items()), reverse=True)
        if ranked and ranked[0][0] >= SHARE:
            share, url = ranked[0]
            del had[url]
            found.append(Moved(before=url, after=source.url, share=share))
    return found


def told(settings: Settings, moves: Iterable[Moved]) -> Settings:
    """The settings as if the operator had said so."""
    sources = dict(settings.sources)
    for each in moves:
        sources[each.after] = replace(sources[each.after], was=each.before)
    return replace(settings, sources=sources)


def _share(ids: Sequence[frozenset[str]], old: frozenset[str]) -> float:
    return sum(not each.isdisjoint(old) for each in ids) / len(ids) if ids else 0.0


def _entry_ids(entries: Iterable[Entry]) -> list[frozenset[str]]:
    return [_of(each) for each in entries]


def _ids(entries: Iterable[Entry]) -> frozenset[str]:
    return frozenset(one for each in entries for one in _of(each))


def _of(entry: Entry) -> frozenset[str]:
    """Its guid, and its link in one spelling."""
    link = canonical(entry.link, default_rules()) if entry.link else None
    return frozenset(each for each in (entry.guid, link) if each)


def _stored(app: App, state: SourceState) -> list[Entry]:
    return [each.entry for each in app.store.articles([state.id], RECENT)]


def _entries(app: App, source: Source) -> Sequence[Entry]:
    """Of what stands there now; none where nothing can be read."""
    if not source.url.startswith(("http:", "https:")):
        return ()
    try:
        response = app.errands.fetch(request_for(source, app.settings.poll, source.url))
        kind = response.headers.get("content-type")
        return app.reader(response.body, response.url, kind, None).entries
    except PollError:
        return ()


def request_for(source: Source, poll: PollSettings, url: str) -> Request:
    """An unconditional request for that source's document."""
    allowed: bool | tuple[str, ...] = poll.allow_private
    return Request(
        url=url,
        headers=source.headers,
        auth=source.auth,
        user_agent=source.user_agent,
        proxy=source.proxy,
        timeout=source.timeout or poll.timeout,
        max_body=poll.max_body,
        allow_private=allowed if source.allow_private is None else source.allow_private,
    )

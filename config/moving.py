"""Sources that were given another address in the file: known by their ids, so that they keep their
history without a word of the operator's."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace

from aggregator.identity.seen import unpack
from aggregator.identity.urls import UrlRules
from config.likening import Former, Ids, Likeness, former, ids_of, likeness, matched
from config.settings import PollSettings, Settings
from config.showing import shown_address, shown_url
from config.wiring import App
from feeds.errors import PollError
from feeds.models import Source, SourceState
from feeds.protocols import Request

MOST = 20
"""New addresses that are asked; who changes more of them says `was`."""
RECENT = 500
"""Articles of a removed source that are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    state: SourceState
    """Of the source, under its former address."""
    source: Source
    likeness: Likeness

    @property
    def before(self) -> str:
        return self.state.url

    @property
    def after(self) -> str:
        return self.source.url

    @property
    def why(self) -> str:
        """As it is kept with the source."""
        alike = self.likeness
        return (
            f"configured at another address: {alike.share:.0%} of what is there is known, "
            f"{alike.back:.0%} of what it showed last is there"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """A new address that may be more than one of the former sources, or one of which several new
    addresses may be."""

    source: Source
    states: tuple[SourceState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    moved: tuple[Moved, ...] = ()
    unclear: tuple[Unclear, ...] = ()


def differences(
    settings: Settings, known: Container[str], removed: Iterable[SourceState]
) -> tuple[list[Source], list[SourceState]]:
    """(configured and not known, known and configured no more), but for those that the operator
    (`was`) or an adopted redirect names. `known`: URLs; `removed`: of those, who is configured no
    more."""
    gone = {each.url: each for each in removed}
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


def moves(app: App, added: Sequence[Source], removed: Sequence[SourceState]) -> Moves:
    """Which of the removed sources the added ones are; one request for each of these. Raises
    StoreError."""
    states = {each.url: each for each in removed if each.article_count}
    if not states or not added or len(added) > MOST:
        return Moves()
    rules = UrlRules.load(app.settings.tracking)
    new = {source.url: _ids(app, source, rules) for source in added}
    size = max(len(each.entries) for each in new.values())
    old = {url: _former(app, state, size, rules) for url, state in states.items()}
    likely = {
        (after, before): likeness(ids, known)
        for after, ids in new.items()
        for before, known in old.items()
    }
    sure, unclear = matched(likely)
    sources = {each.url: each for each in added}
    return Moves(
        moved=tuple(
            Moved(state=states[b], source=sources[a], likeness=likely[a, b]) for a, b in sure
        ),
        unclear=tuple(
            Unclear(source=sources[after], states=tuple(states[each] for each in sorted(some)))
            for after, some in unclear.items()
        ),
    )


def told(settings: Settings, found: Iterable[Moved]) -> Settings:
    """The settings as if the operator had said so."""
    sources = dict(settings.sources)
    for each in found:
        sources[each.after] = replace(sources[each.after], was=each.before, guessed=each.why)
    return replace(settings, sources=sources)


def shown_move(each: Moved, settings: Settings) -> tuple[str, str]:
    """(former address, new one) as they may be shown."""
    after = shown_address(each.after, each.state, settings)
    return shown_address(each.before, each.state, settings), after


def shown_states(each: Unclear, settings: Settings) -> list[str]:
    """The addresses of those that it may be."""
    return [shown_url(state, settings) for state in each.states]


def _former(app: App, state: SourceState, size: int, rules: UrlRules) -> Former:
    articles = app.store.articles([state.id], RECENT)
    last = unpack(app.store.seen(state.id), rules)
    ghosts = list(last.ghosts.values()) if last is not None else []
    return former(ids_of((each.entry for each in articles), state.link, rules), ghosts, size)


def _ids(app: App, source: Source, rules: UrlRules) -> Ids:
    """Of what stands there now; none where nothing can be read."""
    nothing = Ids(entries=())
    if not source.url.startswith(("http:", "https:")):
        return nothing
    try:
        response = app.errands.fetch(request_for(source, app.settings.poll, source.url))
        kind = response.headers.get("content-type")
        document = app.reader(response.body, response.url, kind, None)
    except PollError:
        return nothing
    return ids_of(document.entries, document.link, rules)


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

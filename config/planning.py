"""What a configuration would change, before it does: sources, and what feeds show."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from config.applied import Said, changes, of
from config.membership import members
from config.moving import Moved, Moves, Unclear, differences, moves
from config.reloading import APPLIED
from config.settings import Settings
from config.showing import shown_source, shown_url
from config.wiring import App
from feeds.models import Event, EventKind, FeedState, Source, SourceState
from publisher.placing import Placing

Changes = Mapping[str, tuple[Any, Any]]
"""Key → (what is said now, what would be)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPlan:
    """`entering`, `leaving`: article ids, newest last. `fate`: "new", "removed", "renamed",
    "changed"."""

    slug: str
    fate: str
    before: str | None = None
    """The slug of one that is renamed."""
    changed: Changes = field(default_factory=dict)
    entering: tuple[int, ...] = ()
    leaving: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    added: tuple[Source, ...] = ()
    removed: tuple[SourceState, ...] = ()
    changed: tuple[tuple[Source, Changes], ...] = ()
    moved: tuple[Moved, ...] = ()
    renamed: tuple[tuple[SourceState, Source], ...] = ()
    """At another address, as the operator or an adopted redirect says."""
    unclear: tuple[Unclear, ...] = ()
    """Of `added`: those that may be one of `removed`."""
    feeds: tuple[FeedPlan, ...] = ()

    def __bool__(self) -> bool:
        some = (self.added, self.removed, self.changed, self.moved, self.renamed, self.feeds)
        return any(some)


def plan(app: App, *, ask: bool = True) -> Plan:
    """What `app.settings` would change in its store, and against what is at work. `ask`: look
    whether removed and added sources are the same (one request for each added one). Raises
    StoreError."""
    settings, states = app.settings, app.store.sources()
    known = {each.url for each in states}
    gone = [each for each in states if each.url not in settings.sources]
    added, removed = differences(settings, known, gone)
    found = moves(app, added, removed) if ask else Moves()
    after, before = ({getattr(m, side) for m in found.moved} for side in ("after", "before"))
    note = app.store.note(APPLIED)
    applied = json.loads(note[0]) if note else None
    ids, _ = _numbers(settings, states, found.moved)
    now = {number: settings.sources[url] for url, number in ids.items()}
    return Plan(
        added=tuple(each for each in added if each.url not in after),
        removed=tuple(each for each in removed if each.url not in before),
        changed=tuple(_changed(app, now, applied, states)),
        moved=found.moved,
        renamed=tuple(
            (each, now[each.id])
            for each in states
            if each.id in now and each.url != now[each.id].url and each.url not in before
        ),
        unclear=found.unclear,
        feeds=tuple(_feeds(app, settings, applied, states, found.moved)),
    )


def _changed(
    app: App, now: Mapping[int, Source], applied: Any, states: Sequence[SourceState]
) -> Iterable[tuple[Source, Changes]]:
    """`now`: by number, as it would be."""
    slugs = app.store.source_categories()
    salt = None if applied is None else applied.get("salt")
    for state in states:
        new = now.get(state.id)
        if new is None:
            continue
        after = of(new, salt)
        if applied is not None:
            before: Said = applied["sources"].get(state.url, {})
        else:  # nothing ran yet: what the store has of it
            before = dict(after) | {"categories": list(slugs.get(state.id, ()))}
        if found := changes(before, after):
            yield new, found


def _feeds(
    app: App,
    settings: Settings,
    applied: Any,
    states: Sequence[SourceState],
    moves: Sequence[Moved],
) -> Iterable[FeedPlan]:
    known = {each.slug: each for each in app.store.feeds()}
    ids, of_source = _numbers(settings, states, moves)
    inside = members(settings, of_source, ids)
    old = applied["feeds"] if applied is not None else {}
    salt = None if applied is None else applied.get("salt")
    for feed in settings.feeds:
        state = known.get(feed.slug) or known.get(feed.was or "")
        placing = Placing(store=app.store, category=feed, members=inside[feed.slug])
        events = placing.planned(state or _unknown(feed.slug))
        was = None if feed.slug in known or feed.was not in known else feed.was
        name = was or feed.slug
        said = changes(old[name], of(feed, salt)) if name in old else {}
        if "sources" in said:
            said["sources"] = _shown(*said["sources"], settings, states)
        if state is None:
            yield FeedPlan(slug=feed.slug, fate="new", entering=_of(events, EventKind.ENTER))
        elif events or said or was:
            yield FeedPlan(
                slug=feed.slug,
                fate="renamed" if was else "changed",
                before=was,
                changed=said,
                entering=_of(events, EventKind.ENTER),
                leaving=_of(events, EventKind.LEAVE),
            )
    there = {each.slug for each in settings.feeds} | {each.was for each in settings.feeds}
    for slug in known.keys() - there:
        yield FeedPlan(slug=slug, fate="removed")


def _shown(
    before: list[str] | None,
    after: list[str] | None,
    settings: Settings,
    states: Sequence[SourceState],
) -> tuple[list[str] | None, list[str] | None]:
    """Addresses that a view names, without those that are secret."""
    known = {each.url: each for each in states}

    def shown(urls: list[str] | None) -> list[str] | None:
        if urls is None:
            return None
        return [
            shown_url(known[url], settings) if url in known else shown_source(url, 0, settings)
            for url in urls
        ]

    return shown(before), shown(after)


def _unknown(slug: str) -> FeedState:
    return FeedState(
        slug=slug, cursor=0, members=b"", seq=0, updated=datetime.now(UTC), rendered=b""
    )


def _numbers(
    settings: Settings, states: Sequence[SourceState], moves: Sequence[Moved]
) -> tuple[dict[str, int], dict[int, tuple[str, ...]]]:
    """(URL → number, number → categories) as they would be; sources to come have none yet."""
    known = {each.url: each.id for each in states}
    adopted = {each.fetch_url: each.id for each in states}
    was = {each.after: known[each.before] for each in moves}
    ids = {}
    for url, source in settings.sources.items():
        number = known.get(url) or was.get(url) or known.get(source.was or "") or adopted.get(url)
        if number is not None:
            ids[url] = number
    return ids, {number: settings.sources[url].categories for url, number in ids.items()}


def _of(events: Sequence[Event], kind: EventKind) -> tuple[int, ...]:
    return tuple(each.article_id for each in events if each.kind == kind)

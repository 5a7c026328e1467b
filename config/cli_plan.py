"""The verbs `plan` and `status`: what a changed file would do, and what runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from config.changing import change_sources
from config.cli import Common, ConfigOption, Json, JsonLogs, Verbose
from config.load import find, store_url_of
from config.moving import shown_move, shown_states
from config.opening import log_options, open_app, settings
from config.planning import Changes, FeedPlan, Plan, plan
from config.reloading import NOTE
from config.settings import Settings
from config.showing import iso, plain, public_url
from config.wiring import App
from config.written import value_text
from feeds.errors import ConfigError
from feeds.models import Happening, Source, SourceState

SHOWN = 10
"""Articles of a feed that are named, unless all are asked for."""


def register(app: typer.Typer) -> None:
    app.command("plan")(planned)
    app.command()(status)


def planned(
    context: typer.Context,
    config: ConfigOption = None,
    ask: Annotated[
        bool,
        typer.Option(
            "--ask/--no-ask",
            help="Look at added addresses, whether they are removed ones that have moved.",
        ),
    ] = True,
    write: Annotated[
        bool, typer.Option("--write", help='Write `was = "…"` for what has moved into the file.')
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help=f"Name all articles, not {SHOWN} of each feed.")
    ] = False,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Show what the file would change, before a running Feedmill (or the next `run`) takes it up.

    Sources that come, go, change or have moved; for each feed the articles that would enter or
    leave it. Nothing is changed. A removed and an added address of which each knows half of what
    the other shows are one source that has moved: it keeps its history.
    """
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        found = plan(app, ask=ask)
        titles, settings = _titles(app, found), app.settings
        if write and found.moved:
            _write(app, found)
    if as_json:
        print(json.dumps(_json(found, titles, settings)))
    elif not found:
        print("nothing would change")
    else:
        for line in _lines(found, titles, settings, None if everything else SHOWN):
            print(plain(line))


def _write(app: App, found: Plan) -> None:
    """Raises EditError."""
    sources = app.settings.sources
    change_sources(
        app.settings, [(sources[each.after], {"was": each.before}) for each in found.moved]
    )


def _titles(app: App, found: Plan) -> dict[int, str]:
    ids = {number for feed in found.feeds for number in (*feed.entering, *feed.leaving)}
    return {
        number: f"{entry.title or '(no title)'} ({source.title})"
        for number, (entry, source) in app.store.entries(ids).items()
    }


def _name(source: Source | SourceState) -> str:
    if isinstance(source, Source) and source.secret_url:
        return f"({source.title or 'secret address'})"
    if isinstance(source, SourceState) and source.secret:
        return f"(source {source.id}: {source.title or 'secret address'})"
    return public_url(source.url)


def _lines(
    found: Plan, titles: dict[int, str], settings: Settings, most: int | None
) -> Iterable[str]:
    for source in found.added:
        yield f"+ source {_name(source)}"
    for state in found.removed:
        yield f"- source {_name(state)}: polled no more, its {state.article_count} articles stay"
    for each in found.moved:
        before, after = shown_move(each, settings)
        alike = each.likeness
        yield (
            f"> source {before} has moved to {after} ({alike.share:.0%} of what is there is known, "
            f"{alike.back:.0%} of what it showed last is there): it keeps its history"
        )
    for state, source in found.renamed:
        yield f"> source {_name(state)} is at {_name(source)}: it keeps its history"
    for one in found.unclear:
        yield (
            f"? source {_name(one.source)} may be {' or '.join(shown_states(one, settings))}: it "
            'is taken for a new one; where it is one of them, say so with `was = "…"`'
        )
    for source, changed in found.changed:
        yield f"~ source {_name(source)}: {_told(changed)}"
    for feed in found.feeds:
        yield from _feed(feed, titles, most)


def _feed(feed: FeedPlan, titles: dict[int, str], most: int | None) -> Iterable[str]:
    if feed.fate == "removed":
        yield f"- feed {feed.slug}: answers 410 from then on"
        return
    sign = {"new": "+", "renamed": ">"}.get(feed.fate, "~")
    was = f"{feed.before} is now " if feed.before else ""
    about = f": {_told(feed.changed)}" if feed.changed else ""
    yield f"{sign} feed {was}{feed.slug}{about}"
    for word, ids in (("in", feed.entering), ("out", feed.leaving)):
        yield from _articles(word, ids, titles, most)


def _articles(
    word: str, ids: Sequence[int], titles: dict[int, str], most: int | None
) -> Iterable[str]:
    if not ids:
        return
    yield f"    {len(ids)} {'article' if len(ids) == 1 else 'articles'} {word}:"
    for number in list(reversed(ids))[:most]:
        yield f"      {number} {titles.get(number, '')}"
    if most is not None and len(ids) > most:
        yield f"      and {len(ids) - most} more (--all)"


def _told(changed: Changes) -> str:
    return ", ".join(_change(key, before, after) for key, (before, after) in changed.items())


def _change(key: str, before: Any, after: Any) -> str:
    if before == after:
        return f"{key} changed {before}"
    return f"{key} {_value(before)} → {_value(after)}"


def _value(value: Any) -> str:
    """As TOML writes it."""
    if value in (None, "(hidden)"):
        return value or "(default)"
    return value_text(value)


def _json(found: Plan, titles: dict[int, str], settings: Settings) -> dict[str, Any]:
    def articles(ids: Sequence[int]) -> list[dict[str, Any]]:
        return [{"id": number, "title": titles.get(number)} for number in ids]

    return {
        "added": [_name(each) for each in found.added],
        "removed": [{"id": each.id, "url": _name(each)} for each in found.removed],
        "moved": [
            dict(zip(("before", "after"), shown_move(each, settings), strict=True))
            | {
                "share": round(each.likeness.share, 3),
                "share_back": round(each.likeness.back, 3),
            }
            for each in found.moved
        ],
        "renamed": [
            {"before": _name(state), "after": _name(source)} for state, source in found.renamed
        ],
        "unclear": [
            {"url": _name(each.source), "may_be": shown_states(each, settings)}
            for each in found.unclear
        ],
        "changed": [
            {"url": _name(source), "changes": {k: list(v) for k, v in changed.items()}}
            for source, changed in found.changed
        ],
        "feeds": [
            {
                "feed": each.slug,
                "fate": each.fate,
                "before": each.before,
                "changes": {k: list(v) for k, v in each.changed.items()},
                "entering": articles(each.entering),
                "leaving": articles(each.leaving),
            }
            for each in found.feeds
        ],
    }


def status(
    context: typer.Context,
    config: ConfigOption = None,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Say whether a `run` is at work here, with what, and what is wrong.

    Exit code 1 when none runs, or when something is wrong. What is wrong with a changed
    configuration, which a running Feedmill did not take up, is told line by line.
    """
    log_options(context, log_json=log_json, verbose=verbose)
    complaints: Sequence[str] = ()
    try:
        url = settings(context, config).store_url
    except ConfigError as error:
        # The file is wrong at this moment; where the database is, it may say all the same.
        complaints = error.complaints
        url = store_url_of(find(config or cast(Common, context.obj).config))
    runs, said, troubles = _at_work(url)
    values = {
        "running": runs,
        "since": said.get("since") if runs else None,
        **{key: said.get(key) for key in ("version", "pid", "address", "sources", "feeds")},
        "complaints": list(complaints) or (said.get("complaints", []) if runs else []),
        "warnings": said.get("warnings", []) if runs else [],
        "troubles": [
            {"since": iso(each.at), "kind": each.kind, "about": each.subject, "text": each.text}
            for each in troubles
        ],
    }
    if as_json:
        print(json.dumps(values))
    else:
        for line in _status_lines(values):
            print(plain(line))
    if not runs or values["complaints"]:
        raise typer.Exit(1)


def _at_work(url: str) -> tuple[bool, dict[str, Any], Sequence[Happening]]:
    """(whether one runs, what it says of itself, its troubles)"""
    from contextlib import closing

    from feeds.store import open_store

    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        return False, {}, ()
    with closing(open_store(url, migrate=False)) as store:
        with store.serial("run") as free:
            runs = not free
        note, troubles = store.note(NOTE), store.open_happenings()
    return runs, json.loads(note[0]) if note else {}, troubles


def _status_lines(values: dict[str, Any]) -> Iterable[str]:
    if not values["running"]:
        yield "not running: `feedmill run` starts it"
    else:
        yield (
            f"running (process {values['pid']}, Feedmill {values['version']}), configured since "
            f"{values['since']}: {values['sources']} sources, {values['feeds']} feeds at "
            f"{values['address']}"
        )
    if values["complaints"]:
        before = "the one before is at work" if values["running"] else "nothing would start"
        yield f"the configuration is wrong; {before}:"
        yield from (f"  {each}" for each in values["complaints"])
    yield from (f"left out: {each}" for each in values["warnings"])
    yield from (f"since {each['since']}: {each['text']}" for each in values["troubles"])

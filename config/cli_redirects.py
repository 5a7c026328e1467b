"""The verb `redirects`: permanent ones, seen and adopted; moves in the configuration; and the way
back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from aggregator.notices import address_changed
from config.cli import ConfigOption, Json, JsonLogs, Verbose
from config.facts import sighting_json
from config.finding import find_one
from config.opening import open_app
from config.poll_log import log_notice
from config.settings import Settings
from config.showing import (
    plain,
    short,
    shown_change,
    shown_title,
    shown_url,
    spoken,
)
from config.source_json import change_json
from config.standing import Sighting, shown_sighting
from config.wiring import App
from feeds.errors import ConfigError
from feeds.models import AddressChange, SourceState


def register(app: typer.Typer) -> None:
    app.command()(redirects)


def redirects(
    context: typer.Context,
    source: Annotated[
        str | None,
        typer.Argument(metavar="[SOURCE]", help="Only this one: its number, URL, a part of it."),
    ] = None,
    config: ConfigOption = None,
    undo: Annotated[
        bool,
        typer.Option(
            "--undo",
            help="For good: request SOURCE at its configured address again; where a new address "
            "was taken for it by its ids, make that a source of its own.",
        ),
    ] = False,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Show permanent redirects, those seen and those adopted, and sources that were given another
    address in the configuration (with --undo: take one back)."""
    if undo and source is None:
        raise ConfigError(["--undo: needs the SOURCE whose redirect is to be undone"])
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        app.sync()
        settings, states = app.settings, app.store.sources()
        if source is not None:
            states = [find_one(source, settings, states)]
        if undo:
            _undo(app, states[0], as_json)
            return
        now = app.store.now()
        changes = app.store.address_changes(states[0].id if source is not None else None)
        known = {each.id: each for each in states}
        if source is None:  # Also of those that are configured no more.
            others = {each.source_id for each in changes} - known.keys()
            known |= {each.id: each for each in app.store.states_of(others)}
    seen = [
        (each, found) for each in states if (found := shown_sighting(each, settings)) is not None
    ]
    if as_json:
        told = {
            "seen": [{"id": each.id} | sighting_json(found) for each, found in seen],
            "changes": [change_json(each, known[each.source_id], settings) for each in changes],
        }
        print(json.dumps(told))
    else:
        _redirect_tables(seen, changes, known, settings, now)


def _undo(app: App, state: SourceState, as_json: bool) -> None:
    change = app.store.undo_move(state.id)
    if change is not None:
        log_notice(state, address_changed(change.before, change.after, change.why))
    if as_json:
        told = None if change is None else change_json(change, state, app.settings)
        print(json.dumps({"undone": told}))
    elif change is None:
        print(f"source {state.id} is requested at its configured address already")
    elif change.after != state.url:
        before, after = shown_change(change, state, app.settings)
        print(plain(f"source {state.id} is that of {after} again, which is configured no more;"))
        print(plain(f"{before} is a source of its own from now on"))
    else:
        before, _ = shown_change(change, state, app.settings)
        print(plain(f"source {state.id} is requested at {shown_url(state, app.settings)} again;"))
        print(plain(f"{before} will not be adopted anew"))


def _redirect_tables(
    seen: Sequence[tuple[SourceState, Sighting]],
    changes: Sequence[AddressChange],
    known: dict[int, SourceState],
    settings: Settings,
    now: datetime,
) -> None:
    if not seen and not changes:
        print(
            "no permanent redirect is seen, none was adopted; no source was given another address"
        )
    for state, found in seen:
        print(plain(f"{state.id}  {shown_title(state, settings)}"))
        print(plain(f"   redirects {spoken(found.said, now)}"))
    for each in changes:
        state = known[each.source_id]
        before, after = shown_change(each, state, settings)
        print(plain(f"{state.id}  {shown_title(state, settings)}"))
        print(plain(f"   {short(each.at)}: {before} → {after} ({each.why})"))

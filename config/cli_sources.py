"""The verb `sources`: how all of them stand. It changes nothing."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated

import typer

from config.cli import ConfigOption, Json, JsonLogs, Verbose
from config.opening import open_app
from config.settings import Settings
from config.showing import (
    adopted,
    near,
    plain,
    shown_url,
)
from config.source_json import Row, source_json
from config.source_table import Line, show
from config.standing import (
    gravest_first,
    in_words,
    next_in_words,
    shown_sighting,
    standing,
)
from feeds.models import SourceState


def register(app: typer.Typer) -> None:
    app.command()(sources)


def sources(
    context: typer.Context,
    config: ConfigOption = None,
    failing: Annotated[
        bool,
        typer.Option("--failing", help="Only those that fail, are gone or quiet; gravest first."),
    ] = False,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """List the sources: how they stand, last and next poll with its reason, what went wrong."""
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        app.sync()
        states, now, settings = app.store.sources(), app.store.now(), app.settings
    rows = [(state, standing(state, now)) for state in states]
    if failing:
        rows = gravest_first(rows)
    if as_json:
        print(json.dumps([source_json(row, settings, now) for row in rows]))
    else:
        show([_line(row, settings, now) for row in rows])


def _line(row: Row, settings: Settings, now: datetime) -> Line:
    state, stands = row
    return Line(
        source=plain(shown_url(state, settings)),
        word=stands.word,
        status=in_words(stands, now),
        last=near(state.last_polled_at, now),
        next=next_in_words(state, now),
        articles=str(state.article_count),
        notes=tuple(plain(note) for note in _notes(state, settings)),
    )


def _notes(state: SourceState, settings: Settings) -> list[str]:
    found = []
    if state.error_kind is not None:
        found.append(f"{state.error_kind}: {state.error} ({state.error_count}×)")
    if (address := adopted(state, settings)) is not None:
        found.append(f"requested at {address}")
    if (seen := shown_sighting(state, settings)) is not None:
        found.append(f"redirects to {seen.to}; {seen.wanting}")
    if state.held:
        found.append(f"{state.held} new articles are held: `feedmill release` or `discard`")
    if state.gap_since is not None:
        found.append("items may have rolled off unseen")
    return found

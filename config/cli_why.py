"""The verb `why`: when one source is polled next, what led there, what can be done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import typer

from config.advice import advice
from config.cli import ConfigOption, Json, JsonLogs, SourceName, Verbose
from config.facts import facts
from config.finding import find_one
from config.ledger_rows import answer_in_words
from config.opening import open_app
from config.settings import Settings
from config.showing import adopted, configured, plain, shown_title, shown_url, spoken
from config.source_json import Row, status_of, why_json
from config.standing import in_words, next_in_words, shown_sighting, standing
from feeds.models import LedgerRow, SourceState


def register(app: typer.Typer) -> None:
    app.command()(why)


def why(
    context: typer.Context,
    source: SourceName,
    config: ConfigOption = None,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Tell when a source is polled next and why, how it stands, and what you can do."""
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        app.sync()
        now, settings = app.store.now(), app.settings
        state = find_one(source, settings, app.store.sources())
        last = app.store.ledger(state.id, limit=1)
    row = (state, standing(state, now))
    if as_json:
        print(json.dumps(why_json(row, last, settings, now)))
    else:
        _tell(row, last, settings, now)


def _tell(row: Row, last: Sequence[LedgerRow], settings: Settings, now: datetime) -> None:
    state, stands = row
    print(f"{state.id}  {shown_title(state, settings)}")
    address = shown_url(state, settings)
    if not configured(state, settings).secret_url and address != shown_title(state, settings):
        print(plain(f"   {address}"))
    found = facts(state, configured(state, settings), settings.poll, now)
    lines = [
        ("status", in_words(stands, now)),
        ("next", next_in_words(state, now) or "never, as it stands"),
        ("last", answer_in_words(last[0], now) if last else "never polled"),
        *((name, spoken(said, now)) for name, said in found),
        *_addresses(state, settings, now),
    ]
    width = max(len(name) for name, _ in lines)
    print()
    for name, text in lines:
        print(plain(f"{name:<{width}}  {text}"))
    if text := advice(state, stands, status_of(last)):
        print(f"\n{text}")


def _addresses(state: SourceState, settings: Settings, now: datetime) -> list[tuple[str, str]]:
    found = []
    if (address := adopted(state, settings)) is not None:
        text = f"{address} (`feedmill redirects {state.id} --undo` goes back)"
        found.append(("requested at", text))
    if (seen := shown_sighting(state, settings)) is not None:
        found.append(("redirect", spoken(seen.said, now)))
    return found

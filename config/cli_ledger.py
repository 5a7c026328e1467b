"""The verb `ledger`: what was requested of a source, why, and what came."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import typer

from config.cli import ConfigOption, Json, JsonLogs, Limit, SourceName, Verbose
from config.finding import find_one
from config.ledger_rows import row_json, status_words
from config.opening import open_app
from config.showing import (
    near,
    plain,
    print_table,
)
from feeds.models import LedgerRow, Validators


def register(app: typer.Typer) -> None:
    app.command()(ledger)


def ledger(
    context: typer.Context,
    source: SourceName,
    config: ConfigOption = None,
    limit: Limit = 200,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """List the last requests of a source, newest first: when and why, and what came."""
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        app.sync()
        state = find_one(source, app.settings, app.store.sources())
        rows, now = app.store.ledger(state.id, limit), app.store.now()
    if as_json:
        print(json.dumps([row_json(row) for row in rows]))
    else:
        _ledger_table(rows, now)


def _ledger_table(rows: Sequence[LedgerRow], now: datetime) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("when", "why", "status", box=None, pad_edge=False)
    for name in ("sent", "got"):
        table.add_column(name, max_width=24)
    for name in ("bytes", "ms", "new", "changed"):
        table.add_column(name, justify="right")
    table.add_column("error")
    for row in rows:
        cells = (
            near(row.at, now),
            row.reason,
            status_words(row),
            _validators(row.sent),
            "same" if row.got is not None and row.got == row.sent else _validators(row.got),
            str(row.bytes_received),
            str(round(row.duration * 1000)),
            str(row.new or ""),
            str(row.changed or ""),
            "" if row.error_kind is None else f"{row.error_kind}: {row.error}",
        )
        table.add_row(*(Text(plain(cell), overflow="fold") for cell in cells))
    print_table(table)


def _validators(given: Validators | None) -> str:
    return "" if given is None else " ".join(v for v in (given.etag, given.last_modified) if v)

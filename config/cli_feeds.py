"""`feedmill feeds`: what is published, and for how many."""

from __future__ import annotations

import json

import typer

from config import outgoing
from config.cli import ConfigOption, Json, JsonLogs, Verbose
from config.opening import open_app
from config.showing import print_table


def register(app: typer.Typer) -> None:
    app.command()(feeds)


def feeds(
    context: typer.Context,
    config: ConfigOption = None,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """What is published: each feed with its address, last change, archives and subscribers.

    Subscribers are those that readers name ("Feedly … 12 subscribers") and, of the others, the
    distinct ones of a day; addresses are not kept. Beside them those of the hub.
    """
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        app.sync()
        rows = outgoing.rows(app)
    if as_json:
        print(json.dumps(rows))
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("feed", "last change", "events", "archives", "subscribers", "by hub", "address"):
        table.add_column(name, justify="right" if name in ("events", "archives") else "left")
    for row in rows:
        named = ", ".join(f"{kind} {count}" for kind, count in row["readers"].items())
        table.add_row(
            row["feed"] + (" (private)" if row["private"] else ""),
            str(row["updated"] or "not yet"),
            str(row["events"]),
            str(row["archives"]),
            f"{row['subscribers']}" + (f" ({named})" if len(row["readers"]) > 1 else ""),
            str(row["hub"]),
            row["url"],
        )
    print_table(table)

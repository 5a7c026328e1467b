"""`feedmill feeds`: what is published, and for how many."""

from __future__ import annotations

import json
from typing import Any

import typer

from config.cli import ConfigOption, Json, JsonLogs, Verbose
from config.opening import open_app
from config.showing import iso, print_table
from config.wiring import FEEDS, App

DAYS = 2
"""Of the last days the one with the most readers counts: today is not over."""


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
        rows = _rows(app)
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
            str(row["updated"]),
            str(row["events"]),
            str(row["archives"]),
            f"{row['subscribers']}" + (f" ({named})" if len(row["readers"]) > 1 else ""),
            str(row["hub"]),
            row["url"],
        )
    print_table(table)


def _rows(app: App) -> list[dict[str, Any]]:
    store = app.store
    today = int(store.now().timestamp() // 86_400)
    states = {state.slug: state for state in store.feeds()}
    readers, hub = store.readers(today - DAYS + 1, today), store.subscribers()
    rows = []
    for feed in app.settings.feeds:
        state, kinds = states[feed.slug], readers.get(feed.slug, {})
        rows.append(
            {
                "feed": feed.slug,
                "title": feed.title,
                "view": feed.view,
                "private": feed.private,
                "url": app.site.feed(feed.slug, FEEDS[0]),
                "updated": iso(state.updated),
                "events": state.seq,
                "archives": state.sealed,
                "subscribers": sum(kinds.values()),
                "readers": kinds,
                "hub": sum(hub.get(f"{feed.slug}/{name}", 0) for name in FEEDS),
            }
        )
    return rows

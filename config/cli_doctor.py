"""The verb doctor: what is wrong, and what to do."""

from __future__ import annotations

import json
from typing import cast

import typer

from config import logs, opening
from config.cli import Common, ConfigOption, Json, JsonLogs, Verbose
from config.showing import plain


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(
    context: typer.Context,
    config: ConfigOption = None,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Look for whatever is wrong with this installation, and say what to do. Changes nothing.

    A line for each finding: ok, warn or bad; exit code 1 when one is bad. Looks at configuration,
    permissions, disk, clock, database, `run`, sources, and at what site.url shows to others.
    """
    from config.doctor.examination import examine
    from config.doctor.finding import any_bad

    opening.log_options(context, log_json=log_json, verbose=verbose)
    common = cast(Common, context.obj)
    logs.configure(json=common.log_json, verbose=common.verbose, quiet=False)
    found = []
    for each in examine(config or common.config):
        found.append(each)
        if not as_json:
            print(plain(each.line), flush=True)
    if as_json:
        rows = [
            {"check": f.check, "grade": f.grade, "text": f.text, "advice": f.advice or None}
            for f in found
        ]
        print(json.dumps(rows))
    if any_bad(found):
        raise typer.Exit(1)

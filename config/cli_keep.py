"""The verbs that look after an installation: init, migrate."""

from __future__ import annotations

import os
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, cast

import typer

from config.cli import Common, ConfigOption, JsonLogs, Verbose
from config.load import NAME, wanted
from config.opening import open_app
from feeds.errors import FeedmillError


def register(app: typer.Typer) -> None:
    for verb in (init, migrate):
        app.command()(verb)


def init(
    context: typer.Context,
    config: ConfigOption = None,
    if_missing: Annotated[
        bool, typer.Option("--if-missing", help="Do nothing when the file is there already.")
    ] = False,
) -> None:
    """Write a commented example configuration, with two sample documents beside it.

    Never overwrites anything.
    """
    target = wanted(config or cast(Common, context.obj).config)
    if target.exists():
        if if_missing:
            return
        raise FeedmillError(f"{target} is there already; it was left as it is")
    here = resources.files("config")
    try:
        samples = target.parent / "samples"
        samples.mkdir(parents=True, exist_ok=True)
        for each in here.joinpath("samples").iterdir():
            if each.name.endswith(".xml"):
                _copy(each, samples / each.name)
        _copy(here.joinpath(NAME), target)
    except OSError as error:
        raise FeedmillError(f"can't write {error.filename}: {error.strerror}") from error
    command = (
        "feedmill run"
        if target.name == NAME and target.parent == Path()
        else (f"feedmill --config {target} run")
    )
    print(f"wrote {target} and {samples}{os.sep}; look through it, then: {command}")


def _copy(source: Traversable, target: Path) -> None:
    if not target.exists():
        target.write_bytes(source.read_bytes())


def migrate(
    context: typer.Context,
    config: ConfigOption = None,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Bring the database's schema up to this Feedmill. SQLite does it by itself at start."""
    from contextlib import closing

    from feeds.store import open_for_migration

    settings = open_app(context, config, log_json=log_json, verbose=verbose).settings
    with closing(open_for_migration(settings.store_url)) as store:
        store.migrate()
        print(f"schema {store.schema_version()}")

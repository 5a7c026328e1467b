"""How a verb opens what it works on: settings, logs, and an App that is closed afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import typer

from config import logs
from config.cli import Common
from config.load import find, load
from config.settings import Settings
from config.wiring import App


def settings(context: typer.Context, config: Path | None) -> Settings:
    """The checked settings. Raises ConfigError."""
    common = cast(Common, context.obj)
    logs.configure(json=common.log_json, verbose=common.verbose, quiet=common.quiet)
    return load(find(config or common.config))


def log_options(context: typer.Context, *, log_json: bool, verbose: bool) -> None:
    """Those after the verb add to those before it."""
    common = cast(Common, context.obj)
    common.log_json |= log_json
    common.verbose |= verbose


def open_app(
    context: typer.Context,
    config: Path | None,
    *,
    log_json: bool = False,
    verbose: bool = False,
    quiet: bool = False,
) -> App:
    """An App on those settings. Raises ConfigError."""
    log_options(context, log_json=log_json, verbose=verbose)
    cast(Common, context.obj).quiet = quiet
    return App(settings(context, config))

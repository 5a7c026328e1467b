"""The verbs backup and restore: one command each, while everything goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from config import logs, opening
from config.cli import Common, ConfigOption, Json, JsonLogs, Verbose
from config.load import wanted
from config.showing import plain

if TYPE_CHECKING:
    from config.restored import Restored


def register(app: typer.Typer) -> None:
    for verb in (backup, restore):
        app.command()(verb)


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; must not exist yet.")],
    config: ConfigOption = None,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Write database and configuration to one FILE, whole and consistent, while all goes on.

    A gzipped tar; `feedmill restore FILE` puts it back. Secrets that the configuration has from
    files or the environment are not in it: they are named. What is published need not be in it:
    the database holds all of it.
    """
    from config.backing_up import back_up

    opening.log_options(context, log_json=log_json, verbose=verbose)
    made = back_up(opening.settings(context, config), file)
    manifest = made.manifest
    files = [path for path, _, _ in manifest.files.values() if path]
    if as_json:
        print(
            json.dumps(
                {
                    "file": str(file),
                    "bytes": made.bytes,
                    "database": manifest.kind,
                    "schema": manifest.schema,
                    "made_at": manifest.made_at,
                    "config": files,
                    "not_taken": list(manifest.left),
                }
            )
        )
        return
    print(
        f"{file}: {made.bytes} bytes: the database (schema {manifest.schema}), {', '.join(files)}"
    )
    for each in manifest.left:
        print(plain(f"not taken, keep it elsewhere: {each}"))


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `feedmill backup` wrote.")],
    config: ConfigOption = None,
    config_too: Annotated[
        bool,
        typer.Option("--config-too", help="Put the configuration back, not the database alone."),
    ] = False,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Put a backup in the place of the database, also while `feedmill run` goes on.

    What there is now is kept beside it first, and FILE is checked before anything is changed. FILE
    may be a SQLite database of Feedmill, too: such a kept one takes a restoring back. The
    configuration is left as it is without --config-too, unless there is none.
    """
    from config.restoring import restore as restored

    opening.log_options(context, log_json=log_json, verbose=verbose)
    common = cast(Common, context.obj)
    logs.configure(json=common.log_json, verbose=common.verbose, quiet=False)
    done = restored(file, wanted(config or common.config), config_too=config_too)
    if as_json:
        print(json.dumps(_json(file, done)))
    else:
        for line in _lines(file, done):
            print(plain(line))


def _json(file: Path, done: Restored) -> dict[str, object]:
    return {
        "file": str(file),
        "made_at": done.made_at,
        "articles": done.articles,
        "taken_down": done.taken_down,
        "kept": [str(path) for path in done.kept],
        "config_restored": done.config_restored,
        "config_differs": done.config_differs,
        "running": done.running,
        "published": done.published,
        "notes": done.notes,
    }


def _lines(file: Path, done: Restored) -> list[str]:
    of = f" of {done.made_at}" if done.made_at else ""
    found = [f"restored {file}{of}: {done.articles} articles"]
    if done.running:
        found.append("`feedmill run` goes on with it")
    found += [f"what was there before: {path}" for path in done.kept]
    if done.taken_down:
        found.append(f"{done.taken_down} articles were taken down since, and stay so")
    if done.config_restored:
        found.append(f"configuration restored: {', '.join(done.config_restored)}")
        if done.running:
            # It runs on the database that this configuration names: else it would be another's.
            found.append(
                "`feedmill run` takes it up by itself within seconds; `feedmill status` says "
                "whether it did"
            )
    found += [f"configuration not restored, {each}" for each in done.config_differs]
    if done.config_differs:
        found.append("(--config-too puts the backup's in its place)")
    found += done.notes
    if done.published is not None:
        found.append(f"published; {done.published} feeds changed")
    return found

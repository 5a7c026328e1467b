"""The command line: what all verbs share, and how errors become words and exit codes.

Exit codes: 0 done · 1 could not · 2 the configuration (or the command line) is wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from feeds import VERSION
from feeds.errors import ConfigError, FeedmillError

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="The configuration; else $FEEDMILL_CONFIG, else feedmill.toml here.",
    ),
]
JsonLogs = Annotated[bool, typer.Option("--log-json", help="Log one JSON object a line.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON (keys: docs/commands.md).")]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most so many.")]
SourceName = Annotated[
    str, typer.Argument(metavar="SOURCE", help="Its number, URL, FILE, or a part of its name.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")]

app = typer.Typer(
    name="feedmill",
    help="Reads other people's feeds, removes duplicates, publishes feeds by category.\n\n"
    "Begin with `feedmill init`, then `feedmill run`. Exit codes: 0 done, 1 could not, "
    "2 the configuration is wrong.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@dataclass
class Common:
    """Options that may stand before the verb."""

    config: Path | None = None
    log_json: bool = False
    verbose: bool = False
    quiet: bool = False
    """A progress bar shows what the log would."""


def _version(wanted: bool) -> None:
    if wanted:
        print(f"feedmill {VERSION}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    config: ConfigOption = None,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    context.obj = Common(config, log_json, verbose)


def verbs() -> Sequence[ModuleType]:
    """The modules with verbs, in the order of the help; each has `register(app)`."""
    from config import (
        cli_add,
        cli_articles,
        cli_backup,
        cli_doctor,
        cli_etiquette,
        cli_explain,
        cli_feeds,
        cli_keep,
        cli_ledger,
        cli_lists,
        cli_look,
        cli_opml,
        cli_password,
        cli_plan,
        cli_redirects,
        cli_run,
        cli_shell,
        cli_sources,
        cli_token,
        cli_why,
    )

    looking = (cli_look, cli_feeds, cli_token, cli_sources, cli_why, cli_ledger, cli_redirects)
    lists, desk = (cli_add, cli_opml, cli_lists), (cli_plan, cli_password)
    keeping = (cli_explain, cli_articles, cli_keep, cli_backup, cli_doctor)
    return (cli_run, *lists, *desk, *looking, *keeping, cli_etiquette, cli_shell)


def main() -> None:
    """The installed command. Turns every error of ours into words on standard error."""
    for module in verbs():
        module.register(app)
    try:
        app()
    except ConfigError as error:
        _complain(*error.complaints)
        sys.exit(2)
    except FeedmillError as error:
        _complain(f"feedmill: {error}")
        sys.exit(1)
    except BrokenPipeError:  # `feedmill sources | head`
        sys.stderr.close()
        sys.exit(0)


def _complain(*lines: str) -> None:
    from config.showing import plain

    for line in lines:
        print(plain(line), file=sys.stderr)


if __name__ == "__main__":
    main()

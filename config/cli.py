"""The command line: what all verbs share, and how errors become words and exit codes.

Exit codes: 0 done · 1 could not · 2 the configuration (or the command line) is wrong.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
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


VERBS = {
    "cli_run": ("run", "poll", "publish"),
    "cli_add": ("add",),
    "cli_opml": ("opml",),
    "cli_lists": ("lists",),
    "cli_plan": ("plan", "status"),
    "cli_password": ("password",),
    "cli_look": ("check", "articles", "preview"),
    "cli_feeds": ("feeds",),
    "cli_token": ("token",),
    "cli_sources": ("sources",),
    "cli_why": ("why",),
    "cli_ledger": ("ledger",),
    "cli_redirects": ("redirects",),
    "cli_explain": ("explain",),
    "cli_articles": ("history", "takedown", "merge", "split", "release", "discard", "tidy"),
    "cli_keep": ("init", "migrate"),
    "cli_backup": ("backup", "restore"),
    "cli_doctor": ("doctor",),
    "cli_etiquette": ("etiquette",),
    "cli_shell": ("man", "completion"),
}
"""The modules with verbs, in the order of the help, and what each registers: a verb loads what it
needs, not what the others do."""
COMPLETING = "_FEEDMILL_COMPLETE"
"""What the shell sets when it asks for completions."""


def verbs(asked: str | None = None) -> Sequence[ModuleType]:
    """The module with this verb, or all; each has `register(app)`."""
    named = [name for name, theirs in VERBS.items() if asked in theirs]
    return [import_module(f"config.{name}") for name in named or VERBS]


def _asked(words: Sequence[str]) -> str | None:
    """The verb of a command line. None where all are meant: help, completion, the manual."""
    rest = iter(words)
    for word in rest:
        if word in ("-c", "--config"):
            next(rest, None)
        elif word in ("-h", "--help"):
            return None
        elif not word.startswith("-"):
            return None if word == "man" or COMPLETING in os.environ else word
    return None


def main() -> None:
    """The installed command. Turns every error of ours into words on standard error."""
    for module in verbs(_asked(sys.argv[1:])):
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

"""The verb that proves our manners: etiquette."""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feeds.errors import ConfigError

if TYPE_CHECKING:
    from config.etiquette.stage import Rule

OWN = (sys.executable, "-m", "config.cli")


def register(app: typer.Typer) -> None:
    app.command()(etiquette)


def etiquette(
    rule: Annotated[
        list[str] | None, typer.Option("--rule", metavar="E5", help="Only this one; repeatable.")
    ] = None,
    command: Annotated[
        str, typer.Option("--command", help="Judge this command instead of the installed one.")
    ] = "",
    folder: Annotated[
        Path | None,
        typer.Option("--keep", metavar="FOLDER", help="Leave store, log and feeds there."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show the requests of kept rules too.")
    ] = False,
) -> None:
    """Meet a hostile server on loopback, and say which rules of polling are kept.

    Takes about a minute, needs no configuration and touches none. Exit code 1 when a rule is
    broken.
    """
    from config.etiquette.report import as_json as shown
    from config.etiquette.report import judged, lines
    from config.etiquette.story import rehearse

    rules = _chosen(rule)
    with _place(folder) as place, _progress() as told:
        record = rehearse(shlex.split(command) or OWN, place, told)
    verdicts = judged(record, rules)
    if as_json:
        print(json.dumps([shown(each, record) for each in verdicts]))
    else:
        for each in verdicts:
            for line in lines(each, record, verbose=verbose):
                print(line)
    if not all(each.kept for each in verdicts):
        raise typer.Exit(1)


def _chosen(names: list[str] | None) -> list[Rule]:
    from config.etiquette.rules import RULES

    known = {rule.name: rule for rule in RULES}
    wanted = [name.upper() for name in names or known]
    for name in wanted:
        if name not in known:
            raise ConfigError([f"--rule {name}: there is no such rule; E1 to E{len(known)}"])
    return [rule for name, rule in known.items() if name in wanted]


@contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        if folder.exists() and any(folder.iterdir()):
            raise ConfigError([f"--keep {folder}: must be a new or an empty folder"])
        yield folder.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="feedmill-etiquette-") as name:
        yield Path(name)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("nine days", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)

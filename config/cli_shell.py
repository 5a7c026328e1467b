"""The verbs for a shell: man, completion."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer

from config.cli import COMPLETING

NAME = "feedmill"


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def register(app: typer.Typer) -> None:
    for verb in (man, completion):
        app.command()(verb)
    if COMPLETING in os.environ:
        # Typer's own forms of what shells ask and are told; it knows them only with its
        # --install-completion, which edits people's shell configuration.
        from typer._completion_classes import completion_init

        completion_init()


def man(context: typer.Context) -> None:
    """Print the manual page, in roff.

    To read it: `feedmill man | man -l -`.
    """
    from config.manual import render

    print(render(context.find_root().command, NAME), end="")


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="bash|zsh|fish", help="Whose script.")],
) -> None:
    """Print the script by which a shell completes commands and options.

    For this session: `eval "$(feedmill completion bash)"`.
    """
    from typer._completion_shared import get_completion_script

    print(get_completion_script(prog_name=NAME, complete_var=COMPLETING, shell=shell.value))

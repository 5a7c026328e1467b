"""`feedmill password`: the line that stands for a password in the configuration."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from feeds.errors import ConfigError

SHORTEST = 10


def register(app: typer.Typer) -> None:
    app.command()(password)


def password(
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read it from standard input, without asking twice.")
    ] = False,
) -> None:
    """Ask for a password and print its argon2 hash, for `[desk.users.NAME]` in the configuration.

    The password itself is kept nowhere.
    """
    from config.desk.keys import hashed

    given = (
        sys.stdin.readline().rstrip("\n")
        if stdin
        else typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    )
    if len(given) < SHORTEST:
        raise ConfigError([f"a password needs {SHORTEST} characters at least"])
    print(hashed(given))

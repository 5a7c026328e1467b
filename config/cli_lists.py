"""The verb `lists`: lists of sources that lie elsewhere, and what is not believed of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, Any

import typer

from aggregator.lists import Held, Lists
from config.cli import ConfigOption, Json, JsonLogs, Verbose
from config.listing import addresses, ask_list
from config.logs import redact
from config.opening import open_app
from config.showing import iso, plain, short
from config.suggest import did_you_mean
from feeds.errors import ConfigError


def register(app: typer.Typer) -> None:
    app.command()(lists)


def lists(
    context: typer.Context,
    config: ConfigOption = None,
    ask: Annotated[bool, typer.Option("--ask", help="Ask all of them now.")] = False,
    believe: Annotated[
        str | None,
        typer.Option(
            "--believe", metavar="ADDRESS", help="Take this one as it is now, whatever it has lost."
        ),
    ] = None,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Show the lists of sources that lie elsewhere: what came of them, what is not believed."""
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        urls = addresses(app.settings)
        if believe is not None and believe not in urls:
            text = f"--believe {redact(believe)}: no such list in `include`"
            raise ConfigError([f"{text}, {did_you_mean(believe, urls)}"])
        for url in urls:
            if ask or url == believe:
                ask_list(app.lists, url, believe=url == believe)
        held = [_shown(app.lists, url) for url in urls]
    if as_json:
        print(json.dumps([_json(each) for each in held]))
        return
    if not held:
        print("no list elsewhere is included")
    for each in held:
        print(plain(f"{redact(each.url)}: {_words(each)}"))


def _shown(known: Lists, url: str) -> Held:
    """With the time at which it is really asked again."""
    held = known.held(url)
    return replace(held, due=known.next(held))


def _words(held: Held) -> str:
    if held.checked_at is None and not held.error:
        return "not asked yet"
    said = [f"{held.feeds} feeds", f"asked {short(held.checked_at)}"] if held.checked_at else []
    if held.error:
        said.append(f"could not be read: {held.error}; again {short(held.due)}")
    if held.doubted:
        said.append(
            f"not believed since {short(held.doubted_since)}: {held.doubted}; what was there stays "
            "(--believe takes it)"
        )
    return ", ".join(said)


def _json(held: Held) -> dict[str, Any]:
    return {
        "url": redact(held.url),
        "feeds": held.feeds,
        "checked": iso(held.checked_at),
        "changed": iso(held.changed_at),
        "next": iso(held.due),
        "error": held.error or None,
        "doubted": held.doubted or None,
    }

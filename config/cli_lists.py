"""The verb `lists`: lists of sources that lie elsewhere, and what is not believed of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from config.cli import ConfigOption, Json, JsonLogs, Verbose
from config.listing import Listed, addresses, ask_list, listed, listed_json
from config.load import load
from config.logs import redact
from config.opening import open_app
from config.showing import plain, short
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
    """Show the lists of sources that lie elsewhere: what came of them, what was left out, what is
    not believed. Exit code 1 when one that was asked could not be read."""
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        urls = addresses(app.settings)
        if believe is not None and believe not in urls:
            text = f"--believe {redact(believe)}: no such list in `include`"
            raise ConfigError([f"{text}, {did_you_mean(believe, urls)}"])
        asked = [url for url in urls if ask or url == believe]
        unread = [url for url in asked if ask_list(app.lists, url, believe=url == believe).error]
        # What came counts for what is told of it.
        settings = load(app.settings.file) if asked else app.settings
        found = [listed(settings, app.lists, url) for url in urls]
    if as_json:
        print(json.dumps([listed_json(each) for each in found]))
    else:
        for line in _lines(found):
            print(plain(line))
    if unread:
        raise typer.Exit(1)


def _lines(found: Sequence[Listed]) -> Iterator[str]:
    if not found:
        yield "no list elsewhere is included"
    for each in found:
        yield f"{each.name}: {_words(each)}"
        yield from (f"   left out: {fault}" for fault in each.faults)


def _words(each: Listed) -> str:
    held = each.held
    if held.checked_at is None and not held.error:
        return "not asked yet"
    said = []
    if held.checked_at:
        said += [_feeds(held.feeds, each.taken), f"asked {short(held.checked_at)}"]
    if held.error:
        said.append(f"could not be read: {held.error}; again {short(held.due)}")
    if held.doubted:
        said.append(
            f"not believed since {short(held.doubted_since)}: {held.doubted}; what was there stays "
            "(--believe takes it)"
        )
    return ", ".join(said)


def _feeds(count: int, taken: int) -> str:
    feeds = "1 feed" if count == 1 else f"{count} feeds"
    return feeds if count == taken else f"{feeds}, of which {taken} were taken"

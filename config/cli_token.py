"""`feedmill token`: who may read private feeds."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from config.cli import ConfigOption, Json, JsonLogs, Verbose
from config.opening import open_app
from config.showing import iso
from config.suggest import did_you_mean
from config.tokens import ELSEWHERE, PURPOSES, add_token, revoke_token, shown_label
from config.wiring import FEEDS, App
from feeds.errors import ConfigError

Label = Annotated[str, typer.Argument(help="For whom it is: a name of yours.")]


def register(app: typer.Typer) -> None:
    verbs = typer.Typer(no_args_is_help=True, help="Who may read private feeds.")
    for verb in (add, revoke):
        verbs.command()(verb)
    verbs.command("list")(listed)
    app.add_typer(verbs, name="token")


def add(
    context: typer.Context,
    label: Label,
    feed: Annotated[
        str | None, typer.Option("--feed", help="Only for this feed; else for all private ones.")
    ] = None,
    purpose: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="PURPOSE",
            help="For no feed, but for: api (all that an admin may), editor (sources, categories "
            "and articles by the API), metrics, or ops (the operations feed).",
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Make a token and show it, this once: only a digest of it is kept."""
    if purpose is not None and (feed is not None or purpose not in PURPOSES):
        text = "give --feed or --for, not both" if feed else did_you_mean(purpose, PURPOSES)
        raise ConfigError([f"--for {purpose}: {text}"])
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        slugs = _private(app)
        if feed is not None and feed not in slugs:
            text = f"--feed {feed}: no such private feed, {did_you_mean(feed, slugs)}"
            raise ConfigError([text])
        if purpose is not None:
            feed = f"{ELSEWHERE}{purpose}"
        token = add_token(app, label, feed)
        of = [feed] if feed is not None else slugs
        urls = [f"{app.site.feed(s, name)}?token={token}" for s in of for name in FEEDS]
        if purpose is not None:
            site = app.settings.site.url
            urls = [f"{site}/desk/ops.atom?token={token}"] if purpose == "ops" else []
    if as_json:
        print(json.dumps({"token": token, "label": label, "feed": feed, "urls": urls}))
    else:
        print(token, *urls, sep="\n  ")
        print("It is shown only now; `feedmill token revoke` ends it.")


def revoke(
    context: typer.Context,
    label: Label,
    config: ConfigOption = None,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """End a token, at once."""
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        known = {each.label: each for each in app.store.tokens()}
        if label not in known:
            there = did_you_mean(label, [shown_label(each) for each in known])
            raise ConfigError([f"{shown_label(label)}: no such token, {there}"])
        revoke_token(app, known[label])
    print(f"the token of {shown_label(label)} is revoked")


def listed(
    context: typer.Context,
    config: ConfigOption = None,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """The tokens that are in force, by name; what they are is kept nowhere."""
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        tokens = app.store.tokens()
    if as_json:
        rows = [
            {"label": each.label, "feed": each.feed, "created": iso(each.created_at)}
            for each in tokens
        ]
        print(json.dumps(rows))
        return
    for each in tokens:
        print(f"{shown_label(each.label)}: {_for(each.feed)}, since {iso(each.created_at)}")


def _for(feed: str | None) -> str:
    return "all private feeds" if feed is None else feed.removeprefix(ELSEWHERE)


def _private(app: App) -> list[str]:
    return [feed.slug for feed in app.settings.feeds if feed.private]

"""The verb that adds a source."""

from __future__ import annotations

from typing import Annotated

import typer

from config.cli import ConfigOption, Json, JsonLogs, Verbose
from config.opening import open_app
from feeds.errors import ConfigError, FeedmillError, PollError


def register(app: typer.Typer) -> None:
    app.command()(add)


def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="A feed, or a page that names feeds.")],
    config: ConfigOption = None,
    category: Annotated[
        list[str] | None, typer.Option("--category", metavar="SLUG", help="Repeatable.")
    ] = None,
    create_category: Annotated[
        bool, typer.Option("--create-category", help="Make a --category that is not there yet.")
    ] = False,
    title: Annotated[
        str | None, typer.Option("--title", metavar="TEXT", help="A name of your own for it.")
    ] = None,
    every: Annotated[
        str | None, typer.Option("--every", metavar="DURATION", help='Like "15m".')
    ] = None,
    pick: Annotated[
        int | None, typer.Option("--pick", min=1, metavar="N", help="This one of several feeds.")
    ] = None,
    all_of_them: Annotated[bool, typer.Option("--all", help="All feeds that are found.")] = False,
    guess: Annotated[
        bool, typer.Option("--guess", help="Try usual paths when the page names no feed.")
    ] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="It may be in the local network.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: take the first.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it; write nothing.")] = False,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Add a source: a feed, or what a page names as its feed.

    What was fetched to find it is its first poll: its articles are there at once.
    """
    from config import adding
    from config.cli_add_report import Choice, Report, failed

    if pick is not None and all_of_them:
        raise ConfigError(["--pick and --all: only one of them"])
    given = adding.address(url, at_shell=True)
    wishes = adding.Wishes(
        categories=tuple(dict.fromkeys(category or ())),
        create=create_category,
        title=title,
        every=every,
        allow_private=allow_private,
    )
    adding.check(wishes)
    quiet = not (verbose or log_json)
    with open_app(context, config, log_json=log_json, verbose=verbose, quiet=quiet) as app:
        app.readers = 1
        new = adding.wanted_categories(app.settings, wishes)
        looking = adding.Looking(app, wishes)
        if where := looking.configured(given):
            raise FeedmillError(f"it is configured already, at {where}")
        try:
            seen = looking.explorer()(given, pick=pick, everything=all_of_them, guess=guess)
        except PollError as error:
            raise failed(error, looking, as_json) from error
        report = Report(looking, seen, as_json)
        report.found()
        chosen = Choice(pick=pick, everything=all_of_them, first=yes)(seen, report)
        if title and len(chosen) > 1:
            raise ConfigError(["--title: there are several feeds, which have titles of their own"])
        urls = [each.settled for each in chosen]
        if dry_run:
            report.intended(adding.block(urls, wishes, new))
        else:
            settings = adding.write(app.settings, urls, wishes, new)
            report.added(adding.first_polls(app, settings, chosen))

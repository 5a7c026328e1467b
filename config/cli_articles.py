"""The verbs on single articles: history, takedown, merge, split; and what the flood guard holds."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from config.cli import ConfigOption, Json, JsonLogs, SourceName, Verbose
from config.finding import find_one
from config.naming import article, barred_keys
from config.opening import open_app
from config.revising import changes, revision_json
from config.showing import plain, short, shown_title
from feeds.errors import ConfigError
from feeds.models import Revision

ArticleName = Annotated[
    str, typer.Argument(metavar="ARTICLE", help="Its number, id or link, or its published id.")
]


def register(app: typer.Typer) -> None:
    for verb in (history, takedown, merge, split, release, discard, tidy):
        app.command()(verb)


def history(
    context: typer.Context,
    which: ArticleName,
    config: ConfigOption = None,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Show what an article was: each revision that is kept, and what was changed."""
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        found = article(app, which)
        revisions = app.store.revisions(found.article.id)
    if as_json:
        print(json.dumps([revision_json(each) for each in revisions]))
        return
    before: Revision | None = None
    for each in revisions:
        mark = " (nothing new)" if each.minor else ""
        print(plain(f"revision {each.number}, {short(each.at)}{mark}: {each.entry.title}"))
        if before is not None:
            for line in changes(before.entry, each.entry):
                print(plain(f"   {line}"))
        before = each


def takedown(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="ID|URL", help="Of an article, or to come.")],
    config: ConfigOption = None,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Take an article down for ever, by its number, id or link: whoever shows it, it never comes
    back. What was never seen is kept out beforehand."""
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        app.sync()
        text = what.strip()
        ids = app.store.take_down(barred_keys(app, text), text)
        app.link()
        app.publisher.publish()
    if as_json:
        print(json.dumps({"taken_down": ids}))
    else:
        some = (
            f"articles {', '.join(map(str, ids))} are"
            if ids
            else "no article of it was stored; it is"
        )
        print(f"{some} taken down, and will not come back")


def merge(
    context: typer.Context,
    which: ArticleName,
    other: Annotated[str, typer.Argument(metavar="ARTICLE", help="One of the other story.")],
    config: ConfigOption = None,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Two articles tell one story, whatever Feedmill thinks of their texts. Of two that were
    published, the older lives on, and the younger stands as it stood."""
    _rule(context, config, which, other, together=True, log_json=log_json, verbose=verbose)


def split(
    context: typer.Context,
    which: ArticleName,
    other: Annotated[
        str | None,
        typer.Argument(metavar="[ARTICLE]", help="From this one; else from its story's lead."),
    ] = None,
    config: ConfigOption = None,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Two articles don't tell one story: the first gets one of its own."""
    _rule(context, config, which, other, together=False, log_json=log_json, verbose=verbose)


def _rule(
    context: typer.Context,
    config: Any,
    which: str,
    other: str | None,
    *,
    together: bool,
    log_json: bool,
    verbose: bool,
) -> None:
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        app.sync()
        one = article(app, which)
        if other is not None:
            number = article(app, other).article.id
        elif one.story is None:
            raise ConfigError([f"{which}: it has no story yet"])
        else:
            number = one.story.lead_id
        if number == one.article.id:
            text = (
                "leads its story: name the article that is to leave it"
                if other is None
                else ("is the same article: name two")
            )
            raise ConfigError([f"{which}: {text}"])
        app.store.rule(one.article.id, number, together=together)
        app.link()
        app.publisher.publish()
    print(
        f"articles {one.article.id} and {number} tell {'one story' if together else 'two stories'}"
    )


def release(
    context: typer.Context,
    source: SourceName,
    config: ConfigOption = None,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Let in what the flood guard holds of a source."""
    _held(context, config, source, let_in=True, as_json=as_json, log_json=log_json, verbose=verbose)


def discard(
    context: typer.Context,
    source: SourceName,
    config: ConfigOption = None,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Take away what the flood guard holds of a source: it will not come back."""
    _held(
        context, config, source, let_in=False, as_json=as_json, log_json=log_json, verbose=verbose
    )


def tidy(
    context: typer.Context,
    config: ConfigOption = None,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Take away what is kept no longer by `max_age` and `max_articles`. `run` does it each hour."""
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        app.sync()
        gone = app.tidy()
        app.link()
        app.publisher.publish()
    print(json.dumps({"removed": gone}) if as_json else f"{gone} articles removed")


def _held(
    context: typer.Context,
    config: Any,
    source: str,
    *,
    let_in: bool,
    as_json: bool,
    log_json: bool,
    verbose: bool,
) -> None:
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        app.sync()
        state = find_one(source, app.settings, app.store.sources())
        count = (app.store.let_in if let_in else app.store.discard)(state.id)
        app.link()
        app.publisher.publish()
        name = shown_title(state, app.settings)
    done = "released" if let_in else "discarded"
    if as_json:
        print(json.dumps({done: count}))
    else:
        print(plain(f"{count} articles of source {state.id} ({name}) {done}"))

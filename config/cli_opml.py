"""`feedmill opml`: lists of sources in and out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.cli import ConfigOption, Json, JsonLogs, Verbose
from config.opening import open_app
from config.showing import plain, public_url
from config.wiring import App
from feeds.errors import ConfigError, EditError, FeedmillError, StoreError

if TYPE_CHECKING:
    from config.exporting import Names
    from config.importing import Plan


def register(app: typer.Typer) -> None:
    verbs = typer.Typer(no_args_is_help=True, help="Lists of sources (OPML) in and out.")
    verbs.command("import")(take)
    verbs.command("export")(give)
    app.add_typer(verbs, name="opml")


def take(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An OPML list; - for a pipe.")],
    config: ConfigOption = None,
    category: Annotated[
        list[str] | None,
        typer.Option(
            "--category", metavar="SLUG", help="Instead of the list's folders; repeatable."
        ),
    ] = None,
    create_category: Annotated[
        bool, typer.Option("--create-category", help="Make a --category that is not there yet.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Copy the list as it is, and add it to `include`.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it; write nothing.")] = False,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Add the feeds of an OPML list to the configuration; its folders become categories.

    What is configured already is skipped; what can't be imported is named with its line.
    """
    from config import adding, importing

    if keep and (category or create_category or dry_run or str(file) == "-"):
        raise ConfigError(["--keep: the list is kept as it is; no other option, and no -, fits it"])
    name = "standard input" if str(file) == "-" else str(file)
    body = _read(file, name)
    outlines = importing.outlines_of(name, body)
    quiet = not (verbose or log_json)
    with open_app(context, config, log_json=log_json, verbose=verbose, quiet=quiet) as app:
        if keep:
            _keep(app, file, body, as_json)
            return
        wishes = adding.Wishes(categories=tuple(category or ()), create=create_category)
        adding.wanted_categories(app.settings, wishes)
        looking = adding.Looking(app, wishes)
        plan = importing.plan(outlines, app.settings, looking.configured, category)
        where = ""
        if plan.new and not dry_run:
            try:
                app.settings = importing.write(app.settings, plan)
            except EditError as error:
                raise EditError(f"{error}; --dry-run shows the lines") from error
            app.sync()
            # What was put in has moved what stands below it.
            plan = importing.placed(plan, adding.Looking(app, wishes).configured)
            where = app.settings.sources[plan.new[0].url].declared_at
        _tell(name, plan, app, where, as_json=as_json, dry_run=dry_run)
    if not plan.new and not plan.known:
        raise FeedmillError(f"{name}: nothing of it could be imported")


def _read(file: Path, name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise FeedmillError(f"{name}: can't be read: {error.strerror}") from error


def _keep(app: App, file: Path, body: bytes, as_json: bool) -> None:
    from config import importing
    from config.complaints import relative

    before = set(app.settings.sources)
    app.settings, place = importing.keep(app.settings, file, body)
    app.sync()
    added = [url for url in app.settings.sources if url not in before]
    if as_json:
        print(json.dumps({"kept": relative(place), "added": [public_url(url) for url in added]}))
    else:
        print(plain(f"{relative(place)} is included; {_feeds(len(added))} more"))
        _told()


def _tell(name: str, plan: Plan, app: App, where: str, *, as_json: bool, dry_run: bool) -> None:
    for bad in plan.bad:
        print(plain(f"{name}:{bad.line}: {bad}"), file=sys.stderr)
    if as_json:
        print(json.dumps(_json(plan, app) | ({"written": plan.text()} if dry_run else {})))
        return
    for known in plan.known:
        url = public_url(known.url)
        print(plain(f"{name}:{known.line}: {url} is configured already, at {known.place}"))
    if dry_run and plan.new:
        print(f"would be written to {app.settings.file.name}:\n\n{plan.text()}", end="")
        return
    at = f", from {where} on" if where else ""
    told = [f"added {_feeds(len(plan.new))}{at}"]
    told += [f"new categories: {', '.join(plan.categories)}"] if plan.categories else []
    told += [f"skipped: {len(plan.known)}"] if plan.known else []
    told += [f"faults: {len(plan.bad)}"] if plan.bad else []
    print(plain("; ".join(told)))
    if plan.new:
        _told()


def _feeds(number: int) -> str:
    return "1 feed" if number == 1 else f"{number} feeds"


def _told() -> None:
    print("A running Feedmill takes it up in a few seconds.")


def _json(plan: Plan, app: App) -> dict[str, Any]:
    sources = app.settings.sources
    return {
        "added": [
            {
                "url": public_url(each.url),
                "title": each.title,
                "categories": list(each.categories),
                "line": each.line,
                "declared_at": sources[each.url].declared_at if each.url in sources else None,
            }
            for each in plan.new
        ],
        "skipped": [
            {"url": public_url(each.url), "line": each.line, "configured": each.place}
            for each in plan.known
        ],
        "bad": [{"line": each.line, "key": each.key, "text": each.text} for each in plan.bad],
        "categories": list(plan.categories),
    }


def give(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Where to; else standard output.")
    ] = None,
    config: ConfigOption = None,
    private: Annotated[
        bool, typer.Option("--private", help="Private categories too (never secret addresses).")
    ] = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Write the configured sources as an OPML list, by category.

    Secret addresses and local documents are left out, and named.
    """
    from config.exporting import export, save

    quiet = not (verbose or log_json)
    with open_app(context, config, log_json=log_json, verbose=verbose, quiet=quiet) as app:
        exported = export(app.settings, _names(app), private=private)
        if file is None:
            sys.stdout.buffer.write(exported.body)
            sys.stdout.buffer.flush()
        else:
            save(exported.body, file, app.settings, private=private)
            print(f"{file}: {_feeds(exported.sources)}")
    for source, reason in exported.kept_back:
        print(f"{source.declared_at}: left out: {reason}", file=sys.stderr)


def _names(app: App) -> Names:
    """What their documents say of sources; without a database the list has its own titles."""
    url = app.settings.store_url
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        return {}
    try:
        return {each.url: (each.title, each.link) for each in app.store.sources()}
    except StoreError as error:
        print(f"without titles and addresses of the database: {error}", file=sys.stderr)
        return {}

"""The verbs that look: check, articles, preview. They change nothing."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from config.cli import ConfigOption, Json, JsonLogs, Limit, Verbose
from config.opening import log_options, open_app
from config.settings import ALL, Settings
from config.showing import iso, plain, print_table, short, shown_url
from config.suggest import did_you_mean
from config.wiring import App
from feeds.errors import ConfigError, FeedmillError, OutputError
from feeds.models import Article, Document, SourceState


def register(app: typer.Typer) -> None:
    for verb in (check, articles, preview):
        app.command()(verb)


def check(
    context: typer.Context,
    config: ConfigOption = None,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Check the configuration, the database and the output folder. Polls nothing."""
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        settings = app.settings
        if faults := app.store.integrity():
            raise FeedmillError("the database is damaged: " + "; ".join(faults[:3]))
        _writable(settings.output)
        facts: dict[str, Any] = {
            "config": str(settings.file),
            "sources": len(settings.sources),
            "categories": [each.slug for each in settings.categories],
            "schema": app.store.schema_version(),
            "output": str(settings.output),
            "warnings": app.store.warnings(),
        }
    if as_json:
        print(json.dumps(facts))
        return
    print(f"{facts['config']}: {facts['sources']} sources, {len(settings.categories)} categories")
    print(f"database: sound, schema {facts['schema']}")
    print(f"output: {facts['output']} can be written")
    for warning in facts["warnings"]:
        print(f"warning: {warning}")


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"output.directory: {folder} can't be written: {reason}") from error


def articles(
    context: typer.Context,
    config: ConfigOption = None,
    category: Annotated[
        str | None, typer.Option("--category", metavar="SLUG", help="Only those of this feed.")
    ] = None,
    limit: Limit = 50,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """List stored articles, newest first."""
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        app.sync()
        found = app.store.articles(_of_category(app, category), limit)
        names = {state.id: state for state in app.store.sources()}
        settings = app.settings
    if as_json:
        print(json.dumps([_article_json(each, names, settings) for each in found]))
        return
    _article_table(found, names, settings)


def _of_category(app: App, category: str | None) -> list[int] | None:
    if category is None or category == ALL:
        return None
    slugs = [each.slug for each in app.settings.categories]
    if category not in slugs:
        raise ConfigError(
            [f"--category {category}: no such category, {did_you_mean(category, slugs)}"]
        )
    of_source = app.store.source_categories()
    return [number for number, names in of_source.items() if category in names]


def _source_name(each: Article, names: dict[int, SourceState], settings: Settings) -> str:
    if (state := names.get(each.source_id)) is None:
        return f"source {each.source_id}"
    configured = settings.sources.get(state.url)
    return (configured and configured.title) or state.title or shown_url(state, settings)


def _article_json(
    each: Article, names: dict[int, SourceState], settings: Settings
) -> dict[str, Any]:
    entry = each.entry
    return {
        "id": each.id,
        "story": each.story_id,
        "source": _source_name(each, names, settings),
        "source_id": each.source_id,
        "title": entry.title,
        "link": entry.link,
        "guid": entry.guid,
        "authors": [person.name for person in entry.authors],
        "terms": [term.term for term in entry.terms],
        "published": iso(each.published),
        "updated": iso(each.updated),
        "first_seen": iso(each.first_seen),
        "revision": each.revision,
    }


def _article_table(
    found: Sequence[Article], names: dict[int, SourceState], settings: Settings
) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("published", "source", "title", box=None, pad_edge=False)
    for each in found:
        table.add_row(
            Text(short(each.published)),
            Text(plain(_source_name(each, names, settings)), overflow="ellipsis"),
            Text(plain(each.entry.title or each.entry.link or ""), overflow="fold"),
        )
    print_table(table)


def preview(
    context: typer.Context,
    document: Annotated[str, typer.Argument(metavar="URL|FILE")],
    config: ConfigOption = None,
    as_json: Json = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Also addresses of the local network.")
    ] = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Show what Feedmill reads in a document; nothing is stored.

    Works without a configuration file.
    """
    from config.previewing import read_document

    log_options(context, log_json=log_json, verbose=verbose)
    found = read_document(context, config, document, allow_private=allow_private)
    if as_json:
        import msgspec

        print(msgspec.json.encode(found).decode())
    else:
        _show_document(found)


def _show_document(document: Document) -> None:
    faults = "" if document.wellformed else f", not well-formed ({document.fault})"
    print(plain(f"{document.title or '(no title)'} – {document.format}{faults}"))
    if document.link:
        print(plain(document.link))
    for entry in document.entries:
        when = short(entry.published or entry.updated) or "undated"
        print(plain(f"\n{when}  {entry.title or '(no title)'}"))
        facts = {
            "link": entry.link,
            "guid": entry.guid if entry.guid != entry.link else None,
            "authors": ", ".join(person.name for person in entry.authors),
            "terms": ", ".join(term.term for term in entry.terms),
            "enclosures": ", ".join(enclosure.url for enclosure in entry.enclosures),
            "text": f"{len(entry.content or entry.summary or '')} characters",
        }
        for name, value in facts.items():
            if value:
                print(plain(f"    {name}: {value}"))
    print(f"\n{len(document.entries)} entries")

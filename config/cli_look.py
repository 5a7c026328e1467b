"""The verbs that look: check, sources, articles, preview. They change nothing."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from config.cli import ConfigOption, JsonLogs, Verbose
from config.complaints import did_you_mean
from config.logs import redact
from config.opening import log_options, open_app
from config.settings import ALL, Settings
from config.wiring import App
from feeds.errors import ConfigError, FeedmillError, OutputError
from feeds.models import Article, Document, Source, SourceState

Json = Annotated[bool, typer.Option("--json", help="As JSON (keys: docs/commands.md).")]


def register(app: typer.Typer) -> None:
    for verb in (check, sources, articles, preview):
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


def sources(
    context: typer.Context,
    config: ConfigOption = None,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """List the sources: status, last and next poll, articles, what went wrong."""
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        app.sync()
        states = app.store.sources()
        settings = app.settings
    if as_json:
        print(json.dumps([_source_json(state, settings) for state in states]))
    else:
        _source_table(states, settings)


def _shown_url(state: SourceState, settings: Settings) -> str:
    """The configured address as a table may show it; a secret one goes by number and title."""
    source = settings.sources.get(state.url, Source(url=state.url))
    if source.secret_url:
        return f"(source {state.id}: {source.title or state.title or 'secret address'})"
    if (file := settings.file_of(state.url)) is not None:
        return file
    return redact(state.url) if "@" in state.url else state.url


def _source_json(state: SourceState, settings: Settings) -> dict[str, Any]:
    source = settings.sources.get(state.url, Source(url=state.url))
    return {
        "id": state.id,
        "url": _shown_url(state, settings),
        "title": source.title or state.title,
        "categories": list(source.categories),
        "status": state.status.value,
        "last_polled": _iso(state.last_polled_at),
        "last_success": _iso(state.last_success_at),
        "last_new": _iso(state.last_new_at),
        "next": _iso(state.next_due),
        "reason": state.reason,
        "articles": state.article_count,
        "error": None
        if state.error_kind is None
        else {
            "kind": state.error_kind,
            "text": state.error,
            "at": _iso(state.error_at),
            "count": state.error_count,
            "failures": state.failures,
            "since": _iso(state.failing_since),
        },
    }


def _source_table(states: Sequence[SourceState], settings: Settings) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("source", "status", "last", "next", "articles", "error", box=None, pad_edge=False)
    table.columns[4].justify = "right"
    colours = {"ok": "green", "failing": "red", "paused": "yellow", "retired": "dim"}
    for state in states:
        error = ""
        if state.error_kind is not None:
            error = f"{state.error_kind}: {state.error} ({state.error_count}×)"
        due = "" if state.next_due is None else f"{_short(state.next_due)} {state.reason}"
        table.add_row(
            Text(_plain(_shown_url(state, settings)), overflow="fold"),
            Text(state.status.value, style=colours.get(state.status.value, "")),
            Text(_short(state.last_polled_at)),
            Text(due),
            Text(str(state.article_count)),
            Text(_plain(error), overflow="fold"),
        )
    _print_table(table)


def articles(
    context: typer.Context,
    config: ConfigOption = None,
    category: Annotated[
        str | None, typer.Option("--category", metavar="SLUG", help="Only those of this feed.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="At most so many.")
    ] = 50,
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
    return (configured and configured.title) or state.title or _shown_url(state, settings)


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
        "published": _iso(each.published),
        "updated": _iso(each.updated),
        "first_seen": _iso(each.first_seen),
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
            Text(_short(each.published)),
            Text(_plain(_source_name(each, names, settings)), overflow="ellipsis"),
            Text(_plain(each.entry.title or each.entry.link or ""), overflow="fold"),
        )
    _print_table(table)


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
    print(_plain(f"{document.title or '(no title)'} – {document.format}{faults}"))
    if document.link:
        print(_plain(document.link))
    for entry in document.entries:
        when = _short(entry.published or entry.updated) or "undated"
        print(_plain(f"\n{when}  {entry.title or '(no title)'}"))
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
                print(_plain(f"    {name}: {value}"))
    print(f"\n{len(document.entries)} entries")


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _short(moment: datetime | None) -> str:
    """In the operator's own time zone, to the minute."""
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _plain(text: str) -> str:
    """Without control characters: a title must not steer the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def _print_table(table: Any) -> None:
    """As wide as the terminal; unfolded where a script or a pager reads."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=Console(width=10_000).measure(table).maximum, no_color=True)
    console.print(table)

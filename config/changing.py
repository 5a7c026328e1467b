"""Changes of what is configured, as the desk, the API and the verbs make them: each writes the
files that it concerns, checked as a whole, and gives the settings as they are then.

All raise EditError (it can't be written, or somebody else has edited it: nothing was), and
ConfigError (it would not be right).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from config import editing, tables
from config.complaints import relative
from config.dotted import dotted
from config.lines import Path as KeyPath
from config.lines import key_lines, line_of
from config.load import load
from config.settings import Settings
from config.tables import Change
from config.values import is_address, text_or_secret
from config.written import pair_text
from feeds.errors import ConfigError, EditError
from feeds.models import Source

Written = Mapping[str, Any]
"""A table as it stands in a file."""
Seen = Callable[[Written], bool]
"""Whether a table is as it was shown to whoever changes it."""


def edit(
    settings: Settings,
    change: editing.Change,
    file: Path | None = None,
    by_hand: Callable[[], str] | None = None,
) -> Settings:
    """`file`: which of those that were read, else the main one (or the desk's own, where that is
    not to be written). `by_hand`: where to write what, should there be no place for it."""
    path = file or _main(settings)
    return _edit_all(settings, {path: _Edit([change], by_hand)})


@dataclass(slots=True)
class _Edit:
    """Of one file. `by_hand`: where to write what, should there be no place for it."""

    changes: list[editing.Change]
    by_hand: Callable[[], str] | None = None

    def __call__(self, text: str, document: dict[str, Any]) -> str:
        for change in self.changes:
            text = change(text, document)
        return text


def _edit_all(settings: Settings, edits: Mapping[Path, _Edit]) -> Settings:
    """All of it, or nothing."""
    try:
        return editing.edit_all(edits, lambda texts: load(settings.file, texts=texts))
    except editing.Unplaced as error:
        by_hand = edits[error.path].by_hand
        text = by_hand() if by_hand else f"{relative(error.path)}: write the lines yourself"
        raise EditError(f"{text} ({error}; nothing was written)") from error


def _by_hand(path: Path, wanted: Mapping[KeyPath, Change]) -> str:
    """The lines that we have no place for, and where they belong."""
    lines = key_lines(path.read_text("utf-8-sig").replace("\r\n", "\n"))
    found = []
    for place, change in wanted.items():
        at = f"{relative(path)}:{line_of(lines, place)}: {dotted(place)}"
        if change is None:
            found.append(f"{at}: take this table out yourself")
            continue
        new = [pair_text(key, each) for key, each in change.items() if each is not None]
        old = [key for key, each in change.items() if each is None]
        said = [f"write {'; '.join(new)}"] if new else []
        said += [f"take out {', '.join(old)}"] if old else []
        found.append(f"{at}: {' and '.join(said)} yourself")
    return "\n".join(found)


def _main(settings: Settings) -> Path:
    """Where new things are written."""
    writable = os.access(settings.file, os.W_OK) and settings.file.stat().st_mode & 0o222
    if writable and os.access(settings.folder, os.W_OK):
        return settings.file
    own = settings.desk.file
    if not own.exists():
        try:
            own.parent.mkdir(parents=True, exist_ok=True)
            own.write_text("# Written by the desk: the main file is read-only.\n", "utf-8")
        except OSError as error:
            raise EditError(f"{relative(own)}: can't be written: {error.strerror}") from error
    return own


def source_table(settings: Settings, source: Source) -> Written:
    """What is written of it. Raises EditError for one that stands in no TOML file."""
    path = _file(settings, source)
    document = editing.read(path)
    places = _places(document, settings.folder)
    found: Written = _tables(document)[_index(places, source, relative(path))]
    return found


def change_sources(
    settings: Settings, wanted: Iterable[tuple[Source, Change]], seen: Seen | None = None
) -> Settings:
    """Keys of sources, or (None) sources as a whole. `seen`: whether the only one is as it was
    when somebody decided on it."""
    return _edit_all(settings, _by_file(settings, wanted, seen))


def _by_file(
    settings: Settings, wanted: Iterable[tuple[Source, Change]], seen: Seen | None = None
) -> dict[Path, _Edit]:
    files = {relative(each): each for each in settings.files}
    found: dict[Path, list[tuple[Source, Change]]] = {}
    for source, change in wanted:
        found.setdefault(_file(settings, source, files), []).append((source, change))
    edits: dict[Path, _Edit] = {}
    for path, pairs in found.items():
        done: dict[KeyPath, Change] = {}
        changing = _changing(settings.folder, path, pairs, seen, done)
        edits[path] = _Edit([changing], partial(_by_hand, path, done))
    return edits


def _changing(
    folder: Path,
    path: Path,
    pairs: list[tuple[Source, Change]],
    seen: Seen | None,
    wanted: dict[KeyPath, Change],
) -> Callable[[str, dict[str, Any]], str]:
    """`wanted` is filled with what each table is to have."""

    def change(text: str, document: dict[str, Any]) -> str:
        found, places = _tables(document), _places(document, folder)
        for source, keys in pairs:
            index = _index(places, source, relative(path))
            if seen is not None and not seen(found[index]):
                raise EditError(
                    f"{relative(path)}: somebody else has changed this source meanwhile; nothing "
                    "was written, look at it again"
                )
            wanted["sources", index] = keys
        after = tables.change_tables(text, wanted, document)
        for (_, at), keys in wanted.items():
            found[int(at)] = None if keys is None else _changed(found[int(at)], keys)
        left = [each for each in found if each is not None]
        document["sources"] = left
        if not left:
            del document["sources"]
        return after

    return change


def feed_table(settings: Settings, kind: str, slug: str) -> tuple[Path, Written] | None:
    """(the file in which it has a table, what that says); None for one that has none. `kind`:
    "categories" or "views"."""
    for path in settings.files:
        if path.suffix == ".toml" and path.is_file():
            found = editing.read(path).get(kind, {}).get(slug)
            if found is not None:
                return path, found
    return None


def change_feed(
    settings: Settings, kind: str, slug: str, change: Change, seen: Seen | None = None
) -> Settings:
    """Keys of a category or view, which is made where it has no table yet."""
    at = feed_table(settings, kind, slug)
    if at is None:
        return edit(settings, _new_feed(kind, slug, change or {})) if change else settings
    path, now = at
    if seen is not None and not seen(now):
        raise EditError(
            f"{relative(path)}: somebody else has changed {slug} meanwhile; nothing was written, "
            "look at it again"
        )

    by_hand = partial(_by_hand, path, {(kind, slug): change})
    return edit(settings, _changing_feed(kind, slug, change), path, by_hand)


def remove_feed(settings: Settings, kind: str, slug: str) -> Settings:
    """Without that feed, and without a word of it at the sources that are in it. Raises
    ConfigError also for one that has no table."""
    at = feed_table(settings, kind, slug)
    if at is None:
        raise ConfigError(
            [f"{slug}: it comes from the folders of an OPML list; take its sources out there"]
        )
    wanted = []
    for each in settings.sources.values():
        if slug in each.categories:
            left = [one for one in each.categories if one != slug]
            wanted.append((each, {"categories": left or None}))
    edits = _by_file(settings, wanted)
    edits.setdefault(at[0], _Edit([])).changes.append(_changing_feed(kind, slug, None))
    return _edit_all(settings, edits)


def _changing_feed(kind: str, slug: str, change: Change) -> editing.Change:
    def written(text: str, document: dict[str, Any]) -> str:
        if change is None:
            del document[kind][slug]
            if not document[kind]:
                del document[kind]
        else:
            document[kind][slug] = _changed(document[kind][slug], change)
        return tables.change_tables(text, {(kind, slug): change})

    return written


def _new_feed(kind: str, slug: str, table: Written) -> Callable[[str, dict[str, Any]], str]:
    given = {key: value for key, value in table.items() if value is not None}

    def change(text: str, document: dict[str, Any]) -> str:
        document.setdefault(kind, {})[slug] = given
        lines = tables.table_lines(f"[{kind}.{slug}]", given)
        return tables.add_tables(text, kind, [lines])

    return change


def _changed(table: Written, keys: Written) -> dict[str, Any]:
    """As it is with these keys."""
    return {key: value for key, value in (dict(table) | dict(keys)).items() if value is not None}


def _tables(document: Mapping[str, Any]) -> list[Any]:
    found = document.get("sources")
    return found if isinstance(found, list) else []


def _file(settings: Settings, source: Source, files: Mapping[str, Path] | None = None) -> Path:
    """`files`: those that were read, by their names, for whoever asks more than once."""
    if files is None:
        files = {relative(each): each for each in settings.files}
    name = source.declared_at.rpartition(":")[0]
    path = files.get(name)
    if path is None and is_address(name):
        raise EditError(
            f"{source.declared_at}: this source stands in a list that lies elsewhere; it is "
            "changed there, or add it as a source of your own, which counts then"
        )
    if path is None or (path.suffix != ".toml" and path != settings.file):
        raise EditError(
            f"{source.declared_at}: this source stands in a list that is not edited here; change "
            "it there, or take it out of the list and add it as a source of its own"
        )
    return path


def _address(table: Written, folder: Path) -> str | None:
    """The URL of the source that this is about; None where it can't be told."""
    url, file = table.get("url"), table.get("file")
    try:
        if isinstance(file, str):
            return (folder / file).resolve().as_uri()
        return url.strip() if isinstance(url, str) else text_or_secret(url).value(folder)  # type: ignore[union-attr]
    except ValueError:
        return None


def _places(document: Mapping[str, Any], folder: Path) -> dict[str, int]:
    """URL → its place among the sources of the file, by what is written as its address."""
    found: dict[str, int] = {}
    for index, each in enumerate(_tables(document)):
        if isinstance(each, dict) and (url := _address(each, folder)) is not None:
            found.setdefault(url, index)
    return found


def _index(places: Mapping[str, int], source: Source, name: str) -> int:
    if source.url not in places:
        raise EditError(
            f"{name} was edited meanwhile: this source stands there no more; nothing was written"
        )
    return places[source.url]

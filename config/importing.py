"""`feedmill opml import`: what of a list goes into the configuration; judged, then written."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aggregator.identity.urls import canonical, default_rules
from aggregator.opml import BadOpml, Folder, Outline, read_opml
from config import adding, tables
from config.changing import edit
from config.complaints import relative
from config.entries import add_entry
from config.folders import folder_slug
from config.load import load
from config.settings import ALL, Settings
from config.values import shown, web_url
from feeds.errors import ConfigError, EditError, FeedmillError


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """A feed that is added. `line`: in the list."""

    url: str
    title: str | None
    categories: tuple[str, ...]
    line: int

    def table(self) -> tables.Table:
        """The keys of [[sources]]."""
        table: dict[str, Any] = {"url": self.url}
        if self.title is not None:
            table["title"] = self.title
        if self.categories:
            table["categories"] = list(self.categories)
        return table


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A feed that is configured already, at `place` (file:line)."""

    url: str
    line: int
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """What can't be imported, and what would be right."""

    line: int
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.key}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an import would do. `categories`: those to be made, slug → title."""

    new: tuple[New, ...]
    known: tuple[Known, ...]
    bad: tuple[Bad, ...]
    categories: Mapping[str, str]

    def categories_made(self) -> dict[str, tables.Table]:
        return {slug: {"title": title} for slug, title in self.categories.items()}

    def text(self) -> str:
        """What is written, as it stands there."""
        made = self.categories_made()
        lines = [tables.table_lines(f"[categories.{slug}]", each) for slug, each in made.items()]
        lines += [tables.table_lines("[[sources]]", each.table()) for each in self.new]
        return "\n".join(lines)


def outlines_of(name: str, body: bytes) -> list[Outline]:
    """Raises ConfigError for what is no OPML, FeedmillError for a list of nothing."""
    try:
        found = read_opml(body)
    except BadOpml as error:
        raise ConfigError([f"{name}:{error.line}: can't be read as OPML: {error}"]) from error
    if not found:
        raise FeedmillError(f"{name}: it names no feeds: no outline has an xmlUrl")
    return found


def plan(
    outlines: Sequence[Outline],
    settings: Settings,
    configured: Callable[[str], str | None],
    into: Sequence[str] | None = None,
) -> Plan:
    """`configured`: file:line where an address is a source, under whatever spelling. `into`:
    categories instead of those of the list's folders."""
    new: dict[str, New] = {}
    known: list[Known] = []
    bad: list[Bad] = []
    folders = _Folders(settings, bad)
    for outline in outlines:
        found = _judged(outline, configured)
        if isinstance(found, Bad):
            bad.append(found)
        elif isinstance(found, Known):
            known.append(found)
        else:
            slugs = folders.of(outline) if into is None else [e for e in into if e != ALL]
            _add(new, replace(found, categories=tuple(dict.fromkeys(slugs))))
    there = {each.slug for each in settings.categories}
    used = dict.fromkeys(slug for each in new.values() for slug in each.categories)
    made = {slug: folders.titles.get(slug) or _named(slug) for slug in used if slug not in there}
    bad.sort(key=lambda each: each.line)
    return Plan(new=tuple(new.values()), known=tuple(known), bad=tuple(bad), categories=made)


def _judged(outline: Outline, configured: Callable[[str], str | None]) -> New | Known | Bad:
    """One feed of the list, without its categories."""
    line = outline.line or 1
    if outline.fault:
        key, _, text = outline.fault.partition(": ")
        return Bad(line=line, key=key, text=text)
    try:
        url = web_url(outline.url)
    except ValueError as error:
        return Bad(line=line, key="xmlUrl", text=str(error))
    if (place := configured(url)) is not None:
        return Known(url=url, line=line, place=place)
    return New(url=url, title=_title(outline.title, url), categories=(), line=line)


def _add(new: dict[str, New], feed: New) -> None:
    """Under its canonical address: other programs list a feed once for each of its folders."""
    name = canonical(feed.url, default_rules()) or feed.url
    first = new.setdefault(name, feed)
    if first is not feed:
        both = tuple(dict.fromkeys((*first.categories, *feed.categories)))
        new[name] = replace(first, categories=both)


def _named(slug: str) -> str:
    return slug.replace("-", " ").capitalize()


def placed(wanted: Plan, configured: Callable[[str], str | None]) -> Plan:
    """With what is configured already named at where it stands by now."""
    known = [replace(each, place=configured(each.url) or each.place) for each in wanted.known]
    return replace(wanted, known=tuple(known))


class _Folders:
    """Slugs of folders; one that can be none is told once, and its feeds are imported without."""

    def __init__(self, settings: Settings, bad: list[Bad]) -> None:
        self._views = {each.slug for each in settings.views}
        self._bad = bad
        self._slugs: dict[Folder, str | None] = {}
        self.titles: dict[str, str] = {}

    def of(self, outline: Outline) -> tuple[str, ...]:
        found = (self._slug(folder) for folder in outline.within)
        return tuple(slug for slug in found if slug and slug != ALL)

    def _slug(self, folder: Folder) -> str | None:
        if folder not in self._slugs:
            self._slugs[folder] = self._judged(folder)
        return self._slugs[folder]

    def _judged(self, folder: Folder) -> str | None:
        key = f"folder {shown(folder.title)}"
        try:
            slug = folder_slug(folder)
        except ValueError as error:
            self._bad.append(Bad(line=folder.line or 1, key=key, text=str(error)))
            return None
        if slug in self._views:
            text = f"{shown(slug)} is a view of the configuration; rename one of them"
            self._bad.append(Bad(line=folder.line or 1, key=key, text=text))
            return None
        self.titles.setdefault(slug, _title(folder.title, "") or _named(slug))
        return slug


def _title(title: str | None, url: str) -> str | None:
    """As the configuration takes it; an address is no title."""
    text = "".join(c for c in title or "" if c.isprintable()).strip()
    return text if text and text != url else None


def write(settings: Settings, wanted: Plan) -> Settings:
    """Put it into the configuration file; the settings as they are then. Raises EditError,
    ConfigError; the file then stands as it was."""
    return adding.put(settings, [each.table() for each in wanted.new], wanted.categories_made())


# --- a list that stays one ----------------------------------------------------------------


def keep(settings: Settings, given: Path, body: bytes) -> tuple[Settings, Path]:
    """Put the list beside the configuration as it is, and into `include`; the settings as they are
    then, and where it stands. Raises EditError, ConfigError; all then stands as it was."""
    name = given.name if given.suffix.lower() in (".opml", ".xml") else f"{given.name}.opml"
    place = settings.folder / name
    made = _copied(place, body)
    try:
        return _included(settings, place), place
    except BaseException as error:
        if made:
            place.unlink(missing_ok=True)
        if not isinstance(error, ConfigError):
            raise
        # The copy is gone when this is read: what is to be mended is the list that was given.
        ours, theirs = f"{relative(place)}:", f"{given}:"
        complaints = [re.sub(f"^{re.escape(ours)}", theirs, each) for each in error.complaints]
        raise ConfigError(complaints) from error


def _copied(place: Path, body: bytes) -> bool:
    """Whether it had to be. What stands there is never overwritten."""
    try:
        with place.open("xb") as file:
            file.write(body)
    except FileExistsError:
        if place.read_bytes() != body:
            text = "another list stands there already; rename yours, or remove that one"
            raise ConfigError([f"{relative(place)}: {text}"]) from None
        return False
    except OSError as error:
        raise EditError(f"{relative(place)}: can't be written: {error.strerror}") from error
    return True


def _included(settings: Settings, place: Path) -> Settings:
    now = load(settings.file)
    if place.resolve() in {each.resolve() for each in now.opml}:
        return now
    entry = glob.escape(place.name)

    def change(text: str, document: dict[str, Any]) -> str:
        document.setdefault("include", []).append(entry)
        return add_entry(text, "include", entry)

    return edit(settings, change, settings.file)

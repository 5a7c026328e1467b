"""Sources and categories, gathered from the main file and the lists that it includes."""

from __future__ import annotations

import glob
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from aggregator.identity.urls import address_key
from aggregator.opml import BadOpml, Folder, Outline, read_opml
from config.complaints import Complaints, relative
from config.document import BadFile, Texts, TomlFile, read_toml
from config.dotted import dotted
from config.folders import folder_slug
from config.lines import Path as KeyPath
from config.remote import kept_list, list_name
from config.schema import ListFile, SourceTable, ViewTable
from config.settings import ALL
from config.source_secrets import SourceSecrets
from config.suggest import did_you_mean
from config.values import SLUG, Secret, redacted, secret_url, shown, slug, web_url, wrong
from feeds.models import Category, Source

_FROM_HERE = "the path as it is from the folder of the configuration"


class Gathered:
    """Collects what the files say, then checks it as a whole (`finish`)."""

    def __init__(self, main: Path, complaints: Complaints, texts: Texts | None = None) -> None:
        """`texts`: what files would say, before they do."""
        self._folder, self._complaints, self._texts = main.parent, complaints, texts or {}
        self._seen = {main.resolve()}
        self._declared: dict[str, Source] = {}
        self._spellings: dict[str, str] = {}
        self._refused: set[str] = set()
        self._category_places: dict[str, str] = {}
        self._keys: dict[str, tuple[TomlFile, KeyPath]] = {}
        self._places: dict[str, tuple[str, int, str]] = {}
        self._from_opml: set[str] = set()
        self._theirs: list[Gathered] = []
        self._elsewhere = False
        """Whether others have a say: what they take away must not make our file wrong."""
        self._from_lists: set[str] = set()
        self._list = ""
        """How the list is called that was included last."""
        self.lists: list[Path] = []
        """Included OPML lists, in order."""
        self._view_places: dict[str, tuple[TomlFile, KeyPath]] = {}
        self.categories: dict[str, Category] = {}
        self.views: dict[str, Category] = {}
        self.sources: dict[str, Source] = {}
        self.files: list[Path] = [main]
        self.silent: list[Path] = []
        """Those of them that say nothing."""
        self.wanted: list[Path] = []
        """Files that are named, and not there."""
        self.warnings: list[str] = []

    # --- TOML

    def add_file(self, file: TomlFile, content: ListFile) -> None:
        for name, table in content.categories.items():
            if self._named(file, ("categories", name), name):
                values = dict(table) | {"title": table.title or _title(name)}
                self.categories[name] = Category(slug=name, **values)
        for name, view in content.views.items():
            if self._named(file, ("views", name), name):
                self._add_view(file, ("views", name), name, view)
        for index, source in enumerate(content.sources):
            if source is not None:
                self._add_table(file, ("sources", index), source)

    def _named(self, file: TomlFile, path: KeyPath, name: str) -> bool:
        """Whether a feed may have that slug; if not, it is complained of."""
        try:
            slug(name)
        except ValueError as error:
            self._complain(file, path, str(error))
            self._refused.add(name)
            return False
        where = self._category_places.setdefault(name, file.place(path))
        if where == file.place(path):
            self._keys[name] = file, path
            return True
        what = "category" if path[0] == "categories" and name in self.categories else "feed"
        self._complain(file, path, f"the same {what} stands at {where} already; remove one")
        return False

    def _add_view(self, file: TomlFile, path: KeyPath, name: str, table: ViewTable) -> None:
        if name == ALL:
            self._complain(file, path, "`all` is a category; write [categories.all]")
            return
        values = dict(table) | {"title": table.title or _title(name)}
        values["shown_age"] = values.pop("max_age")
        for key in ("categories", "sources"):
            if values[key] is not None:
                values[key] = tuple(each for each in values[key] if each is not None)
        self._view_places[name] = (file, path)
        self.views[name] = Category(slug=name, view=True, **values)

    def _add_table(self, file: TomlFile, path: KeyPath, table: SourceTable) -> None:
        url = self._address(file, path, table)
        if url is None:
            return
        going = SourceSecrets(self._folder, self._complaints, file, path).read(table, url)
        source = Source(
            url=url,
            categories=tuple(dict.fromkeys(c for c in table.categories if c not in (None, ALL))),
            title=table.title,
            every=table.every,
            timeout=table.timeout,
            paused=table.paused,
            preference=table.preference,
            max_age=table.max_age,
            max_articles=table.max_articles,
            headers=going.headers,
            auth=going.auth,
            user_agent=table.user_agent,
            proxy=going.proxy,
            allow_private=table.allow_private,
            secret_url=table.secret_url or going.secret,
            was=table.was,
            declared_at=file.place(path),
        )
        if (known := self._known(url)) is not None:
            key = "file" if table.file else "url"
            text = f"the same source stands at {known.declared_at} already"
            self._complain(file, (*path, key), f"{text}; remove one")
            return
        self._declare(source)
        self._keys[url] = file, path
        self._places[url] = (file.name, file.line((*path, "categories")), dotted(path))

    def _known(self, url: str) -> Source | None:
        """The source of that address, however it is spelled."""
        spelling = self._spellings.get(address_key(url) or url)
        return None if spelling is None else self._declared[spelling]

    def _declare(self, source: Source) -> None:
        self._declared[source.url] = source
        self._spellings[address_key(source.url) or source.url] = source.url

    def _address(self, file: TomlFile, path: KeyPath, table: SourceTable) -> str | None:
        if (table.url is None) == (table.file is None):
            if not file.has((*path, "url")) and not file.has((*path, "file")):
                self._complain(file, path, "needs a `url`, or a `file`")
            elif table.url is not None:
                self._complain(file, path, "has both `url` and `file`; keep one of them")
            return None
        if table.file is not None:
            place = (self._folder / table.file).resolve()
            if not place.is_file():
                text = f"there is no such file; write {_FROM_HERE}"
                told = wrong(f"{shown(table.file)}: {text}", text)
                self._complain(file, (*path, "file"), told)
                self.wanted.append(place)
                return None
            return place.as_uri()
        try:
            if isinstance(table.url, Secret):
                return secret_url(table.url, self._folder)
            return web_url(table.url)
        except ValueError as error:
            self._complain(file, (*path, "url"), error)
            return None

    # --- included lists

    def include(self, file: TomlFile, index: int, pattern: str) -> None:
        """One entry of `include`: a path or a pattern, relative to the configuration."""
        # Path.glob takes no absolute patterns; operators write them.
        found = sorted(glob.glob(pattern, root_dir=self._folder, recursive=True))  # noqa: PTH207
        at: KeyPath = ("include", index)
        if "://" in pattern:
            text = "lists come from http:// and https:// alone; write such an address, or a path"
            self._complain(file, at, f"{redacted(pattern)}: {text}", "include")
            return
        if not found and not glob.has_magic(pattern):
            text = f"{shown(pattern)}: there is no such file; write {_FROM_HERE}"
            self._complain(file, at, text, "include")
            self.wanted.append(self._folder / pattern)
        for each in found:
            path = self._folder / each
            suffix = path.suffix.lower()
            if suffix not in (".opml", ".xml", ".toml"):
                likely = f"{each.rstrip('/')}/*.opml" if path.is_dir() else f"{path.stem}.opml"
                text = f"{shown(each)}: neither .opml nor .toml; write one like {shown(likely)}"
                self._complain(file, at, text, "include")
            elif self._first_time(path):
                (self._include_toml if suffix == ".toml" else self._include_opml)(path)
            elif not glob.has_magic(pattern):
                text = f"{shown(each)} is included already, or this file itself; remove it here"
                self._complain(file, at, text, "include")

    def _first_time(self, path: Path) -> bool:
        """Patterns overlap, find the configuration itself, and meet a file again by links."""
        place = path.resolve()
        new = place not in self._seen
        self._seen.add(place)
        if new:
            self.files.append(path)
        return new

    def include_list(self, file: TomlFile, index: int, url: str, folder: Path) -> None:
        """One entry of `include` that lies elsewhere: what came of it last. Others write it, so
        that what is wrong in it is left out, and stops nothing."""
        at: KeyPath = ("include", index)
        try:
            path = kept_list(web_url(url), folder)
        except ValueError as error:
            self._complain(file, at, error, "include")
            return
        if not self._first_time(path):
            text = f"{redacted(url)} is included already; remove it here"
            self._complain(file, at, text, "include")
            return
        self._elsewhere = True
        if path.is_file():
            theirs = Gathered(path, Complaints())
            theirs._include_opml(path, list_name(url))
            self.warnings += theirs._complaints.lines()
            self._theirs.append(theirs)

    def _take(self, theirs: Gathered) -> None:
        """What they have, and we have not."""
        former = {each.was for each in (*self.categories.values(), *self.views.values())}
        moved = {address_key(each.was) or each.was for each in self._declared.values() if each.was}
        for slug_, category in theirs.categories.items():
            if slug_ in self.views:
                text = f"{shown(slug_)} is a view here; the folder is left out"
                self.warnings.append(f"{theirs._list}:1: folder: {text}")
            elif slug_ in former:
                text = f"{shown(slug_)} is what another feed was; the folder is left out"
                self.warnings.append(f"{theirs._list}:1: folder: {text}")
            else:
                self.categories.setdefault(slug_, category)
        for source in theirs._declared.values():
            wanted = tuple(each for each in source.categories if each in self.categories)
            known = self._known(source.url)
            if known is not None and known.url in self._from_lists:
                both = dict.fromkeys((*known.categories, *wanted))
                self._declare(replace(known, categories=tuple(both)))
            elif known is not None:
                text = f"the same source stands at {known.declared_at} already; left out here"
                self.warnings.append(f"{source.declared_at}: xmlUrl: {text}")
            elif (address_key(source.url) or source.url) in moved:
                text = "it has moved, as `was` of another source says; left out here"
                self.warnings.append(f"{source.declared_at}: xmlUrl: {text}")
            else:
                self._places[source.url] = theirs._places[source.url]
                self._declare(replace(source, categories=wanted))
                self._from_lists.add(source.url)

    def add_own(self, path: Path) -> None:
        """What the desk wrote, if it did."""
        given = path.resolve() in self._texts or path.is_file()
        if given and self._first_time(path):
            self._include_toml(path)
        elif not given:
            self.files.append(path)

    def _include_toml(self, path: Path) -> None:
        try:
            file = read_toml(path, self._texts.get(path.resolve()))
        except BadFile as error:
            self._complaints.add(error.name, error.line, "", error.text)
            return
        if not file.raw:
            self.silent.append(path)
        self.add_file(file, file.checked(ListFile, self._complaints))

    def _include_opml(self, path: Path, name: str = "") -> None:
        """`name`: how it is called, if not by its path."""
        self._list = name = name or relative(path)
        try:
            outlines = read_opml(path.read_bytes())
        except OSError as error:
            self._complaints.add(name, 1, "", f"can't be read: {error.strerror}")
            return
        except BadOpml as error:
            self._complaints.add(name, error.line, "", f"can't be read as OPML: {error}")
            return
        self.lists.append(path)
        folders = dict.fromkeys(folder for outline in outlines for folder in outline.within)
        slugs = {folder: self._folder_category(name, folder) for folder in folders}
        for outline in outlines:
            found = [slug for folder in outline.within if (slug := slugs[folder]) is not None]
            self._add_outline(name, outline, found)

    def _add_outline(self, file: str, outline: Outline, slugs: Sequence[str]) -> None:
        line = outline.line or 1
        if outline.fault:
            self._complaints.add(file, line, "", outline.fault)
            return
        try:
            url = web_url(outline.url)
        except ValueError as error:
            self._complaints.add(file, line, "xmlUrl", str(error))
            return
        known = self._known(url)
        if known is not None and known.url not in self._from_opml:
            text = f"the same source stands at {known.declared_at} already; remove one"
            self._complaints.add(file, line, "xmlUrl", text)
        elif known is not None:
            # Other programs list a feed once for each folder that it is in.
            both = dict.fromkeys((*known.categories, *slugs))
            self._declare(replace(known, categories=tuple(both)))
        else:
            self._from_opml.add(url)
            self._places[url] = (file, line, "outline")
            made = Source(
                url=url,
                categories=tuple(dict.fromkeys(slugs)),
                title=outline.title,
                declared_at=f"{file}:{line}",
            )
            self._declare(made)

    def _folder_category(self, file: str, folder: Folder) -> str | None:
        """Its slug; None where it has none, or is `all`."""
        try:
            name = folder_slug(folder)
        except ValueError as error:
            key = f"folder {shown(folder.title)}"
            self._complaints.add(file, folder.line or 1, key, str(error))
            return None
        if name != ALL:
            self.categories.setdefault(name, Category(slug=name, title=folder.title))
        return None if name == ALL else name

    # --- the whole

    def finish(self) -> None:
        """Check what needs all files to be known, and fill `sources`."""
        for theirs in self._theirs:  # last: what is ours counts, wherever it stands
            self._take(theirs)
        for url, source in list(self._declared.items()):
            file, line, key = self._places[url]
            unknown = [each for each in source.categories if each not in self.categories]
            for each in unknown:
                if each not in self._refused:
                    self._missing(file, line, f"{key}.categories", _unknown(each, self.categories))
            if unknown and self._elsewhere:
                known = tuple(each for each in source.categories if each not in unknown)
                self._declare(replace(source, categories=known))
        self._check_moves(self._declared)
        self._check_views()
        self._check_former()
        self.sources = dict(self._declared)

    def _missing(self, file: str, line: int, key: str, text: str) -> None:
        """Something that is named and not there: it may have been, or come, with a list from
        elsewhere, which is not read yet or has lost it. Then it is left out."""
        if self._elsewhere:
            self.warnings.append(f"{file}:{line}: {key}: {text}")
        else:
            self._complaints.add(file, line, key, text)

    def _check_views(self) -> None:
        """Their categories and sources are there, and nothing that is private comes out."""
        for name, view in self.views.items():
            file, path = self._view_places[name]
            if name in self.categories:
                text = f"a folder of an OPML list is {shown(name)} too; give the view another slug"
                self._complain(file, path, text)
            for at, each in enumerate(view.categories or ()):
                place: KeyPath = (*path, "categories", at)
                known = self.categories.get(each)
                if known is None and each not in self._refused:
                    text = _unknown(each, self.categories)
                    self._missing(file.name, file.line(place), dotted(place), text)
                elif known is not None and known.private and not view.private:
                    text = f"the category {each} is private; write private = true here too"
                    self._complain(file, place, text)
            urls = []
            for at, url in enumerate(view.sources or ()):
                source = self._known(url)
                if source is None:
                    text = "is no source of this configuration; write the url of one"
                    text = f"{self._told(url)} {text}"
                    place = (*path, "sources", at)
                    self._missing(file.name, file.line(place), dotted(place), text)
                else:
                    urls.append(source.url)
            if view.sources is not None:
                view = replace(view, sources=tuple(urls))
            if view.categories is not None and self._elsewhere:
                there = tuple(each for each in view.categories if each in (*self.categories, ALL))
                view = replace(view, categories=there)
            self.views[name] = view

    def _told(self, url: str) -> str:
        """An address that is none of ours, which may be a secret one with a slip of the pen."""
        host = _host(url)
        near = any(each.secret_url and _host(each.url) == host for each in self._declared.values())
        return "that address" if near else redacted(url)

    def _check_former(self) -> None:
        feeds, former = self.categories | self.views, dict[str, str]()
        for name, feed in feeds.items():
            if feed.was is None:
                continue
            text = None
            try:
                slug(feed.was)
            except ValueError as error:
                text = str(error)
            if feed.was in feeds:
                text = f"{shown(feed.was)} is still a feed itself; remove one of them"
            elif (other := former.setdefault(feed.was, name)) != name:
                text = f"{shown(feed.was)} is what {other} was too; keep it for one of them"
            if text is not None:
                file, path = self._keys[name]
                self._complain(file, (*path, "was"), text)

    def _check_moves(self, sources: Mapping[str, Source]) -> None:
        heirs = dict[str, str]()
        for url, source in sources.items():
            if source.was is None:
                continue
            text = ""
            known = self._known(source.was)
            if known is not None and known.url != url:
                text = "is still a source itself; remove one of them"
            elif heirs.setdefault(address_key(source.was) or source.was, url) != url:
                text = "is what another source was; keep it for one of them"
            if text:
                file, path = self._keys[url]
                told = wrong(f"{redacted(source.was)} {text}", f"that address {text}")
                self._complain(file, (*path, "was"), told)

    def _complain(
        self, file: TomlFile, path: KeyPath, what: str | ValueError, key: str = ""
    ) -> None:
        file.complain(self._complaints, path, what, key)


def _host(url: str) -> str:
    """Written or not with its scheme."""
    return re.split(r"[/?#]", url.rpartition("://")[2], maxsplit=1)[0].lower()


def _unknown(name: str, there: Collection[str]) -> str:
    """A category that is named and not there, and what to write."""
    near = did_you_mean(name, there)
    add = "" if "?" in near or not SLUG.fullmatch(name) else f"; or add [categories.{name}]"
    return f"unknown category {shown(name)}, {near}{add}"


def _title(name: str) -> str:
    return "All" if name == ALL else name.replace("-", " ").capitalize()

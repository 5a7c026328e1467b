"""Sources and categories, gathered from the main file and the lists that it includes."""

from __future__ import annotations

import glob
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from aggregator.opml import BadOpml, Outline, read_opml
from config.complaints import Complaints, did_you_mean, dotted, relative
from config.lines import Path as KeyPath
from config.lines import key_lines, line_of
from config.schema import ListFile, SourceTable
from config.settings import ALL
from config.values import Secret, shown, slug, web_url
from feeds.models import Category, Source
from feeds.text import slugify


class Gathered:
    """Collects what the files say, then checks it as a whole (`finish`)."""

    def __init__(self, folder: Path, complaints: Complaints) -> None:
        self._folder, self._complaints = folder, complaints
        self._declared: dict[str, Source] = {}
        self._places: dict[str, tuple[str, int, str]] = {}
        self._from_opml: set[str] = set()
        self.categories: dict[str, Category] = {}
        self.sources: dict[str, Source] = {}

    # --- TOML

    def add_file(self, file: str, lines: dict[KeyPath, int], content: ListFile) -> None:
        for name, table in content.categories.items():
            path: KeyPath = ("categories", name)
            try:
                slug(name)
            except ValueError as error:
                self._complain(file, lines, path, str(error))
                continue
            title = table.title or ("All" if name == ALL else name.replace("-", " ").capitalize())
            self.categories[name] = Category(slug=name, title=title, limit=table.limit)
        for index, source in enumerate(content.sources):
            self._add_table(file, lines, ("sources", index), source)

    def _add_table(
        self, file: str, lines: dict[KeyPath, int], path: KeyPath, table: SourceTable
    ) -> None:
        line = line_of(lines, path)
        url = self._address(file, lines, path, table)
        if url is None:
            return
        headers = {}
        for name, value in table.headers.items():
            try:
                headers[name] = value.value(self._folder) if isinstance(value, Secret) else value
            except ValueError as error:
                self._complain(file, lines, (*path, "headers"), f"{name}: {error}")
        secret = any(isinstance(value, Secret) for value in (table.url, *table.headers.values()))
        source = Source(
            url=url,
            categories=tuple(dict.fromkeys(c for c in table.categories if c != ALL)),
            title=table.title,
            every=table.every,
            timeout=table.timeout,
            paused=table.paused,
            headers=headers,
            allow_private=table.allow_private,
            secret_url=table.secret_url or secret,
            was=table.was,
            declared_at=f"{file}:{line}",
        )
        if url in self._declared:
            key = "file" if table.file else "url"
            where = self._declared[url].declared_at
            self._complain(file, lines, (*path, key), f"the same source stands at {where} already")
            return
        self._declared[url] = source
        self._places[url] = (file, line_of(lines, (*path, "categories")), dotted(path))

    def _address(
        self, file: str, lines: dict[KeyPath, int], path: KeyPath, table: SourceTable
    ) -> str | None:
        if (table.url is None) == (table.file is None):
            if (*path, "url") not in lines and (*path, "file") not in lines:
                self._complain(file, lines, path, "needs a `url`, or a `file`")
            elif table.url is not None:
                self._complain(file, lines, path, "has both `url` and `file`; keep one of them")
            return None
        if table.file is not None:
            place = (self._folder / table.file).resolve()
            if not place.is_file():
                text = f"{shown(table.file)}: there is no such file"
                self._complain(file, lines, (*path, "file"), text)
                return None
            return place.as_uri()
        try:
            url = table.url
            return web_url(url.value(self._folder) if isinstance(url, Secret) else url)
        except ValueError as error:
            self._complain(file, lines, (*path, "url"), str(error))
            return None

    # --- included lists

    def include(self, file: str, line: int, pattern: str) -> None:
        """One entry of `include`: a path or a pattern, relative to the configuration."""
        # Path.glob takes no absolute patterns; operators write them.
        found = sorted(glob.glob(pattern, root_dir=self._folder, recursive=True))  # noqa: PTH207
        if not found and not glob.has_magic(pattern):
            text = f"{shown(pattern)}: there is no such file"
            self._complaints.add(file, line, "include", text)
        for each in found:
            path = self._folder / each
            if path.suffix.lower() in (".opml", ".xml"):
                self._include_opml(path)
            elif path.suffix.lower() == ".toml":
                self._include_toml(path)
            else:
                text = f"{shown(each)}: neither .opml nor .toml"
                self._complaints.add(file, line, "include", text)

    def _include_toml(self, path: Path) -> None:
        name = relative(path)
        try:
            text = path.read_text("utf-8-sig")
            raw = tomllib.loads(text)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            self._complaints.add(name, 1, "", f"can't be read as TOML: {error}")
            return
        lines = key_lines(text)
        try:
            self.add_file(name, lines, ListFile.model_validate(raw))
        except ValidationError as error:
            self._complaints.validation(name, lines, error)

    def _include_opml(self, path: Path) -> None:
        name = relative(path)
        try:
            outlines = read_opml(path.read_bytes())
        except (OSError, BadOpml) as error:
            self._complaints.add(name, 1, "", f"can't be read as OPML: {error}")
            return
        for outline in outlines:
            self._add_outline(name, outline)

    def _add_outline(self, file: str, outline: Outline) -> None:
        line = outline.line or 1
        try:
            url = web_url(outline.url)
        except ValueError as error:
            self._complaints.add(file, line, "xmlUrl", str(error))
            return
        slugs = []
        for folder in outline.folders:
            if (made := self._folder_category(file, line, folder)) is not None:
                slugs.append(made)
        known = self._declared.get(url)
        if known is not None and url not in self._from_opml:
            text = f"the same source stands at {known.declared_at} already"
            self._complaints.add(file, line, "xmlUrl", text)
        elif known is not None:
            # Other programs list a feed once for each folder that it is in.
            both = dict.fromkeys((*known.categories, *slugs))
            self._declared[url] = replace(known, categories=tuple(both))
        else:
            self._from_opml.add(url)
            self._places[url] = (file, line, "outline")
            self._declared[url] = Source(
                url=url,
                categories=tuple(dict.fromkeys(slugs)),
                title=outline.title,
                declared_at=f"{file}:{line}",
            )

    def _folder_category(self, file: str, line: int, folder: str) -> str | None:
        name = slugify(folder)[:64].strip("-")
        if not name or name == ALL:
            return None
        try:
            slug(name)
        except ValueError as error:
            self._complaints.add(file, line, f"folder {shown(folder)}", str(error))
            return None
        self.categories.setdefault(name, Category(slug=name, title=folder))
        return name

    # --- the whole

    def finish(self) -> None:
        """Check what needs all files to be known, and fill `sources`."""
        for url, source in self._declared.items():
            file, line, key = self._places[url]
            for each in source.categories:
                if each not in self.categories:
                    names: Collection[str] = self.categories
                    text = f"unknown category {shown(each)}, {did_you_mean(each, names)}"
                    self._complaints.add(file, line, f"{key}.categories", text)
        self._check_moves(self._declared)
        self.sources = dict(self._declared)

    def _check_moves(self, sources: Mapping[str, Source]) -> None:
        for url, source in sources.items():
            if source.was is not None and source.was in sources and source.was != url:
                file, line, key = self._places[url]
                text = f"{shown(source.was)} is still a source itself; remove one of them"
                self._complaints.add(file, line, f"{key}.was", text)

    def _complain(self, file: str, lines: dict[KeyPath, int], path: KeyPath, text: str) -> None:
        self._complaints.add(file, line_of(lines, path), dotted(path), text)

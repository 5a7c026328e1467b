"""`feedmill opml export`: the configured sources as folders of outlines (P36, P39)."""

from __future__ import annotations

import html
import os
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aggregator.identity.urls import address_key
from aggregator.opml import BadOpml, Folder, Outline, read_opml
from config.complaints import relative
from config.folders import folder_slug
from config.settings import ALL, Settings
from feeds.errors import FeedmillError
from feeds.models import Source
from feeds.text import plain_text
from publisher.render.opml import Node, render_list

Names = Mapping[str, tuple[str | None, str | None]]
"""By URL: the document's title, and the address of its site, where they are known."""

_OWN = frozenset(("type", "text", "title", "xmlurl", "htmlurl", "category"))
"""Attributes that are written anew, in the spelling of the specification."""
_USER = re.compile(r"//[^/@\s]*@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """`kept_back`: sources that are in no list, each with the reason."""

    body: bytes
    sources: int
    kept_back: tuple[tuple[Source, str], ...]


def export(settings: Settings, names: Names, *, private: bool = False) -> Exported:
    """OPML 2.0 of all that may leave; the same configuration, the same bytes. Raises FeedmillError
    when an included list can't be read any more."""
    lists = [each for path in settings.opml for each in _outlines(path)]
    tree = _Tree(settings, names, private, {_key(each.url) for each in lists})
    tree.add_tables()
    for outline in lists:
        tree.add_outline(outline)
    files = (settings.file, *settings.opml)
    modified = datetime.fromtimestamp(max(int(each.stat().st_mtime) for each in files), UTC)
    body = render_list(f"Sources of {settings.site.title}", tree.nodes(), modified)
    return Exported(body=body, sources=len(tree.written), kept_back=tuple(tree.kept_back))


def _outlines(path: Path) -> list[Outline]:
    try:
        return read_opml(path.read_bytes())
    except (BadOpml, OSError) as error:
        raise FeedmillError(f"{relative(path)}: can't be read any more: {error}") from error


def _key(url: str) -> str:
    return address_key(url) or url


class _Tree:
    """Folders at the top by category, in the order of the configuration; those of included lists
    as they are nested there; feeds in none at the end."""

    def __init__(
        self, settings: Settings, names: Names, private: bool, listed: Collection[str]
    ) -> None:
        self._names, self._listed = names, listed
        self._categories = {each.slug: each for each in settings.categories if each.slug != ALL}
        self._hidden = {e.slug for e in self._categories.values() if e.private and not private}
        self._top = Node({})
        self._loose: list[Node] = []
        self._folders: dict[tuple[int, str], Node] = {}
        self._sources: dict[str, Source] = {}
        self.written: set[str] = set()
        self.kept_back: list[tuple[Source, str]] = []
        for source in settings.sources.values():
            if reason := self._reason(source):
                self.kept_back.append((source, reason))
            else:
                self._sources[_key(source.url)] = source
        for slug in self._categories:
            self._folder(self._top, Folder(title=self._categories[slug].title, slug=slug))

    def _reason(self, source: Source) -> str:
        if source.secret_url or _USER.search(source.url):
            return "its address is a secret"
        if source.url.startswith("file:"):
            return "it is a local document"
        if source.categories and self._hidden.issuperset(source.categories):
            return "it is in private categories only: --private lists it"
        return ""

    def add_tables(self) -> None:
        """What stands in TOML."""
        for key, source in self._sources.items():
            if key in self._listed:
                continue
            node = self._feed(source, {})
            slugs = [slug for slug in source.categories if slug not in self._hidden]
            for slug in slugs:
                folder = Folder(title=self._categories[slug].title, slug=slug)
                self._folder(self._top, folder).inside.append(node)
            if not slugs:
                self._loose.append(node)

    def add_outline(self, outline: Outline) -> None:
        """What stands in an included list, in its folders; private ones are left out of the way."""
        if (source := self._sources.get(_key(outline.url))) is None:
            return
        path = [each for each in outline.within if folder_slug(each) not in self._hidden]
        if outline.within and not path:
            return
        place = self._top
        for folder in path:
            place = self._folder(place, folder)
        node = self._feed(source, outline.attributes)
        (place.inside if path else self._loose).append(node)

    def nodes(self) -> Sequence[Node]:
        """Without folders that hold nothing."""
        return [*_filled(self._top.inside), *self._loose]

    def _folder(self, parent: Node, folder: Folder) -> Node:
        slug = folder_slug(folder)
        at = (id(parent), slug)
        if at in self._folders:
            node = self._folders[at]
            node.attributes = {**_more(folder.attributes), **node.attributes}
        else:
            category = f"/{slug}" if slug != ALL else None
            title = _text(folder.title)
            own = {"text": title, "title": title, "category": category}
            node = self._folders[at] = Node({**own, **_more(folder.attributes)})
            parent.inside.append(node)
        return node

    def _feed(self, source: Source, given: Mapping[str, str]) -> Node:
        self.written.add(source.url)
        lower = {name.lower(): value for name, value in given.items()}
        known_title, known_link = self._names.get(source.url, (None, None))
        title = _text(source.title or known_title or source.url)
        link = lower.get("htmlurl") or known_link
        slugs = [f"/{slug}" for slug in source.categories if slug not in self._hidden]
        theirs = [each.strip() for each in lower.get("category", "").split(",")]
        return Node(
            {
                "type": "rss",
                "text": lower.get("text") or title,
                "title": lower.get("title") or title,
                "xmlUrl": source.url,
                "htmlUrl": None if link is None or _USER.search(link) else link,
                "category": ",".join(dict.fromkeys(e for e in (*theirs, *slugs) if e)) or None,
                **_more(given),
            }
        )


def _text(text: str) -> str:
    """As an attribute that may hold HTML has it: `<b>` that is meant so is `&lt;b&gt;` there."""
    return text if plain_text(text) == text else html.escape(text, quote=False)


def _more(attributes: Mapping[str, str]) -> dict[str, str]:
    """Those that only their own program knows; but no password."""
    return {
        name: value
        for name, value in attributes.items()
        if name.lower() not in _OWN and not _USER.search(value)
    }


def _filled(nodes: Sequence[Node]) -> Iterator[Node]:
    for node in nodes:
        node.inside = list(_filled(node.inside)) if "xmlUrl" not in node.attributes else []
        if node.inside or "xmlUrl" in node.attributes:
            yield node


def save(body: bytes, file: Path, settings: Settings, *, private: bool) -> None:
    """Atomically, in the place of what stands there; what is private for its owner only. Raises
    FeedmillError."""
    file = file.resolve()
    if file in {each.resolve() for each in (settings.file, *settings.opml)}:
        raise FeedmillError(f"{file}: this configuration reads it; choose another name")
    try:
        if file.exists() and not file.is_file():  # a pipe, /dev/stdout
            file.write_bytes(body)
            return
        number, made = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        try:
            with os.fdopen(number, "wb") as out:
                out.write(body)
            Path(made).chmod(0o600 if private else 0o644)
            Path(made).replace(file)
        finally:
            Path(made).unlink(missing_ok=True)
    except OSError as error:
        raise FeedmillError(f"{file}: can't be written: {error.strerror}") from error

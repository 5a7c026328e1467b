"""The documents of a feed: rendered, checked, put. What no document may have is set apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from lxml import etree

from feeds.errors import GateError
from feeds.models import (
    ARCHIVE,
    Category,
    Deletion,
    FeedItem,
    FeedPage,
    FeedState,
    Quarantined,
    RenderedFile,
)
from feeds.protocols import Fault, FeedStore, Gate, Outlet, Renderer
from feeds.text import xml_safe
from publisher import notes
from publisher.outlet import NOTES
from publisher.render import history, jsonfeed
from publisher.render.build import seconds
from publisher.render.site import ATOM, JSON, PAGE, Site, path
from publisher.shape import shaped

log = structlog.get_logger("feedmill.publish")

HERE = b"\0here\0"
"""Stands for a feed's own address in its archives; no document has this character."""
DELETIONS = timedelta(days=30)
"""How long the feed itself names what was taken down (P30)."""


@dataclass(kw_only=True)
class Documents:
    """Of all feeds. `outlet`: where a feed's documents go."""

    store: FeedStore
    site: Site
    renderers: Sequence[Renderer]
    gate: Gate
    outlet: Outlet

    def put(self, category: Category, state: FeedState) -> bool:
        """The document that subscribers come back to, in all formats; whether it has changed.
        Raises GateError, OutputError; the old ones stay then."""
        page, files = self.passed(self._page(category, state))
        changed = [self.outlet.put(file) for file in files]
        before = notes.read(self.outlet.read(path(category.slug, NOTES)))
        self.outlet.put(notes.written(before, page, files, state, self.site.hubs))
        log.info("published", feed=category.slug, items=len(page.items), changed=any(changed))
        return any(changed)

    def _page(self, category: Category, state: FeedState) -> FeedPage:
        """The newest stories, and everything that is in no archive yet."""
        items = self.store.window(category.slug, category.limit, state.sealed * ARCHIVE)
        # By the feed's own time, not a clock: the same log gives the same bytes (P7).
        since = state.updated - DELETIONS
        return FeedPage(
            category=category,
            updated=state.updated,
            items=tuple(shaped(item, category) for item in items),
            deleted=tuple(self.store.takedowns(category.slug, since=since)),
            older=state.sealed - 1 if state.sealed else None,
            named=state.named,
        )

    # --- archives

    def seal(self, category: Category, state: FeedState) -> FeedState:
        """Seal what is out of the window of the feed. Raises GateError, OutputError."""
        while state.seq >= (state.sealed + 1) * ARCHIVE + category.limit:
            number = state.sealed
            first = number * ARCHIVE + 1
            when, items, gone = self.store.told(category.slug, first, first + ARCHIVE - 1)
            page = FeedPage(
                category=category,
                updated=when,
                items=tuple(shaped(item, category) for item in items),
                deleted=tuple(gone),
                archive=number,
                older=number - 1 if number else None,
                named=state.named,
            )
            _, files = self.passed(page)
            self.store.seal(category.slug, number, [self._portable(file) for file in files])
            for file in files:
                self.outlet.put(file)
            state = replace(state, sealed=number + 1)
            log.info("sealed", feed=category.slug, archive=number, items=len(items))
        return state

    def restore(self, category: Category, state: FeedState) -> None:
        """Every archive as it was sealed: the folder may have been emptied."""
        for number in range(state.sealed):
            for file in self._kept(category.slug, number):
                self.outlet.put(file)

    def strike(self, category: Category, state: FeedState) -> None:
        """Take out of sealed archives what was taken down since the feed was last rendered."""
        gone = self.store.takedowns(category.slug, after=state.rendered_seq)
        for each in gone:
            for number in self.store.telling(category.slug, [each.story_id]):
                if number < state.sealed:
                    self._strike(category.slug, number, each)

    def _strike(self, slug: str, number: int, gone: Deletion) -> None:
        files = [_struck(file, gone) for file in self._kept(slug, number)]
        self.store.replace_archive(slug, number, [self._portable(file) for file in files])
        for file in files:
            self.outlet.put(file)
        log.info("taken out of an archive", feed=slug, archive=number, id=gone.published_id)

    def _kept(self, slug: str, number: int) -> list[RenderedFile]:
        return [
            RenderedFile(
                path=path(slug, name, number),
                body=body.replace(HERE, self._address(slug)),
                media_type=kind,
                modified=modified,
            )
            for name, body, kind, modified in self.store.archive_of(slug, number)
        ]

    def _portable(self, file: RenderedFile) -> RenderedFile:
        """As it is kept: a site may move, and a feed get another slug."""
        slug = file.path.partition("/")[0]
        return replace(file, body=file.body.replace(self._address(slug), HERE))

    def _address(self, slug: str) -> bytes:
        return self.site.page(slug).encode()

    # --- the gate

    def passed(self, page: FeedPage) -> tuple[FeedPage, list[RenderedFile]]:
        """The page in all formats, without what would break a rule: that is set apart. Raises
        GateError when it is the document itself that breaks one."""
        while True:
            files, faults = self._tried(page)
            if not faults:
                return page, files
            named = {fault.item: fault for fault in reversed(faults) if fault.item is not None}
            culprits = [(each, named[_id(each)]) for each in page.items if _id(each) in named]
            if not culprits:
                raise GateError(page.category.slug, [f"{f.rule}: {f.text}" for f in faults])
            self._set_apart(page, culprits)
            out = {each.story_id for each, _ in culprits}
            kept = tuple(each for each in page.items if each.story_id not in out)
            page = replace(page, items=kept)

    def _tried(self, page: FeedPage) -> tuple[list[RenderedFile], list[Fault]]:
        try:
            files = [render(page) for render in self.renderers]
        except Exception as error:
            faults = self._unrenderable(page)
            if not faults:
                raise
            log.error("an article can't be rendered", feed=page.category.slug, error=repr(error))
            return [], faults
        return files, [fault for file in files for fault in self.gate(file)]

    def _unrenderable(self, page: FeedPage) -> list[Fault]:
        """Which of its items no document can be made of."""
        found = []
        for item in page.items:
            try:
                for render in self.renderers:
                    render(replace(page, items=(item,)))
            except Exception as error:
                text = f"it can't be rendered: {error!r}"
                found.append(Fault(rule="P1", text=text, item=_id(item)))
        return found

    def _set_apart(self, page: FeedPage, culprits: Sequence[tuple[FeedItem, Fault]]) -> None:
        for item, fault in culprits:
            log.error(
                "an article is kept out of all feeds until it is edited",
                article=item.article.id,
                source=item.source.title or item.source.url,
                title=item.article.entry.title,
                feed=page.category.slug,
                rule=fault.rule,
                fault=fault.text,
            )
        self.store.set_apart(
            [
                Quarantined(
                    article_id=item.article.id,
                    revision=item.article.revision,
                    rule=fault.rule,
                    fault=fault.text,
                )
                for item, fault in culprits
            ]
        )


def _id(item: FeedItem) -> str:
    return xml_safe(item.published_id)


def _struck(file: RenderedFile, gone: Deletion) -> RenderedFile:
    """A sealed document with the deletion in the place of the story; nothing else of it changes."""
    name, when = file.path.rpartition("/")[2], seconds(gone.at).isoformat()
    if name == JSON:
        feed = json.loads(file.body)
        done = jsonfeed.strike(feed, gone.published_id, when)
        body = jsonfeed.dumped(feed) if done else file.body
    elif name == PAGE:
        body = history.strike_page(file.body, gone.published_id)
    else:
        root = etree.fromstring(file.body)
        if name == ATOM:
            done = history.strike_atom(root, gone.published_id, when)
        else:
            done = history.strike_rss(root, gone.published_id)
        # As feedgen has it.
        body = etree.tostring(root, encoding="UTF-8", xml_declaration=True) if done else file.body
    return replace(file, body=body, modified=max(file.modified, gone.at))

"""A response → what it shows that is new, bound to the articles it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from aggregator.identity.flood import ARCHIVE, is_flood, is_many
from aggregator.identity.identify import Identity, identify
from aggregator.identity.keys import Bound, Ghost, bind, digests
from aggregator.identity.rebind import part, rebind
from aggregator.identity.seen import Seen, clash, left_out, pack, settled, unpack
from aggregator.identity.urls import UrlRules
from aggregator.likeness.sketch import sketched
from feeds.models import Document, Entry, Known, KnownItems, Stored
from feeds.protocols import ReadDocument, Response


class Archive(Protocol):
    """What the store has of one source."""

    def known(self, digests: Collection[bytes]) -> list[Known]:
        """Its articles that have one of these keys."""

    def stored(
        self, ids: Collection[int], dates: Collection[datetime], traces: Collection[int]
    ) -> list[Stored]:
        """These articles, those of these dates, and those whose texts have some of these keys."""

    def newest(self, limit: int) -> list[Stored]:
        """By published."""


class _Unsure(Exception):
    """What was left out could have made a difference: all has to be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was read. `bound`: the entries that were, each with the article it is."""

    document: Document
    bound: list[Bound]
    left_out: bool = False
    """Whether it also shows articles that we have and that were not read again."""
    seen: bytes
    """For the next reading (aggregator.identity.seen)."""
    before: Mapping[int, Entry] = field(default_factory=dict)
    """Of those that were edited: the entry as it stood, by article id."""
    flood: bool = False
    """Its archive came as if it were new: what is new here is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Of one source. `archive` None: it has no articles yet."""

    read: ReadDocument
    archive: Archive | None
    rules: UrlRules
    articles: int = 0
    last_success: datetime | None = None
    guard: bool = True
    """Whether what comes may be a flood."""

    def __call__(self, response: Response, packed: bytes) -> Findings:
        """All of it, but for what `packed` shows to be known; in case of doubt that, too. Raises
        ReadError."""
        if (seen := unpack(packed, self.rules)) is not None:
            with suppress(_Unsure):
                return self._rest(response, seen)
        document = self._document(response, None)
        identity = identify(document, self.rules)
        return self._findings(document, identity, self._asked(identity))

    def _rest(self, response: Response, seen: Seen) -> Findings:
        document = self._document(response, seen.known)
        identity = identify(document, self.rules, seen.left_out(document))
        known = self._asked(identity)
        if identity.unsure or clash(identity.ghosts.values(), known):
            raise _Unsure
        return self._findings(document, identity, known)

    def _document(self, response: Response, known: KnownItems | None) -> Document:
        kind = response.headers.get("content-type")
        return self.read(response.body, response.url, kind, known)

    def _asked(self, identity: Identity) -> list[Known]:
        asked = digests(identity.items)
        return self.archive.known(asked) if asked and self.archive is not None else []

    def _findings(self, document: Document, identity: Identity, known: list[Known]) -> Findings:
        bound, stored, flood = bind(identity.items, known), list[Stored](), False
        if self.archive is not None:
            shown = identity.ghosts.values()
            bound, stored = self._known_again(self.archive, bound, known, shown)
            bound, looked, flood = self._flooded(self.archive, bound, shown)
            stored += looked
        settling = settled(bound, [*known, *(each.known for each in stored)])
        return Findings(
            document=document,
            bound=bound,
            left_out=bool(identity.ghosts),
            seen=pack(document, identity.ghosts | settling, self.rules),
            before={each.known.article_id: each.entry for each in stored},
            flood=flood,
        )

    def _known_again(
        self,
        archive: Archive,
        bound: list[Bound],
        known: Sequence[Known],
        shown: Collection[Ghost],
    ) -> tuple[list[Bound], list[Stored]]:
        """With new entries that the source showed under other keys, and without what a reused guid
        bound; and the articles that had to be looked at."""
        fresh = [each.item.entry for each in bound if each.known is None]
        taken = {b.known.article_id for b in bound if b.known is not None}
        ids = {each.article_id for each in known} - taken if fresh else set[int]()
        ids |= {b.known.article_id for b in bound if b.known is not None and edited(b)}
        if not ids and not fresh:
            return bound, []
        dates = {claim for entry in fresh if (claim := entry.published or entry.updated)}
        traces = {key for entry in fresh for key in sketched(entry).keys}
        stored = archive.stored(ids, dates, traces)
        bound = part(bound, stored)
        return rebind(bound, _free(stored, shown)), stored

    def _flooded(
        self, archive: Archive, bound: list[Bound], shown: Collection[Ghost]
    ) -> tuple[list[Bound], list[Stored], bool]:
        """With what is known again in a flood, what was looked at for that, and whether the rest
        is to be held."""
        fresh = [each for each in bound if each.known is None]
        if not self.guard or not is_many(len(fresh), self.articles):
            return bound, [], False
        stored = archive.newest(ARCHIVE)
        if not is_flood(fresh, stored, self.last_success):
            return bound, [], False
        bound = rebind(bound, _free(stored, shown), flood=True)
        return bound, stored, any(each.known is None for each in bound)


def _free(stored: Sequence[Stored], shown: Collection[Ghost]) -> list[Stored]:
    """Those that are not what was left out. Raises _Unsure."""
    taken = left_out(shown, (each.known for each in stored))
    if taken is None:
        raise _Unsure
    return [each for each in stored if each.known.article_id not in taken]


def edited(bound: Bound) -> bool:
    """Whether its article has to be written."""
    known = bound.known
    return known is not None and (
        known.content_digest != bound.item.digest or bound.rule is not None
    )

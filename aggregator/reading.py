"""A response → what it shows that is new, bound to the articles it is."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from aggregator.identity.identify import Identity, identify
from aggregator.identity.keys import Bound, bind, digests
from aggregator.identity.seen import Seen, clash, pack, settled, unpack
from aggregator.identity.urls import UrlRules
from feeds.models import Document, Known, KnownItems
from feeds.protocols import ReadDocument, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was read. `bound`: the entries that were, each with the article it is."""

    document: Document
    bound: list[Bound]
    left_out: bool = False
    """Whether it also shows articles that we have and that were not read again."""
    seen: bytes
    """For the next reading (aggregator.identity.seen)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Of one source: `known` gives its articles that have one of these keys."""

    read: ReadDocument
    known: Callable[[Collection[bytes]], list[Known]]
    rules: UrlRules

    def __call__(self, response: Response, packed: bytes) -> Findings:
        """All of it, but for what `packed` shows to be known; in case of doubt that, too. Raises
        ReadError."""
        if (seen := unpack(packed, self.rules)) is not None:
            found = self._rest(response, seen)
            if found is not None:
                return found
        document = self._document(response, None)
        identity = identify(document, self.rules)
        return self._findings(document, identity, self._asked(identity))

    def _rest(self, response: Response, seen: Seen) -> Findings | None:
        document = self._document(response, seen.known)
        identity = identify(document, self.rules, seen.left_out(document))
        known = self._asked(identity)
        if identity.unsure or clash(identity.ghosts.values(), known):
            return None
        return self._findings(document, identity, known)

    def _document(self, response: Response, known: KnownItems | None) -> Document:
        kind = response.headers.get("content-type")
        return self.read(response.body, response.url, kind, known)

    def _asked(self, identity: Identity) -> list[Known]:
        asked = digests(identity.items)
        return self.known(asked) if asked else []

    def _findings(self, document: Document, identity: Identity, known: list[Known]) -> Findings:
        bound = bind(identity.items, known)
        seen = pack(document, identity.ghosts | settled(bound, known), self.rules)
        return Findings(document=document, bound=bound, left_out=bool(identity.ghosts), seen=seen)

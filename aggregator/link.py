"""Linking: the one serial step between recording and publishing that gives articles their story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from aggregator.identity.stories import at_home, decide, registrable
from aggregator.identity.urls import host_of
from feeds.models import Link, Unlinked
from feeds.protocols import LinkStore

BATCH = 500


def configured_domains(urls: Collection[str]) -> frozenset[str]:
    """The registrable domains of these sources."""
    return frozenset(registrable(host) for url in urls if (host := host_of(url)))


def link_new(store: LinkStore, domains: Callable[[], Collection[str]]) -> int:
    """Link all that is not linked yet; 0 when another worker is at it. How many were linked.
    `domains` is asked only when there is something to link."""
    linked = 0
    with store.serial("link") as ours:
        while ours and (batch := store.unlinked(BATCH)):
            store.link(_decide_batch(store, batch, domains()))
            linked += len(batch)
    return linked


def _decide_batch(
    store: LinkStore, batch: Sequence[Unlinked], domains: Collection[str]
) -> list[Link]:
    """Decisions in an order in which the owner of an id comes before those that copy it."""
    shared = Counter(key.digest for each in batch for key in each.keys if key.shared)
    around = _Around(store.sharing(shared) if shared else [])
    recurring = {digest for digest, count in shared.items() if count > 1}
    links = []
    for each in sorted(batch, key=_owner_first):
        link = decide(each, around.of(each), domains)
        if any(key.digest in recurring for key in each.keys):
            # A story is named after its founding article.
            story = each.article.story_id or link.story_id or each.article.id
            around.add(replace(each, article=replace(each.article, story_id=story)))
        links.append(link)
    return links


def _owner_first(each: Unlinked) -> tuple[bool, int]:
    return not at_home(each), each.article.id


class _Around:
    """Linked articles by shared key."""

    def __init__(self, linked: Sequence[Unlinked]) -> None:
        self._by_key: dict[bytes, list[Unlinked]] = {}
        for each in linked:
            self.add(each)

    def add(self, linked: Unlinked) -> None:
        for key in linked.keys:
            if key.shared:
                self._by_key.setdefault(key.digest, []).append(linked)

    def of(self, article: Unlinked) -> list[Unlinked]:
        """Each once, oldest first."""
        found = {
            other.article.id: other
            for key in article.keys
            for other in self._by_key.get(key.digest, ())
            if other.article.id != article.article.id
        }
        return [found[number] for number in sorted(found)]

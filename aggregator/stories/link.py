"""Linking: the one serial step between recording and publishing that gives articles their story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice

from aggregator.identity.urls import host_of
from aggregator.likeness.compare import Comparison, compare
from aggregator.likeness.kept import Texts
from aggregator.likeness.sketch import Sketch, sketched, worth_comparing
from aggregator.likeness.words import Text
from aggregator.stories.authority import at_home, registrable
from aggregator.stories.partition import CROWD, NEAREST
from aggregator.stories.plans import House, plans
from aggregator.stories.ties import WINDOW, tie
from feeds.models import Edge, Knot, Member, Traces, Unlinked
from feeds.protocols import LinkStore, Order

BATCH = 300
TOGETHER = 50
"""Texts whose likes are in memory at once."""
PHRASE = 20
"""Articles of one source that have a key, above which it is a phrase, or a page, of its own."""


def configured_domains(urls: Collection[str]) -> frozenset[str]:
    """The registrable domains of these sources."""
    return frozenset(registrable(host) for url in urls if (host := host_of(url)))


@dataclass(kw_only=True)
class Linker:
    """One per process. `house` is asked only when there is something to link."""

    store: LinkStore
    house: Callable[[], House]
    window: timedelta = WINDOW
    crowded: Callable[[int], None] = lambda _articles: None
    """Told how many articles hang together, when they are so many that texts no longer tie them."""
    hidden: Callable[[], Collection[int]] = frozenset
    """Sources whose stories are for private feeds only: they share none with the others (P39)."""
    _texts: Texts = field(default_factory=Texts, repr=False)

    def __call__(self) -> int:
        """Link all that is not linked yet; 0 when another worker is at it. How many were linked."""
        linked = 0
        with self.store.serial("link") as ours:
            while ours and (batch := self.store.unlinked(BATCH)):
                self._link(batch)
                linked += len(batch)
            if linked:
                self.store.forget_traces()
        return linked

    def _link(self, batch: Sequence[Unlinked]) -> None:
        new = [each for each in batch if each.article.story_id is None]
        sketches = {each.article.id: sketched(each.article.entry) for each in new}
        words = {number: found.words for number, found in sketches.items()}
        traces = [self._traces(each, sketches[each.article.id]) for each in new]
        edges, common = self._edges(new, traces)
        self.store.tie(edges, [_without(each, common) for each in traces])
        house = self.house()
        # Of those that were edited nothing changes, unless the operator has ruled on them.
        knots = [
            _counted(knot, words) for knot in self.store.knots([each.article.id for each in batch])
        ]
        tied = {member.id for knot in knots for member in knot.members}
        alone = [
            Knot(members=(member_of(each, words[each.article.id]),))
            for each in new
            if each.article.id not in tied
        ]
        made = [plan for knot in (*knots, *alone) for plan in plans(knot, house)]
        # Who speaks for an id takes it before those that copy it.
        home = {m.id for knot in (*knots, *alone) for m in knot.members if at_home(m)}
        made.sort(key=lambda plan: (plan.lead_id not in home, plan.lead_id))
        self.store.link(made, [each.article.id for each in batch], words)
        for knot in knots:
            if knot.crowded:
                self.crowded(len(knot.members))

    def _traces(self, each: Unlinked, found: Sketch) -> Traces:
        article, keys = each.article, tuple(sorted(found.keys))
        return Traces(
            article_id=article.id,
            source_id=article.source_id,
            keys=keys,
            size=len(keys),
            until=max(article.published, article.first_seen) + self.window,
        )

    def _compared(self, one: Unlinked, other: Unlinked) -> tuple[Text, Text, Comparison]:
        mine, theirs = (self._texts.of(e.article.id, e.article.entry) for e in (one, other))
        return mine, theirs, compare(mine, theirs)

    # --- candidates

    def _edges(
        self, new: Sequence[Unlinked], traces: Sequence[Traces]
    ) -> tuple[list[Edge], set[tuple[int, int | None]]]:
        """With the keys that are of no use any more (`_by_text`)."""
        alike, common = self._by_text(traces)
        named = self._by_key(new)
        known = {each.article.id: each for each in new}
        edges = self._tied(sorted(named), known)
        edges += self._nearest(alike - named, known)
        return edges, common

    def _tied(self, pairs: Sequence[tuple[int, int]], known: dict[int, Unlinked]) -> list[Edge]:
        """`known`: articles by id; those that are asked for are added."""
        wanted = {number for pair in pairs for number in pair}.difference(known)
        known.update((each.article.id, each) for each in self.store.firsts(wanted))
        found = (
            tie(known[one], known[other], self._compared, self.window)
            for one, other in pairs
            if one in known and other in known
        )
        return [edge for edge in found if edge is not None]

    def _nearest(
        self, pairs: Collection[tuple[int, int]], known: dict[int, Unlinked]
    ) -> list[Edge]:
        """Of each text the edges to its NEAREST earliest likes, which are all that partitioning
        asks for: of twenty copies not each is compared with each."""
        orders = {number: _order(each) for number, each in known.items()}
        others = {number for pair in pairs for number in pair}.difference(known)
        orders.update(self.store.orders(others))
        settled = self._settled(others, orders)
        waiting: dict[int, list[int]] = {}
        for pair in pairs:
            if all(number in orders for number in pair):
                early, late = sorted(pair, key=orders.__getitem__)
                near = orders[late][0] - orders[early][0] <= self.window
                if near and not (late in settled and settled[late] < orders[early]):
                    waiting.setdefault(late, []).append(early)
        for some in waiting.values():
            some.sort(key=orders.__getitem__, reverse=True)
        edges: list[Edge] = []
        for at in range(0, len(waiting), TOGETHER):
            part = dict(islice(waiting.items(), at, at + TOGETHER))
            edges += self._first_likes(part, orders, dict(known))
        return edges

    def _first_likes(
        self, waiting: dict[int, list[int]], orders: Mapping[int, Order], known: dict[int, Unlinked]
    ) -> list[Edge]:
        """`waiting`: for each text those to compare it with, the earliest last."""
        count: Counter[int] = Counter()
        edges: list[Edge] = []
        while waiting:
            asked = []
            for late, rest in list(waiting.items()):
                asked += [(late, rest.pop()) for _ in range(min(NEAREST - count[late], len(rest)))]
                if not rest:
                    del waiting[late]
            found = self._tied(asked, known)
            edges += found
            count.update(max(e.low, e.high, key=orders.__getitem__) for e in found)
            waiting = {late: rest for late, rest in waiting.items() if count[late] < NEAREST}
        return edges

    def _settled(self, stored: Collection[int], orders: dict[int, Order]) -> dict[int, Order]:
        """Of articles that have NEAREST edges: the last of these. What comes after it in order
        changes nothing for them. `orders`: those that are asked for are added."""
        edges = self.store.edges(stored)
        orders.update(
            self.store.orders({n for e in edges for n in (e.low, e.high)}.difference(orders))
        )
        earlier: dict[int, list[Order]] = {}
        for edge in edges:
            if edge.low in orders and edge.high in orders:
                early, late = sorted((edge.low, edge.high), key=orders.__getitem__)
                earlier.setdefault(late, []).append(orders[early])
        return {
            late: sorted(some)[NEAREST - 1]
            for late, some in earlier.items()
            if len(some) >= NEAREST
        }

    def _by_key(self, new: Sequence[Unlinked]) -> set[tuple[int, int]]:
        """Pairs of different sources that share a guid of global form, or a URL."""
        holders: dict[bytes, list[tuple[int, int]]] = {}
        for each in new:
            for key in each.keys:
                if key.shared:
                    place = each.article.id, each.article.source_id
                    holders.setdefault(key.digest, []).append(place)
        mine = {each.article.id for each in new}
        for digest, article_id, source_id in self.store.sharing(holders):
            if article_id not in mine:
                holders[digest].append((article_id, source_id))
        hidden = self.hidden()
        told = (_telling(some)[0] for some in holders.values())
        return {pair for some in told for pair in _pairs(some, mine, hidden)}

    def _by_text(
        self, traces: Sequence[Traces]
    ) -> tuple[set[tuple[int, int]], set[tuple[int, int | None]]]:
        """Pairs whose texts share a key; and the keys that tell nothing: those of a phrase
        that a source (its id) repeats, and of what a crowd has (None)."""
        size = {each.article_id: len(each.keys) for each in traces}
        mine = frozenset(size)
        holders = self._holders(traces, size)
        common: set[tuple[int, int | None]] = set()
        shared: Counter[tuple[int, int]] = Counter()
        most, hidden = 0, self.hidden()
        for key, places in holders.items():
            if len(places) < 2:
                continue
            told, own = _telling(places)
            common |= {(key, source_id) for source_id in own}
            if len(told) > CROWD:
                common.add((key, None))
                most = max(most, len(told))
                continue
            shared.update(_pairs(told, mine, hidden))
        if most:
            self.crowded(most)
        alike = {
            pair
            for pair, count in shared.items()
            if worth_comparing(count, size[pair[0]], size[pair[1]])
        }
        return alike, common

    def _holders(
        self, traces: Sequence[Traces], size: dict[int, int]
    ) -> dict[int, list[tuple[int, int]]]:
        """Of the keys that several texts have: these, as (article, source). Nearly all keys are one
        text's own, so they are told by sets, not one by one. `size`: how many keys each text has;
        those that are asked for are added."""
        seen: set[int] = set()
        several: set[int] = set()
        for each in traces:
            several |= seen.intersection(each.keys)
            seen.update(each.keys)
        stored = self.store.traced(seen)
        holders: dict[int, list[tuple[int, int]]] = {}
        for key, places in stored.holders.items():
            if there := [place for place in places if place[0] not in size]:
                holders[key] = there
        holders.update((key, []) for key in several.difference(holders))
        for each in traces:
            place = each.article_id, each.source_id
            for key in holders.keys() & each.keys:
                holders[key].append(place)
        size |= stored.sizes | size  # of the batch its own: a trace may be of an earlier try
        return holders


def _without(traces: Traces, common: Collection[tuple[int, int | None]]) -> Traces:
    if not common:
        return traces
    own = traces.source_id
    kept = [k for k in traces.keys if (k, None) not in common and (k, own) not in common]
    return replace(traces, keys=tuple(kept))


def _telling(places: list[tuple[int, int]]) -> tuple[list[tuple[int, int]], set[int]]:
    """Without those of sources that have a key over and over, and these sources."""
    if len(places) <= PHRASE:
        return places, set()
    often = Counter(source_id for _, source_id in places)
    own = {source_id for source_id, count in often.items() if count > PHRASE}
    return [place for place in places if place[1] not in own], own


def _pairs(
    places: Sequence[tuple[int, int]], new: Collection[int], hidden: Collection[int]
) -> Iterable[tuple[int, int]]:
    """Of articles of different sources, one of which is new; none of a hidden source and one that
    is not."""
    ours = [place for place in places if place[0] in new]
    theirs = [place for place in places if place[0] not in new]
    for at, (one, mine) in enumerate(ours):
        for other, source in (*ours[at + 1 :], *theirs):
            if mine != source and (mine in hidden) == (source in hidden):
                yield (one, other) if one < other else (other, one)


def _counted(knot: Knot, words: Mapping[int, int]) -> Knot:
    """With the words of its new articles, which the store is told when they are linked."""
    members = (replace(each, words=words.get(each.id, each.words)) for each in knot.members)
    return replace(knot, members=tuple(members))


def _order(each: Unlinked) -> Order:
    """As aggregator.stories.partition.order has it."""
    article = each.article
    key = each.keys[-1].digest if each.keys else b""
    return article.published, each.source_url, key, article.id


def member_of(each: Unlinked, words: int) -> Member:
    """An article that hangs together with no other."""
    article, entry = each.article, each.article.entry
    origin = entry.origin
    return Member(
        id=article.id,
        source_id=article.source_id,
        source_url=each.source_url,
        link=entry.link,
        guid=entry.guid,
        origin=None if origin is None else origin.feed_url or origin.link,
        key=each.keys[-1].digest if each.keys else b"",
        published=article.published,
        first_seen=article.first_seen,
        words=words,
        story_id=article.story_id,
    )

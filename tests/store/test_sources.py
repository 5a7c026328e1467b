"""Sources: synchronising, renaming, what is shown of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from feeds.models import FeedFacts, Schedule, Source, SourceState, Status
from feeds.store import Store
from tests.databases import Clock, Opened
from tests.store.material import HOUR, TTL, claimed, poll, sources, stored, url_of


def test_new_sources_are_due_at_once(opened: Opened, clock: Clock) -> None:
    """A source that was never polled is due now, in the order of the configuration."""
    store = opened()
    store.sync_sources(sources("b", "a"))
    states = store.sources()
    assert [state.url for state in states] == [url_of("b"), url_of("a")]
    assert {state.next_due for state in states} == {clock.at}
    assert {state.status for state in states} == {Status.NEW}


def test_new_sources_may_wait(opened: Opened, clock: Clock) -> None:
    """Who has their first document in hand has time to record it: nobody else gets them, though
    they can be claimed for it. So do those that come back; those that are there don't wait."""
    store = opened()
    store.sync_sources(sources("a", "back"))
    store.sync_sources(sources("a"))
    clock.forward(hours=2)
    store.sync_sources(sources("a", "back", "new"), wait=HOUR)
    assert [claim.state.url for claim in store.claim_due(9, TTL)] == [url_of("a")]
    for name in ("back", "new"):
        assert store.claim_one(url_of(name), TTL) is not None


def test_sync_twice_changes_nothing(opened: Opened, clock: Clock) -> None:
    """Synchronising again keeps ids and due times (E15)."""
    store = opened()
    store.sync_sources(sources("a", "b"))
    stored(store, "a", "one")
    before = store.sources()
    clock.forward(minutes=5)
    store.sync_sources(sources("a", "b"))
    assert store.sources() == before


def test_order_follows_the_configuration(store: Store) -> None:
    """Moving a source in the file moves it in lists."""
    store.sync_sources(sources("a", "b", "c"))
    store.sync_sources(sources("c", "a", "b"))
    assert [state.url for state in store.sources()] == [url_of(name) for name in "cab"]


def test_gone_and_back(opened: Opened, clock: Clock) -> None:
    """A removed source is not polled and keeps its articles; back again it keeps its due time."""
    store = opened()
    store.sync_sources(sources("a", "b"))
    stored(store, "a", "one")
    due = store.sources()[0].next_due
    store.sync_sources(sources("b"))
    assert [state.url for state in store.sources()] == [url_of("b")]
    clock.forward(hours=3)
    assert [claim.state.url for claim in store.claim_due(10, TTL)] == [url_of("b")]
    assert len(store.articles(None, 10)) == 1
    store.sync_sources(sources("a", "b"))
    assert store.sources()[0].next_due == due
    assert store.sources()[0].article_count == 1


def test_was_renames(opened: Opened) -> None:
    """`was` gives a source its new URL: same id, same articles, no second source."""
    store = opened()
    store.sync_sources(sources("a"))
    stored(store, "a", "one")
    [before] = store.sources()
    store.sync_sources([Source(url=url_of("new"), was=url_of("a"))])
    [after] = store.sources()
    assert (after.id, after.url, after.fetch_url) == (before.id, url_of("new"), url_of("new"))
    assert after.article_count == 1
    assert before.next_due is not None
    assert before.next_due > store.now()
    assert after.next_due == store.now()  # it was not asked there yet


def test_was_can_chain(store: Store) -> None:
    """a → b and b → c at once: each source moves on, though the places are taken."""
    store.sync_sources(sources("a", "b"))
    ids = {state.url: state.id for state in store.sources()}
    store.sync_sources(
        [Source(url=url_of("c"), was=url_of("b")), Source(url=url_of("d"), was=url_of("a"))]
    )
    after = {state.url: state.id for state in store.sources()}
    assert after == {url_of("c"): ids[url_of("b")], url_of("d"): ids[url_of("a")]}


def test_was_of_a_configured_source_is_no_rename(store: Store) -> None:
    """While the old URL is still configured, it is a source of its own."""
    store.sync_sources(sources("a"))
    store.sync_sources([*sources("a"), Source(url=url_of("b"), was=url_of("a"))])
    assert len({state.id for state in store.sources()}) == 2


def test_paused_is_not_claimed(opened: Opened, clock: Clock) -> None:
    """A paused source rests, and goes on where it was."""
    store = opened()
    store.sync_sources(sources("a", paused=True))
    assert store.claim_due(10, TTL) == []
    assert store.next_claimable() is None
    assert store.sources()[0].status is Status.PAUSED
    clock.forward(hours=1)
    store.sync_sources(sources("a"))
    assert len(store.claim_due(10, TTL)) == 1


def test_paused_while_it_is_polled(opened: Opened, clock: Clock) -> None:
    """A poll under way when its source is paused is recorded, and no other follows."""
    store = opened()
    store.sync_sources(sources("a"))
    claim = claimed(store, "a")
    store.sync_sources(sources("a", paused=True))
    assert not store.record([poll(claim, "one")])[0].fenced
    clock.forward(days=2)
    assert store.claim_due(10, TTL) == []


def test_the_operators_title_comes_first(opened: Opened) -> None:
    """A title in the file wins over the document's where the source is named; what the document
    said stays known."""
    store = opened()
    store.sync_sources(sources("a", title="Mine"))
    store.record([poll(claimed(store, "a"), facts=FeedFacts(title="Its own"))])
    assert store.sources()[0].title == "Its own"
    assert store.source_infos()[0].title == "Mine"
    store.sync_sources(sources("a"))
    assert store.source_infos()[0].title == "Its own"
    store.sync_sources(sources("b"))
    assert store.source_infos()[0].title == "b.example"


def test_infos_show_public_sources_only(store: Store) -> None:
    """Secret URLs, URLs with a password and local files are in no list of feeds (E32)."""
    store.sync_sources(
        [
            *sources("a"),
            *sources("hidden", secret_url=True),
            Source(url="https://user:word@b.example/feed"),
            Source(url="file:///home/someone/private.xml"),
        ]
    )
    assert [info.url for info in store.source_infos()] == [url_of("a")]


def test_categories_of_active_sources(store: Store) -> None:
    """source id → slugs, without those that are gone."""
    store.sync_sources([*sources("a", categories=("x", "y")), *sources("b")])
    ids = [state.id for state in store.sources()]
    assert store.source_categories() == {ids[0]: ("x", "y"), ids[1]: ()}
    store.sync_sources(sources("b", categories=("y",)))
    assert store.source_categories() == {ids[1]: ("y",)}


def by_word(state: SourceState, every: float | None) -> Schedule:
    """From the last poll on, as the operator says."""
    assert state.last_polled_at is not None
    due = state.last_polled_at + timedelta(seconds=every or 3600)
    return Schedule(due=due, reason="every" if every else "interval")


def test_every_changed(opened: Opened, clock: Clock) -> None:
    """E15: only a source whose `every` changed is rescheduled, from its last poll, to sooner or
    later; one that was never polled stays due at once."""
    store = opened()
    store.sync_sources(sources("a", "b", "new"), by_word)
    begun = clock.at
    for name in "ab":
        store.record([poll(claimed(store, name))])
    before = store.sources()
    clock.forward(minutes=20)
    quick = [*sources("a", every=900.0), *sources("b"), *sources("new", every=900.0)]
    store.sync_sources(quick, by_word)
    a, b, new = store.sources()
    assert (a.next_due, a.reason, a.every) == (begun + HOUR / 4, "every", 900.0)
    assert [b, new.next_due] == [before[1], begun]
    assert [c.state.url for c in store.claim_due(1, TTL, urls=[url_of("a")])] == [url_of("a")]
    store.sync_sources(quick, by_word)
    assert store.claim_due(1, TTL, urls=[url_of("a")]) == []


def test_every_changed_back(opened: Opened, clock: Clock) -> None:
    """Taken away again, the interval holds, counted from the same poll; nothing is due sooner."""
    store = opened()
    store.sync_sources(sources("a", every=900.0), by_word)
    begun = clock.at
    store.record([poll(claimed(store, "a"), every=900.0)])
    clock.forward(minutes=5)
    store.sync_sources(sources("a"), by_word)
    [state] = store.sources()
    assert (state.next_due, state.reason, state.every) == (begun + HOUR, "interval", None)
    clock.forward(minutes=54)
    assert store.claim_due(1, TTL) == []
    assert store.next_claimable() == begun + HOUR


def test_every_changed_while_it_rests_or_is_asked_for(opened: Opened, clock: Clock) -> None:
    """A paused source is not woken by it, and one that the operator wants now stays due now."""
    store = opened()
    store.sync_sources(sources("a", "b"), by_word)
    for name in "ab":
        store.record([poll(claimed(store, name))])
    clock.forward(minutes=20)
    store.make_due([url_of("b")])
    due = clock.at
    store.sync_sources(
        [*sources("a", paused=True, every=60.0), *sources("b", every=7200.0)], by_word
    )
    assert store.sources()[1].next_due == due
    assert [c.state.url for c in store.claim_due(9, TTL)] == [url_of("b")]


@pytest.mark.slow
def test_a_big_list(opened: Opened) -> None:
    """More sources than a statement binds values, twice the same: each is there once."""
    store = opened()
    many = [Source(url=f"https://h{n % 8_000}.example/{n}") for n in range(40_000)]
    for _ in range(2):
        store.sync_sources(many)
        assert store.counts()["sources"] == 40_000
    assert len(store.claim_due(500, TTL)) == 500


def test_the_configuration_has_a_number(store: Store) -> None:
    """Another one when sources come, change or go; the same when all is as it was."""
    seen = [store.configuration()]
    for configured in (sources("a", "b"), sources("a"), sources("a", categories=("x",))):
        for _ in range(2):
            store.sync_sources(configured)
            seen.append(store.configuration())
    assert [seen.index(each) for each in seen] == [0, 1, 1, 3, 3, 5, 5]


def guessed(store: Store, before: str, after: str) -> None:
    """A move that was taken for one by its ids."""
    store.sync_sources([Source(url=url_of(after), was=url_of(before), guessed="alike")])


def test_a_guess_is_undone(store: Store) -> None:
    """The source is that of its former address again, with its articles, and rests; the new address
    is another source, polled at once. A poll that was under way comes too late."""
    store.sync_sources(sources("a"))
    stored(store, "a", "one")
    guessed(store, "a", "b")
    [change] = store.address_changes()
    assert (change.before, change.after, change.why) == (url_of("a"), url_of("b"), "alike")
    late = claimed(store, "b")
    undone = store.undo_move(change.source_id)
    assert undone is not None
    assert (undone.before, undone.after) == (url_of("b"), url_of("a"))
    [recorded] = store.record([poll(late, "two")])
    assert recorded.fenced
    [state] = store.sources()
    assert (state.url, state.article_count) == (url_of("b"), 0)
    assert state.id != change.source_id
    [former] = store.states_of([change.source_id])
    assert (former.url, former.active, former.article_count) == (url_of("a"), False, 1)
    assert [each.state.id for each in store.claim_due(9, TTL)] == [state.id]
    # Whatever the configuration says of it: both are known.
    guessed(store, "a", "b")
    assert [each.id for each in store.sources()] == [state.id]
    assert store.undo_move(state.id) is None


def test_what_the_operator_said_is_no_guess(store: Store) -> None:
    """`was` stands in the history; there is nothing to take back."""
    store.sync_sources(sources("a"))
    store.sync_sources([Source(url=url_of("b"), was=url_of("a"))])
    [change] = store.address_changes()
    assert (change.after, change.guessed) == (url_of("b"), False)
    assert store.undo_move(change.source_id) is None


def test_a_guess_whose_former_address_is_taken(store: Store) -> None:
    """It has become a source of its own meanwhile: nothing to part."""
    store.sync_sources(sources("a"))
    guessed(store, "a", "b")
    store.sync_sources(sources("a", "b"))
    [change] = store.address_changes()
    assert store.undo_move(change.source_id) is None

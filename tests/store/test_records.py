"""Recording: whole or not at all, fenced, and what becomes of the source's state."""

from __future__ import annotations

import threading

import pytest

from feeds.models import (
    Entry,
    FeedFacts,
    Hints,
    Key,
    KeyKind,
    Move,
    Outcome,
    Poll,
    Recorded,
    Schedule,
    Status,
    Turn,
    Validators,
)
from feeds.store import Store
from tests.databases import Clock, Opened
from tests.store.material import (
    HOUR,
    TTL,
    change,
    claimed,
    digest,
    failed,
    keys,
    linked,
    new,
    poll,
    sources,
    stored,
    url_of,
)


def test_a_poll_is_written_whole(opened: Opened, clock: Clock) -> None:
    """Articles, keys, state and ledger of one poll."""
    store = opened()
    store.sync_sources(sources("a"))
    claim = claimed(store, "a")
    facts = FeedFacts(
        title="A feed",
        link="https://a.example/",
        hub="https://hub.example/",
        self_link=url_of("a"),
        hints=Hints(ttl=60.0, skip_hours=(1, 2)),
    )
    held = Validators(url=url_of("a"), etag='"1"')
    written = store.record([poll(claim, "one", "two", facts=facts, validators=held)])
    assert written == [Recorded(source_id=claim.source_id, new=2)]
    [state] = store.sources()
    assert (state.title, state.link, state.hub) == ("A feed", facts.link, facts.hub)
    assert (state.hints, state.validators, state.self_link) == (facts.hints, held, url_of("a"))
    assert (state.first_polled_at, state.last_success_at) == (clock.at, clock.at)
    assert (state.last_new_at, state.next_due) == (clock.at, clock.at + HOUR)
    assert (state.reason, state.article_count, state.status) == ("interval", 2, Status.OK)
    [row] = store.ledger(state.id)
    assert (row.outcome, row.new, row.status, row.reason) == (Outcome.NEW, 2, 200, "new")
    assert {article.entry.guid for article in store.articles(None, 10)} == {"one", "two"}


def test_entries_come_back_as_they_went(opened: Opened, clock: Clock) -> None:
    """Any character that XML can carry, and every field, survives the database."""
    store = opened()
    store.sync_sources(sources("a"))
    claim = claimed(store, "a")
    entry = Entry(
        guid="  odd\t\u2028 ",
        title="Ærø \U0001f40d \u202e",
        content="<p>\r\n</p>" * 1000,
        published=clock.at,
        terms=(),
        extra={"itunes:duration": "1:02"},
        truncated=True,
    )
    store.record([poll(claim, new=(new("one", claim, entry=entry),))])
    [article] = store.articles(None, 1)
    assert article.entry == entry
    assert (article.revision, article.story_id, article.first_seen) == (1, None, clock.at)


def test_known_finds_by_any_key(opened: Opened) -> None:
    """Asked with some keys, it gives the articles that have one, with all that they have; other
    sources are unknown."""
    store = opened()
    store.sync_sources(sources("a", "b"))
    stored(store, "a", "one", "two")
    stored(store, "b", "three")
    a, b = (state.id for state in store.sources())
    asked = [keys("one")[0].digest, keys("one")[2].digest, keys("three")[0].digest, b"x" * 16]
    [found] = store.known(a, asked)
    assert set(found.keys) == set(keys("one"))
    assert found.content_digest == digest("content one")
    assert store.known(b, asked[:2]) == []
    assert store.known(a, []) == []


def test_what_was_seen_is_kept(opened: Opened) -> None:
    """Of each source, until a poll brings other; a fenced poll leaves nothing."""
    store = opened()
    store.sync_sources(sources("a", "b"))
    a, b = (state.id for state in store.sources())
    assert store.seen(a) == b""
    first = claimed(store, "a")
    store.record([poll(first, seen=b"one")])
    assert (store.seen(a), store.seen(b)) == (b"one", b"")
    store.record([poll(first, seen=b"late")])
    assert store.seen(a) == b"one"
    for seen, kept in ((None, b"one"), (b"two", b"two"), (b"", b"")):
        store.make_due()
        store.record([poll(claimed(store, "a"), seen=seen)])
        assert store.seen(a) == kept


def test_an_edit_is_a_revision(opened: Opened, clock: Clock) -> None:
    """A changed article keeps its id and first sight, gains keys, and is to be linked again."""
    store = opened()
    store.sync_sources(sources("a"))
    stored(store, "a", "one")
    [number] = linked(store)
    assert store.unlinked(10) == []
    seen = clock.at
    clock.forward(hours=1)
    claim = claimed(store, "a")
    more = (*keys("one"), Key(kind=KeyKind.GUID, digest=digest("another"), shared=True))
    edit = change(number, "one", claim, keys=more)
    assert store.record([poll(claim, changed=(edit,))])[0].changed == 1
    [article] = store.articles(None, 10)
    assert (article.id, article.revision, article.first_seen) == (number, 2, seen)
    assert (article.entry.title, article.updated) == ("Edited one", clock.at)
    assert [each.article.id for each in store.unlinked(10)] == [number]
    [found] = store.known(claim.source_id, [digest("another")])
    assert (found.article_id, found.revision) == (number, 2)


def test_no_source_changes_anothers_article(opened: Opened) -> None:
    """A change that names another source's article is not written."""
    store = opened()
    store.sync_sources(sources("a", "b"))
    stored(store, "a", "one")
    [article] = store.articles(None, 1)
    claim = claimed(store, "b")
    [done] = store.record([poll(claim, changed=(change(article.id, "one", claim),))])
    assert done.changed == 0
    assert store.articles(None, 1) == [article]
    assert store.known(claim.source_id, [keys("one")[0].digest]) == []


def test_known_articles_are_not_written_again(opened: Opened, clock: Clock) -> None:
    """An article that the source has already, key by key, is passed over without a word; one
    that shares only its link with others is new (a false merge would lose it)."""
    store = opened()
    store.sync_sources(sources("a", "b"))
    stored(store, "a", "one")
    clock.forward(hours=1)
    claim = claimed(store, "a")
    alike = new("two", claim, keys=(*keys("two")[:2], keys("one")[2]))
    [done] = store.record([poll(claim, new=(new("one", claim), alike))])
    assert done.new == 1
    assert store.sources()[0].article_count == 2
    stored(store, "b", "one")
    assert store.counts()["articles"] == 3


def test_a_late_record_is_fenced(opened: Opened, clock: Clock) -> None:
    """After its claim ran out and another took it, a worker writes nothing."""
    store = opened()
    store.sync_sources(sources("a", "b"))
    late = claimed(store, "a")
    clock.forward(minutes=10)
    now = claimed(store, "a")
    other = claimed(store, "b")
    done = store.record([poll(late, "late"), poll(other, "fine")])
    assert [each.fenced for each in done] == [True, False]
    assert [each.fenced for each in store.record([poll(now, "one")])] == [False]
    assert [each.fenced for each in store.record([poll(now, "one")])] == [True], "recorded once"
    guids = {article.entry.guid for article in store.articles(None, 10)}
    assert guids == {"fine", "one"}


def test_an_overdue_claim_that_nobody_took_holds(opened: Opened, clock: Clock) -> None:
    """A slow worker's result is welcome while the claim is still its own."""
    store = opened()
    store.sync_sources(sources("a"))
    claim = claimed(store, "a")
    clock.forward(minutes=10)
    assert not store.record([poll(claim, "one")])[0].fenced


def test_failures_count_up_and_are_wiped(opened: Opened, clock: Clock) -> None:
    """Kind, text, time and count of an error are kept until a poll succeeds."""
    store = opened()
    store.sync_sources(sources("a"))
    first = clock.at
    for _ in range(3):
        store.record([failed(claimed(store, "a"), "tls")])
        clock.forward(hours=1)
    [state] = store.sources()
    assert (state.failures, state.error_count, state.failing_since) == (3, 3, first)
    assert (state.error_kind, state.error, state.status) == ("tls", "it failed", Status.FAILING)
    assert state.error_at == first + 2 * HOUR
    assert store.ledger(state.id)[0].error_kind == "tls"
    store.record([poll(claimed(store, "a"), outcome=Outcome.NOT_MODIFIED, status=304)])
    [state] = store.sources()
    assert (state.failures, state.error_count, state.failing_since) == (0, 0, None)
    assert (state.error_kind, state.error, state.status) == (None, None, Status.OK)


def test_rate_limits_are_no_failures(opened: Opened) -> None:
    """429 is shown, and does not count toward "broken" (E13)."""
    store = opened()
    store.sync_sources(sources("a"))
    store.record([failed(claimed(store, "a"), "rate-limited", counts_as_failure=False)])
    [state] = store.sources()
    assert (state.failures, state.failing_since, state.error_kind) == (0, None, "rate-limited")


def test_gone_twice_retires(opened: Opened, clock: Clock) -> None:
    """410 is confirmed once (E23); something else between the two starts anew."""
    store = opened()
    store.sync_sources(sources("a"))
    for answer in ("gone", "ok", "gone"):
        claim = claimed(store, "a")
        store.record([failed(claim, "gone", gone=True) if answer == "gone" else poll(claim)])
        clock.forward(hours=1)
    assert not store.sources()[0].retired
    store.record([failed(claimed(store, "a"), "gone", gone=True)])
    assert store.sources()[0].status is Status.RETIRED
    clock.forward(days=30)
    assert store.claim_due(10, TTL) == []
    assert store.make_due() == 0
    store.sync_sources([])
    store.sync_sources(sources("a"))
    assert store.sources()[0].status is not Status.RETIRED, "configured anew, it may try again"


def test_none_leaves_what_is_there(opened: Opened, clock: Clock) -> None:
    """A failed poll keeps validators, digest and facts of the last good one."""
    store = opened()
    store.sync_sources(sources("a"))
    held = Validators(url=url_of("a"), last_modified="then")
    facts = FeedFacts(title="Kept")
    good = poll(claimed(store, "a"), validators=held, body_digest=b"d" * 16, facts=facts)
    store.record([good])
    clock.forward(hours=1)
    store.record([failed(claimed(store, "a"))])
    [state] = store.sources()
    assert (state.validators, state.body_digest, state.title) == (held, b"d" * 16, "Kept")


@pytest.mark.parametrize("poison", ["entry", "validators"])
def test_one_bad_poll_spoils_no_other(opened: Opened, clock: Clock, poison: str) -> None:
    """What a database can't hold (a lone surrogate) becomes that source's failure; the rest of
    the batch stands, and the bad one is not polled again before its time."""
    store = opened()
    store.sync_sources(sources("a", "b", "c"))
    move = Move(to="https://moved.example/feed", since=clock.at)
    store.record([poll(claimed(store, "b"), move=move, schedule=Schedule(due=clock.at, reason=""))])
    clock.forward(seconds=2)
    a, b, c = sorted(store.claim_due(3, TTL), key=lambda claim: claim.source_id)
    bad = poll(b, "good", validators=Validators(url="x", etag="\udcff"))
    if poison == "entry":
        entry = Entry(guid="bad", title="\ud800")
        bad = poll(b, new=(new("good", b), new("bad", b, entry=entry)))
    done = store.record([poll(a, "one"), bad, poll(c, "three")])
    assert [(each.new, each.fenced) for each in done] == [(1, False), (0, False), (1, False)]
    state = store.sources()[1]
    assert (state.error_kind, state.article_count, state.move) == ("store", 0, move)
    assert {article.entry.guid for article in store.articles(None, 9)} == {"one", "three"}
    clock.forward(minutes=30)
    assert store.claim_due(10, TTL) == []


def test_an_address_that_the_operator_changed_meanwhile(opened: Opened, clock: Clock) -> None:
    """Where the redirects of the old one lead is neither adopted nor remembered (E21)."""
    store = opened()
    store.sync_sources(sources("a"))
    claim = claimed(store, "a")
    store.sync_sources(sources("b", was=url_of("a")))
    move = Move(to=url_of("c"), since=clock.at)
    store.record([poll(claim, "one", adopt=url_of("c"), move=move)])
    [state] = store.sources()
    assert (state.fetch_url, state.move, state.article_count) == (url_of("b"), None, 1)
    # The operator's change stands there, and no adoption.
    assert [each.after for each in store.address_changes()] == [url_of("b")]
    store.make_due()
    assert claimed(store, "b").source_id == claim.source_id


def test_what_a_hub_brought_was_no_request(opened: Opened, clock: Clock) -> None:
    """E19: the host's delay starts with a request to it, not with a delivery."""
    store = opened(host_delay=60.0)
    store.sync_sources(sources("a"))
    claim = store.claim_one(url_of("a"), TTL)
    assert claim is not None
    store.record([poll(claim, "one", pushed=True)])
    assert isinstance(store.turn(url_of("a"), TTL), Turn)


def test_opposite_orders_do_not_deadlock(store: Store) -> None:
    """Many sources that carry the same stories in opposite orders are recorded at once: sorted
    writes can't wait for each other (PostgreSQL would end one of them)."""
    names = [f"story {n}" for n in range(120)]
    store.sync_sources(sources(*(f"s{n}" for n in range(12))))
    claims = store.claim_due(12, TTL)
    start = threading.Barrier(6)
    faults: list[BaseException] = []

    def work(number: int) -> None:
        pair = claims[number * 2 : number * 2 + 2]
        order = names if number % 2 else names[::-1]
        if number % 2:
            pair = pair[::-1]
        start.wait()
        try:
            store.record([poll(claim, *order) for claim in pair])
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    assert store.counts()["articles"] == 12 * len(names)
    assert store.integrity() == []


def test_moves_to_each_others_hosts_do_not_deadlock(store: Store) -> None:
    """Adopted redirects lead to hosts whose own sources are recorded at that moment."""
    count = 12
    store.sync_sources(sources(*(f"s{n:02}" for n in range(count))))
    faults: list[BaseException] = []

    def work(batch: list[Poll]) -> None:
        start.wait()
        try:
            store.record(batch)
        except Exception as error:
            faults.append(error)

    for turn in range(6):
        store.make_due()
        claims = [claim for _ in range(3) for claim in store.claim_due(count, TTL)]
        polls = [
            poll(claim, adopt=f"https://s{(n * 5 + turn) % count:02}.example/{claim.source_id}")
            for n, claim in enumerate(claims)
        ]
        batches = [polls[n::6] for n in range(6)]
        start = threading.Barrier(6)
        threads = [threading.Thread(target=work, args=(batch,)) for batch in batches]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert faults == []


def test_a_batch_has_a_source_once(opened: Opened, clock: Clock) -> None:
    """An empty batch is nothing; results come in the order of the polls."""
    store = opened()
    store.sync_sources(sources("a", "b"))
    assert store.record([]) == []
    a, b = store.claim_due(2, TTL)
    done = store.record([poll(b, "two"), poll(a)])
    assert [each.source_id for each in done] == [b.source_id, a.source_id]

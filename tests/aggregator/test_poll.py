"""One source, once: what a Poll says for each way that a fetch and a reading can end."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import pytest

from aggregator.cadence import learn
from aggregator.cadence.rhythm import unpack
from aggregator.identity.urls import default_rules
from aggregator.poll import Limits, Poller
from aggregator.read.reader import read
from feeds.errors import (
    ConnectionRefused,
    Gone,
    HttpStatus,
    NotAFeed,
    PollError,
    RateLimited,
)
from feeds.models import Hop, Known, Outcome, Poll, Source, SourceState, Stored, Validators
from feeds.protocols import Fetcher, Request, Response
from feeds.store import Store
from tests.aggregator.making import NOW, claim
from tests.flows.command import rss
from tests.store.material import TTL

URL = "https://a.org/feed"
TOKEN = Validators(url=URL, etag='"1"', last_modified=None)


class Canned:
    """A Fetcher that gives one answer, or raises one error; it remembers the request."""

    def __init__(self, answer: Response | PollError) -> None:
        self.answer = answer
        self.asked: list[Request] = []

    def fetch(self, request: Request) -> Response:
        self.asked.append(request)
        if isinstance(self.answer, PollError):
            raise self.answer
        return self.answer


def ok(body: bytes, status: int = 200, cache_control: str = "") -> Response:
    return Response(
        status=status,
        url=URL,
        hops=(),
        headers={"content-type": "application/xml", "cache-control": cache_control},
        body=body,
        validators=TOKEN,
        bytes_received=len(body),
    )


class Empty:
    """An Archive that has nothing."""

    def known(self, digests: Collection[bytes]) -> list[Known]:
        return []

    def stored(
        self, ids: Collection[int], dates: Collection[datetime], traces: Collection[int]
    ) -> list[Stored]:
        return []

    def newest(self, limit: int) -> list[Stored]:
        return []


def poller(fetcher: Fetcher, **source: Any) -> Poller:
    return Poller(
        sources={URL: Source(url=URL, **source)},
        fetcher=fetcher,
        read=read,
        archive=lambda _source: Empty(),
        seen=lambda _source: b"",
        rules=default_rules(),
        now=lambda: NOW,
        limits=Limits(timeout=7.0, max_body=1234, allow_private=("10.0.0.0/8",)),
    )


def polled(answer: Response | PollError, **state: Any) -> Poll:
    return poller(Canned(answer))(claim(**state))


def test_websub_discovery() -> None:
    """Hub and topic of the headers are kept, else those of the document (WebSub §4)."""
    said = '<https://hub.test/>; rel="hub", <https://a.org/self>; rel="self"'
    answer = ok(rss("one"))
    facts = polled(replace(answer, headers={**answer.headers, "link": said})).facts
    assert facts is not None
    assert (facts.hub, facts.self_link) == ("https://hub.test/", "https://a.org/self")
    inside = b'<link xmlns="http://www.w3.org/2005/Atom" rel="hub" href="https://doc.test/"/>'
    facts = polled(ok(rss("one").replace(b"<item>", inside + b"<item>"))).facts
    assert facts is not None
    assert (facts.hub, facts.self_link) == ("https://doc.test/", None)


def test_new_articles() -> None:
    """Each entry becomes an article with keys, dates, digest; validators and facts go along."""
    poll = polled(ok(rss("one", "two", title="Its title")))
    assert poll.outcome is Outcome.NEW
    assert [each.entry.guid for each in poll.new] == ["one", "two"]
    assert all(each.keys and each.content_digest for each in poll.new)
    assert poll.validators == TOKEN
    assert poll.facts is not None
    assert poll.facts.title == "Its title"
    assert poll.failure is None
    assert NOW < poll.schedule.due < NOW + timedelta(hours=1.2)


def test_not_modified() -> None:
    """E7: 304 is a success without any reading; its validators are kept."""
    poll = polled(ok(b"", 304), validators=TOKEN, failures=3, error_kind="dns")
    assert poll.outcome is Outcome.NOT_MODIFIED
    assert poll.failure is None
    assert poll.validators == TOKEN
    assert poll.schedule.due < NOW + timedelta(hours=1.2)
    assert poll.sent is not None


def test_the_same_bytes() -> None:
    """E8: an equal body is not read, but its validators are stored; not so after an error."""
    body = rss("one")
    digest = blake2b(body, digest_size=16).digest()
    same = polled(ok(body), body_digest=digest)
    assert (same.outcome, same.new) == (Outcome.SAME, ())
    assert same.validators == TOKEN
    assert polled(ok(body), body_digest=digest, error_kind="read").outcome is Outcome.NEW


FAILURES = [
    (ConnectionRefused("no"), "refused", True),
    (HttpStatus("404", status=404), "http", True),
    (RateLimited("429", status=429), "rate-limited", False),
    (Gone("410", status=410), "gone", True),
]


@pytest.mark.parametrize(("error", "kind", "counts"), FAILURES)
def test_failures(error: PollError, kind: str, counts: bool) -> None:
    """Each its own kind; E13: a 429 is no failure of the source; nothing that is known is lost."""
    poll = polled(error, validators=TOKEN)
    assert poll.outcome is Outcome.FAILED
    assert poll.failure is not None
    assert (poll.failure.kind, poll.counts_as_failure) == (kind, counts)
    assert (poll.new, poll.changed, poll.body_digest) == ((), (), None)
    assert poll.gone == (kind == "gone")
    assert poll.schedule.due > NOW


def test_a_body_that_can_t_be_read() -> None:
    """E28: a page is an error, never an empty feed; E4: its validators are not kept, so that the
    next request brings the body again."""
    poll = polled(ok(b"<!doctype html><title>Sign in</title>"))
    assert poll.failure is not None
    assert poll.failure.kind == NotAFeed("").kind
    assert (poll.status, poll.validators) == (200, None)
    assert poll.bytes_received > 0


def test_freshness_of_any_answer() -> None:
    """E9, E10: max-age delays the next poll after 200, read or not, 304 and 429."""
    wait = timedelta(hours=5)
    answers: list[Response | PollError] = [
        ok(rss("one"), cache_control="max-age=18000"),
        ok(b"", 304, cache_control="max-age=18000"),
        ok(b"no feed at all", cache_control="max-age=18000"),
        ok(b"<!doctype html><title>Hello</title>", cache_control="max-age=18000"),
        RateLimited("429", status=429, max_age=18000.0),
    ]
    for answer in answers:
        assert polled(answer).schedule.due == NOW + wait
        assert polled(answer).schedule.reason == "max-age"


def test_what_is_asked() -> None:
    """The adopted address, the stored validators, the operator's limits; the source's own win."""
    fetcher = Canned(ok(rss()))
    poller(fetcher)(claim(validators=TOKEN, fetch_url="https://b.org/moved"))
    own = {"timeout": 3.0, "allow_private": True, "headers": {"X-Key": "k"}}
    poller(fetcher, **own)(claim())
    first, second = fetcher.asked
    assert (first.url, first.validators) == ("https://b.org/moved", TOKEN)
    assert (first.timeout, first.max_body, first.allow_private) == (7.0, 1234, ("10.0.0.0/8",))
    assert (second.timeout, second.allow_private, second.headers) == (3.0, True, {"X-Key": "k"})


OWN: dict[str, Any] = {"headers": {"X-Key": "k"}, "auth": ("me", "pw"), "user_agent": "Own/1",
                       "proxy": "http://p.test:1"}  # fmt: skip


@pytest.mark.parametrize(
    ("at", "along"),
    [
        (URL, True),
        ("https://a.org/moved", True),
        ("https://b.org/feed", False),
        ("http://a.org/feed", False),
        ("https://a.org:444/feed", False),
    ],
)
def test_e32_credentials_are_for_the_configured_host(at: str, along: bool) -> None:
    """Not for an address that was adopted since, should it be elsewhere; what is no secret of
    that host (agent, proxy) is used there too."""
    fetcher = Canned(ok(rss()))
    poller(fetcher, **OWN)(claim(fetch_url=at))
    [request] = fetcher.asked
    assert (request.headers, request.auth) == (
        ({"X-Key": "k"}, ("me", "pw")) if along else ({}, None)
    )
    assert (request.user_agent, request.proxy) == ("Own/1", "http://p.test:1")


def test_e32_a_password_in_the_address_survives_a_move() -> None:
    """Adopted addresses have no userinfo: it goes as the source's credentials."""
    source = Source(url="https://me:p%40w@a.org/feed")
    fetcher = Canned(ok(rss()))
    one = replace(poller(fetcher), sources={source.url: source})
    one(claim(url=source.url, fetch_url="https://a.org/moved"))
    assert (fetcher.asked[0].url, fetcher.asked[0].auth) == ("https://a.org/moved", ("me", "p@w"))


def test_e32_errors_without_secrets() -> None:
    """A server's words, should they repeat ours, are told without them."""
    said = HttpStatus("403: no k3y, no pässword, https://a.org/feed?token=s3cret99", status=403)
    url = "https://a.org/feed?token=s3cret99"
    source = Source(url=url, headers={"X": "Bearer k3yk3y"}, auth=("me", "pässword"))
    told = replace(poller(Canned(said)), sources={url: source})(claim(url=url)).failure
    assert told is not None
    assert told.text == "403: no k3y, no …, https://a.org/feed?…"


def test_the_rhythm_is_learned() -> None:
    """From the dates of what is new; a poll without news leaves what is there."""
    dated = rss("one", "two")
    first = polled(ok(dated))
    assert first.rhythm is not None
    assert polled(ok(b"", 304), rhythm=first.rhythm).rhythm is None
    assert polled(ConnectionRefused("no"), rhythm=first.rhythm).rhythm is None


@pytest.mark.parametrize(
    ("status", "hops", "filled"),
    [
        (200, (Hop(url=URL, status=200),), True),
        (200, (), False),
        (226, (Hop(url=URL, status=226),), False),
    ],
)
def test_a_document_of_news_only_tells_of_what_was_missed(
    status: int, hops: tuple[Hop, ...], filled: bool
) -> None:
    """A whole one that was asked for: the source posts faster than it was asked. News is all that a
    delta or a hub's delivery ever brings."""
    first = learn(None, [NOW - timedelta(days=n) for n in (4, 3, 2)], NOW - timedelta(days=1), None)
    minutes = rss(*"abcdefghij").decode()
    for minute in range(50, 60):
        minutes = minutes.replace("20 Nov 2026 10:00", f"20 Nov 2026 11:{minute}", 1)
    answer = replace(ok(minutes.encode(), status), hops=hops)
    poll = polled(answer, rhythm=first, last_success_at=NOW - timedelta(days=1))
    known = unpack(poll.rhythm)
    assert known is not None
    assert len(known.posts) == (12 if filled else 4)


def test_what_a_reload_needs() -> None:
    """E15: the word that was followed, and how long the answer is fresh, go along."""
    poll = poller(Canned(ok(b"", 304, cache_control="max-age=600")), every=900.0)(claim())
    assert (poll.every, poll.fresh_until) == (900.0, NOW + timedelta(minutes=10))
    limited = RateLimited("429", status=429, max_age=1e12)
    assert polled(limited).fresh_until == NOW + timedelta(days=366)
    assert polled(ok(b"", 304)).fresh_until is None


Step = Callable[[bytes], Poll]


def stored(store: Store) -> Step:
    """Polls a source of the real store with that body, and records it."""
    store.sync_sources([Source(url=URL)])

    def step(body: bytes) -> Poll:
        store.make_due()
        [claimed] = store.claim_due(1, TTL)
        poll = replace(poller(Canned(ok(body))), archive=store.archive, now=store.now)(claimed)
        store.record([poll])
        return poll

    return step


def titles(store: Store) -> list[str]:
    return sorted(each.entry.title or "" for each in store.articles(None, 100))


def test_an_edit_is_an_update(store: Store) -> None:
    """Same guid, other text: the article changes, and keeps its dates of publication."""
    step = stored(store)
    step(rss("one"))
    before = store.articles(None, 1)[0]
    poll = step(
        rss("one").replace(b"Text of one", b"Text of one, mended and told at length by somebody")
    )
    assert (len(poll.new), len(poll.changed)) == (0, 1)
    after = store.articles(None, 1)[0]
    assert (after.id, after.published) == (before.id, before.published)
    assert "mended" in (after.entry.content or after.entry.summary or "")
    assert after.revision == before.revision + 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("http://a.test/", "https://a.test/"),
        ("http://a.test/", "http://a.test/?utm_source=feed&utm_medium=rss"),
    ],
)
def test_no_new_article_for_a_new_address(store: Store, before: str, after: str) -> None:
    """http → https and tracking parameters make no new article, without any guid."""
    step = stored(store)
    item = "<item><title>A</title><link>{}</link></item>"
    whole = f"<rss version='2.0'><channel><title>T</title>{item}</channel></rss>"
    step(whole.format(before).encode())
    assert step(whole.format(after.replace("&", "&amp;")).encode()).new == ()
    assert len(store.articles(None, 10)) == 1


def test_repeated_guids_with_other_links(store: Store) -> None:
    """A generator that gives every item one guid: they stay different items, every time."""
    step = stored(store)
    body = rss("one", "two", "three")
    for name in (b"one", b"two", b"three"):
        body = body.replace(b"'false'>" + name, b"'false'>always")
    assert len(step(body).new) == 3
    poll = step(body.replace(b"Text of two", b"Text of two, mended"))
    assert (len(poll.new), len(poll.changed)) == (0, 1)
    assert titles(store) == ["Title of one", "Title of three", "Title of two"]


def test_a_new_item_between_known_ones(store: Store) -> None:
    """Only what is new is new."""
    step = stored(store)
    step(rss("one", "three"))
    poll = step(rss("one", "two", "three"))
    assert [each.entry.guid for each in poll.new] == ["two"]


def test_undated_items_keep_document_order(store: Store) -> None:
    """Dated as first seen, one second apart, the first item newest."""
    step = stored(store)
    step(rss("one", "two", "three").replace(b"pubDate", b"x"))
    found = store.articles(None, 10)
    assert [each.entry.guid for each in found] == ["one", "two", "three"]
    gaps = {a.published - b.published for a, b in pairwise(found)}
    assert gaps == {timedelta(seconds=1)}


def test_sources_keep_to_themselves() -> None:
    """A source that is no longer configured is polled as a plain one: the claim decides."""
    state: SourceState = claim(url="https://gone.org/feed").state
    assert poller(Canned(ok(rss("one"))))(claim(url=state.url)).outcome is Outcome.NEW


def test_a_response_in_hand() -> None:
    """A delivery is read as a poll's answer would be, and nothing is requested."""
    fetcher = Canned(NotAFeed("never asked"))
    poll = poller(fetcher).given(claim(), ok(rss("one")), "WebSub")
    assert (poll.outcome, poll.why, poll.sent) == (Outcome.NEW, "WebSub", None)
    assert fetcher.asked == []

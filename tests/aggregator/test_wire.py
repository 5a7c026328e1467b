"""The wire rules as whole polls show them: real HTTP, both databases, a clock that is driven."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest

from feeds.models import Hints, Outcome, Source, Validators
from tests.aggregator.polling import AGENT, Polling
from tests.databases import Clock, Opened
from tests.flows.command import rss
from tests.origin import Answer, Origin, Raw, Received

DATE = "Fri, 20 Nov 2026 10:00:00 GMT"
PAGE = b"<!doctype html><html><head><title>For sale</title></head><body>Buy me</body></html>"


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        yield found


@pytest.fixture
def here(opened: Opened, clock: Clock, origin: Origin) -> Polling:
    return Polling(opened(), clock, Source(url=origin.url("/feed")))


def conditions(request: Received) -> tuple[str | None, str | None]:
    return request.headers.get("if-none-match"), request.headers.get("if-modified-since")


# --- validators: E1-E8, E20


def test_e1_the_first_request_has_no_conditions(here: Polling, origin: Origin) -> None:
    """Nor has the first after an error that taught us nothing."""
    origin.answer("/feed", Answer(500, b"err", {"ETag": '"err"', "Last-Modified": DATE}))
    here.polled()
    origin.serve("/feed", rss("one"), etag='"1"')
    here.polled()
    assert [conditions(each) for each in origin.requests] == [(None, None)] * 2


ETAGS = [
    '"1"', 'W/"1"', "W/1", "unquoted", '"a,b;c=d e"', '"a""b"', '"abc-gzip"', '""', "w/\"x\"",
    '"gr\xfcn"', '"grün"'.encode().decode("latin-1"), '"\x80\xff"', '"' + "x" * 2000 + '"',
]  # fmt: skip


@pytest.mark.parametrize("etag", ETAGS)
def test_e2_an_etag_goes_back_byte_for_byte(here: Polling, origin: Origin, etag: str) -> None:
    """Through the store, whatever it is made of: latin-1, UTF-8, no quotes, two of them."""
    origin.serve("/feed", rss("one"), etag=etag)
    here.polled()
    assert here.polled().outcome is Outcome.NOT_MODIFIED
    assert origin.requests[1].headers["if-none-match"] == etag


def test_e2_an_empty_etag_is_none(here: Polling, origin: Origin) -> None:
    """`ETag:` says nothing; sent back it would match nothing."""
    origin.answer("/feed", Answer(200, rss("one"), {"ETag": ""}))
    here.polled()
    here.polled()
    assert "if-none-match" not in origin.requests[1].headers


@pytest.mark.parametrize("date", [DATE, "2024-01-01 00:00:00", "yesterday", "0", "Fri, 20 nov 26"])
def test_e3_last_modified_goes_back_as_it_came(here: Polling, origin: Origin, date: str) -> None:
    """Never a time of our own, the feed's, or the epoch."""
    origin.serve("/feed", rss("one"), last_modified=date)
    here.polled()
    assert here.polled().outcome is Outcome.NOT_MODIFIED
    assert conditions(origin.requests[1]) == (None, date)


def test_e4_each_is_stored_when_it_changes_alone(here: Polling, origin: Origin) -> None:
    """A new ETag under the old date, a new date under the old ETag, unchanged content or not."""
    pairs = [('"1"', DATE), ('"2"', DATE), ('"2"', "Sat, 21 Nov 2026 10:00:00 GMT")]
    for etag, date in pairs:
        answer = Answer(200, rss("one"), {"ETag": etag, "Last-Modified": date})
        origin.answer("/feed", answer)
        here.polled()
    here.polled()
    assert [conditions(each) for each in origin.requests] == [(None, None), *pairs]


def test_e4_not_of_a_body_that_can_t_be_read(here: Polling, origin: Origin) -> None:
    """A broken body is fetched again, whole, until it can be read; so is one that was cut off."""
    origin.answer("/feed", Answer(200, b"<rss><chann", {"ETag": '"same"'}))
    assert here.polled().failure is not None
    origin.answer(
        "/feed", Raw(b'HTTP/1.1 200 OK\r\nETag: "same"\r\nContent-Length: 99\r\n\r\n<rss')
    )
    assert here.polled().failure is not None
    origin.serve("/feed", rss("one"), etag='"same"')
    assert here.polled().outcome is Outcome.NEW
    assert conditions(origin.requests[2]) == (None, None)


def test_e4_nor_of_an_error_page(here: Polling, origin: Origin) -> None:
    """Those of the last good answer stay, and go on being sent."""
    origin.serve("/feed", rss("one"), etag='"good"')
    here.polled()
    for status in (500, 403, 404, 429):
        origin.answer("/feed", Answer(status, b"err", {"ETag": '"bad"'}))
        here.polled(days=1)
    origin.serve("/feed", rss("one"), etag='"good"')
    assert here.polled().outcome is Outcome.NOT_MODIFIED
    assert {conditions(each) for each in origin.requests[1:]} == {('"good"', None)}


def test_e5_one_that_is_dropped_is_dropped(here: Polling, origin: Origin) -> None:
    """After the next 200 without it; then nothing of it is sent."""
    origin.serve("/feed", rss("one"), etag='"1"', last_modified=DATE)
    here.polled()
    origin.serve("/feed", rss("one", "two"), etag='"2"')
    here.polled()
    origin.serve("/feed", rss("one", "two", "three"))
    here.polled()
    here.polled()
    sent = [conditions(each) for each in origin.requests]
    assert sent == [(None, None), ('"1"', DATE), ('"2"', None), (None, None)]


def test_e6_only_the_newest_is_sent(here: Polling, origin: Origin) -> None:
    """After 200, 304 with another, an error with another again, and 200: always the latest that
    counted."""
    for answer in (
        Answer(200, rss("one"), {"ETag": '"1"'}),
        Answer(304, b"", {"ETag": '"2"'}),
        Answer(500, b"", {"ETag": '"x"'}),
        Answer(200, rss("one"), {"ETag": '"3"'}),
        Answer(200, rss("one"), {"ETag": '"1"'}),
        Answer(304),
    ):
        origin.answer("/feed", answer)
        here.polled()
    sent = [conditions(each)[0] for each in origin.requests]
    assert sent == [None, '"1"', '"2"', '"2"', '"3"', '"1"']


def test_e6_a_poll_that_comes_too_late_changes_nothing(
    here: Polling, origin: Origin, clock: Clock
) -> None:
    """A worker that lost its claim meanwhile can't put its older validators over newer ones."""
    origin.serve("/feed", rss("one"), etag='"old"')
    [late] = here.store.claim_due(1, here.ttl)
    slow = here.poller(late)
    clock.forward(hours=1)
    origin.serve("/feed", rss("one"), etag='"new"')
    here.polled()
    assert here.store.record([slow])[0].fenced
    assert here.state.validators == Validators(url=origin.url("/feed"), etag='"new"')


def test_e7_304_is_a_success(here: Polling, origin: Origin) -> None:
    """It ends a row of failures, brings validators and freshness, and keeps the articles."""
    origin.serve("/feed", rss("one"), etag='"1"', last_modified=DATE)
    here.polled()
    origin.answer("/feed", Answer(500))
    here.polled()
    assert here.state.failures == 1
    origin.answer("/feed", Answer(304, b"", {"ETag": '"2"', "Cache-Control": "max-age=20000"}))
    poll = here.polled()
    state = here.state
    assert (state.failures, state.error_kind, state.reason) == (0, None, "max-age")
    assert state.validators == Validators(url=origin.url("/feed"), etag='"2"', last_modified=DATE)
    assert (poll.schedule.due - here.clock.at).total_seconds() == 20_000
    assert here.titles() == ["Title of one"]


def test_e8_the_same_bytes_do_no_work(here: Polling, origin: Origin) -> None:
    """A new ETag on an old body is stored; the reader is not asked, in whatever coding it came."""
    origin.serve("/feed", rss("one"), etag='"1"')
    here.polled()
    headers = {"ETag": '"2"', "Content-Encoding": "gzip"}
    origin.answer("/feed", Answer(200, gzip.compress(rss("one")), headers))
    assert here.polled().outcome is Outcome.SAME
    assert here.state.validators == Validators(url=origin.url("/feed"), etag='"2"')


def test_e20_validators_across_redirects(here: Polling, origin: Origin) -> None:
    """They follow the URL that gave them: sent there at the end of a redirect, and not to where it
    leads next; a server that answers itself again is asked without."""
    origin.redirect("/feed", "/one")
    origin.serve("/one", rss("one"), etag='"1"')
    origin.serve("/two", rss("one"), etag='"2"')
    here.polled()
    assert here.polled().outcome is Outcome.NOT_MODIFIED
    origin.redirect("/feed", "/two")
    here.polled()
    origin.serve("/feed", rss("one"), etag='"0"')
    here.polled()
    assert [conditions(each)[0] for each in origin.asked("/one")] == [None, '"1"']
    assert [conditions(each)[0] for each in origin.asked("/two")] == [None]
    assert [conditions(each)[0] for each in origin.asked("/feed")] == [None] * 4


# --- what goes along: E16-E18


def test_e16_e17_e18_every_request_is_alike(here: Polling, origin: Origin) -> None:
    """One agent, no cookie, no Referer, no query of our own, codings named; 200, 304, redirects
    and errors later too."""
    cookie = {"Set-Cookie": "id=1; Path=/", "ETag": '"1"'}
    for route in (
        Answer(200, rss("one"), cookie),
        Answer(304, b"", cookie),
        Answer(403, b"no", cookie),
        Answer(302, b"", {"Location": "/other", "Set-Cookie": "id=2"}),
    ):
        origin.answer("/feed", route)
        origin.serve("/other", rss("one"))
        here.polled(days=1)
    assert len(origin.requests) == 5
    for each in origin.requests:
        assert each.headers["user-agent"] == AGENT
        assert each.headers["accept-encoding"] == "gzip, br"
        assert each.headers["a-im"] == "feed"
        assert (each.method, each.query) == ("GET", "")
        assert not {"cookie", "referer", "pragma", "cache-control"} & set(each.headers)


def test_a_source_s_own_agent_and_login(here: Polling, origin: Origin) -> None:
    """As configured, on the first request and on conditional ones."""
    here.with_source(user_agent="Wire/1 (+https://w.test)", auth=("me", "pä:ss"))
    origin.serve("/feed", rss("one"), etag=True)
    here.polled()
    here.polled()
    for each in origin.requests:
        assert each.headers["user-agent"] == "Wire/1 (+https://w.test)"
        assert each.headers["authorization"] == "Basic bWU6cMOkOnNz"


# --- deltas: E27

HUB = b'<link xmlns="http://www.w3.org/2005/Atom" rel="hub" href="https://hub.test/"/>'
BASE = rss("one", "two", title="The wire").replace(
    b"<description>d</description>", HUB + b"<ttl>90</ttl><description>d</description>"
)
DELTA = (
    b"<rss version='2.0'><channel><item><title>three</title><guid>3</guid></item></channel></rss>"
)


def test_e27_a_delta_adds_and_takes_nothing(here: Polling, origin: Origin) -> None:
    """Its entries are recorded, absent ones stay, its validators are kept; what it does not say of
    the feed stays; and the whole document, when it comes again, is known as such."""
    origin.serve("/feed", BASE, etag='"1"')
    here.polled()
    whole = here.state
    origin.answer("/feed", Answer(226, DELTA, {"IM": "feed", "ETag": '"2"'}))
    poll = here.polled()
    assert (poll.outcome, poll.status, len(poll.new)) == (Outcome.NEW, 226, 1)
    assert here.titles() == ["Title of one", "Title of two", "three"]
    state = here.state
    assert state.validators == Validators(url=origin.url("/feed"), etag='"2"')
    assert (state.body_digest, state.title, state.link) == (
        whole.body_digest,
        "The wire",
        "http://a.test/",
    )
    assert state.hints == whole.hints != Hints()
    assert state.hub == whole.hub == "https://hub.test/"
    origin.answer("/feed", Answer(200, BASE, {"ETag": '"3"'}))
    assert here.polled().outcome is Outcome.SAME
    assert [each.headers["a-im"] for each in origin.requests] == ["feed"] * 3


def test_e27_what_a_delta_says_counts(here: Polling, origin: Origin) -> None:
    """A new title is a new title."""
    origin.serve("/feed", BASE, etag='"1"')
    here.polled()
    renamed = DELTA.replace(b"<item>", b"<title>New name</title><item>")
    origin.answer("/feed", Answer(226, renamed, {"IM": "feed", "ETag": '"2"'}))
    here.polled()
    assert (here.state.title, here.state.link) == ("New name", "http://a.test/")


def test_e27_a_difference_to_nothing(here: Polling, origin: Origin) -> None:
    """226 though we named no ETag: its entries are news, but it may lack what we never saw, so that
    its validators are not ours to name."""
    origin.answer("/feed", Answer(226, DELTA, {"IM": "feed", "ETag": '"2"'}))
    assert here.polled().outcome is Outcome.NEW
    here.polled()
    assert conditions(origin.requests[1]) == (None, None)
    origin.serve("/feed", BASE, etag='"3"')
    here.polled()
    assert len(here.titles()) == 3


def test_e27_a_difference_of_another_kind(here: Polling, origin: Origin) -> None:
    """A binary patch that we never asked for can't be read: an error, nothing is lost."""
    origin.serve("/feed", BASE, etag='"1"')
    here.polled()
    origin.answer("/feed", Answer(226, b"\xd6\xc3\xc4", {"IM": "vcdiff", "ETag": '"2"'}))
    failure = here.polled().failure
    assert failure is not None
    assert "did not ask" in failure.text
    assert here.state.validators == Validators(url=origin.url("/feed"), etag='"1"')


# --- pages: E28


@pytest.mark.parametrize("status", [200, 403])
def test_e28_a_page_is_blocked_and_keeps_everything(
    here: Polling, origin: Origin, status: int
) -> None:
    """After good days: its own class, named, backed off, articles and validators in place."""
    origin.serve("/feed", rss("one"), etag='"1"')
    here.polled()
    origin.answer("/feed", Answer(status, PAGE, {"Content-Type": "text/html", "ETag": '"p"'}))
    waits = []
    for _ in range(8):
        poll = here.polled(days=1)
        assert poll.failure is not None
        assert poll.failure.kind == "blocked"
        assert poll.failure.text.startswith(f'{status}: an HTML page titled "For sale"')
        waits.append(poll.schedule.due - here.clock.at)
    assert waits[0] < waits[-1]
    assert here.titles() == ["Title of one"]
    assert here.state.validators == Validators(url=origin.url("/feed"), etag='"1"')
    origin.serve("/feed", rss("one", "two"), etag='"2"')
    assert here.polled(days=1).outcome is Outcome.NEW
    assert here.state.error_kind is None


def test_e28_never_a_feed(here: Polling, origin: Origin) -> None:
    """The address is wrong, rather: not-a-feed, with what to do."""
    origin.answer("/feed", Answer(200, PAGE))
    failure = here.polled().failure
    assert failure is not None
    assert failure.kind == "not-a-feed"
    assert failure.text == (
        'an HTML page titled "For sale", not a feed; give the address of the feed itself'
    )


def test_e28_led_to_a_login(here: Polling, origin: Origin) -> None:
    """A redirect to a sign-in page, after good days."""
    origin.serve("/feed", rss("one"))
    here.polled()
    origin.redirect("/feed", "/login?next=/feed")
    origin.serve("/login", b"<!doctype html><form><input type='password'></form>")
    failure = here.polled().failure
    assert failure is not None
    assert failure.kind == "blocked"
    assert "login page" in failure.text


@pytest.mark.parametrize(
    "page",
    [
        b"<!doctype html><html><script>parse('<rss version=2>')</script><body>hi</body></html>",
        b"<html><body><feed xmlns='http://www.w3.org/2005/Atom'></feed></body></html>",
    ],
)
def test_e28_never_an_empty_feed(here: Polling, origin: Origin, page: bytes) -> None:
    """Not even with a feed's words in its scripts."""
    origin.serve("/feed", rss("one"))
    here.polled()
    origin.answer("/feed", Answer(200, page))
    failure = here.polled().failure
    assert failure is not None
    assert failure.kind == "blocked"


def test_a_feed_may_be_empty(here: Polling, origin: Origin) -> None:
    """A valid one without items is a success, and takes nothing away."""
    origin.serve("/feed", rss("one"))
    here.polled()
    origin.serve("/feed", rss())
    assert here.polled().outcome is Outcome.UNCHANGED
    assert here.titles() == ["Title of one"]

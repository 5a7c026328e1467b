"""Feedmill with one of its manners taken away: `python broken.py E5 poll --now`.

Each function alters the installed poller in one way, and says which. That is patching, and here
it is the matter itself: a check of manners is worth something when it notices bad ones.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from aggregator import errands, moves, schedule
from aggregator.fetch import client, transport
from aggregator.fetch.guard import refusal
from aggregator.poll import Poller
from aggregator.read.pool import ReaderPool
from config import wiring
from feeds.errors import NotAFeed, RateLimited
from feeds.models import Claim, Document, Failure, Outcome, Poll, SourceState, Validators
from feeds.protocols import Request, Response
from feeds.store import open_store, outcome

EPOCH = "Thu, 01 Jan 1970 00:00:00 GMT"


# --- the seams at which a manner is taken away


def put(owner: Any, name: str, value: Any) -> Any:
    """In the place of what stood there, which is returned."""
    kept = getattr(owner, name)
    setattr(owner, name, value)
    return kept


def polled(change: Callable[[Poll], Poll]) -> None:
    """Every poll ends in another way."""
    kept = Poller.__call__
    put(Poller, "__call__", lambda self, claim: change(kept(self, claim)))


def known(change: Callable[[Claim, SourceState], SourceState]) -> None:
    """Every poll begins with other knowledge."""
    kept = Poller.__call__

    def poll(self: Poller, claim: Claim) -> Poll:
        return kept(self, replace(claim, state=change(claim, claim.state)))

    put(Poller, "__call__", poll)


def asked(change: Callable[[Request], Request]) -> None:
    kept = client.HttpFetcher.fetch
    put(client.HttpFetcher, "fetch", lambda self, request: kept(self, change(request)))


def answered(change: Callable[[Request, Response], Response]) -> None:
    kept = client.HttpFetcher.fetch
    put(client.HttpFetcher, "fetch", lambda self, request: change(request, kept(self, request)))


def sent(change: Callable[[dict[str, str], str], dict[str, str]]) -> None:
    """Every request goes out with other headers; the second argument is its URL."""
    kept = transport.GuardedRequest.prepare

    def prepare(self: Any, **given: Any) -> None:
        kept(self, **given | {"headers": change(dict(given["headers"]), given["url"])})

    put(transport.GuardedRequest, "prepare", prepare)


def headers(response: Response, *without: str) -> Response:
    left = {name: value for name, value in response.headers.items() if name not in without}
    return replace(response, headers=left)


# --- the manners


def e1() -> None:
    """Asks a new source for what changed since 1970."""

    def since_1970(claim: Claim, state: SourceState) -> SourceState:
        if state.first_polled_at is not None:
            return state
        return replace(state, validators=Validators(url=state.fetch_url, last_modified=EPOCH))

    known(since_1970)


def e2() -> None:
    """Takes the W/ off weak ETags."""
    sent(lambda given, _url: {
        name: value.removeprefix("W/") if name == "If-None-Match" else value
        for name, value in given.items()
    })  # fmt: skip


def e3() -> None:
    """Writes dates anew, in the right form."""

    def proper(given: dict[str, str], _url: str) -> dict[str, str]:
        try:
            moment = parsedate_to_datetime(given["If-Modified-Since"])
            return given | {"If-Modified-Since": format_datetime(moment, usegmt=True)}
        except (KeyError, ValueError):
            return given

    sent(proper)


def e4() -> None:
    """Keeps no validators of a document that brought no news (as reader does)."""
    polled(lambda poll: replace(poll, validators=None)
           if poll.outcome is Outcome.UNCHANGED else poll)  # fmt: skip


def e5() -> None:
    """Keeps a validator that the server has stopped sending."""

    def kept(request: Request, response: Response) -> Response:
        had, got = request.validators, response.validators
        if had is None or had.url != got.url:
            return response
        both = Validators(
            url=got.url,
            etag=got.etag or had.etag,
            last_modified=got.last_modified or had.last_modified,
        )
        return replace(response, validators=both)

    answered(kept)


def e6() -> None:
    """Keeps the later of two Last-Modified."""

    def later(request: Request, response: Response) -> Response:
        had, got = request.validators, response.validators
        try:
            before = parsedate_to_datetime(had.last_modified or "") if had else None
            if before and before > parsedate_to_datetime(got.last_modified or ""):
                got = replace(got, last_modified=had.last_modified if had else None)
        except ValueError:
            return response
        return replace(response, validators=got)

    answered(later)


def e7() -> None:
    """A source that failed stays failed at a 304."""

    def still(poll: Poll) -> Poll:
        state = poll.claim.state
        if poll.outcome is not Outcome.NOT_MODIFIED or state.error_kind is None:
            return poll
        failure = Failure(kind=state.error_kind, text=state.error or "")
        return replace(poll, outcome=Outcome.FAILED, failure=failure, counts_as_failure=True)

    polled(still)


def e8() -> None:
    """Reads the same bytes again."""
    known(lambda _claim, state: replace(state, body_digest=None))


def e9() -> None:
    """Takes no notice of Expires."""
    answered(lambda _request, response: headers(response, "expires")
             if response.status == 200 else response)  # fmt: skip


def e10() -> None:
    """Takes no notice of freshness on a 304 (as miniflux and CommaFeed)."""
    answered(lambda _request, response: headers(response, "cache-control", "expires")
             if response.status == 304 else response)  # fmt: skip


def e11() -> None:
    """Asks as often as it likes what is worth it."""
    put(schedule, "_floor", lambda _facts: 300.0)


def e12() -> None:
    """Waits a day at most, whatever Retry-After says."""
    kept = client.HttpFetcher.fetch

    def fetch(self: client.HttpFetcher, request: Request) -> Response:
        try:
            return kept(self, request)
        except RateLimited as error:
            if error.retry_after is not None:
                error.retry_after = min(error.retry_after, self._now() + timedelta(days=1))
            raise

    put(client.HttpFetcher, "fetch", fetch)


def e13() -> None:
    """Counts 429 among the failures (as miniflux)."""

    def counted(poll: Poll) -> Poll:
        limited = poll.failure is not None and poll.failure.kind == "rate-limited"
        return replace(poll, counts_as_failure=poll.counts_as_failure or limited)

    polled(counted)


def e14() -> None:
    """Fetches a feed again once it is added (as miniflux)."""
    put(Poller, "given", lambda self, claim, _response, _why: self(claim))


def e15() -> None:
    """`poll --now` leaves the validators out (as FreshRSS)."""
    known(lambda claim, state: replace(state, validators=None) if claim.forced else state)


def e16() -> None:
    """Says where it comes from."""
    sent(lambda given, url: given | {"Referer": "/".join(url.split("/")[:3])})


def e17() -> None:
    """Passes itself off as a browser."""
    browser = "Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/140.0"
    put(wiring, "user_agent", lambda *_given: browser)


def e18() -> None:
    """Offers gzip alone."""
    sent(lambda given, _url: given | {"Accept-Encoding": "gzip"})


def e19() -> None:
    """Makes no pause between two requests to a host, be they polls or hops of a redirect."""
    put(wiring, "open_store", lambda url, **given: open_store(url, **given | {"host_delay": 0.0}))
    kept = errands.HopPace
    put(errands, "HopPace", lambda **given: kept(**given | {"delay": 0.0}))


def e20() -> None:
    """Sends validators wherever a redirect leads."""
    kept = client._conditions
    put(client, "_conditions", lambda had, url: kept(had and replace(had, url=url), url))


def e21() -> None:
    """Adopts a permanent redirect at once (as FreshRSS)."""
    put(moves, "SIGHTINGS", 1)
    put(moves, "DAYS", timedelta(0))


def e22() -> None:
    """Takes a chain for permanent whose first hop is."""
    kept = moves.permanent_target
    put(moves, "permanent_target", lambda hops: kept(hops) and hops[-1].url)


def e23() -> None:
    """Gives a source up at the first 410."""
    kept = outcome._failed

    def failed(row: Any, poll: Poll) -> dict[str, Any]:
        told = kept(row, poll)
        return told | {"retired": told["retired"] or poll.gone}

    put(outcome, "_failed", failed)


def e24() -> None:
    """Takes no notice of ttl."""
    kept = ReaderPool.__call__

    def read(self: ReaderPool, *given: Any) -> Document:
        document = kept(self, *given)
        return replace(document, hints=replace(document.hints, ttl=None))

    put(ReaderPool, "__call__", read)


def e25() -> None:
    """Waits four times as long as it may."""
    asked(lambda request: replace(request, timeout=request.timeout * 4))


def e26() -> None:
    """Dials this machine, whatever is allowed."""
    put(
        transport,
        "refusal",
        lambda ip, allow: None if ip.startswith("127.") else refusal(ip, allow),
    )


def e27() -> None:
    """Asks for no delta."""
    sent(lambda given, _url: {name: value for name, value in given.items() if name != "A-IM"})


def e28() -> None:
    """Reads a page as a feed without entries."""
    kept = ReaderPool.__call__

    def read(self: ReaderPool, *given: Any) -> Document:
        try:
            return kept(self, *given)
        except NotAFeed:
            return Document(format="rss20")

    put(ReaderPool, "__call__", read)


def e29() -> None:
    """Takes no turn at the host for what is no poll."""
    put(errands.Turns, "at", lambda _self, _url, _seconds: nullcontext())


def e30() -> None:
    """Polls on although a hub pushes."""
    put(schedule, "RULES", tuple(each for each in schedule.RULES if each is not schedule._push))


def e31() -> None:
    """Gives no reason for the next time."""
    polled(lambda poll: replace(poll, schedule=replace(poll.schedule, reason="later")))


def e32() -> None:
    """Takes credentials along wherever a redirect leads."""
    put(client, "stays_home", lambda _before, _after: True)


BREAKS: Mapping[str, Callable[[], None]] = {
    name.upper(): each
    for name, each in list(globals().items())
    if name[0] == "e" and name[1:].isdigit()
}

if __name__ == "__main__":
    from config.cli import main

    BREAKS[sys.argv.pop(1)]()
    main()

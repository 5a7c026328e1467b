"""One source, once: fetch → read → identify → schedule, and a Poll that says what to write.

Nothing is written here; whatever goes wrong with the source ends in the Poll as its Failure.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from aggregator.cadence import learn
from aggregator.dates import first_dates, plausible, updated_date
from aggregator.fetch.blocked import misplaced
from aggregator.fetch.credentials import guarded, hidden, login, stays_home
from aggregator.fetch.freshness import Freshness, freshness
from aggregator.identity.edits import common_lines, significant
from aggregator.identity.keys import Bound
from aggregator.identity.urls import UrlRules
from aggregator.links import announced
from aggregator.moves import Moving, permanent_target, sighted
from aggregator.reading import Archive, Findings, Reading, edited
from aggregator.schedule import Answer, Facts, Policy, deferred, next_poll
from feeds.errors import FetchError, Gone, HostBusy, PollError, RateLimited
from feeds.models import (
    ChangedArticle,
    Claim,
    Document,
    Entry,
    Failure,
    FeedFacts,
    Held,
    Hints,
    KnownItems,
    NewArticle,
    Outcome,
    Poll,
    Schedule,
    Source,
    SourceState,
    Validators,
)
from feeds.protocols import Fetcher, Now, ReadDocument, Request, Response

PAGES = 10
"""Older pages that are read to fill one gap."""
LONGEST = 366 * 86_400.0
"""Seconds of freshness that are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The operator's limits on a request, unless the source has its own."""

    timeout: float = 30.0
    """Seconds in all."""
    max_body: int = 10_000_000
    """Decoded bytes."""
    allow_private: bool | tuple[str, ...] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Poller:
    """Polls claimed sources. Thread-safe when its parts are. `sources` by configured URL."""

    sources: Mapping[str, Source]
    fetcher: Fetcher
    read: ReadDocument
    archive: Callable[[int], Archive]
    """The articles of a source, by its id."""
    seen: Callable[[int], bytes]
    rules: UrlRules
    now: Now
    policy: Policy = field(default_factory=Policy)
    limits: Limits = field(default_factory=Limits)
    guard: bool = True
    """Against floods."""

    def __call__(self, claim: Claim) -> Poll:
        """Poll one source. Raises StoreError only."""
        source = self._source(claim)
        request = self._request(source, claim.state)
        return self._polled(claim, source, lambda: self.fetcher.fetch(request))

    def given(self, claim: Claim, response: Response, why: str) -> Poll:
        """The same with a response that came another way (discovery, a WebSub delivery): nothing is
        requested. `why` stands in the ledger. Raises StoreError only."""
        poll = self._polled(claim, self._source(claim), lambda: response)
        return _with(poll, why=why, sent=None)

    def _source(self, claim: Claim) -> Source:
        return self.sources.get(claim.state.url) or Source(url=claim.state.url)

    def _polled(self, claim: Claim, source: Source, obtain: Callable[[], Response]) -> Poll:
        started, clock = self.now(), time.monotonic()
        blank = Poll(
            claim=claim,
            started_at=started,
            duration=0.0,
            outcome=Outcome.FAILED,
            schedule=Schedule(due=started, reason=""),  # decided on when the answer is known
            sent=claim.state.validators,
            every=source.every,
            move=claim.state.move,
        )
        response = None
        try:
            response = obtain()
            poll = self._success(blank, source, response)
        except HostBusy as error:
            facts = Facts(self.policy, claim.state, source.every, Answer(at=self.now()))
            poll = _with(blank, outcome=Outcome.DEFERRED, schedule=deferred(facts), hops=error.hops)
        except PollError as error:
            poll = self._failure(blank, source, error, response)
        return _with(poll, duration=time.monotonic() - clock)

    def _request(self, source: Source, state: SourceState) -> Request:
        allowed = source.allow_private
        # An adopted address may be another host's, whom they are not for (E32).
        own = stays_home(source.url, state.fetch_url)
        return Request(
            url=state.fetch_url,
            validators=state.validators,
            headers=source.headers if own else {},
            auth=login(source) if own else None,
            user_agent=source.user_agent,
            proxy=source.proxy,
            timeout=source.timeout or self.limits.timeout,
            max_body=self.limits.max_body,
            allow_private=self.limits.allow_private if allowed is None else allowed,
        )

    def _success(self, poll: Poll, source: Source, response: Response) -> Poll:
        state = poll.claim.state
        # What has not changed since last time is the old document only if that was no redirect.
        unmoved = state.move is None
        if response.status == 304:
            poll = _fetched(poll, response, outcome=Outcome.NOT_MODIFIED)
            poll = self._moved(poll, source, same=unmoved)
            return self._scheduled(poll, source, response, state)
        digest = blake2b(response.body, digest_size=16).digest()
        if response.status == 226:
            poll = _fetched(poll, response, validators=_of_delta(state, response))
        elif digest == state.body_digest and state.error_kind is None:
            poll = _fetched(poll, response, outcome=Outcome.SAME)
            poll = self._moved(poll, source, same=unmoved)
            return self._scheduled(poll, source, response, state)
        else:
            poll = _fetched(poll, response)
        packed = b"" if _all_counts(poll) else self.seen(state.id)
        found = self._reading(state)(response, packed)
        poll = self._moved(_identified(poll, found), source, same=_same(state, found))
        # A delta, or what a hub brings, is news only: it tells nothing of what was missed.
        whole = response.status == 200 and bool(response.hops)
        missed = whole and not found.left_out and all(each.known is None for each in found.bound)
        poll = _with(_learned(poll, all_new=missed), whole=whole)
        if missed and state.article_count and (gap := self._gap(state, found)) is not None:
            poll = _with(poll, gap=gap)
        facts = _facts(found.document, response)
        if response.status == 226:
            # Of the whole document, which this is not, the digest stays (E8) and the facts too.
            facts = _completed(facts, state)
            poll = _with(poll, seen=seen_after_part(poll))
        else:
            seen = None if found.seen == packed else found.seen
            poll = _with(poll, body_digest=digest, seen=seen)
        read = replace(state, hints=facts.hints, rhythm=poll.rhythm or state.rhythm)
        return self._scheduled(_with(poll, facts=facts), source, response, read)

    def _gap(self, state: SourceState, found: Findings) -> tuple[datetime, str | None, int] | None:
        """None when what the document shows begins no later than what we knew ended."""
        newest = self.archive(state.id).newest(1)
        dates = [claim for b in found.bound if (claim := b.item.entry.published) is not None]
        since = newest[0].known.published if newest else state.last_success_at
        if since is None or not found.bound or found.flood or (dates and min(dates) <= since):
            return None
        return since, found.document.older, PAGES

    def page(self, claim: Claim, response: Response, why: str) -> tuple[Poll, str | None]:
        """An older page of a source's document, and where the next older one is."""
        seen = list[str | None]()

        def read(body: bytes, url: str, kind: str | None, known: KnownItems | None) -> Document:
            document = self.read(body, url, kind, known)
            seen[:] = [document.older]
            return document

        # What is older than what is known is just what it is read for.
        poller = replace(self, read=read, seen=lambda _source: b"", guard=False)
        poll = poller.given(claim, response, why)
        return poll, seen[0] if seen else None

    def request(self, source: Source, url: str) -> Request:
        """For another document of a source."""
        plain = SourceState(id=0, url=source.url, fetch_url=url)
        return self._request(source, plain)

    def _reading(self, state: SourceState) -> Reading:
        # Of a source without articles none is known: at the first import, of all of them.
        return Reading(
            read=self.read,
            archive=self.archive(state.id) if state.article_count else None,
            rules=self.rules,
            articles=state.article_count,
            last_success=state.last_success_at,
            guard=self.guard,
        )

    def _moved(self, poll: Poll, source: Source, *, same: bool) -> Poll:
        """With what its redirects say of the source's address (E21); a response that came another
        way says nothing of it."""
        if not poll.hops:
            return poll
        state, private = poll.claim.state, guarded(source)
        moving = sighted(state, poll.hops, poll.started_at, same=same, credentials=private)
        if moving == Moving(move=poll.move):
            return poll  # as nearly always, and a copy is a hundredth of a poll's cost
        return _with(poll, move=moving.move, adopt=moving.adopt, adopt_why=moving.why)

    def _scheduled(
        self, poll: Poll, source: Source, response: Response, state: SourceState
    ) -> Poll:
        at = self.now()
        fresh = freshness(response.headers, at)
        answer = Answer(at=at, max_age=fresh.max_age, hints=state.hints)
        # A success wipes the failures, so the rules must not see them.
        if state.failures or state.error_kind or state.validators != response.validators:
            state = replace(state, failures=0, error_kind=None, validators=response.validators)
        return _with(
            poll,
            schedule=next_poll(Facts(self.policy, state, source.every, answer)),
            fresh_until=_until(at, fresh.max_age),
        )

    def _failure(
        self, poll: Poll, source: Source, error: PollError, response: Response | None
    ) -> Poll:
        """`response`: what came before the error, when it was the reading that failed."""
        at, state = self.now(), poll.claim.state
        if response is not None:
            fresh = freshness(response.headers, at)
            page = (response.status, response.headers, response.body, fresh)
            error = misplaced(error, *page, fine=state.last_success_at is not None)
            poll = _fetched(poll, response)
        elif isinstance(error, FetchError):
            fresh = Freshness(error.max_age, error.retry_after)
            poll = _with(poll, status=error.status, hops=error.hops)
        else:
            fresh = Freshness()
        limited, gone = isinstance(error, RateLimited), isinstance(error, Gone)
        answer = Answer(
            at=at,
            max_age=fresh.max_age,
            retry_after=fresh.retry_after,
            hints=state.hints,
            failed=not limited,
            rate_limited=limited,
            gone=gone,
        )
        return _with(
            poll,
            outcome=Outcome.FAILED,
            schedule=next_poll(Facts(self.policy, state, source.every, answer)),
            fresh_until=_until(at, fresh.max_age),
            failure=Failure(kind=error.kind, text=hidden(str(error), source)),
            counts_as_failure=not limited,
            gone=gone,
            # A body that could not be read must be fetched again, whole (E4).
            validators=None,
        )


_NAMES = tuple(each.name for each in fields(Poll))
_VALUES = attrgetter(*_NAMES)


def _with(poll: Poll, **more: Any) -> Poll:
    """As dataclasses.replace has it, at half its cost: an idle poll has three of these."""
    values = dict(zip(_NAMES, _VALUES(poll), strict=True))
    values.update(more)
    return Poll(**values)


def _fetched(poll: Poll, response: Response, **more: Any) -> Poll:
    """The poll with what its response tells without being read. One copy: each costs a poll of an
    idle source a hundredth."""
    told: dict[str, Any] = {
        "status": response.status,
        "bytes_received": response.bytes_received,
        "hops": response.hops,
        "validators": response.validators,
    }
    return _with(poll, **(told | more))


def _facts(document: Document, response: Response) -> FeedFacts:
    pushed = announced(response.headers, response.url, document)
    return FeedFacts(
        title=document.title,
        link=document.link,
        hub=pushed.hub,
        self_link=pushed.topic,
        hints=document.hints,
    )


def _completed(facts: FeedFacts, state: SourceState) -> FeedFacts:
    """What a delta says of its feed, and for the rest what was known (E27)."""
    return FeedFacts(
        title=facts.title or state.title or "",
        link=facts.link or state.link,
        hub=facts.hub or state.hub,
        self_link=facts.self_link or state.self_link,
        hints=state.hints if facts.hints == Hints() else facts.hints,
    )


def _of_delta(state: SourceState, response: Response) -> Validators | None:
    """The validators of a 226 are kept when it is the difference to what our If-None-Match named
    (RFC 3229 §10.4.1). Else its entries are read, but what it left out never came: the next
    request must not be answered with the difference to this one."""
    held = state.validators
    named = held is not None and held.etag and held.url == response.url
    return response.validators if named else None


def _identified(poll: Poll, found: Findings) -> Poll:
    new, changed = _new(found, poll), _changed(found, poll)
    told = any(each.significant for each in changed)
    outcome = Outcome.NEW if new or told else Outcome.UNCHANGED
    return _with(poll, outcome=outcome, new=new, changed=changed)


def _all_counts(poll: Poll) -> bool:
    """Whether all has to be read: after an error or a fresh start, and while `_same` may ask since
    when each known article is there."""
    state, move = poll.claim.state, poll.claim.state.move
    if state.body_digest is None or state.error_kind is not None:
        return True
    return move is not None and not (move.proven and move.to == permanent_target(poll.hops))


def _same(state: SourceState, found: Findings) -> bool:
    """Whether this is what the source showed before it began to redirect: it has articles of that
    time, or the same title."""
    known = [each.known for each in found.bound if each.known is not None]
    if state.move is None:
        title = found.document.title
        return bool(known) or found.left_out or bool(title and title == state.title)
    return any(article.first_seen < state.move.since for article in known)


def seen_after_part(poll: Poll) -> bytes | None:
    """What stands of the last whole document after a part of one came (a 226, a delivery): all, or
    nothing where the part edited articles, which that document would show otherwise."""
    return b"" if poll.changed else None


def _until(at: datetime, seconds: float | None) -> datetime | None:
    """Of any max-age, also one of thirty years."""
    return None if seconds is None else at + timedelta(seconds=min(seconds, LONGEST))


def _learned(poll: Poll, *, all_new: bool) -> Poll:
    """With the rhythm that its new articles teach."""
    state, at = poll.claim.state, poll.started_at
    posts = [
        plausible(each.entry.published, at) or plausible(each.entry.updated, at)
        for each in poll.new
    ]
    rhythm = learn(state.rhythm, posts, at, state.last_success_at, all_new=all_new)
    return _with(poll, rhythm=rhythm)


def _new(found: Findings, poll: Poll) -> tuple[NewArticle, ...]:
    fresh = [each.item for each in found.bound if each.known is None]
    dates = first_dates([item.entry for item in fresh], poll.started_at)
    ranks = _ranks([published for published, _ in dates]) if _first(poll) else [0] * len(fresh)
    return tuple(
        NewArticle(
            entry=item.entry,
            keys=item.keys,
            content_digest=item.digest,
            published=published,
            updated=updated,
            first_seen=poll.started_at,
            backlog=rank,
            held=Held.FLOOD if found.flood else Held.NO,
        )
        for item, (published, updated), rank in zip(fresh, dates, ranks, strict=True)
    )


def _first(poll: Poll) -> bool:
    """Whether this is what a source shows first: its back-catalogue."""
    return poll.claim.state.article_count == 0


def _ranks(dates: Sequence[datetime]) -> list[int]:
    """The place of each among them, newest 1; of equal ones in their order."""
    order = sorted(range(len(dates)), key=lambda at: dates[at], reverse=True)
    ranks = [0] * len(dates)
    for rank, at in enumerate(order, 1):
        ranks[at] = rank
    return ranks


def _changed(found: Findings, poll: Poll) -> tuple[ChangedArticle, ...]:
    edits = [each for each in found.bound if edited(each)]
    before = [found.before.get(each.known.article_id) for each in edits if each.known]
    common = common_lines([each.item.entry for each in found.bound]) if edits else frozenset()
    common |= common_lines([entry for entry in before if entry is not None])
    return tuple(
        _edit(each, entry, common, poll) for each, entry in zip(edits, before, strict=True)
    )


def _edit(
    each: Bound, before: Entry | None, common: frozenset[tuple[str, ...]], poll: Poll
) -> ChangedArticle:
    item, known = each.item, each.known
    assert known is not None
    told = before is None or significant(before, item.entry, common)
    updated = updated_date(item.entry, known.updated, poll.started_at) if told else known.updated
    return ChangedArticle(
        article_id=known.article_id,
        entry=item.entry,
        keys=item.keys,
        content_digest=item.digest,
        published=known.published,
        updated=updated,
        significant=told,
        rule=None if each.rule is None else str(each.rule),
        was=before.guid if before is not None and each.rule else None,
    )

"""When to poll a source next, and why. Pure: from what is known to a time and its reason.

First our own rhythm: the operator's word, what was learned of the source (aggregator.cadence),
a backoff. Then each rule looks at the same facts and may name a later time than those before it;
the latest wins and gives the reason. Rules lengthen, never shorten (E24).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from aggregator.cadence import Guess, guess
from feeds.errors import RateLimited
from feeds.models import Hints, Schedule, SourceState

HOUR, DAY = 3600.0, 86_400.0
NEARBY = 300.0
"""Seconds that start times are spread over, at most, after a time at which a post is expected."""
POSTS_A_DAY = 6.0
"""A source that posts so often, at any hour, is asked once an `interval`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The operator's politeness, in seconds."""

    interval: float = HOUR
    """While nothing is known; and what is learned grows and shrinks with it."""
    min_interval: float = 900.0
    max_interval: float = DAY
    unvalidated: float = HOUR
    """The least for a source without validators: each poll of it costs a whole document (E11)."""
    first_backoff: float = 300.0
    """After one failure; doubles with each, up to `max_interval`, never below the interval's
    own rhythm for long: a dead host costs one request a day (E23)."""
    retry_after_limit: float = 7 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the poll just made brought, as far as the next time depends on it."""

    at: datetime
    """When it ended."""
    max_age: float | None = None
    retry_after: datetime | None = None
    hints: Hints = Hints()
    failed: bool = False
    rate_limited: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a rule may look at."""

    policy: Policy
    state: SourceState
    every: float | None
    """As configured."""
    answer: Answer

    @property
    def conditional(self) -> bool:
        """Whether the next request can be one."""
        held = self.state.validators
        return held is not None and (held.etag is not None or held.last_modified is not None)

    @property
    def base(self) -> float:
        """The operator's word, else the interval."""
        return self.every or self.policy.interval

    @property
    def ceiling(self) -> float:
        """What hints may lengthen to; the operator's own word may be longer."""
        return max(self.policy.max_interval, self.base)


Rule = Callable[[Facts, datetime], tuple[datetime, str] | None]


def next_poll(facts: Facts) -> Schedule:
    """The next time and its reason; `not_before` where the server told us to wait (E12)."""
    wait, spread, reason = _rhythm(facts)
    due = facts.answer.at + timedelta(seconds=wait + spread * _spread(facts))
    for rule in RULES:
        if (later := rule(facts, due)) is not None and later[0] > due:
            due, reason = later
    return Schedule(due=due, reason=reason, not_before=_told(facts))


DEFERRED = "the host of its redirect was busy"
FIRST_DEFERRAL = 30.0


def deferred(facts: Facts) -> Schedule:
    """A poll that had to be broken off for want of a turn at a redirect's host: again soon, later
    each time, up to the interval."""
    state, wait = facts.state, FIRST_DEFERRAL
    if state.reason == DEFERRED and state.next_due and state.last_polled_at:
        wait = (state.next_due - state.last_polled_at).total_seconds() * 2
    wait = min(wait, facts.base) * (1 + 0.1 * _spread(facts))
    return Schedule(due=facts.answer.at + timedelta(seconds=wait), reason=DEFERRED)


def again(policy: Policy, state: SourceState, every: float | None) -> Schedule:
    """The schedule anew from the last poll and what the server then said: the operator changed
    `every` (E15), a push began or ended (E30). The state as stored after that poll, which it must
    have had."""
    at = state.last_polled_at
    assert at is not None
    if state.error_kind == RateLimited.kind or state.reason == DEFERRED:
        # What was asked of us, and a poll that is still to be made, have nothing to do with it.
        return Schedule(due=state.next_due or at, reason=state.reason, not_before=state.not_before)
    answer = Answer(
        at=at,
        max_age=(state.fresh_until - at).total_seconds() if state.fresh_until else None,
        retry_after=state.not_before,
        hints=state.hints,
        failed=state.error_kind is not None,
    )
    before = replace(state, failures=max(0, state.failures - 1))
    return next_poll(Facts(policy, before, every, answer))


def _spread(facts: Facts) -> float:
    """0..1, the same for the same source and poll: start times drift apart, and never gather
    on the hour (E19)."""
    text = f"{facts.state.id}|{facts.answer.at.isoformat()}".encode()
    return int.from_bytes(blake2b(text, digest_size=4).digest()) / 2**32


def _rhythm(facts: Facts) -> tuple[float, float, str]:
    """(wait, what it is spread by, reason): what nobody but we and the operator decide on."""
    answer, state = facts.answer, facts.state
    if answer.rate_limited:
        wait, reason = _twice_last(facts), "backoff after rate limit"
    elif answer.gone and not state.gone_seen:
        wait, reason = facts.base, "to confirm that it is gone"
    elif answer.failed:
        tries = min(state.failures, 16)
        # Never more often than in good days, and longer each time (E12, E23).
        good = min(facts.base, facts.policy.max_interval) * 1.5**tries
        wait = max(facts.policy.first_backoff * 2.0**tries, good)
        # With its spread it is a day at the most: "down to daily" means no less often either.
        wait = min(wait, facts.ceiling / 1.1)
        reason = f"backoff, failure {state.failures + 1}"
    elif facts.every:
        wait, reason = facts.every, "every"
    elif (found := _learned(facts)) is not None:
        return found.wait, min(0.1 * found.wait, NEARBY if found.sharp else DAY), found.reason
    else:
        wait, reason = _at_first(facts), "interval"
    return wait, 0.1 * wait, reason


def _at_first(facts: Facts) -> float:
    """`interval`, within what holds for all."""
    return min(max(facts.policy.interval, _floor(facts)), facts.policy.max_interval)


def _floor(facts: Facts) -> float:
    policy = facts.policy
    least = 0.0 if facts.conditional else policy.unvalidated
    return min(max(least, policy.min_interval), policy.max_interval)


def _learned(facts: Facts) -> Guess | None:
    """What the source's past says (E11, E31). Of a new source one document is known, whose dates
    may mislead: twice the time that we have known it is the longest wait, `interval` the first."""
    policy, at = facts.policy, facts.answer.at
    begun = facts.state.first_polled_at or at
    longest = max(2 * (at - begun).total_seconds(), _at_first(facts))
    worth = (policy.interval / HOUR) ** 2 * POSTS_A_DAY / 24
    least, most = _floor(facts), policy.max_interval
    found = guess(facts.state.rhythm, at.timestamp(), worth, least, most)
    if found is None or found.wait <= longest:
        return found
    return Guess(wait=longest, reason="interval") if begun == at else replace(found, wait=longest)


def _twice_last(facts: Facts) -> float:
    """429 without a word on when: twice the last wait, up to a day."""
    state = facts.state
    last = facts.base
    if state.error_kind == RateLimited.kind and state.next_due and state.last_polled_at:
        last = max(last, (state.next_due - state.last_polled_at).total_seconds() * 2)
    return min(last, facts.ceiling)


def _told(facts: Facts) -> datetime | None:
    asked = facts.answer.retry_after
    if asked is None or asked <= facts.answer.at:
        return None
    return min(asked, facts.answer.at + timedelta(seconds=facts.policy.retry_after_limit))


def _retry_after(facts: Facts, _due: datetime) -> tuple[datetime, str] | None:
    told = _told(facts)
    return (told, "Retry-After") if told else None


def _after(facts: Facts, seconds: float | None, reason: str) -> tuple[datetime, str] | None:
    if seconds is None:
        return None
    return facts.answer.at + timedelta(seconds=min(seconds, facts.ceiling)), reason


def _max_age(facts: Facts, _due: datetime) -> tuple[datetime, str] | None:
    return _after(facts, facts.answer.max_age, "max-age")


def _ttl(facts: Facts, _due: datetime) -> tuple[datetime, str] | None:
    return None if facts.answer.failed else _after(facts, facts.answer.hints.ttl, "ttl")


def _update_every(facts: Facts, _due: datetime) -> tuple[datetime, str] | None:
    if facts.answer.failed:
        return None
    return _after(facts, facts.answer.hints.update_every, "sy:updatePeriod")


def _skip(facts: Facts, due: datetime) -> tuple[datetime, str] | None:
    """The first moment from `due` on that is in no skipped hour or day (UTC)."""
    hours, days = set(facts.answer.hints.skip_hours), set(facts.answer.hints.skip_days)
    if (not hours and not days) or len(hours) >= 24 or len(days) >= 7:
        return None  # Everything skipped says nothing.
    reason = "skipHours" if due.hour in hours else "skipDays"
    moment = due
    for _ in range(8 * 24):
        if moment.hour not in hours and moment.weekday() not in days:
            break
        moment = (moment + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    if moment == due:
        return None
    return moment + timedelta(seconds=600 * _spread(facts)), reason


def _push(facts: Facts, _due: datetime) -> tuple[datetime, str] | None:
    """A live subscription brings what is new: a poll a day is the safety net, and polling goes on
    when the lease ends (E30)."""
    until, at = facts.state.push_until, facts.answer.at
    if until is None or until <= at or facts.answer.failed or facts.answer.rate_limited:
        return None
    net = at + timedelta(seconds=DAY * (1 + 0.1 * _spread(facts)))
    lapse = until + timedelta(seconds=600 * _spread(facts))
    return min(net, lapse), f"WebSub lives until {until:%Y-%m-%d %H:%M} UTC"


RULES: tuple[Rule, ...] = (_push, _max_age, _ttl, _update_every, _retry_after, _skip)

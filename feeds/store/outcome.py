"""What a poll leaves of its source's row. Pure: the row as it was and the Poll, to new values."""

from __future__ import annotations

from typing import Any

from feeds.models import Failure, Held, Outcome, Poll
from feeds.store.codec import text
from feeds.store.hosts import host_of


def after(row: Any, poll: Poll, new: int, changed: int) -> dict[str, Any]:
    """The columns of `source` that every poll writes. `new` and `changed`: what was stored."""
    adopt = adopted(row, poll)
    told = {
        "polls": row.polls + 1,
        "first_polled_at": row.first_polled_at or poll.started_at,
        "last_polled_at": poll.started_at,
        "next_due": poll.schedule.due,
        "reason": poll.schedule.reason,
        "not_before": poll.schedule.not_before,
        "every": poll.every,
        "fresh_until": poll.fresh_until,
        "rhythm": row.rhythm if poll.rhythm is None else poll.rhythm,
        "move": poll.move if _still_there(row, poll) else row.move,
        "fetch_url": adopt or row.fetch_url,
        "host": host_of(adopt) if adopt else row.host,
        "validators": row.validators if poll.validators is None else poll.validators,
        "body_digest": row.body_digest if poll.body_digest is None else poll.body_digest,
        **_gap(row, poll),
        "article_count": row.article_count + new,
        "held": row.held + sum(each.held is Held.FLOOD for each in poll.new),
        "claim_until": None,
    }
    told |= _facts(row, poll)
    if poll.outcome is Outcome.DEFERRED:
        told |= {name: getattr(row, name) for name in _STANDING}
    else:
        told |= _succeeded(row, poll, new + changed) if poll.failure is None else _failed(row, poll)
    if poll.pushed:
        told = {name: getattr(row, name) for name in told} | {name: told[name] for name in _BROUGHT}
    resting = row.paused or not row.active or told["retired"]
    return told | {"wake": None if resting else told["next_due"]}


def _gap(row: Any, poll: Poll) -> dict[str, Any]:
    """Told until a document shows something that was known, and its pages are read."""
    if poll.gap is not None:
        since, url, pages = poll.gap
        return {"gap_since": since, "gap_url": text(url), "gap_pages": pages}
    return {
        "gap_since": None if poll.whole and row.gap_url is None else row.gap_since,
        "gap_url": row.gap_url,
        "gap_pages": row.gap_pages,
    }


_BROUGHT = ("polls", "rhythm", "article_count", "held", "last_new_at", "claim_until")
"""What is written of a delivery. The rest as it is in the row, not as it was when claimed: the due
time may have been changed while the delivery was read."""


def adopted(row: Any, poll: Poll) -> str | None:
    """The address to request from now on, where it is another."""
    return poll.adopt if _still_there(row, poll) else None


def _still_there(row: Any, poll: Poll) -> bool:
    """Whether it is requested where it was polled: else the operator gave it another address
    meanwhile, and the redirects of the old one say nothing of that."""
    return bool(row.fetch_url == poll.claim.state.fetch_url)


def _facts(row: Any, poll: Poll) -> dict[str, Any]:
    if poll.facts is None:
        return {name: getattr(row, name) for name in ("title", "link", "hub", "self_link", "hints")}
    return {
        "title": text(poll.facts.title) or None,
        "link": text(poll.facts.link),
        "hub": text(poll.facts.hub),
        "self_link": text(poll.facts.self_link),
        "hints": poll.facts.hints,
    }


_STANDING = (
    *("last_success_at", "last_new_at", "failures", "failing_since", "error_kind", "error"),
    *("error_at", "error_count", "gone_seen", "retired"),
)
"""What a poll leaves alone that found nothing out."""


def _succeeded(row: Any, poll: Poll, articles: int) -> dict[str, Any]:
    return {
        "last_success_at": poll.started_at,
        "last_new_at": poll.started_at if articles else row.last_new_at,
        "failures": 0,
        "failing_since": None,
        "error_kind": None,
        "error": None,
        "error_at": None,
        "error_count": 0,
        "gone_seen": False,
        "retired": False,
    }


def _failed(row: Any, poll: Poll) -> dict[str, Any]:
    assert poll.failure is not None
    counts = poll.counts_as_failure
    return {
        "last_success_at": row.last_success_at,
        "last_new_at": row.last_new_at,
        "failures": row.failures + counts,
        "failing_since": row.failing_since or (poll.started_at if counts else None),
        "error_kind": poll.failure.kind,
        "error": text(poll.failure.text),
        "error_at": poll.started_at,
        "error_count": row.error_count + 1,
        "gone_seen": poll.gone,
        "retired": row.retired or (poll.gone and row.gone_seen),  # E23
    }


def unwritable(poll: Poll, why: str) -> Poll:
    """A poll that the database can't hold, as a failed one: without its articles and facts, and
    without the validators that would hide the same document behind a 304 next time. It must be
    recorded: the source would else be polled again and again as often as its claims run out."""
    return Poll(
        claim=poll.claim,
        started_at=poll.started_at,
        duration=poll.duration,
        outcome=Outcome.FAILED,
        schedule=poll.schedule,
        status=poll.status,
        bytes_received=poll.bytes_received,
        sent=poll.sent,
        why=poll.why,
        every=poll.every,
        fresh_until=poll.fresh_until,
        hops=poll.hops,
        move=poll.claim.state.move,
        pushed=poll.pushed,
        failure=Failure(kind="store", text=f"its articles can't be stored: {why}"),
        counts_as_failure=True,
    )

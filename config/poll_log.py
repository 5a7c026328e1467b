"""What the log says of polls: a line for each that found something, and one for what lasts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from logging import DEBUG
from urllib.parse import urlsplit

import structlog

from aggregator.notices import Notice, notices
from feeds.models import Outcome, Poll, Recorded, SourceState

log = structlog.get_logger("feedmill.poll")

OnRecorded = Callable[[Sequence[Poll], Sequence[Recorded]], None]


def logged(then: OnRecorded | None) -> OnRecorded:
    """Logs polls that were recorded, before what else is to be done with them."""

    def recorded(polls: Sequence[Poll], results: Sequence[Recorded]) -> None:
        pairs = list(zip(polls, results, strict=True))
        idle = [poll for poll, result in pairs if _idle(poll, result)]
        together = len(idle) > 1 and not log.is_enabled_for(DEBUG)
        for poll, result in pairs:
            if together and _idle(poll, result):
                _log_notices(poll)
            else:
                log_poll(poll, result)
        if together:
            log.info("polled", outcome="nothing new", sources=len(idle))
        if then is not None:
            then(polls, results)

    return recorded


_IDLE = (Outcome.NOT_MODIFIED, Outcome.SAME, Outcome.UNCHANGED)


def _idle(poll: Poll, result: Recorded) -> bool:
    """Nothing that anybody would look for: at 100,000 sources two million lines a day."""
    return poll.outcome in _IDLE and not result.fenced


def log_poll(poll: Poll, result: Recorded) -> None:
    """One line for one poll, and for each thing that lasts."""
    values = {
        **_name(poll.claim.state),
        "why": poll.why,
        "status": poll.status,
        "new": result.new,
        "changed": result.changed,
        "ms": round(poll.duration * 1000),
        "next": poll.schedule.due.isoformat(timespec="seconds"),
        "reason": poll.schedule.reason,
    }
    shown = {key: value for key, value in values.items() if value is not None}
    if result.fenced:
        log.warning("poll came too late", **shown)
        return
    if poll.outcome is Outcome.FAILED and poll.failure is not None:
        log.warning("poll failed", kind=poll.failure.kind, error=poll.failure.text, **shown)
    else:
        log.info("polled", outcome=poll.outcome.value, **shown)
    _log_notices(poll)


def _log_notices(poll: Poll) -> None:
    for notice in notices(poll):
        log_notice(poll.claim.state, notice)


def log_notice(state: SourceState, notice: Notice) -> None:
    log.warning(notice.event, **_name(state), **notice.values)


def _name(state: SourceState) -> dict[str, object]:
    """A source goes by its number and host: its address may be a secret (E32)."""
    return {"source": state.id, "host": urlsplit(state.url).hostname or "file"}

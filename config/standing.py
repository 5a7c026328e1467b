"""How a source stands, in words: what `sources` and `why` say of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from aggregator.cadence import quiet_since
from aggregator.due import shown
from aggregator.moves import DAYS, SIGHTINGS, objection
from config.settings import Settings
from config.showing import Said, configured, shown_address
from feeds.models import Brief, Source, SourceState, Status

TROUBLE = ("retired", "blocked", "failing", "quiet")
"""What `sources --failing` shows; the gravest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`word`: new, ok, waiting (told to, by 429 or 503), quiet, failing, blocked, paused or
    retired."""

    word: str
    since: datetime | None = None
    """When it began to stand so, where that is known."""


def standing(state: SourceState, now: datetime) -> Standing:
    name = word(state, now)
    if name == "quiet":
        return Standing(word=name, since=quiet_since(state.rhythm, now))
    if name in ("failing", "blocked"):
        return Standing(word=name, since=state.failing_since or state.error_at)
    return Standing(word=name, since=state.error_at if name in ("retired", "waiting") else None)


def word(state: SourceState | Brief, now: datetime) -> str:
    """As `Standing.word`."""
    status = state.status
    if status is Status.FAILING:
        if state.error_kind == "rate-limited" and not state.failures:
            return "waiting"
        return "blocked" if state.error_kind == "blocked" else "failing"
    if status is Status.OK and quiet_since(state.rhythm, now) is not None:
        return "quiet"
    return status.value


def in_words(stands: Standing, now: datetime) -> str:
    """ "failing for 8 days", "quiet since 2026-03-01", "retired 2026-03-01"."""
    since = stands.since
    if since is None:
        return stands.word
    if stands.word in ("failing", "blocked"):
        days = (now - since).days
        return f"{stands.word} for {_days(days)}" if days >= 1 else stands.word
    day = f"{since.astimezone():%Y-%m-%d}"
    return {"quiet": f"quiet since {day}", "retired": f"retired {day}"}.get(
        stands.word, stands.word
    )


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def gravest_first(
    rows: Iterable[tuple[SourceState, Standing]],
) -> list[tuple[SourceState, Standing]]:
    """Those in trouble: by how grave it is, then by how long it has lasted."""
    bad = [row for row in rows if row[1].word in TROUBLE]
    return sorted(bad, key=lambda row: (TROUBLE.index(row[1].word), row[1].since or _NEVER))


_NEVER = datetime.max.replace(tzinfo=UTC)


def next_in_words(state: SourceState, now: datetime) -> str:
    """ "15:10: max-age", "Tue 06:00: skipHours", "in 3.2 h: posts every 6 h", in the operator's
    time zone; nothing for what is not polled."""
    if state.paused or state.retired or state.next_due is None:
        return ""
    return shown(state.next_due, state.reason, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A permanent redirect that is seen, and not adopted (yet)."""

    to: str
    since: datetime
    seen: int
    objection: str
    """Why it is not adopted; "" when only more sightings are wanting."""

    @property
    def wanting(self) -> str:
        if self.objection:
            return f"not adopted: {self.objection}"
        return f"adopted after {SIGHTINGS} sightings over {_days(DAYS // timedelta(days=1))}"

    @property
    def said(self) -> Said:
        """ "to https://b.org/feed, seen 2 times since 13:14; adopted after …"."""
        times = "once" if self.seen == 1 else f"{self.seen} times"
        return [f"to {self.to}, seen {times} since ", self.since, f"; {self.wanting}"]


def sighting(state: SourceState, source: Source) -> Sighting | None:
    if (move := state.move) is None:
        return None
    why = objection(state, move, bool(source.headers or source.auth)) or ""
    return Sighting(to=move.to, since=move.since, seen=move.seen, objection=why)


def shown_sighting(state: SourceState, settings: Settings) -> Sighting | None:
    """As it may be shown: without an address that is secret."""
    seen = sighting(state, configured(state, settings))
    return seen and replace(seen, to=shown_address(seen.to, state, settings))

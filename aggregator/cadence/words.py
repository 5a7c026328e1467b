"""A rhythm in words, and when it has fallen silent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from aggregator.cadence.habits import DAY_S, past
from aggregator.cadence.rhythm import Rhythm, moment, unpack

_SILENT_AFTER = 14 * DAY_S
"""Seconds without a post after which that is what there is to say."""


def describe(rhythm: Rhythm, now: int) -> str:
    """ "posts every 6 h", "posts daily about 06:00 UTC", "no post for 40 days"."""
    posts = rhythm.posts
    quiet = now - posts[-1]
    gaps = sorted(b - a for a, b in pairwise(posts))
    usual = gaps[len(gaps) // 2] if gaps else quiet
    if quiet > max(_SILENT_AFTER, 3 * usual):
        return f"no post for {quiet // DAY_S} days"
    if not gaps:
        return "posted once"
    if rhythm.rough:
        return "posts without dates"
    if 0.9 * DAY_S < usual < 1.1 * DAY_S and (clock := _clock(posts)) is not None:
        return f"posts daily about {clock} UTC"
    return f"posts every {span(usual)}"


def span(seconds: float) -> str:
    """ "12 min", "3.2 h", "40 days": two digits at most that matter."""
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    if seconds < 2 * DAY_S:
        return f"{seconds / 3600:.1f}".removesuffix(".0") + " h"
    return f"{seconds / DAY_S:.1f}".removesuffix(".0") + " days"


def _clock(posts: tuple[int, ...]) -> str | None:
    """The time of day that half of the posts keep to within half an hour."""
    times = sorted(each % DAY_S for each in posts if not each & 1)
    if len(times) < 3:
        return None
    ring = times + [each + DAY_S for each in times]
    half = len(times) // 2
    width, start = min((ring[i + half] - ring[i], i) for i in range(len(times)))
    if width > 3600:
        return None
    middle = round(ring[start + half // 2] / 300) * 5 % 1440
    return f"{middle // 60:02}:{middle % 60:02}"


_POSTS_FOR_SILENCE = 8
_LONGER = 1.5
_TIMES = 10
_SHORTEST = 3 * DAY_S
_HOLIDAYS = 36 * DAY_S


def quiet_since(packed: bytes | None, now: datetime) -> datetime | None:
    """The last post of a source that is much quieter than its own history.

    That is: at least 8 posts are known, and the time since the last one is longer than 1.5 times
    the longest gap it ever had, and, in its posting hours, than 10 times its usual (median) gap;
    and longer than 3 days, or than 36 days (holidays, an August) where it keeps to working days.
    """
    rhythm = unpack(packed)
    if rhythm is None or len(rhythm.posts) < _POSTS_FOR_SILENCE:
        return None
    at, last = int(now.timestamp()), rhythm.posts[-1]
    quiet = at - last
    if quiet <= max(_SHORTEST, _LONGER * rhythm.longest):
        return None
    found = past(rhythm)
    usual = found.gaps[len(found.gaps) // 2]
    if found.age(at) <= _TIMES * usual or (quiet <= _HOLIDAYS and _rests(found.weight)):
        return None
    return moment(last & ~1)


def fell_silent(packed: bytes | None, before: datetime | None, now: datetime) -> datetime | None:
    """Since when it is quiet, if it was not so yet at the poll `before` this one."""
    since = quiet_since(packed, now)
    if since is None or (before is not None and quiet_since(packed, before) is not None):
        return None
    return since


def _rests(weight: Sequence[float]) -> bool:
    """Whether some day of its week has less than a third of what is even."""
    return min(sum(weight[d : d + 24]) for d in range(0, 168, 24)) < 8

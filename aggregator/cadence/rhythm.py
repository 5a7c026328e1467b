"""What a source's articles have taught about when it posts, packed into bytes. Pure.

    header    version, first seen, longest gap (s), week of the last fading
    168 bytes hours of the week (UTC, Monday 00 first) in which it posted, fading
    n × 4     its newest posts, seconds since 1970; the lowest bit: 1 = only known roughly

Dates are believed only where they can be true: an article that was not there at the poll before
this one, but is dated before it, was back-dated (imports, drafts, dates without a time); it came
at some time since then. Posts within ten minutes are one: they cost and bring one request.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

_HEADER = struct.Struct("<BIIH")
_VERSION = 1
HOURS = 168
WEEK = 604_800
_THURSDAY = 3 * 86_400  # 1970 began on one: (t + this) // WEEK counts weeks from Monday on
KEPT = 64
"""Newest posts kept: enough for gaps of every length that matter, and 256 bytes."""
TOGETHER = 600
"""Seconds within which posts are one."""
_ONE = 16  # what an hour with a post counts in its byte
_FADES = 12 * _ONE  # less than twelve hours are never forgotten: monthly posts are that rare
_SLACK = 120  # seconds that a publisher's clock may be behind ours
_SOON = 3600
"""Seconds between two polls that tell well enough when an article came."""
_FOR_A_PACE = 4
"""Items that tell one …"""
_BACK = 8
"""… and how many times it is taken to have gone on before them."""
_STRAY = 50
"""So many times the usual gap before the rest, an item is a pinned one, no post of this rhythm."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds since 1970."""

    since: int
    """The first post known, or the first look at a source that had none."""
    longest: int = 0
    """The longest time between two posts, ever."""
    week: int = 0
    hours: bytes = bytes(HOURS)
    posts: tuple[int, ...] = ()
    """Ascending; odd ones are known roughly only."""

    @property
    def rough(self) -> bool:
        """Whether of more than a third of the posts no time is known."""
        return 3 * sum([each & 1 for each in self.posts]) > len(self.posts)

    @property
    def last(self) -> int:
        return self.posts[-1] if self.posts else self.since


def hour_of_week(seconds: int) -> int:
    return (seconds + _THURSDAY) // 3600 % HOURS


def unpack(packed: bytes | None) -> Rhythm | None:
    """None for nothing, and for what another version wrote: it is learned anew."""
    if packed is None or len(packed) < _HEADER.size + HOURS or packed[0] != _VERSION:
        return None
    _, since, longest, week = _HEADER.unpack_from(packed)
    begin = _HEADER.size + HOURS
    count = (len(packed) - begin) // 4
    posts = struct.unpack_from(f"<{count}I", packed, begin)
    return Rhythm(since, longest, week, packed[_HEADER.size : begin], posts)


def pack(rhythm: Rhythm) -> bytes:
    head = _HEADER.pack(_VERSION, rhythm.since, rhythm.longest, rhythm.week)
    return head + rhythm.hours + struct.pack(f"<{len(rhythm.posts)}I", *rhythm.posts)


def learn(
    packed: bytes | None,
    posts: Sequence[datetime | None],
    at: datetime,
    before: datetime | None,
    *,
    all_new: bool = False,
) -> bytes | None:
    """The rhythm after these new articles were found `at`; None: nothing was learned.

    `posts`: what they say of when they were published, None where they say nothing believable;
    `before`: the poll before this one that would have shown them, None at the first document.
    `all_new`: the document showed nothing else, so that more may have come and gone meanwhile.
    """
    known, now = unpack(packed), int(at.timestamp())
    if known is None:
        dated = sorted(int(each.timestamp()) for each in posts if each is not None)
        first = _first(dated, now)
        return pack(_with(Rhythm(first[0] if first else now), first))
    begin = now if before is None else int(before.timestamp())
    all_new = all_new and len(posts) >= _FOR_A_PACE
    fresh = _appeared(posts, now, begin, all_new=all_new)
    return pack(_with(known, fresh)) if fresh else None


def _first(dated: list[int], now: int) -> list[int]:
    """Of the first document its own dates are all there is to go by."""
    dated = [each for each in dated if 0 < each <= now]
    gaps = sorted(b - a for a, b in pairwise(dated) if b - a > TOGETHER)
    usual = gaps[len(gaps) // 2] if gaps else 0
    while usual and len(dated) > 2 and dated[1] - dated[0] > _STRAY * usual:
        dated = dated[1:]
    # Nobody posts at midnight sharp each time: these dates have no time of day.
    midnight = len(dated) > 1 and all(each % 86_400 == 0 for each in dated)
    return [each | 1 if midnight else each & ~1 for each in dated]


def _appeared(
    posts: Sequence[datetime | None], now: int, before: int, *, all_new: bool
) -> list[int]:
    """When new articles came: by their dates, else once, somewhere between the two polls.

    Where all that is shown is new, what came before it is added at the pace of what is shown. Else
    the gaps of a source that is asked too seldom would be those between our polls, and bear them
    out for good.
    """
    dates = [int(each.timestamp()) for each in posts if each is not None]
    sure = sorted(each & ~1 for each in dates if before - _SLACK <= each <= now)
    if all_new and len(sure) == len(posts):
        pace = (sure[-1] - sure[0]) // (len(sure) - 1)
        going_on = pace and now - sure[-1] <= 2 * pace + _SLACK  # else a burst, which is over
        return [*_back(sure[0], pace, before), *sure] if going_on else sure
    if sure or not posts:
        return sure
    rough = now - before > _SOON
    if all_new and not dates:
        found = _back(now, (now - before) // len(posts), before)
        return [each | rough for each in found]
    return [now | 1] if rough else [((before + now) // 2) & ~1]


def _back(end: int, pace: int, before: int) -> list[int]:
    """Posts at that pace until `end`. Few of them: how long it held, nobody knows."""
    step = max(pace, TOGETHER)
    return [at & ~1 for n in range(_BACK, 0, -1) if (at := end - n * step) >= before]


def _with(rhythm: Rhythm, fresh: list[int]) -> Rhythm:
    hours = bytearray(_faded(rhythm, fresh[-1] if fresh else rhythm.since))
    posts, longest, last = list(rhythm.posts), rhythm.longest, rhythm.last
    for each in fresh:
        if posts and each - last < TOGETHER:
            continue
        if posts:
            longest = max(longest, each - last)
        if not each & 1 and (not posts or each // 3600 != last // 3600):
            _count(hours, hour_of_week(each))
        posts.append(each)
        last = each
    week = max(rhythm.week, (last + _THURSDAY) // WEEK)
    return replace(
        rhythm, longest=longest, week=week, hours=bytes(hours), posts=tuple(posts[-KEPT:])
    )


def _count(hours: bytearray, hour: int) -> None:
    if hours[hour] > 255 - _ONE:
        hours[:] = bytes(each // 2 for each in hours)
    hours[hour] += _ONE


def _faded(rhythm: Rhythm, at: int) -> bytes:
    """An eighth less with each week: habits change, and summer time moves them by an hour."""
    hours = rhythm.hours
    for _ in range(min(52, (at + _THURSDAY) // WEEK - rhythm.week) if rhythm.week else 0):
        if sum(hours) <= _FADES:
            break
        hours = bytes(each * 7 // 8 for each in hours)
    return hours


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

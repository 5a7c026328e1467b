"""What most judges ask. Each yields faults; silence means that all is well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from config.etiquette.origin import Asked
from config.etiquette.seen import Seen
from config.etiquette.stage import Fault

SHOWN = 12
Pair = tuple[str | None, str | None]
"""If-None-Match and If-Modified-Since."""
FIRST: Pair | None = None
"""A first request, which is E1's to judge."""
NONE: Pair = (None, None)


def fault(text: str, asked: Sequence[Asked] = (), *lines: str) -> Fault:
    return Fault(text, tuple(asked[-SHOWN:]), lines)


def sent(seen: Seen, name: str, *wanted: Pair | None) -> Iterator[Fault]:
    """The first polls carried these (If-None-Match, If-Modified-Since), to the byte."""
    polls = seen.polls(name)
    if len(polls) < len(wanted):
        yield fault(f"{name}: {len(polls)} requests came, {len(wanted)} were due", polls)
    for number, (poll, pair) in enumerate(zip(polls, wanted, strict=False), 1):
        headers = zip(("If-None-Match", "If-Modified-Since"), pair or (), strict=False)
        for header, want in headers:
            got = poll.all(header)
            if got != ([] if want is None else [want]):
                expected = "none was due" if want is None else f"{want!r} was due"
                yield fault(f"{name}: request {number}: {header} is {got}, {expected}", [poll])


def none_between(seen: Seen, name: str, after: float, until: float, why: str) -> Iterator[Fault]:
    """No request in these hours, the borders left out."""
    early = [each for each in seen.polls(name) if after < seen.hours(each) < until]
    if early:
        yield fault(f"{name}: asked at {seen.hours(early[0]):.2f} h: {why}", early)


def some_between(seen: Seen, name: str, after: float, until: float, why: str) -> Iterator[Fault]:
    """At least one request in these hours."""
    if not any(after < hour < until for hour in seen.times(name)):
        yield fault(
            f"{name}: not asked between {after:g} h and {until:g} h: {why}", seen.polls(name)
        )


def kept(seen: Seen, name: str, *guids: str) -> Iterator[Fault]:
    """These articles are in the store."""
    missing = set(guids) - seen.guids(name)
    if missing:
        yield fault(f"{name}: articles are missing: {', '.join(sorted(missing))}", seen.polls(name))


def failed_as(seen: Seen, name: str, *kinds: str, act: str = "") -> Iterator[Fault]:
    """`sources` shows one of these kinds of error."""
    if (kind := seen.error(name, act)) not in kinds:
        wanted = " or ".join(kinds)
        yield fault(
            f"{name}: `sources` shows {kind or 'no error'}, {wanted} was due", seen.polls(name)
        )

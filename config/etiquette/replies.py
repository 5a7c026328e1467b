"""What the origin answers. An Answer is all said at once; a Drip takes its time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` go out as they stand, in latin-1; Content-Length and the end of the connection
    come by themselves, the length unless `length` says another (-1: none at all)."""

    status: int = 200
    body: bytes = b""
    headers: Headers = ()
    length: int | None = None
    after: float = 0.0
    """Seconds that the origin waits before it says anything."""

    def but(self, *headers: tuple[str, str], **changes: object) -> Answer:
        """The same with more headers."""
        return replace(self, headers=self.headers + headers, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Drip:
    """`start` at once, then `piece` every `every` seconds, at most for `seconds`."""

    start: bytes
    piece: bytes
    every: float = 0.1
    seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class Moment:
    """When a request came, as a reply may depend on it. `count`: from 0, of this address."""

    now: datetime
    """By the rehearsal's clock."""
    start: datetime
    """When the rehearsal began, by that clock."""
    count: int
    headers: Headers
    body: bytes
    target: str

    def http(self, hours: float = 0.0) -> str:
        return http_date(self.now + timedelta(hours=hours))


Reply = Answer | Drip
Route = Sequence[Reply] | Callable[[Moment], Reply]
"""One reply after another, the last for good; or what a function says."""


def http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def rss(
    *names: str, title: str = "A feed", extra: str = "", dates: Sequence[datetime] = ()
) -> bytes:
    """An RSS document whose items are called so; `extra` stands in its channel."""
    items = "".join(
        f"<item><title>Title of {escape(name)}</title><guid isPermaLink='false'>{escape(name)}"
        f"</guid><link>http://example.org/{escape(name)}</link>"
        + (f"<pubDate>{http_date(dates[i])}</pubDate>" if i < len(dates) else "")
        + f"<description>Text of {escape(name)}</description></item>\n"
        for i, name in enumerate(names)
    )
    return (
        "<?xml version='1.0'?><rss version='2.0' "
        "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/' "
        "xmlns:atom='http://www.w3.org/2005/Atom'><channel>"
        f"<title>{escape(title)}</title><link>http://example.org/</link>"
        f"<description>d</description>{extra}{items}</channel></rss>"
    ).encode()


def document(*names: str, etag: str = "", modified: str = "", **more: str) -> Answer:
    """200 with an RSS document; `more` are its title and `extra`."""
    body = rss(*(names or ("one",)), **more)  # type: ignore[arg-type]
    return Answer(200, body, _given(etag, modified, ("Content-Type", "application/rss+xml")))


def unchanged(etag: str = "", modified: str = "") -> Answer:
    return Answer(304, headers=_given(etag, modified))


def away(status: int, to: str) -> Answer:
    """A redirect."""
    return Answer(status, headers=(("Location", to),))


def _given(etag: str, modified: str, *more: tuple[str, str]) -> Headers:
    pairs = (("ETag", etag), ("Last-Modified", modified), *more)
    return tuple(pair for pair in pairs if pair[1])

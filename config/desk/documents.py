"""A source's document as it is now, for who wants to see what Feedmill reads of it."""

from __future__ import annotations

from dataclasses import dataclass

from config.desk.house import House
from config.moving import request_for
from feeds.models import Document, Source, SourceState


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """`bytes`: of the body."""

    read: Document
    status: int
    bytes: int


def read_now(house: House, state: SourceState, source: Source) -> Seen:
    """One request, in its host's turn; nothing is stored. Raises PollError."""
    app = house.app
    response = app.errands.fetch(request_for(source, app.settings.poll, state.fetch_url))
    read = app.reader(response.body, response.url, response.headers.get("content-type"), None)
    return Seen(read=read, status=response.status, bytes=len(response.body))

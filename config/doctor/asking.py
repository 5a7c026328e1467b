"""Requests of the doctor, to our own site only, through the guarded fetcher."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from config.settings import Settings
from config.values import is_public_host
from publisher.web.counting import DOCTOR

SECONDS = 10.0
MOST = 100_000_000
"""Bytes of a document of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`headers`: names in lower case; `sent`: bytes of the body on the wire, `body` decoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    sent: int

    @property
    def type(self) -> str:
        return self.headers.get("content-type", "").lower().replace(" ", "")


Ask = Callable[..., Page]
"""(URL, headers by keyword with _ for -) → Page. No redirect is followed. Raises FetchError."""


def asker(settings: Settings, url: str) -> Ask:
    """For requests to that host. Its address may be private: it is the operator's own."""
    from aggregator.fetch import HttpSender
    from config.wiring import user_agent

    public = is_public_host(urlsplit(url).hostname or "")
    send = HttpSender(
        DOCTOR + user_agent(settings.site.url, settings.site.contact),
        timeout=SECONDS,
        allow_private=True,
        ca_file=settings.poll.ca_file,
        proxy=settings.poll.proxy if public else "",
        most=MOST,
    )

    def ask(url: str, **headers: str) -> Page:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = send.whole("GET", url, named, None)
        return Page(
            status=answer.status_code,
            headers={name.lower(): value for name, value in answer.headers.items()},
            body=answer.content,
            sent=getattr(answer, "received", 0),
        )

    return ask

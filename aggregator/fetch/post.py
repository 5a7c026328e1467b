"""HttpPoster: one form, posted under the guard, redirects of hubs followed hop by hop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from aggregator.fetch.redirects import MAX_REDIRECTS, following
from aggregator.fetch.send import HttpSender
from feeds.errors import BadRedirect, TooManyRedirects

REPEATED = (301, 302, 307, 308)
"""Redirects after which a hub is asked the same at its new address (WebSub §5.1 names 307 and 308;
hubs in the field answer 301 and 302 and mean the same)."""
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}

Turn = Callable[[str, float], AbstractContextManager[None]]
"""(URL, seconds): the right to make one request there (E29). Raises HostBusy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """Any answer at all. `headers`: names in lower case."""

    status: int
    headers: Mapping[str, str]


class HttpPoster:
    """Thread-safe; no cookies, no environment (E16), no private addresses unless allowed (E26)."""

    def __init__(
        self,
        user_agent: str,
        turn: Turn,
        *,
        timeout: float,
        allow_private: bool | tuple[str, ...] = False,
        ca_file: Path | None = None,
        proxy: str = "",
    ) -> None:
        """`timeout`: seconds for each request's turn, and for the request."""
        self._turn, self._timeout = turn, timeout
        self._send = HttpSender(
            user_agent, timeout=timeout, allow_private=allow_private, ca_file=ca_file, proxy=proxy
        )

    def __call__(self, url: str, form: Mapping[str, str]) -> Posted:
        """Raises FetchError (HostBusy: nothing was sent), StoreError."""
        body = urlencode(form).encode()
        for _ in range(MAX_REDIRECTS + 1):
            with self._turn(url, self._timeout):
                answer = self._send.whole("POST", url, _FORM, body)
            if answer.status_code not in REPEATED:
                names = {name.lower(): value for name, value in answer.headers.items()}
                return Posted(status=answer.status_code, headers=names)
            url = _next(url, answer.headers.get("location"))
        raise TooManyRedirects(f"more than {MAX_REDIRECTS} redirects")


def _next(url: str, location: str | None) -> str:
    """Raises BadRedirect. A secret goes along, so never from https to http (E32)."""
    there = following(url, location)
    if urlsplit(url).scheme == "https" and urlsplit(there).scheme == "http":
        raise BadRedirect("a redirect from https to http")
    return there

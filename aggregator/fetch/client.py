"""HttpFetcher: one conditional GET, redirects followed hop by hop under one deadline."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import requests

from aggregator.fetch.answers import judge
from aggregator.fetch.credentials import basic, split_userinfo, stays_home
from aggregator.fetch.decode import ACCEPT
from aggregator.fetch.redirects import MAX_REDIRECTS, following
from aggregator.fetch.transport import CurlAdapter, GuardedRequest, Limits
from aggregator.identity.urls import is_web
from feeds.errors import BadRedirect, FetchError, TooManyRedirects, TooSlow
from feeds.models import Hop, Validators
from feeds.protocols import Pace, Request, Response

REDIRECTS = (301, 302, 303, 307, 308)
ACCEPT_TYPES = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, application/json;q=0.8, text/xml;q=0.9, */*;q=0.5"
)


_UNSENDABLE = re.compile(r"[^\t -~\x80-\xff]")


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a hop goes: the address without credentials, and what is sent along."""

    url: str
    private: Mapping[str, str]
    """Headers that are for the source's own host only (E32)."""


@contextmanager
def _at_once(_turn: str, _url: str, _seconds: float) -> Iterator[None]:
    yield


class HttpFetcher:
    """Thread-safe; cookies are neither kept nor sent, the environment is not asked (E16)."""

    def __init__(
        self,
        user_agent: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        ca_file: Path | None = None,
        proxy: str = "",
        pace: Pace = _at_once,
    ) -> None:
        """`ca_file`: certificates to trust beside the system's. `proxy`: for requests that name
        none; "" is none, whatever the environment says. `pace`: asked before each hop of a
        redirect, since its host has a budget too (E19)."""
        self._agent, self._now, self._pace, self._proxy = user_agent, now, pace, proxy
        # Without a requests.Session: what it would add are cookies, the environment and redirects,
        # of which we want none, for a twentieth of a poll's cost.
        self._adapter = CurlAdapter(ca_file)

    def fetch(self, request: Request) -> Response:
        hops: list[Hop] = []
        try:
            return self._fetch(request, hops)
        except FetchError as error:
            error.hops = tuple(hops)
            raise

    def _fetch(self, request: Request, hops: list[Hop]) -> Response:
        """Adds the hops that were answered."""
        deadline = time.monotonic() + request.timeout
        target = _first(request)
        answer = self._one(request, target, _left(deadline))
        hops.append(Hop(url=target.url, status=answer.status_code))
        while answer.status_code in REDIRECTS:
            if len(hops) > MAX_REDIRECTS:
                raise TooManyRedirects(f"more than {MAX_REDIRECTS} redirects")
            target = _next(target, answer.headers.get("location"))
            if any(hop.url == target.url for hop in hops):
                # Without cookies, who answered so once would do so again.
                raise TooManyRedirects("a redirect back to where it came from")
            with self._pace(request.url, target.url, _left(deadline)):
                answer = self._one(request, target, _left(deadline))
            hops.append(Hop(url=target.url, status=answer.status_code))
        return self._response(request, target.url, hops, answer)

    def _one(self, request: Request, target: _Target, timeout: float) -> requests.Response:
        prepared = GuardedRequest()
        headers = {
            "User-Agent": request.user_agent or self._agent,
            "Accept": ACCEPT_TYPES,
            "Accept-Encoding": ACCEPT,
            "A-IM": "feed",
            **_conditions(request.validators, target.url),
            **target.private,
        }
        try:
            prepared.prepare(method="GET", url=target.url, headers=headers)
        except requests.exceptions.InvalidHeader as error:
            raise FetchError("a header that can't be sent (see `headers`)") from error
        except (requests.RequestException, UnicodeError, ValueError) as error:
            raise BadRedirect("no usable address") from error
        proxy = self._proxy if request.proxy is None else request.proxy
        prepared.limits = Limits(request.max_body, request.allow_private, proxy)
        return self._adapter.send(prepared, timeout=timeout)

    def _response(
        self, request: Request, url: str, hops: list[Hop], answer: requests.Response
    ) -> Response:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        sent = bool(_conditions(request.validators, url))
        judge(answer.status_code, headers, answer.content, self._now(), sent_conditions=sent)
        return Response(
            status=answer.status_code,
            url=url,
            hops=tuple(hops),
            headers=headers,
            body=b"" if answer.status_code == 304 else answer.content,
            validators=_validators(request.validators, url, answer.status_code, headers),
            bytes_received=getattr(answer, "received", 0),
        )


def _conditions(known: Validators | None, url: str) -> dict[str, str]:
    """E5, E20: both that are held, on the hop with the URL that gave them."""
    if known is None or known.url != url:
        return {}
    found = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in found.items() if value and _sendable(value)}


def _sendable(value: str) -> bool:
    """THREATS.md: nothing that could end a header line goes back."""
    return not _UNSENDABLE.search(value)


def _validators(
    known: Validators | None, url: str, status: int, headers: Mapping[str, str]
) -> Validators:
    """As received (E2–E4). A 304 updates what it names (E7); a 200 replaces both (E5)."""
    etag, modified = headers.get("etag"), headers.get("last-modified")
    if status == 304 and known is not None and known.url == url:
        etag, modified = etag or known.etag, modified or known.last_modified
    return Validators(url=url, etag=etag, last_modified=modified)


def _left(deadline: float) -> float:
    """Seconds. Raises TooSlow when there are none."""
    if (left := deadline - time.monotonic()) <= 0:
        raise TooSlow("not done within the time limit")
    return left


def _first(request: Request) -> _Target:
    """Raises FetchError."""
    if not is_web(request.url):
        raise FetchError("no usable address")
    url, userinfo = split_userinfo(request.url.partition("#")[0])
    login = request.auth or userinfo
    authorization = {"Authorization": basic(*login)} if login else {}
    return _Target(url, authorization | dict(request.headers))


def _next(target: _Target, location: str | None) -> _Target:
    """The next hop. Raises BadRedirect."""
    url, _ = split_userinfo(following(target.url, location))
    return _Target(url, target.private if stays_home(target.url, url) else {})

"""HttpFetcher: one conditional GET, redirects followed hop by hop under one deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit, urlunsplit

import requests

from aggregator.fetch.answers import judge
from aggregator.fetch.decode import ACCEPT
from aggregator.fetch.transport import CurlAdapter, GuardedRequest, Limits
from feeds.errors import BadRedirect, FetchError, TooManyRedirects, TooSlow
from feeds.models import Hop, Validators
from feeds.protocols import Request, Response

MAX_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
ACCEPT_TYPES = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, application/json;q=0.8, text/xml;q=0.9, */*;q=0.5"
)


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a hop goes: the address without credentials, and what is sent along."""

    url: str
    private: Mapping[str, str]
    """Headers that are for the source's own host only (E32)."""


class _HopByHop(requests.Session):
    """Leaves redirects to us. Even when told so, requests would prepare the next request, and
    raise on a Location that is no URL."""

    def get_redirect_target(self, _response: requests.Response) -> None:
        return None


class HttpFetcher:
    """Thread-safe; cookies are neither kept nor sent, the environment is not asked (E16)."""

    def __init__(
        self,
        user_agent: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        ca_file: Path | None = None,
        proxy: str = "",
    ) -> None:
        self._agent, self._now = user_agent, now
        self._session = _HopByHop()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        adapter = CurlAdapter(ca_file, proxy)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)

    def fetch(self, request: Request) -> Response:
        deadline = time.monotonic() + request.timeout
        target = _first(request)
        hops: list[Hop] = []
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TooSlow("not done within the time limit")
            answer = self._one(request, target, left)
            hops.append(Hop(url=target.url, status=answer.status_code))
            if answer.status_code not in REDIRECTS:
                return self._response(request, target.url, hops, answer)
            if len(hops) > MAX_REDIRECTS:
                raise TooManyRedirects(f"more than {MAX_REDIRECTS} redirects")
            target = _next(target, answer.headers.get("location"))

    def _one(self, request: Request, target: _Target, timeout: float) -> requests.Response:
        prepared = GuardedRequest()
        headers = {
            "User-Agent": self._agent,
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
        prepared.limits = Limits(request.max_body, request.allow_private)
        return self._session.send(prepared, timeout=timeout, allow_redirects=False)

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
    return all((" " <= c <= "ÿ" and c != "\x7f") or c == "\t" for c in value)


def _validators(
    known: Validators | None, url: str, status: int, headers: Mapping[str, str]
) -> Validators:
    """As received (E2–E4). A 304 updates what it names (E7); a 200 replaces both (E5)."""
    given = Validators(
        url=url, etag=headers.get("etag"), last_modified=headers.get("last-modified")
    )
    if status != 304 or known is None or known.url != url:
        return given
    return replace(
        given,
        etag=given.etag or known.etag,
        last_modified=given.last_modified or known.last_modified,
    )


def _first(request: Request) -> _Target:
    """Raises FetchError."""
    if not _usable(request.url):
        raise FetchError("no usable address")
    url, authorization = _without_userinfo(urldefrag(request.url).url)
    return _Target(url, authorization | dict(request.headers))


def _next(target: _Target, location: str | None) -> _Target:
    """The next hop. Raises BadRedirect."""
    if not location:
        raise BadRedirect("a redirect without Location")
    try:
        # Raw bytes ≥ 0x80 and blanks, as some servers send them, become percent escapes.
        plain = quote(location.encode("latin-1", "ignore"), safe="%/:=&?~#+!$,;'@()*[]|")
        url = urldefrag(urljoin(target.url, plain)).url
    except ValueError as error:
        raise BadRedirect("a redirect to no usable address") from error
    if not _usable(url):
        raise BadRedirect("a redirect to something other than an http(s) address")
    url, _ = _without_userinfo(url)
    return _Target(url, target.private if _own(target.url, url) else {})


def _usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _own(before: str, after: str) -> bool:
    """E32: whether credentials may go along: same host and port, never from https to http."""
    one, two = urlsplit(before), urlsplit(after)
    if one.hostname != two.hostname or (one.scheme, two.scheme) == ("https", "http"):
        return False
    if one.scheme == two.scheme:
        return one.port == two.port
    return (one.port, two.port) == (None, None)


def _without_userinfo(url: str) -> tuple[str, dict[str, str]]:
    """(the URL without user and password, an Authorization header of them)."""
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    user, _, password = userinfo.partition(":")
    basic = requests.auth._basic_auth_str(unquote(user), unquote(password))
    return urlunsplit(parts._replace(netloc=host)), {"Authorization": basic}

"""requests over libcurl: one adapter, one handle per thread, a true total deadline.

Why libcurl: FACTS in docs/benchmarks.md (a third of the CPU of urllib3 per poll, and a deadline
that ends drips). What is not obvious is said where it stands.
"""

from __future__ import annotations

import io
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pycurl
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from aggregator.fetch.decode import Body
from aggregator.fetch.faults import fetch_error
from aggregator.fetch.guard import refusal, refusal_by_name
from aggregator.fetch.routes import Options, ca_options, proxy_options
from feeds.errors import AddressRefused, BadEncoding, FetchError, TooLarge

_HEADER_SLACK = 1 << 16
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ERROR_PAGE = 1 << 17
"""As much is read of an answer that is no document: a bot challenge shows itself by then."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`max_body` in decoded bytes. `proxy` "" means none, whatever the environment says."""

    max_body: int
    allow_private: bool | tuple[str, ...]
    proxy: str = ""


class GuardedRequest(requests.PreparedRequest):
    """A prepared request with its limits."""

    limits: Limits

    def prepare_cookies(self, cookies: Any) -> None:
        """None are sent (E16): looking for them is a tenth of the preparing."""

    def prepare_auth(self, auth: Any, url: str = "") -> None:
        """Credentials come as headers; there are none in the URL."""


class CurlAdapter(BaseAdapter):
    """For http:// and https://."""

    def __init__(self, ca_file: Path | None = None) -> None:
        super().__init__()
        self._ca = ca_options(ca_file)
        self._local = threading.local()

    def send(  # type: ignore[override]
        self, request: GuardedRequest, timeout: float = 30.0, **_more: Any
    ) -> requests.Response:
        """One request, no redirect. Raises FetchError."""
        wire: _Wire | None = getattr(self._local, "wire", None)
        if wire is None:
            wire = self._local.wire = _Wire(self._ca)
        return wire.send(request, max(1, round(timeout * 1000)))

    def close(self) -> None:
        """Handles end with their threads."""


class _Wire:
    """A thread's handle. What all requests have in common is said once; its callbacks go to the
    exchange of the moment, of which nothing is kept."""

    def __init__(self, ca: Options) -> None:
        self._handle = pycurl.Curl()
        self._ca = ca
        self._proxy: str | None = None
        """Whom the handle is set to go through; None when it is not set."""
        self._now: _Exchange

    def send(self, request: GuardedRequest, timeout: int) -> requests.Response:
        """`timeout` in ms. Raises FetchError."""
        exchange = _Exchange(request)
        exchange.check_target()
        handle, proxy = self._handle, request.limits.proxy
        lines, plain = header_lines(request), request.method == "GET"
        self._now = exchange
        try:
            if self._proxy != proxy:
                self._set(proxy)
            if not plain:
                handle.setopt(pycurl.POSTFIELDS, request.body or b"")
            handle.setopt(pycurl.URL, str(request.url))
            handle.setopt(pycurl.HTTPHEADER, lines)
            handle.setopt(pycurl.TIMEOUT_MS, timeout)
            handle.setopt(pycurl.CONNECTTIMEOUT_MS, timeout)
            _perform(handle, exchange)
            return exchange.response(handle.getinfo(pycurl.RESPONSE_CODE))
        except BaseException:
            plain = False  # whatever went wrong, the next begins anew
            raise
        finally:
            del self._now  # else an idle thread keeps the last body alive
            if not plain:
                self._proxy = None

    def _set(self, proxy: str) -> None:
        self._handle.reset()
        for option, value in self._options(proxy):
            self._handle.setopt(option, value)
        self._proxy = proxy

    def _options(self, proxy: str) -> Iterator[tuple[int, Any]]:
        yield from self._ca
        yield pycurl.NOSIGNAL, 1
        yield pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS
        yield pycurl.FOLLOWLOCATION, 0
        # Where server and client both speak it (ALPN); plain http:// stays HTTP/1.1.
        yield pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS
        yield from proxy_options(proxy)
        # The next poll of this thread is of another host; an idle connection only costs memory.
        yield pycurl.FORBID_REUSE, 1
        # So are the names of the last minute's hosts, which it goes through for each request.
        yield pycurl.DNS_CACHE_TIMEOUT, 0
        # Both: the first is not called on a reused connection, the second comes after dialling.
        yield pycurl.OPENSOCKETFUNCTION, lambda *given: self._now.open_socket(*given)
        yield pycurl.PREREQFUNCTION, lambda *given: self._now.before_request(*given)
        yield pycurl.HEADERFUNCTION, lambda line: self._now.header(line)
        yield pycurl.WRITEFUNCTION, lambda data: self._now.write(data)
        yield pycurl.HTTP_CONTENT_DECODING, 0


class _Socket(socket.socket):
    """pycurl asks each for its representation, for which Python asks the system for both ends."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<socket>"


def _perform(handle: pycurl.Curl, exchange: _Exchange) -> None:
    """Raises FetchError."""
    try:
        handle.perform()
    except pycurl.error as error:
        if exchange.fault is not None:
            raise exchange.fault from error
        if not exchange.answered():
            begun, proxied = exchange.received > 0, exchange.proxied
            number = int(error.args[0])
            raise fetch_error(number, handle, begun=begun, proxied=proxied) from error
    if exchange.fault is not None:
        raise exchange.fault


def header_lines(request: requests.PreparedRequest) -> list[bytes]:
    """As checked latin-1 bytes: a stored ETag goes back as it came, and no value can carry a
    second header (THREATS.md). Raises FetchError."""
    return [_line(_text(name), _text(value)) for name, value in request.headers.items()]


@lru_cache(maxsize=64)  # most are the same in every request
def _line(name: str, value: str) -> bytes:
    try:
        line = f"{name}: {value}".encode("latin-1")
    except UnicodeEncodeError as error:
        raise FetchError(f"the header {name} is not latin-1") from error
    if not _TOKEN.fullmatch(name):
        raise FetchError(f"{name!r} is no header name")
    if _CONTROL.search(line):
        raise FetchError(f"the header {name!r} holds control characters")
    return line


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


class _Exchange:
    """What libcurl's callbacks collect. They never raise: an exception in one would be printed
    and swallowed; the fault is kept and the transfer ended."""

    def __init__(self, request: GuardedRequest) -> None:
        self._request, self._limits = request, request.limits
        self._lines: list[bytes] = []
        self._status = b""
        self._done = self._enough = False
        self._body: Body | None = None
        self.received = 0
        self.fault: FetchError | None = None

    # --- the guard

    @property
    def proxied(self) -> bool:
        return bool(self._limits.proxy)

    def open_socket(self, _purpose: int, address: Any) -> Any:
        family, kind, protocol, where = address
        if not self._allowed(where[0]):
            return pycurl.SOCKET_BAD
        return _Socket(family, kind, protocol)

    def before_request(self, ip: str, *_rest: Any) -> int:
        return pycurl.PREREQFUNC_OK if self._allowed(ip) else pycurl.PREREQFUNC_ABORT

    def _allowed(self, ip: str | bytes) -> bool:
        if self.proxied:
            return True  # it is the proxy's address that is dialled; see check_target
        reason = refusal(_text(ip), self._limits.allow_private)
        if reason is None:
            return True
        self.fault = _refused(reason)
        return False

    def check_target(self) -> None:
        """Behind a proxy the target is resolved and dialled by others: what its name says is all
        that can be checked. Raises AddressRefused."""
        host = urlsplit(str(self._request.url)).hostname or ""
        if self.proxied and (reason := refusal_by_name(host, self._limits.allow_private)):
            raise _refused(reason)

    # --- the answer

    def header(self, line: bytes) -> None:
        """The last status line and what follows, until its blank line: 103, CONNECT and trailers
        come through here too."""
        if line.startswith(b"HTTP/"):
            self._status = line.split(None, 2)[1][:3] if b" " in line.strip() else b""
            self._lines, self._done, self._body = [], False, None
        elif not line.strip():
            self._done = True
        elif not self._done:
            self._lines.append(line)

    def write(self, data: bytes) -> int:
        self.received += len(data)
        try:
            self._take(data)
        except FetchError as fault:
            self._failed(fault)
        except Exception as error:
            # An exception must not reach libcurl; this one has a name in the end.
            self._failed(BadEncoding(f"does not decode: {type(error).__name__}"))
        return -1 if self.fault or self._enough else len(data)

    def _take(self, data: bytes) -> None:
        if self._status.startswith(b"3"):
            self._enough = True  # nothing is in it for us, and it may never end
            return
        if self._body is None:
            codings = self.headers().get("content-encoding", "")
            self._body = Body(codings, self._limits.max_body if self._wanted() else _ERROR_PAGE)
        if self.received > self._limits.max_body + _HEADER_SLACK:
            raise TooLarge(f"more than {self._limits.max_body} bytes")
        self._body.feed(data)

    def _failed(self, fault: FetchError) -> None:
        """Only of a document the body matters: an endless error page is still a 429, with its
        Retry-After."""
        if self._wanted():
            self.fault = fault
        else:
            self._enough = True

    def answered(self) -> bool:
        """Whether a status came that says all, however the rest of its answer went."""
        return self._done and self._status[:1] in (b"3", b"4", b"5")

    def _wanted(self) -> bool:
        """200 and 226, the statuses that bring a document."""
        return self._status in (b"200", b"226")

    def headers(self) -> CaseInsensitiveDict[str]:
        """Repeated ones joined by ", " (else the second Link, the hub, is lost)."""
        found: CaseInsensitiveDict[str] = CaseInsensitiveDict()
        for line in _unfolded(self._lines):
            name, colon, value = line.partition(":")
            if colon:
                name, value = name.strip(), value.strip()
                found[name] = f"{found[name]}, {value}" if name in found else value
        return found

    def response(self, status: int) -> requests.Response:
        """As requests has it. Raises Truncated, BadEncoding, TooLarge."""
        response = requests.Response()
        response.status_code = status
        response.headers = self.headers()
        response.request = self._request
        response.url = str(self._request.url)
        body = self._finished()
        response._content = body
        response.raw = io.BytesIO(body)
        response.received = self.received  # type: ignore[attr-defined]
        return response

    def _finished(self) -> bytes:
        if self._body is None:
            return b""
        try:
            return self._body.finish()
        except FetchError:
            if self._wanted():
                raise
            return self._body.kept()


def _refused(reason: str) -> AddressRefused:
    return AddressRefused(f"its address is {reason}: not dialled (see allow_private)")


def _unfolded(lines: list[bytes]) -> list[str]:
    """Header lines; an obsolete continuation line belongs to the one before (RFC 9112 §5.2)."""
    found: list[str] = []
    for raw in lines:
        line = raw.rstrip(b"\r\n").decode("latin-1")
        if line[:1] in (" ", "\t") and found:
            found[-1] += " " + line.strip()
        else:
            found.append(line)
    return found

"""A real HTTP server on the loopback, that answers as told and remembers who asked.

    with Origin() as origin:
        origin.serve("/feed.xml", body, headers={"Cache-Control": "max-age=60"}, etag=True)
        origin.redirect("/old", "/feed.xml", status=301)
        origin.answer("/odd", lambda request: Answer(404, b"no"))   # a callable, or an Answer
        origin.answer("/raw", Raw(b"HTTP/1.1 200 OK\\r\\n\\r\\n<rss/>"))  # these very bytes
        origin.answer("/slow", Drip(b"HTTP/1.1 200 OK\\r\\nX: ", b"y"))  # piece after piece
        origin.answer("/held", Answer(200, body, gate=event))        # not before event.set()
        fetch(origin.url("/feed.xml"))
        origin.requests[0].headers["user-agent"]     # in the order of arrival, names lower case
        origin.asked("/feed.xml")                    # those for one path
        origin.most_at_once                          # requests under way at one time, the most

`serve` answers conditional requests with 304 when it was given validators; serving a path
again replaces it. `Origin(tls=context)` speaks TLS (its url() is https, of localhost); each
answer ends its connection. Leaving the block ends every drip and every held answer.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from http import HTTPStatus
from types import TracebackType

Headers = Mapping[str, str] | Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Received:
    """One request. `at`: time.monotonic() of its arrival; repeated headers are joined by ", "."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    at: float


@dataclass(frozen=True)
class Answer:
    """`headers` may be pairs, when one is to come twice; Content-Length comes by itself."""

    status: int = 200
    body: bytes = b""
    headers: Headers = ()
    gate: threading.Event | None = None


@dataclass(frozen=True)
class Raw:
    """These bytes, then the end of the connection."""

    data: bytes


@dataclass(frozen=True)
class Drip:
    """`start` at once, then `piece` every `every` seconds until the origin or the client ends."""

    start: bytes
    piece: bytes = b"."
    every: float = 0.02


Reply = Answer | Raw | Drip
Route = Reply | Callable[[Received], Reply]


@dataclass
class Origin:
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    port: int = 0
    requests: list[Received] = field(default_factory=list)
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self._routes: dict[str, Route] = {}
        self._closing, self._lock = threading.Event(), threading.Lock()
        self._socket = socket.create_server((self.host, self.port), backlog=200)
        self.port = self._socket.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._connections: set[socket.socket] = set()
        self._under_way = 0

    # --- what to answer

    def serve(
        self,
        path: str,
        body: bytes,
        *,
        headers: Headers = (),
        etag: bool | str = False,
        last_modified: str | None = None,
        content_type: str = "application/xml",
    ) -> None:
        """A document. `etag` True: made of its bytes; a str: that one, quotes included."""
        given = {"Content-Type": content_type}
        if etag:
            digest = blake2b(body, digest_size=8).hexdigest()
            given["ETag"] = etag if isinstance(etag, str) else f'"{digest}"'
        if last_modified:
            given["Last-Modified"] = last_modified
        pairs = [*given.items(), *_pairs(headers)]

        def reply(request: Received) -> Answer:
            if _fresh(request, given):
                return Answer(304, b"", [(k, v) for k, v in pairs if k != "Content-Type"])
            return Answer(200, body, pairs)

        self.answer(path, reply)

    def redirect(self, path: str, to: str, status: int = 302) -> None:
        self.answer(path, Answer(status, b"", {"Location": to}))

    def answer(self, path: str, route: Route) -> None:
        self._routes[path] = route

    def remove(self, path: str) -> None:
        """404 from now on."""
        self._routes.pop(path, None)

    # --- what was asked

    def url(self, path: str, host: str | None = None) -> str:
        scheme, own = ("https", "localhost") if self.tls else ("http", self.host)
        return f"{scheme}://{host or own}:{self.port}{path}"

    def asked(self, path: str) -> list[Received]:
        return [request for request in self.requests if request.path == path]

    # --- serving

    def __enter__(self) -> Origin:
        self._begin(self._accept)
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with self._lock:
            connections, threads = list(self._connections), list(self._threads)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)

    def _begin(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        with self._lock:
            self._threads = [each for each in self._threads if each.is_alive()]
            self._threads.append(thread)
            thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._begin(self._connection, connection)

    def _connection(self, connection: socket.socket) -> None:
        # A client that hangs up, or that refuses our certificate, is what some tests are about.
        with self._lock:
            self._connections.add(connection)
        try:
            with contextlib.suppress(OSError), connection:
                connection.settimeout(30)
                if self.tls is None:
                    self._serve(connection)
                    return
                with self.tls.wrap_socket(connection, server_side=True) as secured:
                    self._serve(secured)
        finally:
            with self._lock:
                self._connections.discard(connection)

    def _serve(self, connection: socket.socket) -> None:
        request = _read_request(connection)
        if request is None:
            return
        with self._lock:
            self.requests.append(request)
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            route = self._routes.get(request.path, Answer(404, b"nothing here"))
            self._send(connection, request, route(request) if callable(route) else route)
        finally:
            with self._lock:
                self._under_way -= 1

    def _send(self, connection: socket.socket, request: Received, reply: Reply) -> None:
        if isinstance(reply, Drip):
            connection.sendall(reply.start)
            while not self._closing.wait(reply.every):
                connection.sendall(reply.piece)
            return
        if isinstance(reply, Answer) and reply.gate is not None:
            while not (reply.gate.wait(0.05) or self._closing.is_set()):
                pass
        connection.sendall(reply.data if isinstance(reply, Raw) else _bytes(reply))
        # Else unread bytes of the client could turn our end into a reset.
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    return list(headers.items()) if isinstance(headers, Mapping) else list(headers)


def _fresh(request: Received, given: Mapping[str, str]) -> bool:
    """RFC 9110 §13.1.3: If-None-Match, when it came, decides alone."""
    if (sent := request.headers.get("if-none-match")) is not None:
        return sent == given.get("ETag")
    sent = request.headers.get("if-modified-since")
    return sent is not None and sent == given.get("Last-Modified")


def _read_request(connection: socket.socket) -> Received | None:
    with connection.makefile("rb") as stream:
        start = stream.readline().decode("latin-1").split()
        if len(start) != 3:
            return None
        headers: dict[str, str] = {}
        for raw in itertools.takewhile(bytes.strip, stream):
            name, _, value = raw.decode("latin-1").partition(":")
            name, value = name.strip().lower(), value.strip(" \t\r\n")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    path, _, query = start[1].partition("?")
    return Received(start[0], path, query, headers, time.monotonic())


def _bytes(answer: Answer) -> bytes:
    pairs = _pairs(answer.headers)
    names = {name.lower() for name, _ in pairs}
    if answer.status != 304 and not {"content-length", "transfer-encoding"} & names:
        pairs.append(("Content-Length", str(len(answer.body))))
    known = {status.value: status.phrase for status in HTTPStatus}
    lines = [f"HTTP/1.1 {answer.status} {known.get(answer.status, 'Odd')}"]
    lines += [f"{name}: {value}" for name, value in [*pairs, ("Connection", "close")]]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body

"""The hostile origin: HTTP/1.1 over real sockets on many loopback addresses, all on one port.

It notes each connection and each request to the byte, and knows how many connections to one
address were open at once. It never says more than it was told to.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from importlib import resources
from typing import Self

from config.etiquette.replies import Answer, Drip, Headers, Moment, Reply
from config.etiquette.stage import GUARDED, Stage
from feeds.errors import FeedmillError


@dataclass(slots=True)
class Asked:
    """One request as it came. Texts are latin-1, which keeps every byte apart."""

    at: float
    """Seconds, of a clock that only goes forward."""
    now: datetime
    """By the rehearsal's clock."""
    act: str
    """What the command was doing then."""
    host: str
    port: int
    method: str
    target: str
    headers: Headers
    """In the order they came, names as they came."""
    body: bytes
    open: int
    """Connections to this address, this one included."""
    status: int | None = None
    ended: float | None = None

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def one(self, name: str) -> str | None:
        """The header's value; several are joined, as any server would read them."""
        found = self.all(name)
        return ", ".join(found) if found else None


@dataclass(slots=True)
class Clocks:
    """What the origin knows of the rehearsal."""

    now: Callable[[], datetime]
    start: datetime
    act: str = "start"


@dataclass
class Origin:
    """Listens from `with` on."""

    stage: Stage
    clocks: Clocks
    asked: list[Asked] = field(default_factory=list)
    connected: list[tuple[str, int]] = field(default_factory=list)
    """(address, port) of each connection, in order."""

    def __post_init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._things: set[tuple[str, str, str]] = set()
        self._open: defaultdict[str, int] = defaultdict(int)
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def quiet(self) -> bool:
        """Whether nobody is connected."""
        return not any(self._open.values())

    @property
    def things(self) -> int:
        """How many different things were asked for, that of different acts counted anew."""
        return len(self._things)

    # --- listening

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(30)
        return self

    def __exit__(self, *_error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _listen(self) -> None:
        stage, ports = self.stage, self.stage.ports
        try:
            for host in sorted(stage.hosts):
                await self._on(host, ports.plain)
                await self._on(host, ports.second)
            for host in GUARDED:
                await self._on(host, ports.guarded)
            for host in sorted(stage.tls_hosts):
                await self._on(host, ports.tls, _tls())
        except OSError as error:
            raise FeedmillError(
                f"the origin can't listen on loopback addresses like 127.1.2.3: {error.strerror}"
            ) from error

    async def _on(self, host: str, port: int, context: ssl.SSLContext | None = None) -> None:
        server = await asyncio.start_server(
            self._connection, host, port, ssl=context, backlog=64, limit=1 << 17
        )
        self._servers.append(server)

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- one connection, one request

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        host, port = writer.get_extra_info("sockname")[:2]
        self.connected.append((host, port))
        self._open[host] += 1
        asked: Asked | None = None
        try:
            asked = await self._request(reader, host, port)
            if asked is not None:
                await self._reply(asked, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self._open[host] -= 1
            if asked is not None:
                asked.ended = time.monotonic()
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()
            self._tasks.discard(task)

    async def _request(self, reader: asyncio.StreamReader, host: str, port: int) -> Asked | None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head[:-4].split("\r\n")
        method, _, rest = first.partition(" ")
        pairs = [line.partition(":") for line in lines]
        headers = tuple((name, value.strip(" \t")) for name, _, value in pairs)
        length = next((v for k, v in headers if k.lower() == "content-length"), "0")
        body = await reader.readexactly(int(length)) if length.isdigit() else b""
        asked = Asked(
            at=time.monotonic(),
            now=self.clocks.now(),
            act=self.clocks.act,
            host=host,
            port=port,
            method=method,
            target=rest.rpartition(" ")[0],
            headers=headers,
            body=body,
            open=self._open[host],
        )
        self.asked.append(asked)
        self._things.add((asked.act, asked.host, asked.path))
        return asked

    async def _reply(
        self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        reply = self._chosen(asked)
        if isinstance(reply, Drip):
            await _drip(reply, reader, writer)
            return
        asked.status = reply.status
        # Whoever waits for an answer may go away; that must be seen at once.
        if reply.after and await _left(reader, reply.after):
            return
        writer.write(_bytes(reply))
        await writer.drain()

    def _chosen(self, asked: Asked) -> Reply:
        key = (asked.host, asked.path)
        route = self.stage.routes.get(key) or self.stage.routes.get((asked.host, "*"))
        if route is None:
            return Answer(404, b"nothing here")
        count = self._counts[key]
        self._counts[key] += 1
        if not callable(route):
            return route[min(count, len(route) - 1)]
        return route(
            Moment(asked.now, self.clocks.start, count, asked.headers, asked.body, asked.target)
        )


async def _left(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Whether the other side ended within these seconds."""
    try:
        return not await asyncio.wait_for(reader.read(1), seconds)
    except TimeoutError:
        return False


async def _drip(drip: Drip, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(drip.start)
    end = time.monotonic() + drip.seconds
    while time.monotonic() < end:
        await writer.drain()
        if await _left(reader, drip.every):
            return
        writer.write(drip.piece)


def _bytes(answer: Answer) -> bytes:
    known = {each.value: each.phrase for each in HTTPStatus}
    lines = [f"HTTP/1.1 {answer.status} {known.get(answer.status, 'Odd')}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    length = len(answer.body) if answer.length is None else answer.length
    if length >= 0 and answer.status not in (204, 304):
        lines.append(f"Content-Length: {length}")
    lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body


def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    files = resources.files("config.etiquette") / "tls"
    with resources.as_file(files / "origin.pem") as path:
        context.load_cert_chain(path)
    return context

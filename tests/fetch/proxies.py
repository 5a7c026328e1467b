"""Real proxies on the loopback, that remember what they were told.

with Proxy() as proxy:                      # HTTP: forwards, and tunnels with CONNECT
    fetch(url, proxy=proxy.url)
with Proxy(login="me:pw", tls=context)      # wants credentials; speaks TLS
with Socks() as proxy:                      # SOCKS 5, names resolved by the proxy
    proxy.told                              # "CONNECT host:port …" and header lines, as text
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from abc import ABC, abstractmethod
from base64 import b64encode
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


@dataclass
class _Listening(ABC):
    told: list[str] = field(default_factory=list)
    scheme = "http"

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self._host}:{self._socket.getsockname()[1]}"

    _host = "127.0.0.1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        for each in (self._socket, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._guarded, args=(client,), daemon=True).start()

    def _guarded(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), client:
            client.settimeout(20)
            self.serve(client)

    @abstractmethod
    def serve(self, client: socket.socket) -> None:
        """One connection."""

    def relay(self, client: socket.socket, server: socket.socket) -> None:
        """Both ways, until either side ends."""
        self._open += [client, server]
        back = threading.Thread(target=_pump, args=(server, client), daemon=True)
        back.start()
        _pump(client, server)
        back.join(20)


def _pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)


@dataclass
class Proxy(_Listening):
    login: str | None = None
    tls: ssl.SSLContext | None = None
    connect_status: int = 200
    """What CONNECT is answered with."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tls:
            self.scheme, self._host = "https", "localhost"

    def serve(self, client: socket.socket) -> None:
        if self.tls is not None:
            client = self.tls.wrap_socket(client, server_side=True)
        head = b""
        while b"\r\n\r\n" not in head:
            if not (data := client.recv(65536)):
                return
            head += data
        text = head.decode("latin-1")
        self.told.append(text)
        wanted = "Basic " + b64encode((self.login or "").encode()).decode()
        if self.login and f"proxy-authorization: {wanted}".lower() not in text.lower():
            client.sendall(b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\n\r\n")
            return
        method, target, _ = text.partition("\r\n")[0].split(" ")
        if method == "CONNECT":
            self._tunnel(client, target)
        else:
            self._forward(client, text, target)

    def _tunnel(self, client: socket.socket, target: str) -> None:
        if self.connect_status != 200:
            client.sendall(f"HTTP/1.1 {self.connect_status} No\r\n\r\n".encode())
            return
        host, _, port = target.rpartition(":")
        with socket.create_connection((host, int(port)), 5) as server:
            client.sendall(b'HTTP/1.1 200 Go\r\nETag: "of the proxy"\r\n\r\n')
            self.relay(client, server)

    def _forward(self, client: socket.socket, text: str, target: str) -> None:
        parts = urlsplit(target)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = text.replace(target, path, 1).split("\r\n")
        kept = [line for line in lines if not line.lower().startswith("proxy-")]
        head = "\r\n".join(kept).encode("latin-1")
        with socket.create_connection((parts.hostname or "", parts.port or 80), 5) as server:
            server.sendall(head)
            self.relay(client, server)


@dataclass
class Socks(_Listening):
    """RFC 1928, with user and password of RFC 1929 where they are offered."""

    scheme = "socks5h"

    def serve(self, client: socket.socket) -> None:
        _, count = client.recv(2)
        offered = client.recv(count)
        if 2 in offered:
            client.sendall(b"\x05\x02")
            _, length = client.recv(2)
            user = client.recv(length)
            password = client.recv(client.recv(1)[0])
            self.told.append(f"{user.decode()}:{password.decode()}")
            client.sendall(b"\x01\x00")
        else:
            client.sendall(b"\x05\x00")
        _, _, _, kind = client.recv(4)
        host = (
            client.recv(client.recv(1)[0]).decode()
            if kind == 3
            else socket.inet_ntoa(client.recv(4))
        )
        port = int.from_bytes(client.recv(2))
        self.told.append(f"{'name' if kind == 3 else 'address'} {host}:{port}")
        with socket.create_connection((host, port), 5) as server:
            client.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
            self.relay(client, server)

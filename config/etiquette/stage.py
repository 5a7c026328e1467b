"""The stage that scenarios are set on: hosts, addresses, what they answer, what is configured.

Each rule has hosts of its own (127.1.RULE.n), so that no scenario waits for another's turn.
"""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from config.etiquette.replies import Route, document
from feeds.errors import FeedmillError

if TYPE_CHECKING:
    from config.etiquette.origin import Asked
    from config.etiquette.seen import Seen

PLAIN = (document(),)
LOCALHOST = "127.0.0.1"
ALLOWED = "127.1.0.0/16"
"""All that the configuration lets the poller dial."""
GUARDED = ("127.2.0.1", LOCALHOST)
"""Listened on, and forbidden (E26)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a rule is broken, and what shows it."""

    text: str
    asked: tuple[Asked, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the etiquette. The judge names what is wrong; silence means kept."""

    number: int
    title: str
    plan: Callable[[Scene], None]
    judge: Callable[[Seen], Iterator[Fault]]

    @property
    def name(self) -> str:
        return f"E{self.number}"


@dataclass(frozen=True, slots=True)
class Ports:
    plain: int
    second: int
    guarded: int
    tls: int
    web: int
    """For the feeds that the judged command serves itself."""


@dataclass(slots=True)
class Feed:
    """A configured source. `more`: further lines of its TOML table."""

    url: str
    host: str
    path: str
    every: str | None
    more: tuple[str, ...]
    brief: bool
    """Paused from the evening of the first day on: what it is there for has been seen."""

    def toml(self) -> str:
        lines = ["[[sources]]", f"url = {json.dumps(self.url)}"]
        if self.every is not None:
            lines.append(f'every = "{self.every}"')
        return "\n".join([*lines, *self.more, ""])


@dataclass
class Stage:
    ports: Ports
    start: datetime
    """When the rehearsal begins."""
    feeds: dict[str, Feed] = field(default_factory=dict)
    routes: dict[tuple[str, str], Route] = field(default_factory=dict)
    hosts: set[str] = field(default_factory=set)
    tls_hosts: set[str] = field(default_factory=set)


class Scene:
    """One rule's part of the stage. Names of feeds are its own."""

    def __init__(self, rule: int, stage: Stage) -> None:
        self._rule, self._stage, self._taken = rule, stage, 0
        self.brief = False
        """Of the feeds that follow."""

    @property
    def start(self) -> datetime:
        return self._stage.start

    @property
    def ports(self) -> Ports:
        return self._stage.ports

    def host(self, *, tls: bool = False) -> str:
        """One more address of this rule."""
        self._taken += 1
        host = f"127.1.{self._rule}.{self._taken}"
        self._stage.hosts.add(host)
        if tls:
            self._stage.tls_hosts.add(host)
        return host

    def also(self, *hosts: str) -> None:
        """Listen there too."""
        self._stage.hosts.update(hosts)

    def url(self, host: str, path: str = "/feed.xml", *, tls: bool = False) -> str:
        if tls:
            return f"https://{host}:{self.ports.tls}{path}"
        return f"http://{host}:{self.ports.plain}{path}"

    def serve(self, host: str, path: str, route: Route) -> None:
        """Not a source: what it leads to."""
        self._stage.routes[host, path] = route

    def feed(
        self,
        name: str,
        route: Route = PLAIN,
        *,
        every: str | None = "1h",
        brief: bool | None = None,
        more: Sequence[str] = (),
        url: str = "",
        host: str = "",
        path: str = "/feed.xml",
    ) -> str:
        """A source that answers so; its address. `url`: as configured, where that says it in
        another way than host and path."""
        host = host or self.host()
        self._stage.routes[host, path.partition("?")[0]] = route
        given = url or self.url(host, path)
        key = f"E{self._rule} {name}"
        assert key not in self._stage.feeds, key
        short = self.brief if brief is None else brief
        self._stage.feeds[key] = Feed(
            given, host, path.partition("?")[0], every, tuple(more), short
        )
        return given


def free_ports(closing: ExitStack) -> Ports:
    """Five ports that are ours while `closing` is open: outside of what clients are given, and
    held on an address of their own, so that rehearsals beside each other never meet."""
    found: list[int] = []
    for _ in range(2000):
        port = random.randrange(20_000, 32_000)  # noqa: S311 - no secret
        anchor = closing.enter_context(socket.socket())
        with suppress(OSError):
            anchor.bind(("127.1.0.1", port))
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((LOCALHOST, port))
            found.append(port)
        if len(found) == 5:
            return Ports(*found)
    raise FeedmillError("no free ports on 127.1.0.1; the rehearsal needs loopback as Linux has it")

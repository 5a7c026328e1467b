"""The web server's process: `python -m config.serving HOST PORT FOLDER URL PRIVATE`.

What else it needs comes as one line of JSON on standard input: the database's URL may hold a
password, and arguments can be read by everybody on the machine. Nothing of the store, nor of the
desk, is imported before somebody asks for it.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from config.desk import Desk
    from feeds.models import Asked
    from feeds.protocols import Callbacks
    from feeds.store import Store

MODULE = "config.serving"
PREPARE = 3.0
"""Seconds after which the desk is made: whoever sits at the machine may come, too."""
_DESK = ("desk", "api", "metrics")


@dataclass(frozen=True)
class Hello:
    """What the engine tells its web server in secret. `lease`: seconds; `max_body`: bytes."""

    store_url: str
    lease: float
    max_body: int
    config: str = ""
    """The configuration file, for the desk."""
    applied: str = field(default="", repr=False)
    """The settings at work (config.handing): the file may say something else by now, or nothing
    that is right."""
    websub: bool = True
    """Whether hubs are heard."""
    hub: bool = False
    """Whether we are one."""
    site: dict[str, Any] = field(default_factory=dict)
    """publisher.render.site.Site, for pages that are made when they are asked for."""
    titles: dict[str, str] = field(default_factory=dict)
    """Of feeds, by slug."""
    log_json: bool = False
    verbose: bool = False

    def line(self) -> str:
        return json.dumps(asdict(self))


class Told:
    """The engine's last words: what it said at first, or instead of that later; and its figures."""

    def __init__(self, hello: Hello) -> None:
        self.hello = hello
        self.figures: dict[str, Any] = {}

    def hear(self, line: str) -> None:
        found = json.loads(line)
        if "figures" in found:
            self.figures = found["figures"]
        else:
            self.hello = Hello(**found)


class LazyCallbacks:
    """The role Callbacks; the store is opened when a hub asks for the first time."""

    def __init__(self, told: Told, store: LazyStore) -> None:
        self._told, self._store = told, store
        self._lock = threading.Lock()

    @property
    def max_body(self) -> int:
        return self._told.hello.max_body

    def known(self, token: str) -> bool:
        return self._opened().known(token)

    def verify(self, token: str, query: Mapping[str, str]) -> tuple[int, str]:
        return self._opened().verify(token, query)

    def deliver(self, token: str, headers: Mapping[str, str], body: bytes) -> int:
        return self._opened().deliver(token, headers, body)

    def _opened(self) -> Callbacks:
        """Raises StoreError; tried anew with the next request then."""
        from aggregator.callbacks import HubCallbacks

        hello = self._told.hello
        store = self._store.opened()
        return HubCallbacks(store=store, lease=hello.lease, max_body=hello.max_body)


class LazyStore:
    """Opened when somebody asks for the first time."""

    def __init__(self, told: Told) -> None:
        self._told, self._lock = told, threading.Lock()

    def opened(self) -> Store:
        """Raises StoreError."""
        with self._lock:
            return self._store

    @cached_property
    def _store(self) -> Store:
        """Raises StoreError; tried anew with the next request then."""
        from config import clock, logs
        from feeds.store import open_store

        hello = self._told.hello
        logs.configure(json=hello.log_json, verbose=hello.verbose)
        return open_store(hello.store_url, migrate=False, shift=clock.shift())


class LazySubscriptions:
    """The role Subscriptions."""

    def __init__(self, store: LazyStore) -> None:
        self._store = store

    def ask(self, topic: str, callback: str, asked: Asked) -> bool:
        return self._store.opened().ask(topic, callback, asked)


class LazySearch:
    """The role Search."""

    def __init__(self, store: LazyStore, told: Told) -> None:
        self._store, self._told = store, told

    def page(self, slug: str, query: str) -> bytes | None:
        hello = self._told.hello
        if slug not in hello.titles:
            return None
        from feeds.models import Category
        from publisher.render.page import render_results
        from publisher.render.site import Site

        store = self._store.opened()
        feed = Category(slug=slug, title=hello.titles[slug])
        site = Site(**hello.site | {"hubs": ()})
        return render_results(site, feed, query, store.find(slug, query), store.now())


_Message = MutableMapping[str, Any]


class LazyDesk:
    """The role Behind: the desk, the API and the metrics, made when somebody asks."""

    def __init__(self, told: Told) -> None:
        self._told, self._lock = told, threading.Lock()
        self._desk: Desk | None = None

    def has(self, path: str) -> bool:
        return path[1:].partition("/")[0] in _DESK

    async def __call__(
        self,
        scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        desk = self._desk
        if desk is None:
            import asyncio

            from feeds.errors import ConfigError, FeedmillError

            try:
                desk = await asyncio.to_thread(self._made)
            except ConfigError:
                # Whose request this is has not been judged: the complaints are not for all.
                await _unavailable(send, "The configuration is wrong: see `feedmill check`.")
                return
            except FeedmillError:
                await _unavailable(send, "Not at the moment: see the log.")
                return
        await desk(scope, receive, send)

    def prepare(self) -> None:
        """So that the first who comes need not wait for imports: two seconds, four on a small
        machine."""
        with contextlib.suppress(Exception):  # it is tried, and told, when he comes
            self._made()

    def close(self) -> None:
        """At the end. What others still ask is not waited for."""
        if self._desk is not None:
            with contextlib.suppress(Exception):
                self._desk.close()

    def _made(self) -> Desk:
        """Once, however many ask at the same time. Raises FeedmillError; tried anew with the next
        request then."""
        with self._lock:
            if self._desk is None:
                from pathlib import Path

                from config import logs
                from config.desk import Desk

                hello = self._told.hello
                logs.configure(json=hello.log_json, verbose=hello.verbose)
                self._desk = Desk(
                    Path(hello.config),
                    figures=lambda: self._told.figures,
                    applied=lambda: self._told.hello.applied,
                )
            return self._desk


async def _unavailable(send: Callable[[_Message], Awaitable[None]], text: str) -> None:
    from publisher.web.safety import SAFE_HEADERS

    headers = [
        *SAFE_HEADERS,
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"retry-after", b"60"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": f"{text}\n".encode()})


def main() -> None:
    from publisher.web.server import main as serve

    told = Told(Hello(**json.loads(sys.stdin.readline())))
    store, hello, desk = LazyStore(told), told.hello, LazyDesk(told)
    if hello.config:
        threading.Timer(PREPARE, desk.prepare).start()
    serve(
        callbacks=LazyCallbacks(told, store) if hello.websub else None,
        subscriptions=LazySubscriptions(store) if hello.hub else None,
        search=LazySearch(store, told),
        behind=desk if hello.config else None,
        told=told.hear,
        at_end=desk.close,
    )


if __name__ == "__main__":
    main()

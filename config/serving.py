"""The web server's process when hubs are heard: `python -m config.serving HOST PORT FOLDER URL`.

What else it needs comes as one line of JSON on standard input: the database's URL may hold a
password, and arguments can be read by everybody on the machine. Nothing of the store is imported
before the first hub asks.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feeds.models import Asked
    from feeds.protocols import Callbacks
    from feeds.store import Store

MODULE = "config.serving"


@dataclass(frozen=True)
class Hello:
    """What the engine tells its web server in secret. `lease`: seconds; `max_body`: bytes."""

    store_url: str
    lease: float
    max_body: int
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


class LazyCallbacks:
    """The role Callbacks; the store is opened when a hub asks for the first time."""

    def __init__(self, hello: Hello) -> None:
        self._hello = hello
        self._lock = threading.Lock()

    @property
    def max_body(self) -> int:
        return self._hello.max_body

    def known(self, token: str) -> bool:
        return self._opened().known(token)

    def verify(self, token: str, query: Mapping[str, str]) -> tuple[int, str]:
        return self._opened().verify(token, query)

    def deliver(self, token: str, headers: Mapping[str, str], body: bytes) -> int:
        return self._opened().deliver(token, headers, body)

    def _opened(self) -> Callbacks:
        with self._lock:
            return self._callbacks

    @cached_property
    def _callbacks(self) -> Callbacks:
        """Raises StoreError; tried anew with the next request then."""
        from aggregator.callbacks import HubCallbacks
        from config import clock, logs
        from feeds.store import open_store

        hello = self._hello
        logs.configure(json=hello.log_json, verbose=hello.verbose)
        store = open_store(hello.store_url, migrate=False, shift=clock.shift())
        return HubCallbacks(store=store, lease=hello.lease, max_body=hello.max_body)


class LazyStore:
    """Opened when somebody asks for the first time."""

    def __init__(self, hello: Hello) -> None:
        self._hello, self._lock = hello, threading.Lock()

    def opened(self) -> Store:
        """Raises StoreError."""
        with self._lock:
            return self._store

    @cached_property
    def _store(self) -> Store:
        """Raises StoreError; tried anew with the next request then."""
        from config import clock
        from feeds.store import open_store

        return open_store(self._hello.store_url, migrate=False, shift=clock.shift())


class LazySubscriptions:
    """The role Subscriptions."""

    def __init__(self, store: LazyStore) -> None:
        self._store = store

    def ask(self, topic: str, callback: str, asked: Asked) -> bool:
        return self._store.opened().ask(topic, callback, asked)


class LazySearch:
    """The role Search."""

    def __init__(self, store: LazyStore, hello: Hello) -> None:
        self._store, self._hello = store, hello

    def page(self, slug: str, query: str) -> bytes | None:
        if slug not in self._hello.titles:
            return None
        from feeds.models import Category
        from publisher.render.page import render_results
        from publisher.render.site import Site

        store = self._store.opened()
        feed = Category(slug=slug, title=self._hello.titles[slug])
        site = Site(**self._hello.site | {"hubs": ()})
        return render_results(site, feed, query, store.find(slug, query), store.now())


def main() -> None:
    from publisher.web.server import main as serve

    hello = Hello(**json.loads(sys.stdin.readline()))
    store = LazyStore(hello)
    serve(
        callbacks=LazyCallbacks(hello) if hello.websub else None,
        subscriptions=LazySubscriptions(store) if hello.hub else None,
        search=LazySearch(store, hello),
    )


if __name__ == "__main__":
    main()

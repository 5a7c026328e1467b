"""`feedmill run`: one configuration after the other, in one process tree.

A configuration that has changed becomes the next generation: the jobs of the old one end (what is
being polled is finished, or given back), then those of the new one begin. Nothing is half old and
half new, and the web server goes on serving.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from types import FrameType

import structlog

from config.engine import Engine, web_server
from config.figures import Figures
from config.listing import with_new_lists
from config.moving import differences, moves, shown_move, shown_states, told
from config.reloading import Reloading
from config.settings import Settings
from config.showing import shown_address
from config.wiring import App
from feeds.errors import ConfigError, OutputError, StoreError
from feeds.store import Store
from publisher.web.server import AddressTaken, WebServer

log = structlog.get_logger("feedmill.run")

BEGIN = 20.0
"""Seconds for a web server to begin, while the one before goes on."""
LEAVE = 5.0
"""Seconds for that one to answer what it has begun to."""
AGAIN = 2.0
"""Seconds until a generation that could not begin is tried again."""
LIMIT = 8.5
"""Seconds after which we end in any case: a database that another process keeps locked makes each
last write wait for 10. What is not written then is polled again, as after a kill -9."""
_CURES = {
    errno.EADDRINUSE: "stop what uses it, or choose another port",
    errno.EACCES: "choose a port from 1024 on, or give the right to use this one",
}


class Running:
    def __init__(
        self,
        *,
        settle: Callable[[], None] = lambda: None,
        log_json: bool = False,
        verbose: bool = False,
    ) -> None:
        """`settle`: what is done when all is configured, before work begins."""
        self._settle = settle
        self._log_json, self._verbose = log_json, verbose
        self._stopping = threading.Event()
        self._reloading: Reloading | None = None
        self._engine: Engine | None = None
        self._store: Store | None = None
        """Open as long as we are."""
        self._web: WebServer | None = None
        self._leaving: WebServer | None = None
        """One that serves until the next one does."""
        self._began = False
        self._figures = Figures()

    def run(self, app: App) -> None:
        """Until SIGTERM or SIGINT. Raises ConfigError (the port is taken), StoreError,
        OutputError when the first configuration can't begin. Of `app` only the store is kept."""
        self._store = app.store
        settings = app.handed_on()
        self._reloading = Reloading(settings, self._free, self._same)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        signal.signal(signal.SIGHUP, self._asked)
        reloading = self._reloading
        threading.Thread(target=self._end_in_time, name="end", daemon=True).start()
        try:
            following = self._with(settings, reloading)
            while following is not None and not self._stopping.is_set():
                settings = following  # the ones before are let go
                following = self._next(settings, reloading)
        finally:
            if self._leaving is not None:
                self._leaving.stop(timeout=2.0)
            if self._web is not None:
                self._web.stop(timeout=2.0)
                log.info("stopped")

    def _with(self, settings: Settings, reloading: Reloading) -> Settings | None:
        """The settings that follow; None at the end. Nothing of these is held then."""
        with App(settings) as app:
            return self._generation(app, reloading)

    def _generation(self, app: App, reloading: Reloading) -> Settings | None:
        """The settings that follow; None at the end."""
        self._take(app.settings, self._web_of(app))
        if not self._began:  # later ones have been compared already
            app.settings = self._same(app.settings)
            self._web = self._web_of(app)
        self._began = True
        app.sync()
        self._settle()
        assert self._web is not None
        self._engine = Engine(
            app, self._web, reloading, self._figures, partial(self._start, app.settings)
        )
        if self._stopping.is_set():
            self._engine.stop()
        try:
            return self._engine.run()
        finally:
            self._engine = None

    def _web_of(self, app: App) -> WebServer:
        return web_server(
            app.settings, app.site, self._heard, log_json=self._log_json, verbose=self._verbose
        )

    def _take(self, settings: Settings, web: WebServer) -> None:
        """That one is to serve. One that runs and can't be it goes on until then (`_start`).
        Raises ConfigError."""
        if self._leaving is not None and self._leaving.become(web):
            self._web, self._leaving = self._leaving, None
        elif self._web is None or not self._web.become(web):
            serving = self._leaving
            if self._web is not None and self._web.runs():
                serving = self._web
            if serving is None or not serving.same_address(web):
                # Before anything is written: the addresses in the feeds may be a mistake's.
                _listen(settings, web.check)
            self._web, self._leaving = web, serving

    def _start(self, settings: Settings) -> None:
        """The one before serves until the new one does. Raises ConfigError."""
        assert self._web is not None
        if self._leaving is not None:
            self._web.follow(self._leaving)
        _listen(settings, self._web.start)
        if self._leaving is not None:
            self._until_it_answers(self._web)
            self._leaving.stop(timeout=LEAVE)
            self._leaving = None

    def _until_it_answers(self, web: WebServer) -> None:
        """Or has ended, or took too long: the engine starts it again then."""
        deadline = time.monotonic() + BEGIN
        while not web.answers(within=0.1):
            if web.ended() is not None or self._stopping.is_set() or time.monotonic() > deadline:
                break

    def _next(self, settings: Settings, reloading: Reloading) -> Settings | None:
        """The same, as often as it takes: it ran before, and nobody is there to start it again."""
        try:
            return self._with(settings, reloading)
        except (StoreError, OutputError, ConfigError) as error:
            log.error("could not go on with the new configuration, trying again", error=str(error))
            self._stopping.wait(AGAIN)
            return self._mended(settings, reloading) or settings

    def _mended(self, settings: Settings, reloading: Reloading) -> Settings | None:
        """The file may have been set right meanwhile."""
        try:
            with App(settings) as app:
                return reloading.next if reloading.look(settings, app.store) else None
        except StoreError:
            return None

    def _heard(self, line: str) -> None:
        """What the web server says: who reads. It has the last word, after the last engine's."""
        assert self._store is not None
        try:
            day, rows = json.loads(line)
            self._store.count_readers(day, [(str(s), str(k), int(n)) for s, k, n in rows])
        except (ValueError, TypeError, StoreError) as error:
            log.debug("not counted", error=str(error))

    def _same(self, settings: Settings) -> Settings:
        settings = with_new_lists(settings)
        with App(settings) as app:
            numbers = app.store.source_numbers()
            gone = [number for url, number in numbers.items() if url not in settings.sources]
            added, removed = differences(settings, numbers, app.store.states_of(gone))
            found = moves(app, added, removed)
        for each in found.moved:
            before, after = shown_move(each, settings)
            log.warning(
                "source moved",
                source=each.state.id,
                before=before,
                after=after,
                why=each.why,
                cure=f"`feedmill redirects {each.state.id} --undo` parts them",
            )
        for one in found.unclear:
            log.warning(
                "source may have moved, taken for a new one",
                source=shown_address(one.source.url, one.states[0], settings),
                former=shown_states(one, settings),
                cure='say `was = "…"` where it is one of them',
            )
        return told(settings, found.moved)

    def _free(self, settings: Settings) -> None:
        """Raises ConfigError when that configuration wants an address that is taken."""
        web = web_server(settings, App(settings).site, self._heard, log_json=False, verbose=False)
        mine = [each for each in (self._web, self._leaving) if each is not None and each.runs()]
        if not any(each.same_address(web) for each in mine):
            _listen(settings, web.check)

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        self._stopping.set()
        if self._engine is not None:
            self._engine.stop()
        # Impatience is heard: the second time, the default action takes its course.
        signal.signal(number, signal.SIG_DFL)

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        if self._reloading is not None:
            self._reloading.asked = True

    def _end_in_time(self) -> None:
        """Our own shutting down and what closes after it; this thread ends with the process."""
        self._stopping.wait()
        threading.Event().wait(LIMIT)
        log.error("stopping took too long, ended at once")
        os._exit(0)  # The other processes end with this one.


def _listen(settings: Settings, begin: Callable[[], None]) -> None:
    try:
        begin()
    except AddressTaken as error:
        cure = _CURES.get(error.errno or 0, "choose an address of this machine")
        raise ConfigError(
            [
                f"{settings.listen_at}: can't listen on {settings.listen.host}:"
                f"{settings.listen.port}: {error.strerror}; {cure}"
            ]
        ) from error

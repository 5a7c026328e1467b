"""`feedmill run`: poll on schedule, publish, serve, until told to stop. One process tree."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from types import FrameType

import structlog

from aggregator.clock import Clock, Job
from aggregator.round import keep_polling
from aggregator.turning import Turning
from config.serving import MODULE, Hello
from config.settings import Settings
from config.wiring import App
from feeds.errors import ConfigError, FeedmillError, OutputError, StoreError
from feeds.models import Poll, Recorded
from publisher.render.site import Site
from publisher.web.server import READY, AddressTaken, WebServer

log = structlog.get_logger("feedmill.run")

TICK = 1.0
"""Seconds between two looks at what is due."""
NET = 5.0
"""Seconds between two looks at what is to be published, should no poll have woken it."""
GAP, SHARE = 2.0, 0.1
"""While news streams in, so much of the time is for publishing, since each renders whole feeds; but
no more than so many seconds lie between two."""
GAPS = 5.0
"""Seconds between two looks at gaps that older pages may fill."""
TIDY = 3600.0
"""Seconds between two looks at what is to be kept no longer."""
HUBS = 2.0
"""Seconds between two looks at what is to be asked of hubs."""
BEAT = 2.0
"""Seconds between two words to the web server."""
TURN = 10.0
"""Seconds between two looks at whether the clock was set back: polling goes on within 30."""
GRACE = 4.0
"""Seconds that polls under way get when we are told to stop."""
_CURES = {
    errno.EADDRINUSE: "stop what uses it, or choose another port",
    errno.EACCES: "choose a port from 1024 on, or give the right to use this one",
}
LIMIT = 8.5
"""Seconds after which we end in any case: a database that another process keeps locked makes each
last write wait for 10. What is not written then is polled again, as after a kill -9."""


NO_DATABASE, NO_FOLDER = "the database can't be used", "the output folder can't be used"


class Engine:
    """Everything that runs while `feedmill run` does."""

    def __init__(self, app: App, *, log_json: bool = False, verbose: bool = False) -> None:
        self._app = app
        self._stop = threading.Event()
        self._dispatcher = app.dispatcher(self._recorded, self._unrecorded)
        settings = app.settings
        self._deliveries = app.deliveries(self._recorded) if settings.websub.enabled else None
        self._gaps = app.gaps(self._recorded)
        self._turning = Turning(app.store, app.claim_time)
        self._web = web_server(settings, app.site, self._heard, log_json=log_json, verbose=verbose)
        self._clock = Clock(self._jobs())
        self._trouble: dict[str, str] = {}
        self._publish_from = 0.0
        """When the publish job may begin again; by the monotonic clock."""

    def run(self) -> None:
        """Until SIGTERM, SIGINT, or `stop`. Raises ConfigError (the port is taken), StoreError,
        OutputError when it can't begin."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        # Before anything is written: the addresses in the feeds may be those of a mistake.
        self._listen(self._web.check)
        threading.Thread(target=self._end_in_time, name="end", daemon=True).start()
        # What is stored is served at once, whatever the sources say today.
        self._app.link()
        self._app.publisher.publish(everything=True)
        if not self._app.settings.websub.enabled:
            self._app.subscriber.leave()
        self._app.sync_hubs()
        self._app.put_tokens()
        self._listen(self._web.start)
        self._clock.start()
        settings = self._app.settings
        log.info("running", address=settings.site.url, sources=len(settings.sources))
        try:
            self._stop.wait()
        finally:
            self._shut_down()

    def stop(self) -> None:
        self._stop.set()

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        self._stop.set()
        # Impatience is heard: the second time, the default action takes its course.
        signal.signal(number, signal.SIG_DFL)

    def _end_in_time(self) -> None:
        """Our own shutting down and what closes after it; this thread ends with the process."""
        self._stop.wait()
        threading.Event().wait(LIMIT)
        log.error("stopping took too long, ended at once")
        os._exit(0)  # The other processes end with this one.

    def _listen(self, begin: Callable[[], None]) -> None:
        try:
            begin()
        except AddressTaken as error:
            settings = self._app.settings
            cure = _CURES.get(error.errno or 0, "choose an address of this machine")
            raise ConfigError(
                [
                    f"{settings.listen_at}: can't listen on {settings.listen.host}:"
                    f"{settings.listen.port}: {error.strerror}; {cure}"
                ]
            ) from error

    def _shut_down(self) -> None:
        log.info("stopping")
        self._clock.stop()
        self._dispatcher.close(GRACE)
        try:
            self._app.link()
            self._app.publisher.publish()
        except FeedmillError as error:
            log.error("last publishing failed", error=str(error))
        self._web.stop(timeout=2.0)
        log.info("stopped")

    # --- jobs

    def _jobs(self) -> dict[str, tuple[float, Job]]:
        jobs: dict[str, tuple[float, Job]] = {
            "poll": (TICK, self._poll),
            "publish": (NET, self._publish),
            "beat": (BEAT, self._beat),
            "turn": (TURN, self._turn),
            "search": (NET, self._index),
        }
        jobs |= {"gaps": (GAPS, self._fill_gaps), "tidy": (TIDY, self._tidy)}
        if self._app.settings.hub.enabled or self._app.settings.hub.others:
            jobs["hub"] = (BEAT, self._tell)
        if self._deliveries is not None:
            jobs |= {"subscribe": (HUBS, self._subscribe), "deliveries": (TICK, self._deliver)}
        return jobs

    def _index(self) -> None:
        with self._watched("search"):
            while not self._stop.is_set() and self._app.store.index_texts():
                self._stop.wait(0.01)  # others want to write, too

    def _tell(self) -> None:
        with self._watched("hub"):
            while self._app.hub.tick():
                pass

    def _heard(self, line: str) -> None:
        """What the web server says: who reads."""
        try:
            day, rows = json.loads(line)
            self._app.store.count_readers(day, [(str(s), str(k), int(n)) for s, k, n in rows])
        except (ValueError, TypeError, StoreError) as error:
            log.debug("not counted", error=str(error))

    def _fill_gaps(self) -> None:
        with self._watched("gaps"):
            self._gaps.fill(self._stop.is_set)

    def _tidy(self) -> None:
        with self._watched("tidy"):
            if gone := self._app.tidy():
                log.info("retention", articles=gone)

    def _subscribe(self) -> None:
        # A hub verifies at once: before we can answer it must not be asked.
        if self._web.answers():
            with self._watched("subscribe"):
                self._app.subscriber.tick(self._stop.wait)

    def _deliver(self) -> None:
        with self._watched("deliveries"):
            if self._deliveries is not None:
                self._deliveries.take(self._stop.is_set)

    def _poll(self) -> None:
        with self._watched("poll"):
            keep_polling(
                self._app.store,
                self._dispatcher,
                self._app.claim_time,
                seconds=TICK,
                pause=self._stop.wait,
                first=self._turning.on,
            )

    def _publish(self) -> None:
        self._stop.wait(max(0.0, self._publish_from - time.monotonic()))
        begun = time.monotonic()
        with self._watched("publish"):
            self._app.link()
            if (done := self._app.publisher.publish()) and done.changed:
                ended = time.monotonic()
                self._publish_from = ended + min(GAP, (ended - begun) * (1 / SHARE - 1))
                self._clock.wake("hub")

    def _turn(self) -> None:
        with self._watched("turn"):
            self._turning.back()

    def _beat(self) -> None:
        if (code := self._web.ended()) is not None:
            log.error("the web server ended, starting it again", exit_code=code)
            self._web.start()
        self._web.tell("; ".join(sorted(set(self._trouble.copy().values()))) or READY)

    def _recorded(self, _polls: Sequence[Poll], recorded: Sequence[Recorded]) -> None:
        if any(one.new or one.changed for one in recorded):
            self._clock.wake("publish")

    def _unrecorded(self, error: StoreError | None) -> None:
        if error is None:
            self._trouble.pop("record", None)
            log.info("going on", job="record")
        else:
            self._trouble["record"] = NO_DATABASE

    def _watched(self, job: str) -> _Watch:
        return _Watch(job, self._trouble)


def web_server(
    settings: Settings, site: Site, hear: Callable[[str], None], *, log_json: bool, verbose: bool
) -> WebServer:
    """It opens the store only when a hub, a subscriber or a search asks for it."""
    place = settings.listen.host, settings.listen.port, settings.output, settings.site.url
    hello = Hello(
        store_url=settings.store_url,
        lease=settings.websub.lease,
        max_body=settings.poll.max_body,
        websub=settings.websub.enabled,
        hub=settings.hub.enabled,
        site=asdict(site),
        titles={feed.slug: feed.title for feed in settings.feeds},
        log_json=log_json,
        verbose=verbose,
    )
    return WebServer(*place, private=settings.private, module=MODULE, hello=hello.line(), hear=hear)


class _Watch:
    """Keeps a job's trouble for /readyz, and says each trouble once until it is over."""

    def __init__(self, job: str, trouble: dict[str, str]) -> None:
        self._job, self._trouble = job, trouble

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        before = self._trouble.get(self._job)
        if isinstance(error, (StoreError, OutputError)):
            no_store = isinstance(error, StoreError)
            self._trouble[self._job] = NO_DATABASE if no_store else NO_FOLDER
            if before is None:
                log.error("paused", job=self._job, error=str(error))
            return True
        if error is None and before is not None:
            del self._trouble[self._job]
            log.info("going on", job=self._job)
        return False

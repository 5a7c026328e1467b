"""What `feedmill run` does with one configuration: poll on schedule, publish, serve, until it is
told to stop or the configuration has become another (config.running)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict

import structlog

from aggregator.clock import Clock, Job
from aggregator.round import keep_polling
from aggregator.turning import Turning
from config.figures import Figures
from config.handing import line_of
from config.listing import addresses, ask_list
from config.reloading import Reloading
from config.serving import MODULE, Hello
from config.settings import Settings
from config.watch_over import WatchOver
from config.wiring import App
from feeds.errors import FeedmillError, OutputError, StoreError
from feeds.models import Held, Poll, Recorded
from publisher.render.site import Site
from publisher.web.server import READY, WebServer

log = structlog.get_logger("feedmill.run")

TICK = 1.0
"""Seconds between two looks at what is due."""
NET = 5.0
"""Seconds between two looks at what is to be published, should no poll have woken it."""
GAP, SHARE = 10.0, 0.1
"""While news streams in, so much of the time is for publishing, since each renders whole feeds; but
no more than so many seconds lie between two."""
STIR = 2.0
"""Seconds between two questions whether it is time to look at how all of it fares."""
MINUTE = 60.0
"""Seconds until what failed, and has long pauses, is tried again."""
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
LISTS = 5.0
"""Seconds between two looks at lists of sources that lie elsewhere."""

NO_DATABASE, NO_FOLDER = "the database can't be used", "the output folder can't be used"
NO_LISTS = "the folder of lists can't be used"


class Engine:
    """Everything that runs with one configuration. Times: monotonic seconds."""

    def __init__(
        self,
        app: App,
        web: WebServer,
        reloading: Reloading,
        figures: Figures,
        listen: Callable[[], None],
    ) -> None:
        """`figures` go on from one configuration to the next. `listen` starts the web server;
        raises ConfigError when its address is taken."""
        self._app, self._web, self._reloading = app, web, reloading
        self._listen = listen
        self._stop = threading.Event()
        self._dispatcher = app.dispatcher(self._recorded, self._unrecorded)
        settings = app.settings
        self._deliveries = app.deliveries(self._recorded) if settings.websub.enabled else None
        self._gaps = app.gaps(self._recorded)
        self._turning = Turning(app.store, app.claim_time)
        self._trouble: dict[str, str] = {}
        self._figures = figures
        figures.follow()
        self._watch_over = WatchOver(app, self._figures, self._trouble)
        self._wrong: set[str] = set()
        """The jobs in trouble when it was looked last."""
        self._complaints = reloading.complaints
        self._clock = Clock(self._jobs())
        self._publish_from = 0.0
        """When the publish job may begin again."""

    def run(self) -> Settings | None:
        """Until `stop` (then None), or until the configuration has become another: that one.
        Raises StoreError, OutputError when it can't begin."""
        self._app.hub.deliveries = self._figures.deliveries
        # What is stored is served at once, whatever the sources say today.
        self._app.link()
        self._figures.published(self._app.publisher.publish(everything=True))
        if not self._app.settings.websub.enabled:
            self._app.subscriber.leave()
        self._app.sync_hubs()
        self._app.put_tokens()
        if not self._web.runs():
            self._listen()
        self._reloading.applied(self._app.settings, self._app.store)
        self._clock.start()
        settings = self._app.settings
        log.info("running", address=settings.site.url, sources=len(settings.sources))
        try:
            self._stop.wait()
        finally:
            self._shut_down()
        return self._reloading.next

    def stop(self) -> None:
        self._stop.set()

    def _shut_down(self) -> None:
        log.info("stopping")
        self._clock.stop()
        self._dispatcher.close(GRACE)
        try:
            self._app.link()
            self._app.publisher.publish()
        except FeedmillError as error:
            log.error("last publishing failed", error=str(error))

    # --- jobs

    def _jobs(self) -> dict[str, tuple[float, Job]]:
        jobs: dict[str, tuple[float, Job]] = {
            "poll": (TICK, self._poll),
            "publish": (NET, self._publish),
            "beat": (BEAT, self._beat),
            "turn": (TURN, self._turn),
            "search": (NET, self._index),
            "config": (BEAT, self._look),
            "watch": (STIR, self._guard),
            "again": (MINUTE, self._again),
        }
        if addresses(self._app.settings):
            jobs["lists"] = (LISTS, self._ask_lists)
        jobs |= {"gaps": (GAPS, self._fill_gaps), "tidy": (TIDY, self._tidy)}
        if self._app.settings.hub.enabled or self._app.settings.hub.others:
            jobs["hub"] = (BEAT, self._tell)
        if self._deliveries is not None:
            jobs |= {"subscribe": (HUBS, self._subscribe), "deliveries": (TICK, self._deliver)}
        return jobs

    def _look(self) -> None:
        with self._watched("config"):
            if self._reloading.look(self._app.settings, self._app.store):
                self._stop.set()
            if self._reloading.complaints != self._complaints:
                self._complaints = self._reloading.complaints
                self._watch_over.stir()

    def _guard(self) -> None:
        with self._watched("watch"):
            if set(self._trouble) - {"watch"} != self._wrong:
                self._wrong = set(self._trouble) - {"watch"}
                self._watch_over.stir()
            self._watch_over.tick()

    def _again(self) -> None:
        if "tidy" in self._trouble:  # its own next time is an hour away
            self._clock.wake("tidy")

    def _ask_lists(self) -> None:
        with self._watched("lists"):
            for url in self._app.lists.due(addresses(self._app.settings)):
                if self._stop.is_set():
                    return
                ask_list(self._app.lists, url)
                self._watch_over.stir()

    def _index(self) -> None:
        with self._watched("search"):
            while not self._stop.is_set() and self._app.store.index_texts():
                self._stop.wait(0.01)  # others want to write, too

    def _tell(self) -> None:
        with self._watched("hub"):
            while self._app.hub.tick():
                pass

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
            self._figures.began_publishing()
            done = self._app.publisher.publish()
            refused = self._figures.refused
            self._figures.published(done)
            if done and (self._figures.refused != refused or done.changed):
                self._watch_over.stir()
            if done and done.changed:
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
        self._web.tell(json.dumps({"figures": self._figures.told()}))
        self._web.tell("; ".join(sorted(set(self._trouble.copy().values()))) or READY)

    def _recorded(self, polls: Sequence[Poll], recorded: Sequence[Recorded]) -> None:
        self._figures.recorded(polls, recorded)
        if any(one.new or one.changed for one in recorded):
            self._clock.wake("publish")
        if any(_stirs(each) for each in polls):
            self._watch_over.stir()

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
        config=str(settings.file),
        applied=line_of(settings),
        websub=settings.websub.enabled,
        hub=settings.hub.enabled,
        site=asdict(site),
        titles={feed.slug: feed.title for feed in settings.feeds},
        log_json=log_json,
        verbose=verbose,
    )
    return WebServer(*place, private=settings.private, module=MODULE, hello=hello.line(), hear=hear)


def _stirs(poll: Poll) -> bool:
    """Whether its source is in trouble, or was."""
    held = any(each.held is not Held.NO for each in poll.new)
    return held or poll.failure is not None or poll.claim.state.error_kind is not None


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
            no_folder = NO_LISTS if self._job == "lists" else NO_FOLDER
            self._trouble[self._job] = NO_DATABASE if no_store else no_folder
            if before is None:
                log.error("paused", job=self._job, error=str(error))
            return True
        if error is None and before is not None:
            del self._trouble[self._job]
            log.info("going on", job=self._job)
        return False

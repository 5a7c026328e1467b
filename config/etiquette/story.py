"""The rehearsal: one installation lives through nine days in half a minute, and is recorded.

`run` works as it does for an operator; only its clock is moved on, step by step, and the
verbs are used beside it or between two lives of it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from config.etiquette.bench import Bench
from config.etiquette.origin import Clocks, Origin
from config.etiquette.rules import RULES
from config.etiquette.rules.explicit import CHANGED, FEED, FORCED, PAGE
from config.etiquette.rules.headers import CONTACT
from config.etiquette.rules.secrets import FILE, TOKEN
from config.etiquette.rules.success import MAX_BODY
from config.etiquette.rules.waiting import WHOLE_HOST
from config.etiquette.seen import LEDGER, Record
from config.etiquette.stage import ALLOWED, Scene, Stage, free_ports

Told = Callable[[int, int], None]
"""(steps done, steps in all)"""

MORNING = (0.0, 0.5, 1.25, 2.5, 3.75, 5.0)
"""Hours. What comes every hour comes at each but the second."""
EVE = 5.1
DAYS = (6.25, 27.0, 54.0, 81.0, 108.0, 135.0, 162.0, 189.0)
LAST = (192.0, 192.2, 192.5, 192.8, 193.1, 194.35, 195.6)
STEPS = len(MORNING) + 6 + len(DAYS) + len(LAST)

CONFIGURATION = """\
[site]
title = "Etiquette"
url = "http://127.0.0.1:{web}"
contact = "{contact}"
[server]
listen = "127.0.0.1:{web}"
[store]
url = "sqlite:///feedmill.db"
[output]
directory = "public"
[websub]
enabled = true
[poll]
max_body = {max_body}
allow_private = ["{allowed}"]
[categories.all]
limit = 3
[categories.delta]
[categories.secrets]
"""


def rehearse(command: Sequence[str], folder: Path, told: Told) -> Record:
    """Everything, once. Raises FeedmillError when the command can't even be run."""
    with ExitStack() as closing:
        start = datetime.now(UTC)
        stage = Stage(free_ports(closing), start)
        for rule in RULES:
            rule.plan(Scene(rule.number, stage))
        clocks = Clocks(lambda: datetime.now(UTC), start)
        origin = closing.enter_context(Origin(stage, clocks))
        bench = Bench(folder, command, lambda: origin.quiet, lambda: origin.things)
        clocks.now = bench.now
        record = Record(stage, asked=origin.asked, connected=origin.connected)
        closing.callback(bench.stop)
        _Rehearsal(bench, stage, record, clocks, told).play()
        return record


class _Rehearsal:
    def __init__(
        self, bench: Bench, stage: Stage, record: Record, clocks: Clocks, told: Told
    ) -> None:
        self._bench, self._stage, self._record = bench, stage, record
        self._clocks, self._told, self._steps = clocks, told, 0

    def play(self) -> None:
        self._furnish()
        self._bench.start()
        for hour in MORNING:
            self._live(hour)
        self._bench.leave()
        self._look("morning")
        self._bench.stop()
        self._evening()
        for hour in (*DAYS, *LAST):
            self._live(hour)
        self._bench.leave()
        self._collect()

    def _furnish(self) -> None:
        files = resources.files("config.etiquette") / "tls"
        with resources.as_file(files / "authority.pem") as path:
            shutil.copy(path, self._bench.folder / "authority.pem")
        (self._bench.folder / FILE).write_text(TOKEN)
        text = CONFIGURATION.format(
            web=self._stage.ports.web, contact=CONTACT, max_body=MAX_BODY, allowed=ALLOWED
        )
        feeds = "\n".join(feed.toml() for feed in self._stage.feeds.values())
        self._bench.configure(text + feeds)

    def _act(self, name: str) -> None:
        self._clocks.act = name
        self._steps += 1
        self._told(self._steps, STEPS)

    def _live(self, hour: float) -> None:
        """`run` goes on to that hour."""
        self._act("first" if hour == 0.0 else f"{hour:g} h")
        self._bench.set_clock(hour)
        self._bench.settle()

    def _look(self, act: str) -> None:
        self._record.sources[act] = self._bench.json("sources") or []

    def _evening(self) -> None:
        """Between two lives of `run`: verbs, another configuration, a clock set back."""
        bench, said = self._bench, self._record.said
        bench.set_clock(EVE - 2)
        self._act("clock set back")
        said["poll"] = bench.verb("poll")
        bench.set_clock(EVE)
        self._act("poll --now")
        said["poll --now"] = bench.verb("poll", "--now", *self._chosen(*FORCED))
        self._act("poll --fresh")
        said["poll --fresh"] = bench.verb("poll", "--fresh", *self._chosen("fresh"))
        for act, host, path in (("add a feed", FEED, "/feed.xml"), ("add a page", PAGE, "/")):
            self._act(act)
            url = f"http://{host}:{self._stage.ports.plain}{path}"
            said[act] = bench.verb("add", url)
        self._act("restart")
        self._reconfigure()
        bench.start()
        bench.settle()

    def _chosen(self, *names: str) -> list[str]:
        urls = [self._stage.feeds[f"E15 {name}"].url for name in names]
        return [word for url in urls for word in ("--source", url)]

    def _reconfigure(self) -> None:
        """Other intervals and pauses for some, in the file as it is by now."""
        path = self._bench.folder / "feedmill.toml"
        text = path.read_text("utf-8")
        for name, every in CHANGED.items():
            feed = self._stage.feeds[f"E15 {name}"]
            start = f"url = {json.dumps(feed.url)}\nevery = "
            text = text.replace(f'{start}"{feed.every}"', f'{start}"{every}"')
        text = text.replace("[poll]\n", f"[poll]\n{WHOLE_HOST}\n")
        for feed in self._stage.feeds.values():
            if feed.brief:
                line = f"url = {json.dumps(feed.url)}\n"
                text = text.replace(line, f"{line}paused = true\n")
        path.write_text(text, "utf-8")

    def _collect(self) -> None:
        bench, record = self._bench, self._record
        self._look("end")
        record.articles = bench.json("articles", "--limit", "100000") or []
        record.said["redirects"] = bench.verb("redirects", "--json")
        bench.stop()
        record.ledger = bench.rows(LEDGER)
        record.log, record.outputs = bench.log, bench.outputs
        public = bench.folder / "public"
        record.published = {
            str(path.relative_to(public)): path.read_bytes()
            for path in sorted(public.rglob("*"))
            if path.is_file() and path.suffix != ".gz"
        }

"""The verbs that work: run, poll, publish."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, cast

import typer

from config.cli import Common, ConfigOption, Json, JsonLogs, Verbose
from config.finding import find
from config.opening import open_app
from config.showing import iso
from config.wiring import App
from feeds.errors import StoreInUse
from feeds.models import Outcome, Poll, Recorded

if TYPE_CHECKING:
    from publisher.publish import Round

PATIENCE = 15
"""Seconds that `publish` waits for another process that is publishing."""
VERIFY = 5.0
"""Seconds that `run` looks for damage before it begins: a gigabyte or so; `check` looks at all."""


def register(app: typer.Typer) -> None:
    for verb in (run, poll, publish):
        app.command()(verb)


def run(
    context: typer.Context,
    config: ConfigOption = None,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Poll on schedule, publish and serve, until SIGTERM or Ctrl-C.

    Only one `run` works on a database at a time; the other verbs may be used beside it.
    """
    from config.running import Running

    opened = open_app(context, config, log_json=log_json, verbose=verbose)
    common = cast(Common, context.obj)
    with opened as app, app.store.lock_run():
        app.store.verify(VERIFY)
        Running(settle=_settle, log_json=common.log_json, verbose=common.verbose).run(app)


_ARENA_MAX = -8  # M_ARENA_MAX of malloc.h


def _settle() -> None:
    """What is loaded and configured stays, and polls leave little in cycles: looking for it took a
    tenth of a poll, and more with each source. And glibc would give each of the threads memory of
    its own, which it keeps. What the configuration before has left is in cycles, and frozen."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)
    with contextlib.suppress(OSError, AttributeError):  # another libc
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def poll(
    context: typer.Context,
    config: ConfigOption = None,
    now: Annotated[
        bool, typer.Option("--now", help="All sources, due or not (but never before Retry-After).")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Like --now, and without validators: read all anew.")
    ] = False,
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            metavar="SOURCE",
            help="Only this one: its number, URL, FILE, or a part of its name; repeatable.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 1 when any source failed.")
    ] = False,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Poll once what is due, and wait for it. Publishing is `feedmill publish`.

    Exit code 0 when the round ran, whatever single sources said.
    """
    tally, quiet = Tally(), sys.stderr.isatty()
    with open_app(context, config, log_json=log_json, verbose=verbose, quiet=quiet) as app:
        app.sync()
        _settle()
        urls = _known(app, source)
        if now or fresh:
            app.store.make_due(urls, fresh=fresh)
        _round(app, urls, tally)
        # Before the texts of all that is new are compared: half of our memory.
        app.reader.close(server=True)
        app.link()
    tally.show(as_json)
    if strict and tally.failed:
        raise typer.Exit(1)


def publish(
    context: typer.Context,
    config: ConfigOption = None,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Write the feeds and pages of what is stored; says which files of feeds changed.

    Each document is checked before it replaces the old one. An article that would break a rule of
    the formats is kept out until it is edited, and named here; a feed that can't be published
    without breaking one stays as it was, and the exit code is 1.
    """
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        app.sync()
        app.link()
        done = published_now(app)
        folder, apart = app.settings.output, app.store.quarantined()
    if as_json:
        values = {
            "changed": list(done.changed),
            "refused": {each.feed: list(each.faults) for each in done.refused},
            "quarantined": [
                {"article": q.article_id, "rule": q.rule, "fault": q.fault, "since": iso(q.at)}
                for q in apart
            ],
            "folder": str(folder),
        }
        print(json.dumps(values))
    else:
        print(f"{len(done.changed)} feeds changed in {folder}", *done.changed, sep="\n  ")
        for one in apart:
            print(f"article {one.article_id} is kept out of all feeds: {one.rule}, {one.fault}")
        for each in done.refused:
            print(str(each), file=sys.stderr)
    if done.refused:
        raise typer.Exit(1)


def published_now(app: App) -> Round:
    """As soon as a `run` beside us, which publishes too, lets us."""
    for _ in range(PATIENCE):
        if (done := app.publisher.publish(everything=True)) is not None:
            return done
        time.sleep(1.0)
    raise StoreInUse("another process is publishing; it writes the same feeds")


class Tally:
    """What a round brought."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.new = self.changed = 0

    @property
    def failed(self) -> int:
        return self.outcomes[Outcome.FAILED]

    def count(self, polls: Sequence[Poll], recorded: Sequence[Recorded]) -> None:
        self.outcomes.update(poll.outcome.value for poll in polls)
        self.new += sum(one.new for one in recorded)
        self.changed += sum(one.changed for one in recorded)

    def show(self, as_json: bool) -> None:
        polled = sum(self.outcomes.values())
        values = {"polled": polled, "failed": self.failed, "new": self.new, "changed": self.changed}
        if as_json:
            print(json.dumps(values | {"outcomes": dict(sorted(self.outcomes.items()))}))
        else:
            print(
                f"{polled} sources polled, {self.failed} failed, "
                f"{self.new} new articles, {self.changed} changed"
            )


def _known(app: App, given: list[str] | None) -> list[str] | None:
    """The URLs as configured, of sources by any of their names. Raises ConfigError."""
    if not given:
        return None
    return [each.url for each in find(given, app.settings, app.store.sources(), "--source ")]


def _round(app: App, urls: Collection[str] | None, tally: Tally) -> None:
    from aggregator.round import run_round

    dispatcher = app.dispatcher(tally.count)
    try:
        with _progress() as progress:
            run_round(app.store, dispatcher, app.claim_time, urls=urls, progress=progress)
    finally:
        dispatcher.close(5.0)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("polling", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)

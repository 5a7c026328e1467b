"""`feedmill add`: an address becomes a source, and what was fetched to find it its first poll."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aggregator.explore import Exploration, Explorer, Found
from aggregator.identity.urls import canonical, default_rules
from config import tables
from config.changing import edit
from config.kinds import one_line
from config.poll_log import log_poll
from config.settings import ALL, Settings
from config.suggest import did_you_mean
from config.values import duration, slug, web_url
from config.wiring import App
from feeds.errors import ConfigError, EditError, FeedmillError
from feeds.models import Poll, Source
from feeds.protocols import Request, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What a front door calls the things that may be wrong, so that complaints are in its words.
    `create`: what makes the category {} that is not there; `others`, `guess`: more of a page."""

    title: str
    every: str
    category: str
    create: str
    others: str = ""
    guess: str = ""


SHELL = Door(
    title="--title",
    every="--every",
    category="--category {}",
    create="--create-category adds [categories.{}]",
    others="--pick N or --all adds others",
    guess="--guess tries the usual paths",
)
DESK = Door(
    title="title",
    every="poll every",
    category="category {}",
    create="enter it as a new one",
    guess="let the usual paths be tried",
)
API = Door(
    title="title",
    every="every",
    category="categories: {}",
    create='"create_categories": true makes it',
    guess='"guess": true tries the usual paths',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the operator said of the new source, and at which door."""

    categories: tuple[str, ...] = ()
    create: bool = False
    """Make categories that are not there yet."""
    title: str | None = None
    every: str | None = None
    allow_private: bool = False
    door: Door = SHELL

    def table(self, url: str) -> tables.Table:
        """The keys of [[sources]]."""
        table: dict[str, Any] = {"url": url}
        if self.title is not None:
            table["title"] = self.title
        if self.categories:
            table["categories"] = list(self.categories)
        if self.every is not None:
            table["every"] = self.every
        if self.allow_private:
            table["allow_private"] = True
        return table


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A new source, and its first poll (None: another process was at it)."""

    found: Found
    source: Source
    poll: Poll | None
    articles: int = 0


def address(given: str, *, at_shell: bool = False) -> str:
    """The URL that an operator means. `at_shell`: who gives it may see the files of this machine
    anyway, and is told when it is one; at the desk that would tell strangers which there are.
    Raises ConfigError."""
    text = given.strip()
    if text.lower().startswith("feed:"):
        # As in pages (aggregator.discover): where such links are still written, http is meant; a
        # server that has https leads there.
        text = text[5:].removeprefix("//")
        text = text if "://" in text else f"http://{text}"
    if "://" not in text:
        if at_shell and Path(text).is_file():
            raise ConfigError(
                [f'{text}: a local document; write [[sources]] with file = "{text}" yourself']
            )
        text = f"https://{text}"
    try:
        return web_url(text)
    except ValueError as error:
        raise ConfigError([str(error)]) from error


def check(wishes: Wishes) -> None:
    """Before anything is asked of a publisher. Raises ConfigError for what can't be written."""
    door = wishes.door
    forms = ((door.title, wishes.title, one_line), (door.every, wishes.every, duration))
    complaints = []
    for option, given, form in forms:
        try:
            if given is not None:
                form(given)
        except ValueError as error:
            complaints.append(f"{option}: {error}")
    if complaints:
        raise ConfigError(complaints)


def wanted_categories(settings: Settings, wishes: Wishes) -> list[str]:
    """The categories that have to be made. Raises ConfigError for those that nobody asked for."""
    known = [each.slug for each in settings.categories]
    new = [each for each in dict.fromkeys(wishes.categories) if each not in (*known, ALL)]
    door = wishes.door
    for each in new:
        try:
            slug(each)
        except ValueError as error:
            raise ConfigError([f"{door.category.format(each)}: {error}"]) from error
        if not wishes.create:
            raise ConfigError(
                [
                    f"{door.category.format(each)}: no such category, {did_you_mean(each, known)}; "
                    f"{door.create.format(each)}"
                ]
            )
    return new


# --- looking ----------------------------------------------------------------------------


@dataclass
class Looking:
    """Requests in their hosts' turns, counted."""

    app: App
    wishes: Wishes
    requests: int = 0
    _known: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._known = _configured(self.app)

    def explorer(self) -> Explorer:
        return Explorer(self._fetch, self.app.reader, self.configured)

    def configured(self, url: str) -> str | None:
        """`file:line` where it is a source, under whatever spelling."""
        return self._known.get(canonical(url, default_rules()) or "")

    def _fetch(self, url: str) -> Response:
        poll = self.app.settings.poll
        self.requests += 1
        response = self.app.errands.fetch(
            Request(
                url=url,
                timeout=poll.timeout,
                max_body=poll.max_body,
                allow_private=self.wishes.allow_private or poll.allow_private,
            )
        )
        self.requests += len(response.hops) - 1
        return response


def _configured(app: App) -> dict[str, str]:
    """Canonical URL → `file:line`, of the configured sources and of where they have moved to."""
    sources, rules = app.settings.sources, default_rules()
    moved = {each.url: each.fetch_url for each in app.store.sources()}
    found: dict[str, str] = {}
    for url, source in sources.items():
        for each in (url, moved.get(url)):
            if each and (name := canonical(each, rules)):
                found.setdefault(name, source.declared_at)
    return found


def none_to_add(seen: Exploration, door: Door = SHELL, *, guessed: bool = False) -> FeedmillError:
    """Why nothing could be added, and what to do."""
    if places := {each.configured: None for each in seen.found if each.configured}:
        more = f"; {door.others}" if door.others and len(seen.found) > 1 else ""
        return FeedmillError(
            f"it is configured already, at {', '.join(filter(None, places))}{more}"
        )
    if not seen.found:
        more = "" if guessed else f"{door.guess}; or "
        return FeedmillError(
            f"{seen.page}; it names no feed. {more}give the address of the feed itself"
        )
    return FeedmillError(f"{seen.page}; nothing that it names can be read as a feed")


# --- adding -----------------------------------------------------------------------------


def block(urls: Sequence[str], wishes: Wishes, new: Sequence[str]) -> str:
    """What is written, as it stands there."""
    made = [tables.table_lines(f"[categories.{each}]", _category(each)) for each in new]
    made += [tables.table_lines("[[sources]]", wishes.table(url)) for url in urls]
    return "\n".join(made)


def _category(name: str) -> tables.Table:
    return {"title": name.replace("-", " ").capitalize()}


def write(settings: Settings, urls: Sequence[str], wishes: Wishes, new: Sequence[str]) -> Settings:
    """Put them into the configuration file; the settings as they are then. Raises EditError,
    ConfigError; the file then stands as it was."""
    made = [wishes.table(url) for url in urls]
    try:
        return put(settings, made, {each: _category(each) for each in new})
    except EditError as error:
        raise EditError(f"{error}\n\n{block(urls, wishes, new)}".rstrip()) from error


def put(
    settings: Settings, sources: Sequence[tables.Table], categories: Mapping[str, tables.Table]
) -> Settings:
    """Tables of sources, and of the categories that have to be made, by slug. As `write`."""

    def change(text: str, document: dict[str, Any]) -> str:
        if categories:
            document.setdefault("categories", {}).update(categories)
            lines = [
                tables.table_lines(f"[categories.{slug}]", each)
                for slug, each in categories.items()
            ]
            text = tables.add_tables(text, "categories", lines)
        document.setdefault("sources", []).extend(sources)
        lines = [tables.table_lines("[[sources]]", each) for each in sources]
        return tables.add_tables(text, "sources", lines)

    return edit(settings, change)


def first_polls(app: App, settings: Settings, chosen: Sequence[Found]) -> list[Added]:
    """Make the store know the new sources, and record what was fetched as their first polls."""
    app.settings = settings
    # A `run` beside us sees new sources at once, and would fetch them a second time.
    app.store.sync_sources(settings.sources.values(), wait=app.claim_time)
    app.store.sync_feeds(settings.feeds)
    added = [_first_poll(app, each) for each in chosen]
    app.link()
    return added


def _first_poll(app: App, found: Found) -> Added:
    assert found.response is not None
    source = app.settings.sources[found.settled]
    claim = app.store.claim_one(source.url, app.claim_time)
    if claim is None:
        return Added(found=found, source=source, poll=None)
    poll = app.poller.given(claim, found.response, "added")
    [recorded] = app.store.record([poll])
    log_poll(poll, recorded)
    return Added(found=found, source=source, poll=poll, articles=recorded.new)

"""feedmill.toml and the environment → Settings, or every complaint at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config.complaints import Complaints, relative
from config.document import BadFile, TomlFile, read_toml
from config.environment import override
from config.schema import HubTable, MainFile, PollTable, WebSubTable
from config.settings import (
    ALL,
    HubSettings,
    PollSettings,
    RetentionSettings,
    Settings,
    SiteSettings,
    StorySettings,
    WebSubSettings,
)
from config.sources import Gathered
from config.values import Secret, ca_file, database_url, is_public_host, proxy
from feeds.errors import ConfigError
from feeds.models import Category

NAME = "feedmill.toml"


def wanted(given: Path | None, env: Mapping[str, str] = os.environ) -> Path:
    """Where it is to be: given, else $FEEDMILL_CONFIG, else in the working folder."""
    return given or Path(env.get("FEEDMILL_CONFIG") or NAME)


def find(given: Path | None, env: Mapping[str, str] = os.environ) -> Path:
    """The configuration file: given, else $FEEDMILL_CONFIG, else in the working folder.
    Raises ConfigError when it is not there."""
    path = wanted(given, env)
    if not path.is_file():
        raise ConfigError(
            [f"{relative(path)}: there is no configuration file; `feedmill init` writes one"]
        )
    return path.absolute()


def load(path: Path, env: Mapping[str, str] = os.environ, *, text: str | None = None) -> Settings:
    """Raises ConfigError with all complaints. `text`: what the file would say, before it does."""
    complaints = Complaints()
    try:
        read = read_toml(path, text)
    except BadFile as error:
        raise ConfigError([error.complaint]) from error
    file = replace(read, variables=override(read.raw, env, complaints))
    main = file.checked(MainFile, complaints)
    gathered = Gathered(path, complaints)
    gathered.add_file(file, main)
    for index, pattern in enumerate(main.include):
        if pattern is not None:
            gathered.include(file, index, pattern)
    settings = _settings(path, main, file, complaints, gathered)
    complaints.raise_any()
    return settings


def _settings(
    path: Path, main: MainFile, file: TomlFile, complaints: Complaints, gathered: Gathered
) -> Settings:
    folder, listen, url = path.parent, main.server.listen, main.site.url
    if url is None and listen.everywhere and not file.has(("site", "url")):
        text = "needed when listening on all addresses: set the public address of the feeds"
        file.complain(complaints, ("server", "listen"), text, key="site.url")
    tracking = folder / main.identity.tracking if main.identity.tracking else None
    if tracking is not None:
        _check_tracking(tracking, file, complaints)
    gathered.finish()
    return Settings(
        file=path,
        site=SiteSettings(**dict(main.site) | {"url": (url or listen.url).rstrip("/")}),
        listen=listen,
        listen_at=file.named(("server", "listen")),
        store_url=_store_url(main.store.url, folder, file, complaints),
        poll=_poll(main.poll, folder, file, complaints),
        websub=_websub(main.websub, url),
        hub=_hub(main.hub, url),
        stories=StorySettings(**dict(main.stories)),
        retention=RetentionSettings(**dict(main.retention)),
        output=folder / main.output.directory,
        private=_private(main, file, folder, complaints),
        tracking=tracking,
        categories=_all_first(gathered.categories),
        views=tuple(gathered.views.values()),
        sources=gathered.sources,
    )


def _private(main: MainFile, file: TomlFile, folder: Path, complaints: Complaints) -> Path:
    """Nowhere that a web server could serve as it is (P39)."""
    public, private = (
        (folder / each).resolve() for each in (main.output.directory, main.output.private)
    )
    if private == public or public in private.parents:
        text = f"{private} is in the public folder; choose one beside it"
        file.complain(complaints, ("output", "private"), text)
    return folder / main.output.private


def _poll(table: PollTable, folder: Path, file: TomlFile, complaints: Complaints) -> PollSettings:
    given, checked = table.proxy, dict[str, Any](proxy="", ca_file=None)
    if table.min_interval > table.max_interval:
        key = "min_interval" if file.has(("poll", "min_interval")) else "max_interval"
        text = "min_interval is longer than max_interval"
        file.complain(complaints, ("poll", key), text)
    try:
        checked["proxy"] = proxy(given.value(folder) if isinstance(given, Secret) else given)
    except ValueError as error:
        file.complain(complaints, ("poll", "proxy"), str(error))
    try:
        checked["ca_file"] = ca_file(folder / table.ca_file) if table.ca_file else None
    except ValueError as error:
        file.complain(complaints, ("poll", "ca_file"), str(error))
    return PollSettings(**dict(table) | checked)


def _websub(table: WebSubTable, site_url: str | None) -> WebSubSettings:
    enabled = _reachable(site_url) if table.enabled is None else table.enabled
    return WebSubSettings(enabled=enabled, lease=table.lease)


def _hub(table: HubTable, site_url: str | None) -> HubSettings:
    others = tuple(dict.fromkeys(url for url in table.others if url is not None))
    enabled = _reachable(site_url) if table.enabled is None else table.enabled
    return HubSettings(enabled=enabled, others=others)


def _reachable(site_url: str | None) -> bool:
    return site_url is not None and is_public_host(urlsplit(site_url).hostname or "")


def _all_first(categories: Mapping[str, Category]) -> tuple[Category, ...]:
    first = categories.get(ALL, Category(slug=ALL, title="All"))
    rest = [category for slug, category in categories.items() if slug != ALL]
    return (first, *rest)


def _check_tracking(tracking: Path, file: TomlFile, complaints: Complaints) -> None:
    from aggregator.identity.urls import BadRules, UrlRules

    try:
        UrlRules.load(tracking)
    except (BadRules, OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        text = f"{tracking.name} can't be used: {reason}"
        file.complain(complaints, ("identity", "tracking"), text)


def _store_url(url: str | Secret, folder: Path, file: TomlFile, complaints: Complaints) -> str:
    """With the path of a SQLite file made absolute."""
    try:
        return database_url(url.value(folder) if isinstance(url, Secret) else url, folder)
    except ValueError as error:
        file.complain(complaints, ("store", "url"), str(error))
        return ""

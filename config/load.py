"""feedmill.toml and the environment → Settings, or every complaint at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from config.complaints import Complaints, relative
from config.document import BadFile, Texts, TomlFile, read_toml
from config.environment import override
from config.schema import (
    AlertsTable,
    HubTable,
    MainFile,
    PollTable,
    StoreTable,
    WebSubTable,
)
from config.settings import (
    ALL,
    AlertSettings,
    DeskSettings,
    HubSettings,
    ListSettings,
    PollSettings,
    RetentionSettings,
    Settings,
    SiteSettings,
    StorySettings,
    User,
    WebSubSettings,
)
from config.sources import Gathered
from config.values import (
    SLUG,
    Secret,
    ca_file,
    database_url,
    is_address,
    is_public_host,
    no_network,
    password_hash,
    proxy,
    secret_url,
    shown,
    web_url,
)
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


def store_url_of(path: Path) -> str:
    """Where the database is, whatever else is wrong in the file. Raises ConfigError."""
    complaints = Complaints()
    try:
        raw = read_toml(path).raw
        override(raw, os.environ, complaints)
        given = StoreTable.model_validate(raw.get("store", {})).url
    except (BadFile, ValueError):
        given = StoreTable().url
    file = TomlFile(relative(path), {}, {}, {})
    return _store_url(given, path.parent, file, complaints)


def load(
    path: Path,
    env: Mapping[str, str] = os.environ,
    *,
    texts: Texts = MappingProxyType({}),
) -> Settings:
    """Raises ConfigError with all complaints. `texts`: what files would say, before they do, by
    resolved path."""
    complaints = Complaints()
    try:
        read = read_toml(path, texts.get(path.resolve()))
    except BadFile as error:
        raise ConfigError([error.complaint]) from error
    silent = not read.raw
    file = replace(read, variables=override(read.raw, env, complaints))
    main = file.checked(MainFile, complaints)
    gathered = Gathered(path, complaints, texts)
    if silent:
        gathered.silent.append(path)
    gathered.add_file(file, main)
    for index, pattern in enumerate(main.include):
        if pattern is None:
            continue
        if is_address(pattern):
            gathered.include_list(file, index, pattern, path.parent / main.lists.directory)
        else:
            gathered.include(file, index, pattern)
    gathered.add_own(path.parent / main.desk.file)
    settings = _settings(path, main, file, complaints, gathered)
    try:
        complaints.raise_any()
    except ConfigError as error:
        error.wanted = (*gathered.files, *gathered.wanted)
        raise
    return settings


def _settings(
    path: Path, main: MainFile, file: TomlFile, complaints: Complaints, gathered: Gathered
) -> Settings:
    folder, listen, url = path.parent, main.server.listen, main.site.url
    if url is None and listen.everywhere and not file.has(("site", "url")):
        text = "needed when listening on all addresses: set the public address of the feeds, "
        text += 'like "https://news.example.org"'
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
        desk=_desk(main, folder, file, complaints),
        alerts=_alerts(main.alerts, folder, file, complaints),
        lists=ListSettings(refresh=main.lists.refresh, directory=folder / main.lists.directory),
        stories=StorySettings(**dict(main.stories)),
        retention=RetentionSettings(**dict(main.retention)),
        output=folder / main.output.directory,
        private=_private(main, file, folder, complaints),
        tracking=tracking,
        categories=_all_first(gathered.categories),
        views=tuple(gathered.views.values()),
        sources=gathered.sources,
        files=tuple(gathered.files),
        silent=tuple(gathered.silent),
        includes=tuple(each for each in main.include if each is not None),
        warnings=tuple(gathered.warnings),
        opml=tuple(gathered.lists),
    )


def _desk(main: MainFile, folder: Path, file: TomlFile, complaints: Complaints) -> DeskSettings:
    users = []
    for name, table in main.desk.users.items():
        at = ("desk", "users", name)
        if not SLUG.fullmatch(name):
            text = f'{shown(name)} is no name; write small letters and digits, like "anna"'
            file.complain(complaints, at, text)
            continue
        given = table.password
        try:
            hashed = given.value(folder) if isinstance(given, Secret) else given
            users.append(User(name=name, password=password_hash(hashed), role=table.role))
        except ValueError as error:
            file.complain(complaints, (*at, "password"), error)
    trusted = tuple(each for each in main.server.trusted_proxies if each is not None)
    for index, each in enumerate(main.server.trusted_proxies):
        if each is not None and (fault := no_network(each)):
            file.complain(complaints, ("server", "trusted_proxies", index), fault)
    return DeskSettings(
        users=tuple(users),
        trusted_proxies=trusted,
        file=folder / main.desk.file,
        session=main.desk.session,
    )


def _alerts(
    table: AlertsTable, folder: Path, file: TomlFile, complaints: Complaints
) -> AlertSettings:
    webhook = None
    try:
        if isinstance(table.webhook, Secret):
            webhook = secret_url(table.webhook, folder)
        elif table.webhook is not None:
            webhook = web_url(table.webhook)
    except ValueError as error:
        file.complain(complaints, ("alerts", "webhook"), error)
    return AlertSettings(webhook=webhook, failing=table.failing, late=table.late)


def _private(main: MainFile, file: TomlFile, folder: Path, complaints: Complaints) -> Path:
    """Nowhere that a web server could serve as it is (P39)."""
    public, private = (
        (folder / each).resolve() for each in (main.output.directory, main.output.private)
    )
    if private == public or public in private.parents:
        text = f'{private} is in the public folder; write one beside it, like "var/private"'
        file.complain(complaints, ("output", "private"), text)
    return folder / main.output.private


def _poll(table: PollTable, folder: Path, file: TomlFile, complaints: Complaints) -> PollSettings:
    given, checked = table.proxy, dict[str, Any](proxy="", ca_file=None)
    if table.min_interval > table.max_interval:
        key = "min_interval" if file.has(("poll", "min_interval")) else "max_interval"
        change = "shorter" if key == "min_interval" else "longer"
        text = f"min_interval is longer than max_interval; write a {change} one"
        file.complain(complaints, ("poll", key), text)
    try:
        checked["proxy"] = proxy(given.value(folder) if isinstance(given, Secret) else given)
    except ValueError as error:
        file.complain(complaints, ("poll", "proxy"), error)
    try:
        checked["ca_file"] = ca_file(folder / table.ca_file) if table.ca_file else None
    except ValueError as error:
        file.complain(complaints, ("poll", "ca_file"), error)
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
        file.complain(complaints, ("store", "url"), error)
        return ""

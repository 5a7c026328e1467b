"""feedmill.toml and the environment → Settings, or every complaint at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.complaints import ENVIRONMENT, Complaints, did_you_mean, relative
from config.lines import Path as KeyPath
from config.lines import key_lines, line_of
from config.schema import SECTIONS, MainFile, PollTable, keys
from config.settings import ALL, PollSettings, Settings, SiteSettings
from config.sources import Gathered
from config.values import Secret
from feeds.errors import ConfigError
from feeds.models import Category

NAME = "feedmill.toml"
_PREFIX = "FEEDMILL_"
_NOT_SETTINGS = {"CONFIG", "SHARED", "CI"}
_SINGLE = ("site", "server", "store", "poll", "output", "identity")


def find(given: Path | None, env: Mapping[str, str] = os.environ) -> Path:
    """The configuration file: given, else $FEEDMILL_CONFIG, else in the working folder.
    Raises ConfigError when it is not there."""
    path = given or Path(env.get("FEEDMILL_CONFIG") or NAME)
    if not path.is_file():
        raise ConfigError(
            [f"{relative(path)}: there is no configuration file; `feedmill init` writes one"]
        )
    return path.absolute()


def load(path: Path, env: Mapping[str, str] = os.environ) -> Settings:
    """Raises ConfigError with all complaints."""
    complaints = Complaints()
    name, text = relative(path), _text(path)
    raw = _parse(name, text)
    lines = key_lines(text)
    variables = _override(raw, env, complaints)
    try:
        main = MainFile.model_validate(raw)
    except ValidationError as error:
        complaints.validation(name, lines, error, variables)
        main = _without_wrong(raw, error)
    gathered = Gathered(path.parent, complaints)
    gathered.add_file(name, lines, main)
    for pattern in main.include:
        gathered.include(name, line_of(lines, ("include",)), pattern)
    settings = _settings(path, main, lines, complaints, gathered)
    complaints.raise_any()
    return settings


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigError([f"{relative(path)}: can't be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{relative(path)}:1: not UTF-8, at byte {error.start}"]) from error


def _parse(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).rpartition(" (at ")
        line = "".join(c for c in place.partition(",")[0] if c.isdigit())
        line = line or str(text.count("\n") + 1)
        raise ConfigError([f"{name}:{line}: not TOML: {message or place}"]) from error


def _override(
    raw: dict[str, Any], env: Mapping[str, str], complaints: Complaints
) -> dict[KeyPath, str]:
    """FEEDMILL_POLL_INTERVAL=15m → [poll] interval. Returns path → variable."""
    paths: dict[str, tuple[str, str]] = {
        f"{section}_{key}".upper(): (section, key)
        for section in _SINGLE
        for key in keys(SECTIONS[section])
    }
    used: dict[KeyPath, str] = {}
    for name, value in sorted(env.items()):
        word = name.removeprefix(_PREFIX)
        if word == name or word in _NOT_SETTINGS:
            continue
        if word not in paths:
            text = f"no such setting, {did_you_mean(word, paths)}"
            complaints.add(ENVIRONMENT, 1, name, text)
            continue
        section, key = used_path = paths[word]
        if isinstance(table := raw.setdefault(section, {}), dict):
            table[key] = _value(value)
            used[used_path] = name
    return used


def _value(text: str) -> Any:
    """A TOML value where it reads as one (true, 3, ["a"]), else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, KeyError):
        return text


def _without_wrong(raw: dict[str, Any], error: ValidationError) -> MainFile:
    """What is left when everything wrong is taken out, so that the other checks can go on."""
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        _remove(raw, one["loc"])
    try:
        return MainFile.model_validate(raw)
    except ValidationError:
        return MainFile()


def _remove(node: Any, path: KeyPath) -> None:
    for i, part in enumerate(path):
        inside = node[part] if _has(node, part) else None
        if i == len(path) - 1 or not isinstance(inside, (dict, list)):
            if isinstance(node, dict):
                node.pop(part, None)
            elif _has(node, part):
                node[part] = {}  # keeps the positions of the others
            return
        node = inside


def _has(node: Any, part: str | int) -> bool:
    if isinstance(node, list):
        return isinstance(part, int) and part < len(node)
    return part in node


def _settings(
    path: Path,
    main: MainFile,
    lines: dict[KeyPath, int],
    complaints: Complaints,
    gathered: Gathered,
) -> Settings:
    name, folder = relative(path), path.parent
    listen = main.server.listen
    url = main.site.url
    if url is None and listen.everywhere:
        complaints.add(
            name,
            line_of(lines, ("server", "listen")),
            "site.url",
            "needed when listening on all addresses: set the public address of the feeds",
        )
    tracking = folder / main.identity.tracking if main.identity.tracking else None
    if tracking is not None:
        _check_tracking(tracking, name, lines, complaints)
    gathered.finish()
    return Settings(
        file=path,
        site=SiteSettings(**dict(main.site) | {"url": (url or listen.url).rstrip("/")}),
        listen=listen,
        store_url=_store_url(main.store.url, folder, name, lines, complaints),
        poll=_poll(main.poll, name, lines, complaints),
        output=folder / main.output.directory,
        tracking=tracking,
        categories=_all_first(gathered.categories),
        sources=gathered.sources,
    )


def _poll(
    table: PollTable, name: str, lines: dict[KeyPath, int], complaints: Complaints
) -> PollSettings:
    if table.min_interval > table.max_interval:
        key = "min_interval" if ("poll", "min_interval") in lines else "max_interval"
        complaints.add(
            name,
            line_of(lines, ("poll", key)),
            f"poll.{key}",
            "min_interval is longer than max_interval",
        )
    return PollSettings(**dict(table))


def _all_first(categories: Mapping[str, Category]) -> tuple[Category, ...]:
    first = categories.get(ALL, Category(slug=ALL, title="All"))
    rest = [category for slug, category in categories.items() if slug != ALL]
    return (first, *rest)


def _check_tracking(
    tracking: Path, name: str, lines: dict[KeyPath, int], complaints: Complaints
) -> None:
    from aggregator.identity.urls import BadRules, UrlRules

    try:
        UrlRules.load(tracking)
    except (BadRules, OSError, UnicodeDecodeError) as error:
        line = line_of(lines, ("identity", "tracking"))
        complaints.add(name, line, "identity.tracking", f"{tracking.name}: {error}")


def _store_url(
    url: str | Secret,
    folder: Path,
    name: str,
    lines: dict[KeyPath, int],
    complaints: Complaints,
) -> str:
    """With the path of a SQLite file made absolute."""
    line = line_of(lines, ("store", "url"))
    if isinstance(url, Secret):
        try:
            url = url.value(folder)
        except ValueError as error:
            complaints.add(name, line, "store.url", str(error))
            return ""
    if url.startswith("sqlite:///"):
        place = url.removeprefix("sqlite:///")
        return url if place in ("", ":memory:") else f"sqlite:///{folder / place}"
    if url.startswith(("postgresql+psycopg://", "postgresql://")):
        return "postgresql+psycopg://" + url.partition("://")[2]
    complaints.add(
        name,
        line,
        "store.url",
        'no database that Feedmill knows; write "sqlite:///var/feedmill.db" or '
        '"postgresql+psycopg://user@host/name"',
    )
    return ""

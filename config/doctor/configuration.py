"""The configuration: does it load, and who can read the secrets that stand in it."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config.belongings import belongings
from config.doctor.finding import Finding, bad, ok
from config.document import read_toml
from config.load import find, load
from config.settings import Settings
from feeds.errors import ConfigError

CHECK = "configuration"
_SECRET_NAME = re.compile(r"authorization|cookie|key|token|secret|password", re.IGNORECASE)


def loaded(given: Path | None) -> tuple[Settings | None, list[Finding]]:
    try:
        settings = load(find(given))
    except ConfigError as error:
        return None, [bad(CHECK, each, "correct it") for each in error.complaints]
    text = f"{len(settings.sources)} sources, {len(settings.feeds)} feeds"
    return settings, [ok(CHECK, text)]


def exposed(settings: Settings) -> Iterator[Finding]:
    """Files with secrets in plain that everybody on the machine can read."""
    for name, path in belongings(settings).files.items():
        if path.suffix != ".toml" or not _readable_by_all(path):
            continue
        if (what := next(plain_secrets(read_toml(path).raw), None)) is not None:
            text = f"{name} can be read by everybody on this machine, and holds secrets ({what})"
            advice = f'chmod o-r {name}, or keep them elsewhere ({{ file = "…" }}, {{ env = "…" }})'
            yield bad(CHECK, text, advice)
    for each in belongings(settings).left:
        name = each.removeprefix("secret file ")
        path = settings.folder / name
        if name != each and path.exists() and _readable_by_all(path):
            text = f"the secret file {name} can be read by everybody on this machine"
            yield bad(CHECK, text, f"chmod o-r {name}")


def _readable_by_all(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IROTH)


def plain_secrets(raw: Mapping[str, Any]) -> Iterator[str]:
    """The keys of secrets that stand in the file itself."""
    for section, key in (("store", "url"), ("poll", "proxy")):
        if _has_password(_at(raw, section, key)):
            yield f"{section}.{key}"
    for at, source in enumerate(raw.get("sources", ())):
        if not isinstance(source, dict):
            continue
        name = f"sources[{at + 1}]"
        if isinstance(source.get("auth"), str):
            yield f"{name}.auth"
        if source.get("secret_url") is True and isinstance(source.get("url"), str):
            yield f"{name}.url"
        for key in ("url", "proxy"):
            if _has_password(source.get(key)):
                yield f"{name}.{key}"
        headers = source.get("headers")
        for header, value in headers.items() if isinstance(headers, dict) else ():
            if isinstance(value, str) and _SECRET_NAME.search(header):
                yield f"{name}.headers.{header}"


def _at(raw: Mapping[str, Any], section: str, key: str) -> Any:
    table = raw.get(section)
    return table.get(key) if isinstance(table, dict) else None


def _has_password(url: Any) -> bool:
    try:
        return isinstance(url, str) and urlsplit(url).password is not None
    except ValueError:
        return False

"""What belongs to a configuration: its files, which a backup takes, and its secrets, which it must
not: they stand elsewhere because somebody wanted them to be nowhere else."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from config.document import BadFile, read_toml
from config.environment import overriding
from config.lines import Path as KeyPath
from config.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    files: Mapping[str, Path]
    """By their path as seen from the configuration's folder ("feedmill.toml", "lists/a.opml"); one
    that begins with ".." or "/" lies outside it. The configuration itself comes first."""
    left: tuple[str, ...]
    """What is not taken, in words: secrets, variables, documents that are too long."""


def belongings(settings: Settings, env: Mapping[str, str] = os.environ) -> Belongings:
    """Of a configuration that was loaded without complaint."""
    found = {settings.file.name: settings.file}
    raws = [read_toml(settings.file).raw]
    for path in _included(raws[0], settings.folder):
        found.setdefault(_name(path, settings.folder), path)
        if path.suffix.lower() == ".toml":
            try:
                raws.append(read_toml(path).raw)
            except BadFile:  # it was changed since it was loaded
                continue
    for extra in (settings.tracking, settings.poll.ca_file):
        if extra is not None:
            found.setdefault(_name(extra, settings.folder), extra)
    left = list(dict.fromkeys(each for raw in raws for each in _secrets(raw, ())))
    hidden = {each.removeprefix(FILE) for each in left if each.startswith(FILE)}
    for path in _documents(settings):
        if path.stat().st_size > settings.poll.max_body:
            left.append(f"document {_name(path, settings.folder)} (longer than max_body)")
        else:
            found.setdefault(_name(path, settings.folder), path)
    left += [f"{ENV}{name}" for name in overriding(env)]
    files = {name: path for name, path in found.items() if name not in hidden}
    return Belongings(files=files, left=tuple(dict.fromkeys(left)))


FILE, ENV = "secret file ", "environment variable "


def outside(name: str) -> bool:
    return Path(name).is_absolute() or ".." in Path(name).parts


def _name(path: Path, folder: Path) -> str:
    inside = Path(os.path.relpath(path, folder))
    return str(path) if ".." in inside.parts else inside.as_posix()


def _included(raw: Mapping[str, Any], folder: Path) -> Iterator[Path]:
    for pattern in raw.get("include", ()):
        # As loading goes through them.
        for each in sorted(glob.glob(pattern, root_dir=folder, recursive=True)):  # noqa: PTH207
            yield folder / each


def _documents(settings: Settings) -> Iterator[Path]:
    for url in settings.sources:
        if url.startswith("file:"):
            path = Path(url2pathname(urlsplit(url).path))
            if path.is_file():
                yield path


def _secrets(value: Any, path: KeyPath) -> Iterator[str]:
    """Every { file = "…" } and { env = "…" } but for a source that is a file."""
    if isinstance(value, dict):
        is_source = len(path) == 2 and path[0] == "sources"
        for key, word in (("file", FILE), ("env", ENV)):
            if set(value) == {key} and isinstance(value[key], str) and not is_source:
                yield f"{word}{value[key]}"
                return
        for key, each in value.items():
            yield from _secrets(each, (*path, key))
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from _secrets(each, (*path, at))

"""FEEDMILL_SECTION_KEY: single settings from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomli

from config.complaints import Complaints
from config.lines import Path as KeyPath
from config.schema import SECTIONS, keys
from config.suggest import did_you_mean

_PREFIX = "FEEDMILL_"
_NOT_SETTINGS = {"FEEDMILL_CONFIG", "FEEDMILL_SHARED", "FEEDMILL_CI", "FEEDMILL_CLOCK"}
_TYPED = ("poll", "websub", "hub", "alerts", "lists", "stories", "retention")
"""Where there are numbers and switches."""
SINGLE = ("site", "server", "store", "output", "identity", *_TYPED)
"""The sections of which each key has a variable."""


def overriding(env: Mapping[str, str]) -> list[str]:
    """The variables that are settings."""
    return sorted(each for each in env if each.startswith(_PREFIX) and each not in _NOT_SETTINGS)


def override(
    raw: dict[str, Any], env: Mapping[str, str], complaints: Complaints
) -> dict[KeyPath, str]:
    """FEEDMILL_POLL_INTERVAL=15m → [poll] interval, in `raw`. Returns path → variable."""
    paths: dict[str, tuple[str, str]] = {
        f"{section}_{key}".upper(): (section, key)
        for section in SINGLE
        for key in keys(SECTIONS[section])
    }
    used: dict[KeyPath, str] = {}
    for name in overriding(env):
        value = env[name]
        word = name.removeprefix(_PREFIX)
        if word not in paths:
            near = did_you_mean(word, paths, _PREFIX)
            complaints.environment(name, f"no such setting, {near}")
            continue
        section, key = used_path = paths[word]
        if isinstance(table := raw.setdefault(section, {}), dict):
            table[key] = _value(section, value)
            used[used_path] = name
    return used


def _value(section: str, text: str) -> Any:
    """What a variable says: in _TYPED a TOML value where it reads as one (true, 3, ["a"]), in the
    other sections, whose settings are texts, only what is quoted or a table (a secret); else the
    text itself: a title may be 2026."""
    if section not in _TYPED and not text.startswith(("{", '"', "'")):
        return text
    try:
        found = tomli.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return found["value"] if found.keys() == {"value"} else text

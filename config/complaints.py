"""Complaints about a configuration file: collected, placed at their lines, said all at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from config.lines import Path as KeyPath
from config.lines import line_of
from config.schema import SECTIONS, MainFile, Table, keys
from config.suggest import did_you_mean
from config.values import redacted, shown
from feeds.errors import ConfigError

ENVIRONMENT = "environment"
"""Stands in the place of a file for FEEDMILL_… variables."""

_LOCALE = re.compile(r"[A-Za-z]{2,3}(_[A-Za-z0-9]{2,8})+")
_BARE = re.compile(r"[\w-]+")
_KINDS = {
    "string_type": "must be a text in quotes",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": 'must be a list, like ["a", "b"]',
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
}
_FORMS = {"sources": "tables, each under [[sources]]", "categories": "tables, [categories.SLUG]"}
_FORMS |= {"views": "tables, [views.SLUG]"}
_HEADERS = {"sources": "[[sources]]", "categories": "[categories.{}]", "views": "[views.{}]"}
_LIMITS = {"greater_than_equal": ("ge", "more"), "less_than_equal": ("le", "less")}


@dataclass
class Complaints:
    """`lines` of all that was wrong, in the order of the files."""

    _found: list[tuple[str, int, str]] = field(default_factory=list)

    def add(self, file: str, line: int, key: str, text: str) -> None:
        self._found.append((file, line, f"{key}: {text}" if key else text))

    def validation(
        self,
        file: str,
        lines: dict[KeyPath, int],
        error: ValidationError,
        variables: Mapping[KeyPath, str],
        model: type[Table],
    ) -> None:
        """All that pydantic found. `variables`: settings that came from the environment."""
        for one in error.errors(include_url=False):
            path, text = one["loc"], _text(one, model)
            if (variable := variables.get(path)) is not None:
                self.environment(variable, text)
            else:
                self.add(file, line_of(lines, path), dotted(path), text)

    def environment(self, variable: str, text: str) -> None:
        """About a FEEDMILL_… variable."""
        self.add(ENVIRONMENT, 1, variable, text)

    def lines(self) -> list[str]:
        """`file:line: key: text`, in the order of the files and lines."""
        order = {file: i for i, (file, _, _) in reversed(list(enumerate(self._found)))}
        ranked = sorted(self._found, key=lambda c: (order[c[0]], c[1]))
        return [f"{file}:{line}: {text}" for file, line, text in ranked]

    def raise_any(self) -> None:
        """Raises ConfigError when there was anything."""
        if self._found:
            raise ConfigError(self.lines())

    def __bool__(self) -> bool:
        return bool(self._found)


def dotted(path: KeyPath) -> str:
    """("sources", 0, "every") → "sources[1].every": people count from one."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            word = part if _BARE.fullmatch(part) else shown(part)
            text += f".{word}" if text else word
    return text


def _text(error: ErrorDetails, model: type[Table]) -> str:
    kind, path = error["type"], error["loc"]
    if kind == "extra_forbidden":
        if len(path) == 1 and path[0] in keys(MainFile):
            return "belongs into the main file; a list has [categories.SLUG] and [[sources]] only"
        table = SECTIONS.get(str(path[0]), model) if len(path) > 1 else model
        if path[0] == "categories" and path[-1] == "sources" and len(path) == 3:
            return f'write categories = ["{path[1]}"] below each of its [[sources]]'
        if len(path) > 1 and path[-1] in ("include", *SECTIONS) and path[-1] not in keys(table):
            what = "above the first [table]" if path[-1] == "include" else "in a table of its own"
            return f"stands in [{path[0]}]; write it {what}"
        return f"unknown key, {did_you_mean(str(path[-1]), keys(table))}"
    if (form := _FORMS.get(str(path[0]))) is not None and len(path) == 1:
        return f"must be {form}, not {_safe(error['input'])}"
    given = error["input"]
    if len(path) == 2 and kind.startswith("model") and (header := _HEADERS.get(str(path[0]))):
        return f"must be a table, not {_safe(given)}; write {header.format(path[1])} and its keys"
    if kind == "list_type" and isinstance(given, str):
        return f"must be a list, not {_safe(given)}; write [{_safe(given)}]"
    if kind in _KINDS:
        return f"{_KINDS[kind]}, not {_safe(given)}"
    if kind == "string_pattern_mismatch":
        hyphen = shown(given.replace("_", "-"))
        likely = hyphen if _LOCALE.fullmatch(given) else 'one like "en" or "pt-BR"'
        return f"{_safe(given)} is no language tag; write {likely}"
    if kind == "literal_error":
        words = error["ctx"]["expected"].replace("'", '"')
        return f"{_safe(given)} is not understood; write {words}"
    if kind in _LIMITS:
        bound, way = _LIMITS[kind]
        return f"{_safe(given)} is out of range; write {error['ctx'][bound]} or {way}"
    return error["msg"]


def _safe(value: object) -> str:
    """An address may hold a password, wherever it was put; a table or a list even more so."""
    if isinstance(value, (dict, list)):
        return "a table" if isinstance(value, dict) else "a list"
    return redacted(value) if isinstance(value, str) and "://" in value else shown(value)


def relative(path: Path) -> str:
    """A path as complaints name it: relative to the working folder when it is inside."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)

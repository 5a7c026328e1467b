"""Complaints about a configuration file: collected, placed at their lines, said all at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from config.discretion import NONE_HERE
from config.lines import Path as KeyPath
from config.schema import SECTIONS, MainFile, Table, UserTable, keys
from config.suggest import did_you_mean
from config.values import shown
from feeds.errors import ConfigError

if TYPE_CHECKING:
    from config.document import TomlFile

ENVIRONMENT = "environment"
"""Stands in the place of a file for FEEDMILL_… variables."""

_LOCALE = re.compile(r"[A-Za-z]{2,3}(_[A-Za-z0-9]{2,8})+")
_KINDS = {
    "string_type": "must be a text in quotes",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "float_type": "must be a number like 0.5, without quotes",
    "list_type": 'must be a list, like ["a", "b"]',
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
}
_FORMS = {"sources": "tables, each under [[sources]]", "categories": "tables, [categories.SLUG]"}
_FORMS |= {"views": "tables, [views.SLUG]"}
_HEADERS = {"sources": "[[sources]]", "categories": "[categories.{}]", "views": "[views.{}]"}
_LIMITS = {"greater_than_equal": ("ge", " or more"), "less_than_equal": ("le", " or less")}
_LIMITS |= {"greater_than": ("gt", " at least, and something above it")}
_MISSING = {
    "password": 'password = "…" with the line that `feedmill password` prints',
    "role": 'role = "editor" or role = "admin"',
}
"""Keys that must be there, and how they are written."""


@dataclass
class Complaints:
    """`lines` of all that was wrong, in the order of the files."""

    _found: list[tuple[str, int, str]] = field(default_factory=list)

    def add(self, file: str, line: int, key: str, text: str) -> None:
        self._found.append((file, line, f"{key}: {text}" if key else text))

    def validation(self, file: TomlFile, error: ValidationError, model: type[Table]) -> None:
        """All that pydantic found in that file."""
        for one in error.errors(include_url=False):
            path, faults = one["loc"], one.get("ctx", {}).get("faults")
            for at, text in faults or [((), _text(one, model, secret=file.secret(path)))]:
                file.complain(self, (*path, *at), text)

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


def _text(error: ErrorDetails, model: type[Table], *, secret: bool) -> str:
    """In words, with what would be right. `secret`: the value is not to be repeated."""
    kind, path, given = error["type"], error["loc"], error["input"]
    context = error.get("ctx", {})
    if kind == "wrong":
        return str(context["discreet"] or NONE_HERE if secret else context["text"])
    if kind == "extra_forbidden":
        return _unknown_key(path, model)
    if kind == "missing":
        return f"is missing; write {_MISSING[str(path[-1])]}"
    quoted = "" if secret else shown(given)
    instead = f", not {quoted}" if quoted else ""
    if (form := _FORMS.get(str(path[0]))) is not None and len(path) == 1:
        return f"must be {form}{instead}"
    if len(path) == 2 and kind.startswith("model") and (header := _HEADERS.get(str(path[0]))):
        return f"must be a table{instead}; write {header.format(path[1])} and its keys"
    if path[:2] == ("desk", "users") and kind.startswith("model"):
        return f"must be a table; write [desk.users.{path[2]}] with password and role below it"
    if kind == "list_type" and isinstance(given, str) and quoted:
        return f"must be a list{instead}; write [{quoted}]"
    if kind in _KINDS:
        return f"{_KINDS[kind]}{instead}"
    if kind == "string_pattern_mismatch":
        hyphen = shown(given.replace("_", "-"))
        likely = hyphen if _LOCALE.fullmatch(given) else 'one like "en" or "pt-BR"'
        return f"{quoted} is no language tag; write {likely}"
    if kind == "literal_error":
        words = context["expected"].replace("'", '"')
        return f"{quoted or 'what stands there'} is not understood; write {words}"
    if kind in _LIMITS:
        bound, way = _LIMITS[kind]
        return f"{quoted} is out of range; write {context[bound]:g}{way}"
    return error["msg"]


def _unknown_key(path: KeyPath, model: type[Table]) -> str:
    key, above = str(path[-1]), str(path[0])
    if len(path) == 1 and key in keys(MainFile):
        return "belongs into the main file; a list has [categories.SLUG] and [[sources]] only"
    if above == "categories" and key == "sources" and len(path) == 3:
        return f'write categories = ["{path[1]}"] below each of its [[sources]]'
    table = SECTIONS.get(above, model) if len(path) > 1 else model
    if path[:2] == ("desk", "users"):
        table = UserTable
    if len(path) > 1 and key in ("include", *SECTIONS) and key not in keys(table):
        what = "above the first [table]" if key == "include" else "in a table of its own"
        return f"stands in [{above}]; write it {what}"
    return f"unknown key, {did_you_mean(key, keys(table))}"


def relative(path: Path) -> str:
    """A path as complaints name it: relative to the working folder when it is inside."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)

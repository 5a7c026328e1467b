"""One TOML file: its text, its tables, and the lines of its keys; checked against its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import tomli  # tomllib compiled: a third of the time
from pydantic import ValidationError

from config.complaints import ENVIRONMENT, Complaints, relative
from config.discretion import hidden_sources, is_secret, said
from config.dotted import dotted
from config.lines import Path as KeyPath
from config.lines import key_lines, line_of
from config.schema import ListFile
from config.syntax import explained, unreadable
from config.values import one_line_of

F = TypeVar("F", bound=ListFile)


Texts = Mapping[Path, tuple[str, dict[str, Any]]]
"""What files would say, before they do, by resolved path: (without byte order mark, as TOML)."""


class BadFile(ValueError):
    """A file that is no TOML at all. `complaint`: the whole line."""

    def __init__(self, name: str, line: int | None, text: str) -> None:
        self.complaint = f"{name}:{line}: {text}" if line else f"{name}: {text}"
        super().__init__(self.complaint)
        self.name, self.line, self.text = name, line or 1, text


@dataclass(frozen=True, slots=True)
class TomlFile:
    """`name`: as complaints say it. `variables`: settings that the environment gave instead."""

    name: str
    raw: dict[str, Any]
    lines: dict[KeyPath, int]
    variables: Mapping[KeyPath, str]
    hidden: frozenset[int] = frozenset()
    """The places of sources whose address is a secret."""

    def secret(self, path: KeyPath) -> bool:
        """Whether complaints must not repeat what stands there."""
        return is_secret(path, self.hidden)

    def has(self, path: KeyPath) -> bool:
        """Whether the key is given at all, rightly or wrongly."""
        return path in self.lines or path in self.variables

    def line(self, path: KeyPath) -> int:
        return line_of(self.lines, path)

    def place(self, path: KeyPath) -> str:
        """`file:line` of that key, or of the variable that stands for it."""
        return f"{ENVIRONMENT}:1" if path in self.variables else f"{self.name}:{self.line(path)}"

    def named(self, path: KeyPath) -> str:
        """The place and the key, as a complaint begins."""
        return f"{self.place(path)}: {self.variables.get(path) or dotted(path)}"

    def complain(
        self, complaints: Complaints, path: KeyPath, what: str | ValueError, key: str = ""
    ) -> None:
        """At the line of that key, or at the variable that stands for it. `what`: a text that
        repeats no secret, or what a checker said, which is told without the value where that may be
        one."""
        text = what if isinstance(what, str) else said(what, secret=self.secret(path))
        if (variable := self.variables.get(path) or self.variables.get(path[:2])) is not None:
            complaints.environment(variable, text if not key else f"{key}: {text}")
        else:
            complaints.add(self.name, self.line(path), key or dotted(path), text)

    def checked(self, model: type[F], complaints: Complaints) -> F:
        """What is right in it; what is wrong is complained of and left out, so that the other
        checks can go on."""
        try:
            return model.model_validate(self.raw)
        except ValidationError as error:
            complaints.validation(self, error, model)
            for one in error.errors(include_url=False, include_context=False, include_input=False):
                # A table that lacks a key goes as a whole: nothing else would make it right.
                path = one["loc"]
                _remove(self.raw, path[:-1] if one["type"] == "missing" else path)
        try:
            return model.model_validate(self.raw)
        except ValidationError:
            return model()


def read_toml(path: Path, given: tuple[str, dict[str, Any]] | None = None) -> TomlFile:
    """Raises BadFile. `given`: what it would say, before it does."""
    name = relative(path)
    if given is not None:
        text, raw = given[0].replace("\r\n", "\n"), given[1]
    else:
        text = _text(name, path)
        raw = _parse(name, text)
    return TomlFile(name, raw, key_lines(text), {}, hidden_sources(raw))


def _text(name: str, path: Path) -> str:
    try:
        body = path.read_bytes()
    except OSError as error:
        raise BadFile(name, None, f"can't be read: {error.strerror}") from error
    try:
        # As tomli.load does; a byte order mark is what some editors write.
        return body.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        text = f"not UTF-8 (byte {body[error.start]:#04x}); save the file as UTF-8"
        raise BadFile(name, line, text) from error


def _parse(name: str, text: str) -> dict[str, Any]:
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        message, _, place = str(error).rpartition(" (at ")
        line = "".join(c for c in place.partition(",")[0] if c.isdigit())
        number = int(line) if line else text.count("\n") + 1
        words = one_line_of(explained(message or place, text, number), 300)
        raise BadFile(name, number, f"not TOML: {words}") from error
    except (RecursionError, ValueError) as error:  # int() of more digits than Python takes
        number, words = unreadable(text, error)
        raise BadFile(name, number, f"not TOML that can be read: {words}") from error


def _remove(node: Any, path: KeyPath) -> None:
    for i, part in enumerate(path):
        inside = node[part] if _has(node, part) else None
        if i == len(path) - 1 or not isinstance(inside, (dict, list)):
            if isinstance(node, dict):
                node.pop(part, None)
            elif _has(node, part):
                node[part] = None  # keeps the positions of the others
            return
        node = inside


def _has(node: Any, part: str | int) -> bool:
    if isinstance(node, list):
        return isinstance(part, int) and part < len(node)
    return part in node

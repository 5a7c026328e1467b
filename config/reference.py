"""docs/settings.md, made of the models in config/schema.py: `python -m config.reference`.

Nothing else reads the explanations, so they are parsed here and not when a verb starts.
"""

from __future__ import annotations

import ast
import inspect
import sys
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

from config.environment import SINGLE
from config.kinds import Words
from config.schema import SECTIONS, MainFile, Table
from config.values import Address

COMMAND = "make reference"
NONE = "–"
"""No default, or one that the explanation tells."""

_HEADINGS = {
    "categories": "[categories.SLUG]",
    "views": "[views.SLUG]",
    "sources": "[[sources]]",
    "desk.users": "[desk.users.NAME]",
}
_SCALES = (("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_INTRO = f"""\
# Settings

Every key of `feedmill.toml`, by table. [configuration.md](configuration.md) tells how the file is
found and checked, and what stands behind the keys. `{COMMAND}` makes this page of the models in
config/schema.py.

- A *duration* is a number with `s`, `m`, `h`, `d` or `w`: `"90s"`, `"1.5h"`.
- A *size* is a number with `B`, `kB`, `MB`, `GB`, `KiB`, `MiB` or `GiB`, or one of bytes.
- A *secret* stands elsewhere: `{{ env = "NAME" }}` or `{{ file = "path" }}`.
- Paths are relative to the folder of the file.
- `{NONE}` for a default: there is none, or its explanation tells what holds then.
"""


@dataclass(frozen=True, slots=True)
class Key:
    """One line of the reference, in Markdown."""

    name: str
    kind: str
    default: str
    range: str
    text: str

    @property
    def line(self) -> str:
        cells = (f"`{self.name}`", self.kind, self.default, self.range, self.text)
        return f"| {' | '.join(cells)} |"


def render() -> str:
    """The whole page. The same on every machine."""
    parts = [_INTRO, "\n".join(_table("", MainFile))]
    for name, of in SECTIONS.items():
        parts.append("\n".join(_table(name, of)))
        parts += ["\n".join(_table(f"{name}.{key}", one)) for key, one in _inner(of)]
    return "\n".join(parts)


def keys(of: type[Table]) -> list[Key]:
    """The keys of a table that are no tables themselves, in the order of the model."""
    texts = explanations(of)
    return [
        _key(name, field, texts.get(name, ""))
        for name, field in of.model_fields.items()
        if of is not MainFile or name not in SECTIONS
    ]


def _inner(of: type[Table]) -> Iterator[tuple[str, type[Table]]]:
    """Tables within that one, by name."""
    for key, field in of.model_fields.items():
        if typing.get_origin(field.annotation) is dict and of is not MainFile:
            yield key, typing.get_args(field.annotation)[1]


def explanations(of: type[Table]) -> dict[str, str]:
    """What stands below each field in the source, its own and its bases', on one line."""
    found: dict[str, str] = {}
    for model in reversed(of.__mro__):
        if model is not Table and issubclass(model, Table):
            [body] = ast.parse(inspect.getsource(model)).body
            found |= dict(_documented(typing.cast(ast.ClassDef, body)))
    return found


def _documented(body: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for one, after in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(one, ast.AnnAssign)
            and isinstance(one.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            yield one.target.id, " ".join(str(after.value.value).split())


def _table(name: str, of: type[Table]) -> Iterator[str]:
    if name:
        yield f"## {_HEADINGS.get(name, f'[{name}]')}\n"
    yield " ".join((of.__doc__ or "").split())
    if name in SINGLE:
        variable = f"FEEDMILL_{name}_{next(iter(of.model_fields))}".upper()
        yield f"From the environment, too: `{variable}` and so on."
    yield "\n| key | type | default | range | meaning |\n|---|---|---|---|---|"
    yield from (key.line for key in keys(of))
    yield ""


def _key(name: str, field: FieldInfo, text: str) -> Key:
    kind, range_ = _kind(field.annotation, field.metadata)
    return Key(name, kind, _default(kind, field), range_ or NONE, text)


def _kind(annotation: Any, metadata: list[Any]) -> tuple[str, str]:
    """The type and its range. `metadata`: what stood beside the annotation."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _kind(arguments[0], [*_flat(arguments[1:]), *metadata])
    if origin in (types.UnionType, typing.Union):
        [one] = [each for each in arguments if each is not types.NoneType]
        return _kind(one, metadata)
    if words := next((each for each in metadata if isinstance(each, Words)), None):
        return words.one, words.range
    if origin is list:
        return f"list of {_many(arguments[0])}", ""
    if origin is typing.Literal:
        return " or ".join(f'`"{each}"`' for each in arguments), ""
    if annotation is bool:
        return "`true` or `false`", ""
    if annotation is int:
        return "whole number", _range(metadata)
    if annotation is float:
        return "number", _range(metadata)
    if origin is dict:
        return "tables, one for each name", ""
    raise TypeError(f"no words for {annotation}: give it Words in config/kinds.py")


def _many(annotation: Any) -> str:
    for each in (annotation, *typing.get_args(annotation)):
        for words in getattr(each, "__metadata__", ()):
            if isinstance(words, Words):
                return words.many or f"{words.one}s"
    raise TypeError(f"no words for {annotation}: give it Words in config/kinds.py")


def _flat(metadata: tuple[Any, ...]) -> Iterator[Any]:
    """Field(ge=1) keeps its limits in a list of its own."""
    for each in metadata:
        yield from each.metadata if isinstance(each, FieldInfo) else (each,)


def _range(metadata: list[Any]) -> str:
    above = next((each.gt for each in metadata if isinstance(each, Gt)), None)
    low = next((each.ge for each in metadata if isinstance(each, Ge)), None)
    high = next((each.le for each in metadata if isinstance(each, Le)), None)
    if above is not None:
        return f"above {above}, up to {high}"
    return f"{low} to {high}" if high is not None else f"{low} or more" if low is not None else ""


def _default(kind: str, field: FieldInfo) -> str:
    if field.default_factory in (list, dict):
        return "`[]`" if field.default_factory is list else "`{}`"
    value = field.default
    # A readers' count depends on the machine.
    if field.default_factory is not None or value is None or field.is_required():
        return NONE
    return f"`{_toml(kind, value)}`"


def _toml(kind: str, value: Any) -> str:
    """As it would be written in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Address):
        return f'"{value.host}:{value.port}"'
    if kind == "duration":
        return f'"{duration(value)}"'
    if kind == "size":
        return f'"{value // 1_000_000}MB"'
    return f'"{value}"' if isinstance(value, str) else str(value)


def duration(seconds: float) -> str:
    """In the largest unit that says it whole: 3600.0 → "1h"."""
    if not seconds:
        return "0s"
    unit, scale = next((each for each in _SCALES if seconds % each[1] == 0), ("s", 1))
    return f"{seconds / scale:g}{unit}"


if __name__ == "__main__":
    sys.stdout.write(render())

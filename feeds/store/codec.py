"""How values lie in columns: times as integers, structures as msgspec JSON, keys packed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, TypeVar

import msgspec
from sqlalchemy import BigInteger, Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

from feeds.models import Asked, Entry, Hints, Key, KeyKind, Move, Validators
from feeds.text import xml_safe

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Whole microseconds since 1970, exactly. Raises TypeError for a naive time."""
    return (moment - EPOCH) // _MICROSECOND


def moment(value: int) -> datetime:
    return EPOCH + timedelta(microseconds=value)


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime as integer microseconds: alike on both databases, and sortable."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else moment(value)


class Struct(TypeDecorator[Any]):
    """A model (or a tuple of strings) as JSON bytes; its defaults are left out."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.shape = shape

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        return None if value is None else encode(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else self.decoded(value)

    def decoded(self, value: bytes) -> Any:
        """As it lies in a row."""
        return _decoder(self.shape).decode(value)


@dataclasses.dataclass(frozen=True, slots=True)
class _Shape:
    """Of a model: its fields, what each has by default, and how to take all out at once."""

    names: tuple[str, ...]
    defaults: tuple[Any, ...]
    values: Callable[[Any], tuple[Any, ...]]


_PLAIN = _Shape((), (), lambda _value: ())
"""Of whatever is no model."""
_SHAPES: dict[type[Any], _Shape] = {}
_DECODERS: dict[Any, msgspec.json.Decoder[Any]] = {}


def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    if (found := _DECODERS.get(shape)) is None:
        found = _DECODERS[shape] = msgspec.json.Decoder(shape)
    return found


def encode(value: Any) -> bytes:
    """JSON without the fields that stand at their default: an entry is half as long so.
    Raises UnicodeEncodeError for a lone surrogate."""
    return msgspec.json.encode(_lean(value))


def _lean(value: Any) -> Any:
    kind = type(value)
    if kind is tuple:
        return [_lean(each) for each in value]
    if (shape := _SHAPES.get(kind)) is None:
        shape = _SHAPES[kind] = _shape(kind)
    if shape is _PLAIN:
        return value
    return {
        name: each if type(each) is str else _lean(each)
        for name, default, each in zip(
            shape.names, shape.defaults, shape.values(value), strict=True
        )
        if each is not default and each != default
    }


def _shape(kind: type[Any]) -> _Shape:
    if not dataclasses.is_dataclass(kind):
        return _PLAIN
    fields = dataclasses.fields(kind)
    names = tuple(field.name for field in fields)
    several = len(names) > 1  # of one name attrgetter gives the value, and no tuple of it
    values = attrgetter(*names) if several else lambda value: (getattr(value, names[0]),)
    return _Shape(names, tuple(map(_default, fields)), values)


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


ASKED = Struct(Asked)
ENTRY = Struct(Entry)
HINTS = Struct(Hints)
VALIDATORS = Struct(Validators)
MOVE = Struct(Move)
WORDS = Struct(tuple[str, ...])

_KINDS = {int(kind): kind for kind in KeyKind}
_KEY = 18  # kind, shared, 16 bytes of digest


def pack(keys: Iterable[Key]) -> bytes:
    """Keys as one run of bytes, sorted: an article carries its own, so that they need no index
    by article beside the one by key."""
    return b"".join(bytes((key.kind, key.shared)) + key.digest for key in sorted(set(keys)))


def unpack(packed: bytes) -> tuple[Key, ...]:
    return tuple(
        Key(kind=_KINDS[packed[at]], shared=bool(packed[at + 1]), digest=packed[at + 2 : at + _KEY])
        for at in range(0, len(packed), _KEY)
    )


def parts(packed: bytes) -> list[tuple[bytes, int, bool]]:
    """(digest, kind, shared) of each: `unpack` for those who only write them down."""
    return [
        (packed[at + 2 : at + _KEY], packed[at], bool(packed[at + 1]))
        for at in range(0, len(packed), _KEY)
    ]


def text(value: str | None) -> str | None:
    """Text as both databases can hold it: PostgreSQL refuses NUL."""
    return None if value is None else xml_safe(value)

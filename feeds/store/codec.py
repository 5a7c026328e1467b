"""How values lie in columns: times as integers, structures as msgspec JSON, keys packed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from sqlalchemy import BigInteger, Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

from feeds.models import Entry, Hints, Key, KeyKind, Move, Validators
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
        return None if value is None else _decoder(self.shape).decode(value)


_DECODERS: dict[Any, msgspec.json.Decoder[Any]] = {}
_DEFAULTS: dict[type[Any], tuple[tuple[str, Any], ...]] = {}


def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    if (found := _DECODERS.get(shape)) is None:
        found = _DECODERS[shape] = msgspec.json.Decoder(shape)
    return found


def encode(value: Any) -> bytes:
    """JSON without the fields that stand at their default: an entry is half as long so.
    Raises UnicodeEncodeError for a lone surrogate."""
    return msgspec.json.encode(_lean(value))


def _lean(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_lean(each) for each in value]
    if not dataclasses.is_dataclass(value):
        return value
    kind: type[Any] = type(value)
    defaults = _DEFAULTS.get(kind)
    if defaults is None:
        defaults = _DEFAULTS[kind] = tuple((f.name, _default(f)) for f in dataclasses.fields(kind))
    pairs = ((name, getattr(value, name), default) for name, default in defaults)
    return {name: _lean(each) for name, each, default in pairs if each != default}


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


ENTRY = Struct(Entry)
HINTS = Struct(Hints)
VALIDATORS = Struct(Validators)
MOVE = Struct(Move)
WORDS = Struct(tuple[str, ...])

_KEY = 18  # kind, shared, 16 bytes of digest


def pack(keys: Iterable[Key]) -> bytes:
    """Keys as one run of bytes, sorted: an article carries its own, so that they need no index
    by article beside the one by key."""
    return b"".join(bytes((key.kind, key.shared)) + key.digest for key in sorted(set(keys)))


def unpack(packed: bytes) -> tuple[Key, ...]:
    return tuple(
        Key(
            kind=KeyKind(packed[at]), shared=bool(packed[at + 1]), digest=packed[at + 2 : at + _KEY]
        )
        for at in range(0, len(packed), _KEY)
    )


def text(value: str | None) -> str | None:
    """Text as both databases can hold it: PostgreSQL refuses NUL."""
    return None if value is None else xml_safe(value)

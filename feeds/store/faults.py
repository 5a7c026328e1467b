"""What SQLAlchemy, SQLite and PostgreSQL raise, as errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from feeds.errors import CorruptStore, StoreBusy, StoreError, StoreFull

# PostgreSQL, appendix A: classes of SQLSTATE, longest prefix first.
_STATES: tuple[tuple[str, type[StoreError]], ...] = (
    ("53100", StoreFull),  # disk_full
    ("XX001", CorruptStore),  # data_corrupted
    ("XX002", CorruptStore),  # index_corrupted
    ("53", StoreBusy),  # insufficient_resources
    ("08", StoreBusy),  # connection_exception
    ("57", StoreBusy),  # operator_intervention: shutting down, starting up
    ("40", StoreBusy),  # transaction_rollback: deadlock, serialization
    ("55P03", StoreBusy),  # lock_not_available
)
_WORDS: tuple[tuple[str, type[StoreError]], ...] = (
    ("database is locked", StoreBusy),
    ("table is locked", StoreBusy),
    ("disk is full", StoreFull),
    ("malformed", CorruptStore),
    ("not a database", CorruptStore),
    ("unable to open", StoreError),
    ("readonly", StoreError),
    ("disk i/o", StoreError),
    ("authentication failed", StoreError),
    ("does not exist", StoreError),
    ("connection", StoreBusy),
)
_SAYS = {
    StoreBusy: "the database is busy or away",
    StoreFull: "the database can't grow: the disk is full",
    StoreError: "the database can't be used",
}


@contextmanager
def translated() -> Iterator[None]:
    """Turns every error of the libraries into a StoreError; ours pass."""
    try:
        yield
    except exc.SQLAlchemyError as error:
        raise translate(error) from error


def translate(error: exc.SQLAlchemyError) -> StoreError:
    """The database's own words, never the statement: its values may be secrets (E32)."""
    if isinstance(error, exc.TimeoutError):
        return StoreBusy("the database is busy: no connection became free")
    if not isinstance(error, exc.DBAPIError):
        return StoreError(f"{_SAYS[StoreError]}: {type(error).__name__}")
    words = " ".join(str(error.orig).split("\nLINE ")[0].split("\nDETAIL:")[0].split())
    kind = _kind(error, words.lower())
    return damaged(words) if kind is CorruptStore else kind(f"{_SAYS[kind]}: {words}")


def damaged(words: str) -> CorruptStore:
    """Says what is to be done, too."""
    return CorruptStore(
        f"the database is damaged: {words}; stop, and put a backup in its place "
        "(`feedmill restore`), or move it away to begin anew"
    )


def _kind(error: exc.DBAPIError, words: str) -> type[StoreError]:
    state = getattr(error.orig, "sqlstate", None) or ""
    for prefix, kind in _STATES:
        if state.startswith(prefix):
            return kind
    if isinstance(error, exc.IntegrityError | exc.DataError | exc.ProgrammingError):
        return StoreError
    for part, kind in _WORDS:
        if part in words:
            return kind
    server = hasattr(error.orig, "sqlstate")
    if error.connection_invalidated or (server and isinstance(error, exc.InterfaceError)):
        return StoreBusy
    return StoreError

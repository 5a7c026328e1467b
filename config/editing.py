"""The one door that writes the configuration: whole or not at all, and never over an edit of
somebody else's. What is spliced into its text is config.tables' affair; it is read again here and
compared with what was meant, so that a wrong splice is refused, not written.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import tomli

from config.complaints import relative
from feeds.errors import EditError

Checked = TypeVar("Checked")

PATIENCE = 10.0
"""Seconds to wait for another editor of the same file."""
_BOM = "\ufeff"


class Unplaced(EditError):
    """What was meant is not what TOML would read."""


# --- files


def edit(
    path: Path,
    change: Callable[[str, dict[str, Any]], str],
    check: Callable[[str, dict[str, Any]], Checked],
) -> Checked:
    """Write what `change` makes of the file's text in its place; what `check` made of that.

    `change(text, document)` gets and gives the text without byte order mark, and does to the
    document, which is what the text says, what it does to the text. `check(text, document)` raises
    what is to stop the writing. Raises EditError; whatever is raised, the file stands as it was.
    """
    real = path.resolve()
    _refuse_read_only(real, relative(path))
    with _alone(real):
        before = _read(real)
        bom, text, document = _understood(before, relative(path))
        try:
            after = change(text, document)
            after.encode("utf-8")
        except (TypeError, UnicodeEncodeError) as error:
            raise EditError(f"TOML has no such value: {error}; nothing was written") from error
        _compare(after, document)
        result = check(after, document)
        _replace(real, before, (bom + after).encode("utf-8"))
    return result


def read(path: Path) -> dict[str, Any]:
    """What a file says now. Raises EditError."""
    return _understood(_read(path), relative(path))[2]


def _refuse_read_only(path: Path, name: str) -> None:
    # Root may write what is marked as not to be written; it was marked for a reason.
    try:
        marked = not path.stat().st_mode & 0o222
    except OSError as error:
        raise EditError(f"{name}: can't be edited: {error.strerror}") from error
    if marked or not os.access(path, os.W_OK):
        raise EditError(f"{name} is read-only: make it writable, or write the lines yourself")
    if not os.access(path.parent, os.W_OK):
        raise EditError(
            f"the folder of {name} is read-only, so that it can't be replaced: make the folder "
            "writable, or write the lines yourself"
        )


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Among editors that come through this door. The folder is locked: it leaves no file there,
    and the file itself is another one after each edit."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise EditError(f"{relative(path)}: another process edits it") from error
                time.sleep(0.02)
        yield
    finally:
        os.close(folder)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EditError(f"{relative(path)}: can't be read: {error.strerror}") from error


def _understood(body: bytes, name: str) -> tuple[str, str, dict[str, Any]]:
    """(its byte order mark, its text, what it says); it may have been edited since then."""
    try:
        text = body.decode("utf-8")
        bom, text = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
        return bom, text, tomli.loads(text)
    except (UnicodeDecodeError, tomli.TOMLDecodeError) as error:
        raise EditError(f"{name} is no TOML at the moment: {error}") from error


def _compare(after: str, wanted: dict[str, Any]) -> None:
    try:
        found = tomli.loads(after)
    except tomli.TOMLDecodeError as error:
        raise Unplaced(f"no place for it was found ({error})") from error
    if found != wanted:
        raise Unplaced("no place for it was found")


def _replace(path: Path, before: bytes, after: bytes) -> None:
    """Atomically, with the old file's mode, owner and attributes. Raises EditError, also when it
    was edited by hand meanwhile."""
    name = relative(path)
    try:
        number, made = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(after)
                file.flush()
                _like(path, Path(made))
                os.fsync(file.fileno())
            if path.read_bytes() != before:
                raise EditError(f"{name} was edited meanwhile; nothing was written, try again")
            Path(made).replace(path)
        except BaseException:
            Path(made).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise EditError(
            f"{name}: can't be replaced ({error.strerror}); write the lines yourself"
        ) from error


def _like(old: Path, new: Path) -> None:
    found = old.stat()
    if (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(new, found.st_uid, found.st_gid)
    shutil.copystat(old, new)
    os.utime(new)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

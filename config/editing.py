"""The one door that writes the configuration: whole or not at all, in one file or several, and
never over an edit of somebody else's. What is spliced into its text is config.tables' affair; it
is read again here and compared with what was meant, so that a wrong splice is refused, not written.
"""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import tomli

from config.complaints import relative
from feeds.errors import EditError

Checked = TypeVar("Checked")
Said = tuple[str, dict[str, Any]]
"""A file's text, and what it says."""
Change = Callable[[str, dict[str, Any]], str]

PATIENCE = 10.0
"""Seconds to wait for another editor of the same file."""
_BOM = "\ufeff"


class Unplaced(EditError):
    """What was meant is not what TOML would read. `path`: of the file, as it was named."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(text)
        self.path = path


# --- files


def edit_all(
    changes: Mapping[Path, Change], check: Callable[[Mapping[Path, Said]], Checked]
) -> Checked:
    """Write what each change makes of its file's text in its place; what `check` made of them.

    `change(text, document)` gets and gives the text without byte order mark, and does to the
    document, which is what the text says, what it does to the text. `check` gets both of all files
    by resolved path, and raises what is to stop the writing. Raises EditError. Whatever is raised,
    the files stand as they were; should one of them be past that, its name is in the error.
    """
    for path in changes:
        _refuse_read_only(path.resolve(), relative(path))
    with ExitStack() as stack:
        stack.enter_context(_uncollected())
        for folder in sorted({path.resolve().parent for path in changes}):
            stack.enter_context(_alone(folder, changes))
        written = [_changed(path, change) for path, change in changes.items()]
        result = check({each.path: (each.text, each.document) for each in written})
        _write(written)
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """A file as it is to be."""

    path: Path
    before: bytes
    after: bytes
    text: str
    document: dict[str, Any]


def _changed(path: Path, change: Change) -> _Written:
    real = path.resolve()
    before = _read(real)
    bom, text, document = _understood(before, relative(path))
    try:
        after = change(text, document)
        body = (bom + after).encode("utf-8")
    except (TypeError, UnicodeEncodeError) as error:
        raise EditError(f"TOML has no such value: {error}; nothing was written") from error
    _compare(path, after, document)
    return _Written(path=real, before=before, after=body, text=after, document=document)


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
def _uncollected() -> Iterator[None]:
    """Of 10,000 sources a hundred thousand objects are made that live until the end: to look for
    cycles among them again and again took a fifth of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@contextmanager
def _alone(folder: Path, names: Iterable[Path]) -> Iterator[None]:
    """Among editors that come through this door. The folder is locked: it leaves no file there,
    and the file itself is another one after each edit. Who needs several takes them in order."""
    number = os.open(folder, os.O_RDONLY)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    name = ", ".join(map(relative, names))
                    raise EditError(f"{name}: another process edits it") from error
                time.sleep(0.02)
        yield
    finally:
        os.close(number)


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


def _compare(path: Path, after: str, wanted: dict[str, Any]) -> None:
    try:
        found = tomli.loads(after)
    except tomli.TOMLDecodeError as error:
        raise Unplaced(path, f"no place for it was found ({error})") from error
    if found != wanted:
        raise Unplaced(path, "no place for it was found")


def _write(files: Sequence[_Written]) -> None:
    """Each atomically; all that can fail at leisure (room on the disk, rights) before the first."""
    made: list[tuple[_Written, Path]] = []
    done: list[_Written] = []
    try:
        for each in files:
            made.append((each, _beside(each.path, each.after)))
        for each in files:
            if _read(each.path) != each.before:
                name = relative(each.path)
                raise EditError(f"{name} was edited meanwhile; nothing was written, try again")
        for each, new in made:
            _put(each.path, new)
            done.append(each)
    except EditError as error:
        left = [relative(each.path) for each in done if not _put_back(each)]
        if left:
            text = f"{error}; {', '.join(left)} is written already, and could not be put back"
            raise EditError(text) from error
        raise
    finally:
        for _, new in made:
            new.unlink(missing_ok=True)


def _put_back(one: _Written) -> bool:
    try:
        _put(one.path, _beside(one.path, one.before))
    except EditError:
        return False
    return True


def _beside(path: Path, body: bytes) -> Path:
    """A new file in its folder that holds this, with the old file's mode, owner and attributes.
    Raises EditError."""
    try:
        number, made = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(body)
                file.flush()
                _like(path, Path(made))
                os.fsync(file.fileno())
        except BaseException:
            Path(made).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _irreplaceable(path, error) from error
    return Path(made)


def _put(path: Path, new: Path) -> None:
    """Raises EditError."""
    try:
        new.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _irreplaceable(path, error) from error


def _irreplaceable(path: Path, error: OSError) -> EditError:
    return EditError(
        f"{relative(path)}: can't be replaced ({error.strerror}); write the lines yourself"
    )


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

"""The one door that edits the configuration: pieces are put into its text, all else stays.

A splice of the text, not a library: tomlkit takes 2.5 s for 10,000 sources and puts a new table
below the closing comments; tomlrt takes 0.35 s and parts a commented-out key from the table that
it stands in. Ours takes 0.1 s, and only has to know where tables begin and end. Whatever it makes
is read again and compared with what was meant, so that a wrong splice is refused, not written.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from config.complaints import relative
from config.lines import Statement, statements
from feeds.errors import EditError

Value = str | bool | Sequence[str]
Table = Mapping[str, Value]
Checked = TypeVar("Checked")

PATIENCE = 10.0
"""Seconds to wait for another editor of the same file."""
_BOM = "\ufeff"


# --- files


def edit(
    path: Path,
    change: Callable[[str], str],
    meant: Callable[[dict[str, Any]], None],
    check: Callable[[str], Checked],
) -> Checked:
    """Write `change(text)` in the place of the file's text; what `check` made of it.

    `change` gets and gives the text without byte order mark. `meant` does to the document, as
    tomllib reads it, what `change` does to its text. `check` raises what is to stop the writing.
    Raises EditError; whatever is raised, the file stands as it was.
    """
    real = path.resolve()
    _refuse_read_only(real, relative(path))
    with _alone(real):
        before = _read(real)
        bom, text, document = _understood(before, relative(path))
        after = change(text)
        meant(document)
        _compare(after, document)
        result = check(after)
        _replace(real, before, (bom + after).encode("utf-8"))
    return result


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
        return bom, text, tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise EditError(f"{name} is no TOML at the moment: {error}") from error


def _compare(after: str, wanted: dict[str, Any]) -> None:
    try:
        found = tomllib.loads(after)
    except tomllib.TOMLDecodeError as error:
        raise EditError(f"no place for it was found; write the lines yourself ({error})") from error
    if found != wanted:
        raise EditError("no place for it was found; write the lines yourself")


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


# --- texts


def add_tables(text: str, name: str, tables: Sequence[str]) -> str:
    """The text with these tables (each as `source_lines` gives it) after the last table of that
    name, or at the end."""
    ending = "\r\n" if "\r\n" in text else "\n"
    at, indent = _end_of(text, name)
    head, tail = text[:at], text[at:]
    if head and not head.endswith("\n"):
        head += ending
    blocks = "".join(f"\n{_indented(table, indent)}" for table in tables)
    if not head:
        blocks = blocks[1:]
    if tail and not tail.lstrip(" \t").startswith(("\n", "\r\n")):
        blocks += "\n"
    return head + blocks.replace("\n", ending) + tail


def source_lines(table: Table) -> str:
    """[[sources]] and its keys."""
    return "[[sources]]\n" + _pairs(table)


def category_lines(slug: str, table: Table) -> str:
    return f"[categories.{slug}]\n" + _pairs(table)


def _pairs(table: Table) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def _value(value: Value) -> str:
    """As TOML writes it. JSON's strings are TOML's basic strings, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _indented(table: str, indent: str) -> str:
    # By TOML's ends of lines: str.splitlines knows more, and text may hold them (U+0085, U+2028).
    return re.sub(r"(?m)^(?!\Z)", lambda _: indent, table)


def _end_of(text: str, name: str) -> tuple[int, str]:
    """(where the last table of that name ends, how its header is indented); the end of the text
    when there is none.

    A comment right below a table is its own (a key that was commented out), unless it stands
    right above the next table.
    """
    found = list(statements(text))
    inside, last, indent = False, None, None
    for index, each in enumerate(found):
        if each.header:
            inside = each.keys[0] == name
        if inside and each.keys:
            last = index
            if indent is None:
                line = text[each.start : each.end]
                indent = line[: len(line) - len(line.lstrip(" \t"))]
    if last is None:
        return len(text), ""
    below = last + 1
    while below < len(found) and text.startswith("#", _unindented(text, found[below])):
        below += 1
    if below < len(found) and found[below].keys:
        below = last + 1
    return found[below - 1].end, indent or ""


def _unindented(text: str, line: Statement) -> int:
    position = line.start
    while text[position : position + 1] in (" ", "\t"):
        position += 1
    return position

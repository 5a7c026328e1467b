"""Who may write and read what Feedmill keeps and publishes."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from config.doctor.finding import Finding, bad, ok, warn
from config.settings import Settings

CHECK = "permissions"
MANY = 20_000
"""Published files that are looked at."""


def permissions(settings: Settings, database: Path | None) -> Iterator[Finding]:
    found = [*_places(settings, database)]
    yield from found
    if not found:
        yield ok(CHECK, "database and folders can be written, published files can be read")


def _places(settings: Settings, database: Path | None) -> Iterator[Finding]:
    if database is not None:
        yield from database_file(database)
        if any(each.secret_url for each in settings.sources.values()):
            yield from secrets_in(database)
    yield from folder(settings.output, "output.directory")
    yield from published(settings.output, in_front=in_front(settings))
    if settings.private.exists():
        yield from folder(settings.private, "output.private")
        yield from private(settings.private)


def database_file(path: Path) -> Iterator[Finding]:
    """SQLite writes the file and, beside it, its log and our locks."""
    yield from folder(path.parent, "the database's folder")
    for each in sorted(path.parent.glob(f"{path.name}*")):
        ours = each.name.removeprefix(path.name) in ("", "-wal", "-shm") or each.suffix == ".lock"
        if not ours:
            continue
        held = each.stat()
        marked = not held.st_mode & 0o222
        if marked or not os.access(each, os.W_OK):
            yield bad(CHECK, f"{each} can't be written", f"chmod u+w {each}, or chown it")
        owner = path.parent.stat().st_uid
        if held.st_uid != owner:
            text = f"{each} belongs to another user than its folder"
            advice = f"chown --reference={path.parent} {each}; run Feedmill's verbs as its own user"
            yield warn(CHECK, text, advice)


def secrets_in(path: Path) -> Iterator[Finding]:
    """A database that holds addresses which are secrets."""
    if path.exists() and path.stat().st_mode & stat.S_IROTH and _open_to_all(path):
        text = f"{path} holds secret addresses, and can be read by everybody on this machine"
        yield warn(CHECK, text, f"chmod o-r {path}")


def _exposed(mode: int) -> bool:
    """Whether others can replace files of ours in a folder of that mode."""
    return bool(mode & stat.S_IWOTH and not mode & stat.S_ISVTX)


def _open_to_all(path: Path) -> bool:
    """Whether others can get at it: one folder on the way that they can't enter is enough."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in path.absolute().parents)


def folder(path: Path, name: str) -> Iterator[Finding]:
    """Whether files can be made in it, or it can be made."""
    if not path.exists():
        there = next(each for each in path.absolute().parents if each.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            yield bad(CHECK, f"{name}: {path} can't be made", f"make it, or chown {there}")
        return
    mode = path.stat().st_mode
    if _exposed(mode) and _open_to_all(path):
        text = f"{name}: everybody on this machine can write to {path}, and replace what is there"
        yield bad(CHECK, text, f"chmod o-w {path}")
    try:
        if not mode & 0o222:  # root may, and the service's user may not
            raise PermissionError(13, "it is marked read-only")
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"x")
    except OSError as error:
        text = f"{name}: {path} can't be written: {error.strerror or error}"
        yield bad(CHECK, text, "chown or chmod it for the user that Feedmill runs as")


def private(path: Path) -> Iterator[Finding]:
    mode = path.stat().st_mode
    if mode & 0o007:
        text = f"the private feeds in {path} can be read by everybody on this machine"
        yield bad(CHECK, text, f"chmod 700 {path}")
    elif mode & 0o070:
        text = f"the private feeds in {path} can be read by its group"
        yield warn(CHECK, text, f"chmod 700 {path}")


def in_front(settings: Settings) -> bool:
    """Whether another web server stands before Feedmill's own: by the port, since one address has
    many names."""
    at = urlsplit(settings.site.url)
    return (at.port or (443 if at.scheme == "https" else 80)) != settings.listen.port


def published(path: Path, *, in_front: bool = False) -> Iterator[Finding]:
    """A web server that is another user reads them: it has to enter the folder, and (`in_front`:
    there is one) those on the way to it."""
    if not path.exists():
        return
    way = [*reversed(path.absolute().parents), path] if in_front else [path]
    if (
        closed := next((each for each in way if not each.stat().st_mode & stat.S_IXOTH), None)
    ) is not None:
        text = f"output.directory: a web server that is another user can't enter {closed}"
        yield warn(CHECK, text, f"chmod o+x {closed}; or publish into a folder like /srv/feedmill")
        return
    shut = [each for each in islice(path.rglob("*"), MANY) if _shut(each)]
    if shut:
        name = shut[0].relative_to(path)
        text = f"{len(shut)} published files can't be read by a web server ({name} …)"
        yield warn(CHECK, text, f"chmod -R a+rX {path}")


def _shut(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:  # replaced while we look
        return False
    if stat.S_ISDIR(mode):
        return not mode & stat.S_IXOTH
    return not path.name.startswith(".") and not mode & stat.S_IROTH

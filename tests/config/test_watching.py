"""A change of the files is noticed once it is finished, and once."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from config import watching
from config.load import load
from config.watching import Watch


def settled(watch: Watch) -> bool:
    """Looked at twice, as long as it takes for a change to be finished."""
    first = watch.changed()
    time.sleep(watching.SETTLED + 0.05)
    return first or watch.changed()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "feedmill.toml"
    found.write_text('include = ["*.opml"]\n')
    return found


def test_not_while_it_is_written(file: Path) -> None:
    """Looks in quick succession don't take half a file for a whole one."""
    watch = Watch(load(file))
    file.write_text("incl")
    assert not any(watch.changed() for _ in range(5))
    file.write_text('include = ["*.opml"]\n[poll]\ntimeout = "9s"\n')
    assert not any(watch.changed() for _ in range(5))
    assert settled(watch)
    assert not settled(watch)


def test_of_one_size_and_time(file: Path) -> None:
    """Saved in place by a program that sets the time back, as rsync does."""
    before = file.stat()
    watch = Watch(load(file))
    file.write_text('include = ["*.toml"]\n')
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    same = (before.st_mtime_ns, before.st_size, before.st_ino)
    assert same == (after.st_mtime_ns, after.st_size, after.st_ino)
    assert settled(watch)
    assert not settled(watch)


def test_what_was_wanted(file: Path, tmp_path: Path) -> None:
    """A file that only a refused configuration knows of: its coming is a change."""
    watch = Watch(load(file))
    wanted = tmp_path / "late.toml"
    watch.heed([file, wanted])
    assert not settled(watch)
    wanted.write_text("")
    assert settled(watch)
    assert not settled(watch)


def test_an_edit_while_it_was_read(file: Path) -> None:
    """What changes between the look and the reading is yet to come."""
    watch = Watch(load(file))
    file.write_text('include = ["*.opml"]\n[poll]\ntimeout = "9s"\n')
    assert settled(watch)
    new = load(file)
    file.write_text('include = ["*.opml"]\n[poll]\ntimeout = "10s"\n')
    watch.follow(new)
    assert settled(watch)
    file.write_text("# \n")
    assert settled(watch)
    file.write_text("# wrong\n")
    watch.heed([file])
    assert settled(watch)

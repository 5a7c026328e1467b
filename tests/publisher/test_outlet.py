"""Files that are replaced whole or not at all."""

from __future__ import annotations

import gzip
import os
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from feeds.errors import OutputError
from feeds.models import RenderedFile
from publisher.outlet import DirectoryOutlet, MemoryOutlet
from tests.flows.command import ROOT
from tests.publisher.making import AT


def file(body: bytes = b"<rss/>", path: str = "news/rss.xml", seconds: int = 0) -> RenderedFile:
    when = AT + timedelta(seconds=seconds)
    return RenderedFile(path=path, body=body, media_type="application/rss+xml", modified=when)


@pytest.fixture
def outlet(tmp_path: Path) -> DirectoryOutlet:
    return DirectoryOutlet(tmp_path / "public")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "public" / "news" / "rss.xml"


def test_put(outlet: DirectoryOutlet, place: Path) -> None:
    """The folder is made; readable by a web server; the gzip variant stands beside it."""
    assert outlet.put(file())
    assert place.read_bytes() == b"<rss/>"
    assert stat.S_IMODE(place.stat().st_mode) == 0o644
    packed = place.with_name("rss.xml.gz")
    assert gzip.decompress(packed.read_bytes()) == b"<rss/>"
    assert packed.stat().st_mtime == place.stat().st_mtime == AT.timestamp()
    assert sorted(each.name for each in place.parent.iterdir()) == [
        *("rss.xml", "rss.xml.br", "rss.xml.gz")
    ]


def test_equal_bytes_are_not_rewritten(outlet: DirectoryOutlet, place: Path) -> None:
    """P6: not even with a later date."""
    outlet.put(file())
    before = place.stat()
    assert outlet.put(file(seconds=60)) is False
    assert place.stat().st_mtime_ns == before.st_mtime_ns
    assert place.stat().st_ino == before.st_ino


@pytest.mark.parametrize("harm", ["gone", "of newer bytes"])
def test_a_variant_that_is_not_its_own(outlet: DirectoryOutlet, place: Path, harm: str) -> None:
    """After a crash between the two writings, and a configuration that was changed back: a web
    server with gzip_static would give out the other bytes for ever."""
    outlet.put(file())
    packed = place.with_name("rss.xml.gz")
    packed.unlink()
    if harm != "gone":
        packed.write_bytes(gzip.compress(b"<newer/>"))
    assert outlet.put(file())
    assert gzip.decompress(packed.read_bytes()) == b"<rss/>"
    assert packed.stat().st_mtime == place.stat().st_mtime
    assert outlet.put(file()) is False


def test_mtime_grows(outlet: DirectoryOutlet, place: Path) -> None:
    """P6: each change has a later second, even when its event has not."""
    stamps = []
    for number, seconds in enumerate((0, 0, -50, 100)):
        outlet.put(file(b"<rss>%d</rss>" % number, seconds=seconds))
        stamps.append(place.stat().st_mtime)
    at = AT.timestamp()
    assert stamps == [at, at + 1, at + 2, at + 100]


def test_an_open_reader_keeps_the_old_bytes(outlet: DirectoryOutlet, place: Path) -> None:
    """Replaced by rename: who is reading reads on."""
    outlet.put(file(b"<rss>old</rss>"))
    with place.open("rb") as reader:
        outlet.put(file(b"<rss>new</rss>"))
        assert reader.read() == b"<rss>old</rss>"


def test_remove(outlet: DirectoryOutlet, place: Path) -> None:
    """With its variant, and the folder when nothing else stands in it; twice is no error."""
    outlet.put(file())
    outlet.put(file(path="news/atom.xml"))
    assert outlet.feeds() == ["news"]
    own = place.parent / "own.txt"
    own.write_text("the operator's")
    for _ in range(2):
        outlet.remove("news/rss.xml")
        outlet.remove("news/atom.xml")
    assert list(place.parent.iterdir()) == [own]
    assert outlet.feeds() == []
    own.unlink()
    outlet.put(file())
    outlet.remove("news/rss.xml")
    assert not place.parent.exists()


def test_memory_keeps_the_same_promises() -> None:
    """False for equal bytes, feeds by their Atom file."""
    outlet = MemoryOutlet()
    assert outlet.put(file(path="news/atom.xml"))
    assert not outlet.put(file(path="news/atom.xml"))
    assert outlet.feeds() == ["news"]
    outlet.remove("news/atom.xml")
    assert outlet.files == {}


def test_a_path_that_is_in_the_way(outlet: DirectoryOutlet, place: Path) -> None:
    """An OutputError that names the file and the reason; nothing else is touched."""
    place.mkdir(parents=True)
    with pytest.raises(OutputError, match=r"news/rss\.xml"):
        outlet.put(file())
    assert [each.name for each in place.parent.iterdir() if each.name.startswith(".")] == []


FULL = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from feeds.errors import OutputError
from feeds.models import RenderedFile
from publisher.outlet import DirectoryOutlet
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
body = b"".join(b"<i>%d</i>" % n for n in range(100_000))
file = RenderedFile(path="news/rss.xml", body=body, media_type=sys.argv[2],
                    modified=datetime.now(UTC))
try:
    DirectoryOutlet(Path(sys.argv[1])).put(file)
except OutputError as error:
    print(error)
"""


@pytest.mark.parametrize("kind", ["application/rss+xml", "image/x-icon"])
def test_disk_full(outlet: DirectoryOutlet, place: Path, kind: str) -> None:
    """RLIMIT_FSIZE, as a full disk: the old file and its variant intact, nothing left over."""
    outlet.put(file())
    before = {each.name: each.read_bytes() for each in place.parent.iterdir()}
    command = [sys.executable, "-c", FULL, str(place.parent.parent), kind]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "news/rss.xml" in done.stdout
    assert {each.name: each.read_bytes() for each in place.parent.iterdir()} == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only(outlet: DirectoryOutlet, tmp_path: Path) -> None:
    """A folder that can't be written is said in words."""
    (tmp_path / "public").mkdir(mode=0o500)
    with pytest.raises(OutputError, match="Permission"):
        outlet.put(file())


def test_what_a_killed_writer_left(outlet: DirectoryOutlet, place: Path) -> None:
    """Half-written files of a process that was killed are cleared away, whether the bytes changed
    since or not."""
    outlet.put(file())
    for name in (".rss.xml.part", ".rss.xml.gz.part", ".rss.xml.br.part"):
        (place.parent / name).write_bytes(b"<rss><chan")
    assert not outlet.put(file())
    assert {path.name for path in place.parent.iterdir()} == {
        *("rss.xml", "rss.xml.gz", "rss.xml.br")
    }

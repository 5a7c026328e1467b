"""What the web server's process was begun with changes: another one follows it, and whoever asks
meanwhile is neither refused nor cut off."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.flows.asking import Asking
from tests.flows.command import Installation, Site, children, rss, until
from tests.flows.visiting import status
from tests.origin import Origin

pytestmark = pytest.mark.slow

NEWS = '[categories.news]\ntitle = "News"\n'


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/one", rss("one"))
        yield found


@pytest.fixture
def here(tmp_path: Path, origin: Origin) -> Installation:
    found = Installation(tmp_path)
    found.configure(
        f'{NEWS}[[sources]]\nurl = "{origin.url("/one")}"\ncategories = ["news"]\n'
        '[output]\ndirectory = "var/public"\n'
    )
    return found


def change(here: Installation, before: str, after: str) -> None:
    file = here.folder / "feedmill.toml"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def servers(site: Site) -> list[int]:
    """The processes that serve, as the list of processes shows them; not what they are about to
    start, which has their name for a moment."""
    found = []
    for each in children(site.process.pid):
        with suppress(OSError):  # ended meanwhile
            named = b"config.serving" in Path(f"/proc/{each}/cmdline").read_bytes()
            parent = int(Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()[1])
            if named and parent == site.process.pid:
                found.append(each)
    return found


def another(site: Site, before: int) -> bool:
    found = servers(site)
    return len(found) == 1 and found != [before]


def test_nobody_is_refused(here: Installation) -> None:
    """Four readers, each request with a connection of its own, through two changes of the folder
    and one of the address; what they get at last is what lies in the new one."""
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of one")
        with Asking(site, readers=4) as asking:
            for before, after in (
                ('"var/public"', '"var/other"'),
                ("[site]\n", '[site]\nurl = "https://feeds.example.org"\n'),
                ('"var/other"', '"var/third"'),
            ):
                [served] = servers(site)
                change(here, before, after)
                assert until(lambda served=served: another(site, served))
                asked = asking.answers.total()
                assert until(lambda asked=asked: asking.answers.total() > asked + 100)
        assert set(asking.answers) == {200}
        assert asking.answers.total() > 1000
        for name in ("public", "other"):
            shutil.rmtree(here.folder / "var" / name)
        assert b"feeds.example.org/news/" in site.get("/news/rss.xml").body
        code, _ = site.stop()
        assert code == 0
    assert "Traceback" not in site.log.read_text()


def listens(pid: int, port: int) -> bool:
    """Whether a process still holds the listening socket of that port (proc_net_tcp(5))."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    [inode] = [row[9] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"]
    names = []
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            names.append(str(each.readlink()))
    return f"socket:[{inode}]" in names


def test_what_was_begun_is_finished(here: Installation) -> None:
    """A request that is half sent when the old process takes no more is answered by it; who keeps
    his connection is told that it ends, or finds it closed, and goes on with another."""
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of one")
        [old] = servers(site)
        kept = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
        kept.request("GET", "/news/rss.xml")
        assert kept.getresponse().read()
        with socket.create_connection(("127.0.0.1", site.port), timeout=20) as half:
            half.sendall(b"GET /news/rss.xml HTTP/1.1\r\nHost: localhost\r\n")
            assert until(lambda: listens(old, site.port))
            change(here, '"var/public"', '"var/other"')
            assert until(lambda: not listens(old, site.port))
            half.sendall(b"\r\n")
            assert status(half.recv(65536)) == 200
        assert until(lambda: another(site, old))
        with suppress(http.client.RemoteDisconnected, ConnectionError):
            kept.request("GET", "/news/rss.xml")
            kept.getresponse().read()
        kept.close()
        kept.request("GET", "/news/rss.xml")
        assert kept.getresponse().status == 200


def test_a_server_that_was_killed(here: Installation) -> None:
    """Who comes until there is another waits in the queue, which is the engine's."""
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of one")
        [old] = servers(site)
        with Asking(site, readers=2) as asking:
            os.kill(old, signal.SIGKILL)
            assert until(lambda: another(site, old))
            asked = asking.answers[200]
            assert until(lambda: asking.answers[200] > asked + 50)
        cut_off = asking.answers.total() - asking.answers[200]
        assert cut_off <= 2, "what each reader had asked of the killed one"
        assert not [each for each in asking.answers if "refused" in str(each).lower()]

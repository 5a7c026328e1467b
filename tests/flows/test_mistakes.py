"""What operators get wrong on the command line: told in words, nothing done, nothing let out."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.command import Installation, rss
from tests.origin import Origin

SECRET = "dont-tell-4402"


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/feed", rss("one", "two"))
        yield found


@pytest.fixture
def here(tmp_path: Path, origin: Origin) -> Installation:
    found = Installation(tmp_path)
    (tmp_path / "my list.xml").write_bytes(rss("three"))
    wire = f'[[sources]]\nurl = "{origin.url("/wire")}?{SECRET}"\nsecret_url = true\n'
    found.configure(
        f'{wire}[[sources]]\nfile = "my list.xml"\n[[sources]]\n'
        f'url = "{origin.url("/feed").replace("//", f"//user:{SECRET}@")}"\n'
    )
    return found


def test_taken_port(here: Installation) -> None:
    """Exit code 2 with file, line and key, before anything is written: the output folder may be
    that of the installation whose port it is."""
    here.verb("poll", "--source", "my list.xml")
    with socket.create_server(("127.0.0.1", here.port)):
        done = here.call("run")
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith("feedmill.toml:5: server.listen: can't listen on 127.0.0.1:")
    assert "choose another port" in line
    assert not here.public.exists()


def test_address_of_another_machine(here: Installation) -> None:
    """The cure fits the fault; a variable is named instead of the file."""
    done = here.call("run", FEEDMILL_SERVER_LISTEN="192.0.2.1:8080")
    assert done.returncode == 2
    assert done.stderr.startswith("environment:1: FEEDMILL_SERVER_LISTEN: can't listen on 192.0.2")
    assert "address of this machine" in done.stderr


def test_one_source_by_any_of_its_names(here: Installation, origin: Origin) -> None:
    """A file by its path as `sources` shows it, an address in any spelling."""
    assert "my list.xml" in [each["url"] for each in here.json("sources")]
    assert here.json("poll", "--source", "my list.xml")["new"] == 1
    url = origin.url("/feed").replace("http://", f"HTTP://user:{SECRET}@")
    assert here.json("poll", "--source", url + "#top")["new"] == 2


def test_no_secret_is_suggested(here: Installation, origin: Origin) -> None:
    """All mistakes at once; a near address that is secret stays so."""
    wrong = [f"{origin.url('/wire')}?x", origin.url("/fed"), "my lst.xml"]
    done = here.call("poll", *[word for each in wrong for word in ("--source", each)])
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 3
    assert 'did you mean "my list.xml"?' in done.stderr
    assert SECRET not in done.stderr


def test_options_of_logging_stand_on_both_sides(here: Installation) -> None:
    """docs/commands.md: before or after the verb."""
    for verb in ("run", "poll", "publish", "check", "sources", "articles", "preview", "migrate"):
        told = here.verb(verb, "--help")
        assert "--log-json" in told, verb
        assert "--verbose" in told, verb

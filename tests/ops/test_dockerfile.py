"""The Dockerfile, step by step, without an engine: built from a copy, run as another user."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.command import ROOT, Site, children, free_port
from tests.ops.dockerfile import Image, ignored, steps

USER = 10001
CONFIG = """
[categories.tech]
[[sources]]
file = "samples/workshop.xml"
categories = ["tech"]
"""


def patterns() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_what_an_engine_is_given() -> None:
    """The packages and what the wheel is built of; no history, tests, keys or databases."""
    for path in ("pyproject.toml", "config/feedmill.toml", "publisher/web/static/feedmill.css"):
        assert not ignored(path, patterns()), path
    for path in (".git/config", "tests/conftest.py", "var/feedmill.db", "feedmill.toml",
                 "config/__pycache__/cli.pyc", ".venv/bin/python"):  # fmt: skip
        assert ignored(path, patterns()), path


def python_for(user: int | None) -> Path | None:
    """A Python of this version that this user may run, with the packages of this environment."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    purelib = sysconfig.get_path("purelib")
    ask = f"import sys, ensurepip; sys.path.append({purelib!r}); import pydantic, granian"
    for each in (os.path.realpath(sys.executable), f"/usr/bin/{version}"):
        try:
            done = subprocess.run(
                [each, "-c", ask], user=user, capture_output=True, check=False, cwd="/"
            )
        except OSError:
            continue
        if done.returncode == 0:
            return Path(each)
    return None


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Built. Not in pytest's own folder, which nobody else may enter."""
    user = USER if os.geteuid() == 0 else None
    python = python_for(user)
    if python is None:
        pytest.skip("no Python with our packages that another user may run")
    place = Path(tempfile.mkdtemp(prefix="feedmill-image-"))
    place.chmod(0o755)
    try:
        context = place / "context"
        context.mkdir()
        for each in ROOT.iterdir():
            if not ignored(each.name, patterns()):
                if each.is_dir():
                    left = shutil.ignore_patterns("__pycache__")
                    shutil.copytree(each, context / each.name, ignore=left)
                else:
                    shutil.copy(each, context)
        (place / "bin").mkdir()
        (place / "bin" / "python").write_text(f'#!/bin/sh\nexec {python} "$@"\n')
        (place / "bin" / "python").chmod(0o755)
        # The dependencies are those of this environment, by path.
        kept = ("PIP_", "SSL_", "http_proxy", "https_proxy")
        variables = {name: value for name, value in os.environ.items() if name.startswith(kept)}
        variables |= {"PATH": f"{place}/bin:/usr/bin:/bin", "PIP_NO_DEPS": "1"}
        found = Image(place, context, variables, user)
        try:
            found.build(steps((ROOT / "Dockerfile").read_text()))
        except subprocess.CalledProcessError as error:
            raise AssertionError(error.stderr.decode()) from error
        [library] = found.root.glob("opt/feedmill/lib/python*/site-packages")
        (library / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
        yield found
    finally:
        shutil.rmtree(place)


@pytest.mark.slow
def test_the_image(image: Image) -> None:
    """Its tests and history stay outside; one volume, one port, no shell before Feedmill."""
    assert (image.volumes, image.ports, image.folder) == (["/data"], ["8080"], "/data")
    assert (image.entrypoint, image.command) == (["feedmill"], ["run"])
    assert image.variables["FEEDMILL_SERVER_LISTEN"] == "0.0.0.0:8080"
    assert (image.root / "opt/feedmill/bin/feedmill").exists()
    assert not (image.root / "src").exists()


class Container:
    """The image's commands, in its folder, as its user, at another port."""

    def __init__(self, image: Image) -> None:
        self.image, self.port = image, free_port()
        self.environment = {
            name: self._moved(value)
            for name, value in image.variables.items()
            if not name.startswith("PIP_")
        }
        self.environment["FEEDMILL_SITE_URL"] = f"http://127.0.0.1:{self.port}"
        self.log = image.place / "log"

    def _moved(self, text: str) -> str:
        return text.replace(":8080", f":{self.port}")

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        program = shutil.which(command[0], path=self.environment["PATH"])
        assert program, command
        with self.log.open("ab") as output:
            return subprocess.Popen(
                [program, *map(self._moved, command[1:])],
                cwd=self.image.here(self.image.folder),
                env=self.environment,
                stdout=output,
                stderr=output,
                user=self.image.user,
                group=self.image.user,
                extra_groups=None if self.image.user is None else [],
            )

    def healthy(self) -> bool:
        return self.start(*self.image.health).wait(30) == 0


@pytest.mark.slow
def test_it_runs(image: Image) -> None:
    """init into the volume, run, healthy, polled, ended by SIGTERM; nobody of it is root."""
    here = Container(image)
    assert here.start(*image.entrypoint, "init").wait(60) == 0, here.log.read_text()
    data = image.root / "data"
    assert (data / "samples").is_dir()
    (data / "feedmill.toml").write_text(CONFIG)
    assert not here.healthy()
    site = Site(here.start(*image.entrypoint, *image.command), here.port, here.log)
    try:
        site.wait_for("/healthz", seconds=60)
        site.wait_for("/tech/atom.xml", "<entry", seconds=60)
        assert here.healthy()
        if image.user is not None:
            for pid in {site.process.pid, *children(site.process.pid)}:
                status = Path(f"/proc/{pid}/status").read_text()
                assert f"Uid:\t{USER}\t{USER}\t{USER}\t{USER}" in status
        began = time.monotonic()
        code, _ = site.stop()
        assert (code, time.monotonic() - began < 10) == (0, True), here.log.read_text()
    finally:
        if site.process.poll() is None:
            site.process.kill()
            site.process.wait()
    assert (data / "var" / "feedmill.db").exists()
    assert "Traceback" not in here.log.read_text().split("event=running", 1)[1]


@pytest.mark.slow
def test_without_an_address(image: Image) -> None:
    """A site that does not know its address says what to set, and does not start."""
    here = Container(image)
    del here.environment["FEEDMILL_SITE_URL"]
    (image.root / "data" / "feedmill.toml").write_text("")
    assert here.start(*image.entrypoint, *image.command).wait(60) == 2
    assert "url" in here.log.read_text().splitlines()[-1]

"""The wheel, in an environment and a folder that know nothing of the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.flows.command import ROOT, Installation

pytestmark = pytest.mark.slow

PACKAGES = ("feeds", "aggregator", "publisher", "config")
FILES = ("pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that the checkout stays as it is."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "copy"
    copy.mkdir()
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, copy)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder)]
    subprocess.run([*command, str(copy)], check=True, capture_output=True)
    [found] = folder.glob("*.whl")
    return found


def test_what_it_carries(wheel: Path) -> None:
    """Templates, static files, migrations, the example and its samples; no tests."""
    names = zipfile.ZipFile(wheel).namelist()
    for part in (
        "publisher/web/templates/index.html",
        "publisher/web/static/",
        "feeds/store/migrations/versions/0001_start.py",
        "aggregator/identity/tracking.toml",
        "config/feedmill.toml",
        "config/samples/almanac.xml",
        "licenses/LICENSE",
    ):
        assert any(part in name for name in names), part
    assert not [name for name in names if name.startswith("tests")]


def test_it_works_alone(wheel: Path, tmp_path: Path) -> None:
    """init, check, poll, publish, outside the checkout. The dependencies are those of this
    environment, by path; the command is the wheel's own."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, str(wheel)], check=True, capture_output=True)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True)
    Path(own.stdout.strip(), "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    here = Installation(tmp_path / "site", [str(tmp_path / "venv" / "bin" / "feedmill")])
    ask = "import feeds, config; print(feeds.__file__, config.__file__)"
    where = subprocess.run(
        [python, "-c", ask], cwd=here.folder, check=True, capture_output=True, text=True
    )
    assert str(ROOT) not in where.stdout
    here.verb("init")
    here.verb("check")
    samples = [each["url"] for each in here.json("sources") if not each["url"].startswith("http")]
    text = (here.folder / "feedmill.toml").read_text()
    here.configure(
        "[categories.tech]\n"
        + "".join(f'[[sources]]\nfile = "{each}"\ncategories = ["tech"]\n' for each in samples)
    )
    assert text
    assert here.json("poll")["failed"] == 0
    here.verb("publish")
    with here.running() as site:
        assert site.get("/tech/").status == 200
        assert b"<entry" in site.get("/tech/atom.xml").body

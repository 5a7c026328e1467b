"""docs/systemd/feedmill.service: what systemd says of it, and Feedmill under its stricter lines."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.flows.command import COMMAND, ROOT, Installation, children, rss
from tests.origin import Origin

UNIT = ROOT / "docs" / "systemd" / "feedmill.service"
ANALYZE = shutil.which("systemd-analyze")
EXPOSURE = 3.0
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1

needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is missing")


def analyzed(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(ANALYZE), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def settings() -> dict[str, list[str]]:
    """The unit's lines: key → its values."""
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", UNIT.read_text(), re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


@needs_systemd
def test_systemd_takes_it(tmp_path: Path) -> None:
    """Every line is understood; the command is one that is there on this machine."""
    program = tmp_path / "feedmill"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/feedmill/bin/feedmill", str(program)))
    done = analyzed("verify", "--man=no", str(unit))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_systemd
def test_how_exposed_it_is() -> None:
    """By systemd's own measure, from 0 (shut away) to 10."""
    done = analyzed("security", "--offline=true", "--no-pager", str(UNIT))
    if "unrecognized option" in done.stderr:
        pytest.skip("systemd is older than 250: its `security` judges no files")
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert level, done.stdout + done.stderr
    assert float(level[1]) < EXPOSURE, done.stdout


def test_what_it_runs() -> None:
    """`run`, ended and reloaded by signals, started anew unless the configuration is wrong."""
    unit = settings()
    assert unit["ExecStart"][0].split()[1:] == [
        "--config", f"{unit['WorkingDirectory'][0]}/feedmill.toml", "run",
    ]  # fmt: skip
    assert unit["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert unit["TimeoutStopSec"] == ["15"]
    assert (unit["Restart"], unit["RestartPreventExitStatus"]) == (["on-failure"], ["2"])
    assert unit["ReadWritePaths"] == [f"/var/lib/{unit['StateDirectory'][0]}"]


@pytest.mark.slow
def test_no_writable_code(tmp_path: Path) -> None:
    """MemoryDenyWriteExecute: the kernel's own refusal, which processes hand down, for all of a
    poll, a page and a search."""

    def deny() -> None:
        if libc.prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0:
            os._exit(99)

    libc = ctypes.CDLL(None)
    if subprocess.run(["true"], preexec_fn=deny, check=False).returncode:
        pytest.skip("the kernel is older than 6.3: it can't refuse writable code by prctl")
    assert settings()["MemoryDenyWriteExecute"] == ["yes"]
    wrapper = tmp_path / "denied.py"
    wrapper.write_text(
        "import ctypes, os, sys\n"
        f"ctypes.CDLL(None).prctl({PR_SET_MDWE}, {PR_MDWE_REFUSE_EXEC_GAIN}, 0, 0, 0)\n"
        "os.execv(sys.argv[1], sys.argv[1:])\n"
    )
    worked(Installation(tmp_path / "site", [COMMAND[0], str(wrapper), *COMMAND]))


@pytest.mark.slow
@needs_systemd
def test_system_calls(tmp_path: Path) -> None:
    """SystemCallFilter: nothing that Feedmill calls is left out."""
    if shutil.which("strace") is None:
        pytest.skip("strace is missing: install Debian's strace")
    table = tmp_path / "calls"
    watch = ["strace", "-f", "-qq", "-c", "-U", "name", "-o", str(table)]
    if subprocess.run([*watch, "true"], capture_output=True, check=False).returncode:
        pytest.skip("strace may trace nothing here")
    worked(Installation(tmp_path / "site", [*watch, *COMMAND]))
    made = set(re.findall(r"^(\w+)$", table.read_text().replace(" ", ""), re.MULTILINE))
    allowed: set[str] = set()
    for value in settings()["SystemCallFilter"]:
        names = set().union(*(members(each) for each in value.lstrip("~").split()))
        allowed = allowed - names if value.startswith("~") else allowed | names
    if os.geteuid() == 0:  # SQLite gives its files to whom the database belongs: as root only
        allowed.add("fchown")
    assert made - allowed - {"syscall", "total"} == set()
    assert {"openat", "connect", "futex"} <= made


def members(group: str) -> set[str]:
    """The system calls of a group, and of those that it holds."""
    if not group.startswith("@"):
        return {group}
    said = analyzed("--no-pager", "syscall-filter", group).stdout.splitlines()[1:]
    names = [line.strip() for line in said if line.strip() and not line.strip().startswith("#")]
    return set().union(*(members(name) for name in names))


def worked(here: Installation) -> None:
    """Polled, published, served, searched, and ended by SIGTERM."""
    with Origin() as origin:
        origin.serve("/feed", rss("one"), etag=True)
        here.configure("[categories.news]\n", sources=[origin.url("/feed")])
        with here.running() as site:
            try:
                site.wait_for("/all/atom.xml", "one", seconds=60)
                assert site.get("/all/?q=one").status == 200
            finally:
                # A tracer keeps SIGTERM to itself, and what it traces outlives it.
                traced = here.command[0] == "strace"
                pid = min(children(site.process.pid)) if traced else site.process.pid
                os.kill(pid, signal.SIGTERM)
            assert site.process.wait(30) == 0, site.log.read_text()

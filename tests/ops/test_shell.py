"""`feedmill man` and `feedmill completion`: read by the programs that they are for."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from config import cli, environment
from config.schema import SECTIONS, keys
from tests.flows.command import ROOT, Installation

NEEDED = {
    "groff": ("groff", "-man", "-Tutf8", "-ww", "-z"),
    "mandoc": ("mandoc", "-Tlint", "-Wwarning"),
    "man": ("man", "--warnings", "-l"),
}

PACKAGES = {"man": "man-db"}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("man")
    found = folder / "feedmill.1"
    found.write_text(Installation(folder).verb("man"))
    return found


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """All verbs of the tree, those of `token` too."""
    for name, each in command.commands.items():
        if hasattr(each, "commands"):
            yield from commands(each, (*path, name))
        else:
            yield (*path, name), each


@pytest.fixture(scope="module")
def tree() -> Any:
    """The commands as `main` has them."""
    app = typer.Typer()
    for module in cli.verbs():
        module.register(app)
    return typer.main.get_command(app)


def test_the_page_has_everything(page: Path, tree: Any) -> None:
    """Each command has a part of its own, with what it does and each of its options."""
    text = re.sub(r"\\f[BIR]", "", page.read_text()).replace(r"\-", "-")
    parts = dict(re.findall(r'^\.SS "([^"]+)"\n(.*?)(?=^\.S[SH] )', text, re.DOTALL | re.MULTILINE))
    for path, verb in commands(tree):
        name = " ".join(path)
        [body] = [body for head, body in parts.items() if f"{head} ".startswith(f"{name} ")]
        assert body.strip(), name
        for option in verb.params:
            for spelling in option.opts if option.opts[0].startswith("-") else ():
                common = option.name in ("config", "log_json", "verbose")
                assert spelling in (text if common else body), f"{name} {spelling}"
    for title in ("EXIT STATUS", "ENVIRONMENT", "FILES"):
        assert f'.SH "{title}"' in text
    for table in environment.SINGLE:
        for key in keys(SECTIONS[table]):
            assert f"FEEDMILL_{table}_{key}".upper() in text


def test_the_page_is_plain_roff(page: Path) -> None:
    """Macros of man(7) only, in ASCII; no line of prose is taken for a request."""
    text = page.read_text()
    assert text.isascii()
    assert text.startswith(".TH FEEDMILL 1 ")
    requests = {line.split()[0] for line in text.splitlines() if line.startswith((".", "'"))}
    assert requests == {".TH", ".SH", ".SS", ".PP", ".TP", ".IP"}


def test_the_same_bytes(page: Path, tmp_path: Path) -> None:
    """Packages are compared: no date, no machine."""
    assert Installation(tmp_path).verb("man") == page.read_text()


@pytest.mark.parametrize("program", NEEDED)
def test_programs_read_the_page(page: Path, program: str) -> None:
    """Without a warning, but for the date that it has not."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is missing: install Debian's {PACKAGES.get(program, program)}")
    done = subprocess.run(
        [*NEEDED[program], str(page)],
        capture_output=True,
        text=True,
        env=os.environ | {"MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MANPAGER": "cat"},
        check=False,
    )
    assert not done.stderr
    if program == "man":
        assert "feedmill - reads other people's feeds" in " ".join(done.stdout.split())
    else:
        assert not [line for line in done.stdout.splitlines() if "missing date" not in line]


@pytest.fixture
def shell(tmp_path: Path) -> Installation:
    """A `feedmill` that the shell finds, whatever is installed."""
    here = Installation(tmp_path)
    program = tmp_path / "bin" / "feedmill"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nfrom config.cli import main\nmain()\n")
    program.chmod(0o755)
    here.variables = {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "TERM": "dumb",
    }
    return here


def told(shell: Installation, name: str, *options: str, script: str) -> list[str]:
    """What a script in that shell prints, by lines."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is missing: install Debian's {name}")
    done = subprocess.run(
        [name, *options, "-c", script],
        cwd=shell.folder,
        env=shell.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


BASH = """
eval "$(feedmill completion bash)"
complete -p feedmill
COMP_WORDS=({line}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_feedmill_completion feedmill; printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("feedmill so", ["sources"]),
        ("feedmill token ''", ["add", "revoke", "list"]),
        ("feedmill poll --s", ["--source", "--strict"]),
        ("feedmill completion f", ["fish"]),
        ("feedmill nonsense x", [""]),
    ],
)
def test_bash(shell: Installation, line: str, offered: list[str]) -> None:
    """Commands, commands of commands, options, and values where they are known."""
    registered, *found = told(shell, "bash", "--norc", script=BASH.format(line=line))
    assert "-F _feedmill_completion feedmill" in registered
    assert sorted(found) == sorted(offered)


def test_a_tab_in_bash(shell: Installation) -> None:
    """As a person does it, at a terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(shell.folder)
        os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], shell.environment(PS1="> "))
    try:
        os.write(terminal, b'eval "$(feedmill completion bash)"; echo rea""dy\n')
        assert read_until(terminal, b"ready")
        os.write(terminal, b"feedmill so\t")
        assert read_until(terminal, b"feedmill sources ")
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(terminal)


def read_until(terminal: int, text: bytes, seconds: float = 30) -> bool:
    """Whether it was shown in time."""
    found, deadline = b"", time.monotonic() + seconds
    while text not in found and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.5)[0]:
            found += os.read(terminal, 4096)
    return text in found


def test_zsh(shell: Installation) -> None:
    """What the function hands to zsh's own completion, with the line that says what it is."""
    script = """
    compdef() { print -r -- "compdef $@" }
    _arguments() { print -r -- "$@" }
    eval "$(feedmill completion zsh)"
    words=(feedmill so); CURRENT=2; _feedmill_completion
    """
    found = told(shell, "zsh", "-f", script=script)
    assert found[0] == "compdef _feedmill_completion feedmill"
    assert '"sources":"List the sources' in found[1]


def test_fish(shell: Installation) -> None:
    """fish asks on its own, without a terminal."""
    script = 'feedmill completion fish | source; complete -C "feedmill so"'
    [found] = told(shell, "fish", "--no-config", script=script)
    assert found.startswith("sources\tList the sources")


def test_another_shell(tmp_path: Path) -> None:
    """Exit code 2, and which there are."""
    done = Installation(tmp_path).call("completion", "tcsh")
    assert done.returncode == 2
    assert "zsh" in done.stderr

"""Which modules a command line loads: those of its verb, or all."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from config.cli import VERBS, _asked, verbs


def test_the_table() -> None:
    """What it says of a module is what that registers."""
    for (name, theirs), module in zip(VERBS.items(), verbs(), strict=True):
        app = typer.Typer()
        module.register(app)
        commands = [each.name or each.callback.__name__ for each in app.registered_commands]  # type: ignore[union-attr]
        groups = [each.name for each in app.registered_groups]
        assert (name, {*commands, *groups}) == (module.__name__.removeprefix("config."), {*theirs})


@pytest.mark.parametrize(
    ("line", "verb"),
    [
        ("", None),
        ("--help", None),
        ("-h poll", None),
        ("man", None),
        ("poll --now", "poll"),
        ("poll --help", "poll"),
        ("--config run poll", "poll"),
        ("-c run poll", "poll"),
        ("--config=run -v poll run", "poll"),
        ("--log-json token add man", "token"),
        ("polll run", "polll"),
        ("--config", None),
    ],
)
def test_asked(line: str, verb: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _asked(line.split()) == verb
    monkeypatch.setenv("_FEEDMILL_COMPLETE", "complete_bash")
    assert _asked(line.split()) is None


def test_no_such_verb() -> None:
    """All are loaded: the right one may be among those that are suggested."""
    assert len(verbs("polll")) == len(VERBS)


def test_what_is_not_loaded() -> None:
    """`poll` loads nothing of publishing, nor what reads broken lists."""
    code = (
        "import sys; from config.cli import verbs; verbs('poll')\n"
        "print([m for m in sys.modules if m in ('lxml', 're2', 'publisher', 'config.planning')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

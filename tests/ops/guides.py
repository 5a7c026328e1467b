"""What the docs say, as a reader's machine would take it: commands, links, files to copy."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.flows.command import ROOT

PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"`(feedmill [^`]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_ENDS = {">", "|", "&&", ";"}
_RUNS = ("feedmill ", "runuser ", "docker exec ", "docker run --rm ", "/opt/feedmill/bin/feedmill ")


@dataclass(frozen=True)
class Command:
    """`words`: what stands after `feedmill`. `whole`: it can be run as it is."""

    page: str
    words: tuple[str, ...]
    whole: bool

    def __str__(self) -> str:
        return f"{self.page}: feedmill {' '.join(self.words)}"


def blocks(page: Path, language: str) -> list[str]:
    return [body for name, body in _FENCE.findall(page.read_text()) if name == language]


def commands(page: Path) -> Iterator[Command]:
    """Those in blocks for a shell, and those named in the text."""
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            if re.sub(r"^\S*/feedmill ", "feedmill ", line).startswith(_RUNS):
                yield Command(page.name, _words(line), whole=True)
    for span in _SPAN.findall(_FENCE.sub("", page.read_text())):
        yield Command(page.name, _words(re.sub(r"[\[\]]", "", span)), whole=False)


def _words(line: str) -> tuple[str, ...]:
    """After the last `feedmill` of the first command, to its end."""
    words = shlex.split(line, comments=True)
    end = next((n for n, word in enumerate(words) if word in _ENDS), len(words))
    begin = max(n for n in range(end) if Path(words[n]).name == "feedmill")
    return tuple(words[begin + 1 : end])


def fault(command: Command, tree: Any) -> str | None:
    """What the command line would not take of it."""
    node, given, options = tree, 0, {}
    words = list(command.words)
    while words:
        word = words.pop(0)
        options = {name: each for each in node.params for name in each.opts}
        if word.startswith("-"):
            name, _, value = word.partition("=")
            if name not in ("-h", "--help") and name not in options:
                return f"no option {name}"
            if name in options and not options[name].is_flag and not value and words:
                words.pop(0)
        elif hasattr(node, "commands"):
            if word not in node.commands:
                return f"no command {word}"
            node = node.commands[word]
        else:
            given += 1
    arguments = [each for each in node.params if not each.opts[0].startswith("-")]
    most = sum(each.nargs if each.nargs > 0 else 100 for each in arguments)
    least = sum(each.nargs for each in arguments if each.required)
    if given > most or (command.whole and given < least):
        return f"{given} arguments, not {least} to {most}"
    return None


def links(page: Path) -> list[str]:
    """To files of ours and headings in them."""
    found = _LINK.findall(_FENCE.sub("", page.read_text()))
    return [each for each in found if not re.match(r"[a-z]+:", each)]


def anchors(page: Path) -> set[str]:
    """Of the page's headings, as a forge names them."""
    said = _HEADING.findall(_FENCE.sub("", page.read_text()))
    plain = (re.sub(r"[^\w\- ]", "", each.lower()) for each in said)
    return {each.replace(" ", "-") for each in plain}

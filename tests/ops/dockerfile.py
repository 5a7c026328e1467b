"""A Dockerfile's steps on this machine: a folder in place of the image, its paths led there.

Knows the instructions that ours has, and no others. Stages stand at the same place one after the
other, so that paths which a step wrote into files hold in the next stage as well.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

Step = tuple[str, str]
"""An instruction's name and the rest of it, on one line."""

_TOPS = re.compile(r"(?<![\w./])/(?=(?:src|opt|data)\b)")
_BASE = re.compile(r"python:3\.\d+-slim( AS (?P<name>\w+))?")


def steps(text: str) -> list[Step]:
    """Without comments; lines that end with a backslash are joined."""
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    lines = re.sub(r"\\\n\s*", "", kept).splitlines()
    parted = [line.partition(" ") for line in lines if line]
    return [(name, rest.strip()) for name, _, rest in parted]


def ignored(path: str, patterns: list[str]) -> bool:
    """Whether .dockerignore leaves a path out: the last pattern that fits it, or a folder above
    it, decides."""
    parts = path.split("/")
    above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    found = False
    for pattern in patterns:
        bare = pattern.removeprefix("!")
        if any(_fits(each, bare) for each in above):
            found = not pattern.startswith("!")
    return found


def _fits(path: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch.fnmatch(path.rpartition("/")[2], pattern.removeprefix("**/"))
    return "/" not in path and fnmatch.fnmatch(path, pattern)


@dataclass
class Image:
    """Built in `place`, of what lies in `context`."""

    place: Path
    context: Path
    variables: dict[str, str]
    """What each step finds in its environment, before ENV."""
    user: int | None = None
    """Who runs it, for USER; None where nobody else may be made to."""
    folder: str = "/"
    volumes: list[str] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    _stage: str = ""

    @property
    def root(self) -> Path:
        return self.place / "root"

    def here(self, text: str) -> str:
        """Absolute paths of the image, as they are on this machine."""
        return _TOPS.sub(f"{self.root}/", text)

    def build(self, todo: list[Step]) -> None:
        for name, rest in todo:
            getattr(self, f"_{name.lower()}")(rest)

    def _from(self, rest: str) -> None:
        found = _BASE.fullmatch(rest)
        assert found, rest
        if self.root.exists():
            self.root.rename(self.place / self._stage)
        self.root.mkdir()
        self._stage, self.folder = found["name"] or "", "/"

    def _workdir(self, rest: str) -> None:
        self.folder = rest
        Path(self.here(rest)).mkdir(parents=True, exist_ok=True)

    def _copy(self, rest: str) -> None:
        words = shlex.split(rest)
        flags = dict(word[2:].split("=") for word in words if word.startswith("--"))
        *what, to = [word for word in words if not word.startswith("--")]
        origin = self.place / flags["from"] if "from" in flags else self.context
        target = Path(self.here(to)) if to.startswith("/") else Path(self.here(self.folder), to)
        for each in what:
            source = origin / each.lstrip("/")
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy(source, target)
        if "chown" in flags and self.user is not None:
            user, group = flags["chown"].split(":")
            os.chown(target, int(user), int(group))

    def _run(self, rest: str) -> None:
        line = self.here(rest)
        subprocess.run(
            ["/bin/sh", "-ec", line],
            cwd=self.here(self.folder),
            env=self.variables,
            check=True,
            capture_output=True,
        )

    def _env(self, rest: str) -> None:
        for pair in shlex.split(rest):
            name, _, value = pair.partition("=")
            self.variables[name] = self.here(value).replace("$PATH", self.variables["PATH"])

    def _user(self, rest: str) -> None:
        user, group = rest.split(":")
        assert int(user) > 0
        assert int(group) > 0
        if self.user is not None:
            self.user = int(user)

    def _volume(self, rest: str) -> None:
        self.volumes.append(rest)

    def _expose(self, rest: str) -> None:
        self.ports.append(rest)

    def _healthcheck(self, rest: str) -> None:
        self.health = json.loads(rest.partition("CMD ")[2])

    def _entrypoint(self, rest: str) -> None:
        self.entrypoint = json.loads(rest)

    def _cmd(self, rest: str) -> None:
        self.command = json.loads(rest)

"""The configuration files of a backup: compared with those that stand here, or put in their place.

What stands here is kept beside it, and comes back when the backup's configuration can't be used.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from config.archive import Manifest, place
from config.belongings import outside
from config.complaints import relative
from config.differing import differences
from feeds.errors import ConfigError, FeedmillError


@dataclass(kw_only=True)
class ConfigFiles:
    config: Path
    backed: Mapping[str, Path]
    """By path from the configuration's folder: the unpacked file."""
    kept: list[Path] = field(default_factory=list)
    _restored: bool = False

    @classmethod
    def of(cls, manifest: Manifest | None, folder: Path, config: Path) -> ConfigFiles:
        backed: dict[str, Path] = {}
        if manifest is not None:
            for at, (path, _, _) in enumerate(manifest.files.values()):
                if path:
                    # The configuration may have another name here.
                    name = config.name if path == manifest.config else path
                    backed[name] = folder / place(at)
        return cls(config=config.absolute(), backed=backed)

    def differences(self) -> list[str]:
        """Where what stands here is not what the backup has, in words."""
        found = (differences(name, self._here(name), path) for name, path in self.backed.items())
        return [each for each in found if each is not None]

    def _here(self, name: str) -> Path:
        return self.config.parent / name

    @property
    def outside(self) -> list[str]:
        """What lies outside the configuration's folder is not written: a backup may come from
        anywhere."""
        return [name for name in self.backed if outside(name)]

    @contextmanager
    def in_place(self, stamp: str, *, wanted: bool) -> Iterator[list[str]]:
        """Their names, after they were put here; taken back when the block raises."""
        if not wanted:
            yield []
            return
        if not self.backed:
            text = "the backup is a database alone: there is no configuration in it"
            if not self.config.exists():
                text += f", nor at {relative(self.config)}; `feedmill init` writes one"
            raise ConfigError([text])
        done: list[tuple[Path, Path | None]] = []
        try:
            for name, path in self.backed.items():
                if not outside(name) and differences(name, self._here(name), path) is not None:
                    done.append(self._put(self._here(name), path, stamp))
            yield [name for name in self.backed if self._here(name) in {each for each, _ in done}]
        except BaseException:
            for target, before in reversed(done):
                if before is not None:
                    before.replace(target)
                else:
                    target.unlink(missing_ok=True)
            raise
        self.kept = [before for _, before in done if before is not None]

    def _put(self, target: Path, path: Path, stamp: str) -> tuple[Path, Path | None]:
        """(the file, where the one of before is)"""
        before = target.with_name(f"{target.name}.before-restore-{stamp}")
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            there = target.exists()
            number = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(number, "wb") as file:
                file.write(path.read_bytes())
                os.fsync(file.fileno())
            if there:
                # Whoever could read it can read it.
                shutil.copystat(target, part)
                os.utime(part)
                shutil.copy2(target, before)
            part.replace(target)
        except OSError as error:
            raise FeedmillError(f"{target} can't be written: {error.strerror}") from error
        finally:
            part.unlink(missing_ok=True)
        return target, before if there else None

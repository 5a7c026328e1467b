"""Other aggregators, where Debian's packages are installed (`apt-get install sfeed newsboat`): a
baseline that speaks for more than this machine's mood. Each reads all and stores it its own way.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.contestants import Contestant, Cost, measured


class Sfeed:
    """C, one process a source, text files; no cleaning, no history, no validators."""

    name = "sfeed"

    def __init__(self, folder: Path, sources: list[str]) -> None:
        folder.mkdir(parents=True)
        self._feeds = folder / "feeds"
        self._all, self._none = folder / "all", folder / "none"
        for file, urls in ((self._all, sources), (self._none, [])):
            lines = "".join(f"\tfeed 's{n}' '{url}'\n" for n, url in enumerate(urls)) or "\t:\n"
            file.write_text(f"sfeedpath='{self._feeds}'\nmaxjobs=8\nfeeds() {{\n{lines}}}\n")

    def empty(self) -> Cost:
        return self._told(measured("sfeed_update", str(self._none)))

    def round(self) -> Cost:
        return self._told(measured("sfeed_update", str(self._all)))

    def _told(self, cost: Cost) -> Cost:
        files = self._feeds.glob("*")
        return replace(cost, said={"new": sum(file.read_bytes().count(b"\n") for file in files)})


class Newsboat:
    """C++, threads, SQLite."""

    name = "newsboat"

    def __init__(self, folder: Path, sources: list[str]) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        (folder / "config").write_text("reload-threads 8\n")
        (folder / "all").write_text("\n".join(sources) + "\n")
        # It wants one: nobody listens there.
        (folder / "none").write_text("http://127.0.0.1:1/\n")

    def empty(self) -> Cost:
        return measured(*self._command("none"))

    def round(self) -> Cost:
        cost = measured(*self._command("all"))
        with sqlite3.connect(self._folder / "all.db") as database:
            [new] = database.execute("SELECT count(*) FROM rss_item").fetchone()
        return replace(cost, said={"new": new})

    def _command(self, urls: str) -> list[str]:
        here = self._folder
        files = ["-u", str(here / urls), "-c", str(here / f"{urls}.db"), "-C", str(here / "config")]
        return ["newsboat", *files, "-x", "reload"]


def peers() -> list[Callable[[Path, list[str]], Contestant]]:
    """Those that are installed."""
    return [one for one, command in _COMMANDS if shutil.which(command)]


_COMMANDS: tuple[tuple[Callable[[Path, list[str]], Contestant], str], ...] = (
    (Sfeed, "sfeed_update"),
    (Newsboat, "newsboat"),
)

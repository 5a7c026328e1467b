"""`run` with one configuration after the other, counting what each leaves in memory:
`python -m tests.flows.generations FOLDER` prints, for each, its sources and those that are held."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from pathlib import Path

from config import cli_run
from config.load import load
from config.running import Running
from config.wiring import App
from feeds.models import Source
from tests.flows.command import free_port

GENERATIONS = 4


def write(folder: Path, count: int) -> None:
    outlines = "".join(
        f'<outline type="rss" xmlUrl="http://127.0.0.1:9/{count}/{n}"/>' for n in range(count)
    )
    text = f'<opml version="2.0"><body>{outlines}</body></opml>'
    (folder / "new").write_text(text)
    (folder / "new").replace(folder / "sources.opml")


def main() -> None:
    folder = Path(sys.argv[1])
    os.chdir(folder)
    Path("feedmill.toml").write_text(
        f'include = ["sources.opml"]\n[server]\nlisten = "127.0.0.1:{free_port()}"\n'
    )
    write(folder, 1)
    begun = [threading.Event() for _ in range(GENERATIONS + 1)]
    numbers = iter(range(GENERATIONS))

    def settle() -> None:
        cli_run._settle()
        gc.unfreeze()  # what is frozen is not told of
        held = sum(type(each) is Source for each in gc.get_objects())
        gc.freeze()
        number = next(numbers)
        print(number + 1, held, flush=True)
        begun[number].set()

    def change() -> None:
        for number in range(1, GENERATIONS):
            begun[number - 1].wait(60)
            write(folder, number + 1)
        begun[GENERATIONS - 1].wait(60)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=change, daemon=True).start()
    with App(load(Path("feedmill.toml"))) as app:
        Running(settle=settle).run(app)


if __name__ == "__main__":
    main()

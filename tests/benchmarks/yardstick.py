"""How fast this machine is at the moment: a fixed piece of work of the kind that is measured.

    python -m tests.benchmarks.yardstick

Shared machines run at half their speed for minutes. What is measured at different times is compared
by its share of the yardstick that was measured around it, on the same core.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from hashlib import blake2b
from pathlib import Path
from xml.parsers import expat

from tests.benchmarks.cores import MEASURED_CORE

_ITEM = """<item><title>Item {0}</title><link>https://example.org/{0}</link><guid>{0}</guid>
<description>&lt;p&gt;The {0}th of them has some words, as all have.&lt;/p&gt;</description>
</item>"""
ITEMS, TIMES = 400, 200


def yardstick() -> float:
    """CPU seconds of it now."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.yardstick"],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {MEASURED_CORE}),
    )
    return float(json.loads(done.stdout))


def work() -> int:
    """Reads XML, counts words, and stores rows; how many words."""
    document = f"<rss>{''.join(map(_ITEM.format, range(ITEMS)))}</rss>".encode()
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE item (key BLOB PRIMARY KEY, text TEXT)")
    found: dict[str, int] = {}
    for number in range(TIMES):
        texts: list[str] = []
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.CharacterDataHandler = texts.append
        parser.Parse(document, True)
        rows = []
        for text in texts:
            for word in re.findall(r"\w+", text.casefold()):
                found[word] = found.get(word, 0) + 1
            rows.append((blake2b(f"{number} {text}".encode(), digest_size=16).digest(), text))
        database.executemany("INSERT OR IGNORE INTO item VALUES (?, ?)", rows)
        database.commit()
    return sum(found.values())


def main() -> None:
    begun = time.process_time()
    work()
    print(json.dumps(time.process_time() - begun))


if __name__ == "__main__":
    main()

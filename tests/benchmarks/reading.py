"""What reading costs: all of a document, one new item, nothing new. No process, no network.

    python -m tests.benchmarks.reading

CPU milliseconds a document, over the 100 of the corpus; the parts of a full reading below.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from aggregator.read.decode import decode
from aggregator.read.mend import expand
from aggregator.read.parse import parse
from aggregator.read.reader import read, read_raw
from aggregator.read.split import split
from feeds.models import Document, KnownItems
from tests.shared import shared

URL = "http://feed.test/feed"


def known(document: Document, new: int) -> KnownItems:
    """All but the first `new` items."""
    fresh = {each.digest for each in document.shown[:new]}
    digests = frozenset(each.digest for each in document.shown) - fresh
    return KnownItems(frame=document.frame, digests=digests)


def main() -> None:
    bodies = [path.read_bytes() for path in sorted(shared("corpus").iterdir())]

    def cost(name: str, work: Callable[[], object]) -> None:
        begun = time.process_time()
        work()
        spent = time.process_time() - begun
        print(f"{name:<24} {spent * 1000 / len(bodies):>8.2f} ms CPU a document")

    full = [read(body, URL, None) for body in bodies]
    cost("all", lambda: [read(body, URL, None) for body in bodies])
    for name, new in (("one new item", 1), ("nothing new", 0)):
        asked = [(body, known(document, new)) for body, document in zip(bodies, full, strict=True)]
        cost(name, lambda asked=asked: [read(body, URL, None, each) for body, each in asked])  # type: ignore[misc]
    cost("all, not cleaned", lambda: [read_raw(body, URL, None) for body in bodies])
    decoded = [decode(body, None).data for body in bodies]
    cost("  decoding", lambda: [decode(body, None) for body in bodies])
    cost("  splitting", lambda: [split(expand(data)) for data in decoded])
    cost("  parsing and cleaning", lambda: [parse(data, URL) for data in decoded])


if __name__ == "__main__":
    main()

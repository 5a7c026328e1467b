"""Readers that ask all the time, while something else goes on.

with Asking(site, readers=4) as asking:
    ...                                     # what is not to disturb them
assert set(asking.answers) == {200}
"""

from __future__ import annotations

import threading
import time
from collections import Counter

from tests.flows.command import Site


class Asking:
    """Readers that never stop, each with a new connection for each request: what they were
    answered, and what went wrong."""

    def __init__(self, site: Site, path: str = "/news/rss.xml", readers: int = 1) -> None:
        self._site, self._path = site, path
        self.answers: Counter[int | str] = Counter()
        self.longest = 0.0
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(readers)]

    def _ask(self) -> None:
        while not self._end.is_set():
            began = time.monotonic()
            try:
                found: int | str = self._site.get(self._path).status
            except OSError as error:
                found = repr(error)
            self.answers[found] += 1
            self.longest = max(self.longest, time.monotonic() - began)

    def __enter__(self) -> Asking:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for each in self._threads:
            each.join()

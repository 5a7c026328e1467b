"""What was made of an item last time: of a hundred in a feed, one or two are new.

Bounded by the length of the texts, not by their number; the same item, to the last field, gives
the same thing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from feeds.models import FeedItem

T = TypeVar("T")
ROOM = 6_000_000
"""Characters of texts for which what was made of them is kept, in each format."""
_FRAME = 1000
"""Characters that an item counts beside its texts."""


class Kept(Generic[T]):
    """Thread-safe. `make` is pure."""

    def __init__(self, make: Callable[[FeedItem, bool], T], room: int = ROOM) -> None:
        self._make, self._room = make, room
        self._made: OrderedDict[tuple[int, bool], tuple[FeedItem, int, T]] = OrderedDict()
        self._used, self._lock = 0, threading.Lock()

    def of(self, item: FeedItem, *, also_line: bool) -> T:
        key = item.article.id, also_line
        with self._lock:
            known = self._made.get(key)
            if known is not None and known[0] == item:
                self._made.move_to_end(key)
                return known[2]
        made = self._make(item, also_line)
        entry = item.article.entry
        size = _FRAME + len(entry.content or "") + len(entry.summary or "")
        with self._lock:
            if (old := self._made.pop(key, None)) is not None:
                self._used -= old[1]
            self._made[key] = item, size, made
            self._used += size
            while self._used > self._room:
                _, (_, gone, _) = self._made.popitem(last=False)
                self._used -= gone
        return made
